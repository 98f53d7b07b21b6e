"""What `status` says of a feed."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.cli import rows, screens
from monitor.core.models import Move, PollOutcome
from monitor.edges.store.records import Gauges
from tests import make

NOW = datetime.now(UTC)


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
