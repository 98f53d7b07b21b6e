"""What `status` says of a feed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from monitor.cli import screens
from monitor.core.models import Move, PollOutcome
from monitor.edges.store.records import Gauges, Tally
from monitor.views import rows
from tests import make

NOW = datetime.now(UTC)
EMPTY = Gauges(reachable=True)


def test_a_feed_is_shown_with_its_interval_and_why_it_is_that_long() -> None:
    row = rows.feed_row(make.FEED, make.state(because="rhythm 3"), None)
    assert (row["health"], row["interval"], row["moved_to"]) == ("healthy", 600, None)
    assert row["because"].startswith("about 3 entries an hour are expected")


def test_a_feed_that_was_never_polled_is_waiting() -> None:
    row = rows.feed_row(make.FEED, None, make.NOW.timestamp())
    assert (row["health"], row["interval"], row["because"]) == ("waiting", 0, "not polled yet")
    assert row["next_poll"] == "2026-03-14T12:00:00Z"


def test_a_feed_that_moved_is_shown_with_where_to() -> None:
    moved = make.state(move=Move(url="https://b.example/"))
    assert rows.feed_row(make.FEED, moved, None)["moved_to"] == "https://b.example/"


def test_the_dead_are_listed_with_those_that_fail_and_say_what_comes_next() -> None:
    until = make.at(86_400).timestamp()
    dead = make.state(
        outcome=PollOutcome.HTTP_404,
        reason="404 Not Found",
        failures=9,
        dead=make.NOW,
        because=f"dead {until:.0f}",
    )
    feeds = [rows.feed_row(make.FEED, dead, None), rows.feed_row(make.OTHER, make.state(), None)]
    said = screens.status(rows.status_row(feeds, Gauges(reachable=True), (), NOW))
    assert "2: 1 dead, 1 healthy" in said
    assert "404 Not Found (9 in a row" in said
    assert "dead: asked once a day until 15 Mar 12:00 UTC" in said


def screen(*feeds: dict[str, Any], gauges: Gauges = EMPTY, **more: Any) -> str:
    return screens.status(rows.status_row(list(feeds), gauges, (), NOW, **more))


def test_a_feed_that_fails_is_shown_with_since_when() -> None:
    broken = make.state(outcome=PollOutcome.DNS, failures=2, failing_since=make.at(-60))
    row = rows.feed_row(make.FEED, broken, None)
    assert (row["failing_since"], row["dead_since"]) == ("2026-03-14T11:59:00Z", None)
    assert "(2 in a row since 2026-03-14T11:59:00Z, next try " in screen(row)


def test_feeds_that_moved_are_listed_for_whoever_keeps_the_list() -> None:
    moved = rows.feed_row(make.FEED, make.state(move=Move(url="https://b.example/")), None)
    assert "MOVED       1 read elsewhere than configured\n  Sahel Daily: https://b.example/" in (
        screen(moved, rows.feed_row(make.OTHER, None, None))
    )


def test_hosts_that_wait_are_listed_with_their_time() -> None:
    said = screen(hosts={"busy.example:443": make.NOW})
    assert (
        "HOSTS       1 left alone: they have too much to do\n  busy.example:443 until 2026-03-14"
        in said
    )


def test_push_is_shown_where_there_are_hubs_and_asks_for_its_process_when_that_is_silent() -> None:
    assert "PUSH" not in screen()
    tally = Tally({"verified": 2, "asked": 1}, {"push": 9, "poll": 3}, {"unsigned": 4})
    line = "PUSH        hubs: 2 verified, 1 asked; news: 9 first by push, 3 by poll"
    line += "; not used: 4 unsigned"
    silent, quiet = replace(EMPTY, websub=tally), {"websub": NOW.timestamp() - 99}
    assert f"{line} - IS monitor websub RUNNING?" in screen(gauges=silent)
    assert f"{line} - IS" in screen(gauges=replace(silent, alive=quiet))
    alive = replace(silent, alive={"websub": NOW.timestamp()})
    assert screen(gauges=alive).endswith(line)
