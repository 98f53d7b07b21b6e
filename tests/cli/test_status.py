"""What `status` says: what is wrong first, then how everything stands."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from monitor.cli import dashboard, pages
from monitor.core.canary import Canary
from monitor.core.latency import Histogram
from monitor.core.models import DeliveryState, FeedState, Lag, Move, Patience, PollOutcome
from monitor.edges.store.records import Gauges, Tally
from monitor.views import rows
from monitor.views.troubles import troubles
from tests import make
from tests.cli.shell import Shell

NOW = make.NOW
# A store in which everything is as it should be.
WELL = Gauges(
    reachable=True,
    alive=dict.fromkeys(("poll_due", "sweep", "poll", "deliver"), NOW.timestamp() - 1),
    policy="noeviction",
    persistent=True,
    version="9.0",
    memory=30_000_000,
    max_memory=512_000_000,
)
WAITING = (("desk", DeliveryState.PENDING),)


def row(*states: FeedState | None, gauges: Gauges = WELL, **more: Any) -> dict[str, Any]:
    """The row of a service with a feed for each state."""
    feeds = [replace(make.FEED, url=f"https://a.example/{n}") for n in range(len(states))]
    shown = [rows.feed_row(feed, one, None) for feed, one in zip(feeds, states, strict=True)]
    return rows.status_row(shown, gauges, ("desk",), NOW, **more)


def page(found: dict[str, Any], width: int = 160) -> str:
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as said:
        console.print(dashboard.page(found))
    return "\n".join(line.rstrip() for line in said.get().splitlines())


def failing(**more: Any) -> FeedState:
    known: dict[str, Any] = {"outcome": PollOutcome.DNS, "reason": "no such name", "failures": 2}
    return make.state(**(known | {"failing_since": make.at(-60)} | more))


def test_all_is_well_where_nothing_is_wrong() -> None:
    assert troubles(row(make.state())) == ()
    assert page(row(make.state(), rulebook="abc")).startswith(
        "monitor 0.1.0, rulebook abc, 2026-03-14 12:00:00 UTC: all is well\n"
    )


@pytest.mark.parametrize(
    ("gauges", "said"),
    [
        (replace(WELL, alive={}), "the service never ran on this store"),
        (
            replace(WELL, alive={"poll_due": NOW.timestamp() - 300}),
            "nothing was handed out for 5 min: are beat and ticker running?",
        ),
        (
            replace(WELL, alive=WELL.alive | {"poll": NOW.timestamp() - 300}),
            "no poller took anything up for 5 min: is the worker running?",
        ),
        (
            replace(WELL, alive=WELL.alive | {"sweep": NOW.timestamp() - 300}),
            "nobody looked for what is to be sent for 5 min: is the ticker stuck?",
        ),
        (replace(WELL, persistent=False), "the store is not persistent"),
        (replace(WELL, policy="allkeys-lru"), "the store evicts keys (allkeys-lru)"),
        (replace(WELL, memory=500_000_000), "the store is 98% full: raise store.max_memory"),
        (
            replace(WELL, oldest_delivery={"desk": 300.0}),
            "an alert to desk is late by 5 min: is the sender running?",
        ),
        (
            replace(WELL, closed={"desk": NOW.timestamp() + 60}, troubles={"desk": "500 upset"}),
            "nothing is sent to desk until 2026-03-14T12:01:00Z: it failed or asked to wait, "
            "last failure 500 upset",
        ),
        (
            replace(WELL, counts={"desk": {DeliveryState.DEAD: 2}}),
            "2 given up on the way to desk; once mended: monitor redeliver --dead --receiver desk",
        ),
    ],
)
def test_what_is_wrong_with_the_service_is_said_with_what_to_do(gauges: Gauges, said: str) -> None:
    (trouble,) = troubles(row(make.state(), gauges=gauges))
    assert trouble.startswith(said)
    assert f"  ✗ {said}" in page(row(make.state(), gauges=gauges))


def test_a_feed_that_fails_is_a_trouble_and_many_at_once_are_the_networks() -> None:
    assert troubles(row(failing(), make.state())) == ("1 of 2 feeds cannot be read",)
    (said,) = troubles(row(*[failing()] * 5, *[make.state()] * 5))
    assert said == "5 of 10 feeds cannot be read: is it the network?"


def test_a_silent_feed_is_a_trouble_and_listed_with_what_was_expected() -> None:
    last, until = make.at(-90_000), make.at(-3_600)
    quiet = make.state(silent=until, last_new=last, patience=Patience(until, 24))
    found = row(quiet, make.state())
    assert troubles(found) == ("1 feed is silent: monitor feeds list --health silent",)
    said = "nothing new since 13 Mar 2026 11:00 UTC; about 25 entries were expected by now"
    assert said in page(found)
    one = found["feeds"][0]
    assert (one["health"], one["reason"]) == ("silent", said)
    assert one["silent_since"] == "2026-03-14T11:00:00Z"


def test_the_canary_is_shown_with_its_age_and_since_when_it_is_missed() -> None:
    hourly = Canary("ops", timedelta(hours=1))
    assert row(make.state())["canary"] is None
    never = row(make.state(), canary=hourly)
    assert "CANARY      to ops every 60 min: none arrived yet" in page(never)
    came = replace(WELL, alive=WELL.alive | {"canary": NOW.timestamp() - 720})
    found = row(make.state(), gauges=came, canary=hourly)
    assert found["canary"] == {
        "receiver": "ops",
        "every": 3600.0,
        "last": "2026-03-14T11:48:00Z",
        "missing_since": None,
    }
    assert "CANARY      to ops every 60 min: last arrived 12 min ago" in page(found)
    assert troubles(found) == ()


def test_a_canary_is_missed_by_status_too_where_nobody_else_is_at_work() -> None:
    hourly = Canary("ops", timedelta(hours=1))
    old = replace(WELL, alive=WELL.alive | {"canary": NOW.timestamp() - 36_000})
    found = row(make.state(), gauges=old, canary=hourly)
    assert found["canary"]["missing_since"] == "2026-03-14T04:30:00Z"
    assert "10 h ago - MISSING since 03-14 04:30" in page(found)
    (said,) = troubles(found)
    assert said.startswith("no canary has arrived at ops since 2026-03-14T04:30:00Z")
    told = row(make.state(), gauges=replace(WELL, missed=NOW.timestamp()), canary=hourly)
    assert told["canary"]["missing_since"] == "2026-03-14T12:00:00Z"


def test_overdue_feeds_are_told() -> None:
    assert troubles(row(late=1)) == ("1 feed is overdue by minutes: the workers cannot keep up",)


def test_a_store_that_is_away_is_all_that_is_said() -> None:
    away = rows.unreachable_row([make.FEED], "store redis://a: cannot be reached")
    assert troubles(away) == ("the store cannot be reached: store redis://a: cannot be reached",)
    assert "DELIVERIES" not in page(away)


def test_a_feed_in_trouble_is_listed_with_why_since_when_and_what_comes_next() -> None:
    until = make.at(86_400).timestamp()
    gone = failing(outcome=PollOutcome.HTTP_404, dead=NOW, because=f"dead {until:.0f}")
    said = page(row(failing(), gone, make.state()))
    assert "FEEDS       3: 1 dead, 1 failing, 1 healthy; next poll 03-14 12:10" in said
    assert "no such name, 2 in a row since 03-14 11:59; " in said
    assert "dead: asked once a day until 15 Mar 12:00 UTC" in said


def test_very_many_feeds_in_trouble_are_counted_by_reason() -> None:
    said = page(row(*[failing()] * 40, *[failing(reason="refused")] * 2))
    assert "     40   failing   dns: no such name" in said
    assert "each of them: monitor feeds list" in said


def test_feeds_that_moved_and_hosts_that_wait_are_listed() -> None:
    moved = make.state(move=Move(url="https://b.example/"))
    said = page(row(moved, hosts={"busy.example:443": NOW}))
    assert "MOVED       1 read elsewhere than configured\n  Sahel Daily: https://b.example/" in said
    assert "HOSTS       1 left alone: they have too much to do\n  busy.example:443 until" in said


def test_deliveries_are_shown_by_receiver_and_by_day() -> None:
    days = {date(2026, 3, 12): 0, date(2026, 3, 13): 1, date(2026, 3, 14): 8}
    counts = {"desk": {DeliveryState.SENT: 9}}
    said = page(row(gauges=replace(WELL, counts=counts, decided=days)))
    assert "desk             0      9        0      0   -" in said
    assert "A DAY        ▁█  03-12 to 03-14, today 8" in said
    assert "none yet" in page(rows.status_row([], WELL, (), NOW))


def test_where_the_time_goes_is_shown_and_the_slowest_feeds_are_named() -> None:
    assert "SLOWEST" not in page(row(make.state()))
    spent = {"wait": Histogram((0, 0, 2, *[0] * 15), 1.0)}
    late = make.state(lag=Lag(feed=7_000, wait=200))
    said = page(row(late, gauges=replace(WELL, spent=spent)))
    assert "half of all within: wait " in said
    assert "SLOWEST     Sahel Daily 2 h (it shows them late)" in said


def test_push_is_shown_where_there_are_hubs_and_asks_for_its_process_when_that_is_silent() -> None:
    assert "PUSH" not in page(row())
    tally = Tally({"verified": 2, "asked": 1}, {"push": 9, "poll": 3}, {"unsigned": 4})
    line = "PUSH        hubs: 2 verified, 1 asked; news: 9 first by push, 3 by poll"
    line += "; not used: 4 unsigned"
    silent = replace(WELL, websub=tally)
    assert f"{line} - IS monitor websub RUNNING?" in page(row(gauges=silent))
    quiet = replace(silent, alive={"websub": NOW.timestamp() - 99})
    assert f"{line} - IS" in page(row(gauges=quiet))
    assert page(row(gauges=replace(silent, alive={"websub": NOW.timestamp()}))).endswith(line)


@pytest.mark.parametrize("columns", ["0", "1", "20", "80", "wide", ""])
def test_a_page_loses_nothing_in_a_narrow_terminal_or_in_none(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    said = page(row(failing(reason="gone-away"), make.state()), pages.console().width)
    assert "gone-away" in said


def test_watching_needs_a_terminal_and_is_not_for_machines(shell: Shell) -> None:
    assert shell("status", "--watch").code == 2
    said = shell("status", "--watch", "--json")
    assert (said.code, "one of them" in said.err) == (2, True)


@pytest.mark.slow
def test_watching_shows_the_page_again_and_again_until_it_is_ended(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30", "REDIS_URL": ""}
    watching = subprocess.Popen(
        [sys.executable, "-m", "monitor", "status", "--watch", "--every", "200ms"],
        cwd=tmp_path,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown, end = "", time.monotonic() + 20
    while shown.count("the store cannot be reached") < 3 and time.monotonic() < end:
        shown += os.read(ours, 4_096).decode(errors="replace")
    # As a terminal does at Ctrl-C, though it is not theirs to control.
    watching.send_signal(2)
    while True:
        try:
            shown += os.read(ours, 4_096).decode(errors="replace")
        except OSError:
            break
    os.close(ours)
    assert watching.wait(10) == 0
    assert shown.count("the store cannot be reached") >= 3
    assert "Traceback" not in shown


def test_a_candidate_beside_the_rulebook_is_one_line() -> None:
    counted = {"rulebook": "abc", "since": str(NOW.timestamp()), "entries": "40", "differ": "3"}
    counted |= {"topics_gained": "2", "would_not_alert": "1"}
    assert row(make.state())["shadow"] is None
    assert "SHADOW" not in page(row(make.state()))
    found = row(make.state()) | {"shadow": rows.shadow_row(counted)}
    said = "rulebook abc since 03-14 12:00: 3 of 40 entries differ: 2 topics gained, 1 would not"
    assert said in " ".join(page(found).split())
    none = row(make.state()) | {"shadow": rows.shadow_row({})}
    assert none["shadow"]["rulebook"] is None
    assert "no entry compared so far" in page(none)
    same = row(make.state()) | {"shadow": rows.shadow_row(counted | {"differ": "0"} | NO_WAYS)}
    assert page(same).rstrip().endswith("0 of 40 entries differ")


NO_WAYS = {"topics_gained": "0", "would_not_alert": "0"}
