"""A comparison of two rulebooks, as people and machines see it."""

from __future__ import annotations

import json
from datetime import timedelta

from rich.console import Console

from monitor.cli import backtest_page
from monitor.core.backtest import Comparison, Ruling
from monitor.core.models import Archived, Outcome, Sameness
from monitor.views.backtests import backtest_row
from tests import make

NOTHING = Ruling(Outcome.NO_TOPIC, "no rule matched")
TOLD = Ruling(
    Outcome.ALERTED, "sahel: because", frozenset({"sahel"}), "e_1", frozenset({"desk"}), True, 2
)
OTHER = Ruling(Outcome.NO_ROUTE, "no route", frozenset({"russia"}))


def archived(days: int, title: str) -> Archived:
    at, entry = make.NOW + timedelta(days=days), make.entry(title)
    return Archived(at, "f", "Sahel\nDaily", entry, Outcome.NO_TOPIC, "", Sameness.NEW)


def row(*cases: tuple[int, str, Ruling, Ruling]) -> dict[str, object]:
    comparison = Comparison(make.NOW, sample=5)
    for days, title, now, then in cases:
        comparison.add(archived(days, title), now, then)
    return backtest_row(comparison.report(), now="one", then="other", unknown={"gone": 3})


def page(found: dict[str, object]) -> str:
    console = Console(width=120, highlight=False, color_system=None)
    with console.capture() as said:
        console.print(backtest_page.page(found))
    return "\n".join(line.rstrip() for line in said.get().splitlines())


def test_every_part_is_there_and_what_strangers_wrote_is_one_plain_line() -> None:
    found = row(
        (0, "Gained \x1b[31m\u202eone", NOTHING, TOLD),
        (2, "Lost one", TOLD, NOTHING),
        (3, "Retagged one", NOTHING, OTHER),
    )
    assert json.loads(json.dumps(found)) == found
    lines = page(found).splitlines()
    assert "\x1b" not in page(found)
    assert lines[1].split()[:2] == ["NOW", "0.33"]
    assert "ALERTS    0 the same (1 by" not in page(found)
    for words in (
        "1 GAINED, 1 LOST",
        "NOISE     0 of 1 gained",
        "FEEDS     3 entries are of 1 feeds",
        "GAINED    1 alerts, for example:",
        "  + 2026-03-14 12:00  Gained  [31m one",
        "      Sahel Daily; desk",
        "      now  no-topic: no rule matched",
        "      then alerted [sahel]: sahel: because",
        "  - 2026-03-16 12:00  Lost one",
        "RETAGGED  1 entries, no other alert: russia +1 -0",
        "  ~ 2026-03-17 12:00  Retagged one",
    ):
        assert words in page(found), words


def test_many_days_are_put_together_in_the_chart_and_none_is_left_out() -> None:
    said = page(row((0, "First", TOLD, TOLD), (69, "Last", NOTHING, TOLD)))
    assert "3 days from" in said
    bars = [line for line in said.splitlines() if line.startswith("  2026-")]
    assert len(bars) == 24
    assert bars[0].split() == ["2026-03-14", "0.3", "0.3", "█" * 12]
    assert bars[-1].split() == ["2026-05-22", "0", "1", "+" * 40]


def test_days_without_any_alert_have_no_bars_and_nothing_changed_is_nothing_to_show() -> None:
    said = page(row((0, "Quiet", NOTHING, NOTHING)))
    assert "2026-03-14     0      0" in said
    assert "GAINED " not in said
    assert "NOISE" not in said
