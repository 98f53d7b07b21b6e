"""What `status` says of a feed."""

from __future__ import annotations

from monitor.core.models import Move
from monitor.views import rows
from tests import make


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
