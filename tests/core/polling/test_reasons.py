"""Why a feed is polled when it is, in words."""

from __future__ import annotations

import pytest

from monitor.core.models import FeedState
from monitor.core.polling import why
from monitor.core.polling.reasons import Because
from tests import make

EVENING = make.at(6 * 3_600).timestamp()


@pytest.mark.parametrize(
    ("because", "interval", "said"),
    [
        ("new", 600, "nothing is known of its rhythm yet; asked every 10 min"),
        ("fixed", 100, "asked every 100 s, as configured"),
        (
            "rhythm 3.2",
            600,
            "about 3 entries an hour are expected at this time of the week; asked every 10 min",
        ),
        (
            "rhythm 1.1",
            1_800,
            "about one an hour is expected at this time of the week; asked every 30 min",
        ),
        (
            "rhythm 0.2",
            3_600,
            "about one in 5 hours is expected at this time of the week; asked every 60 min",
        ),
        (
            "rhythm 0",
            21_600,
            "hardly any entry is expected at this time of the week; asked every 6 h",
        ),
        ("high", 600, "priority high: asked at least every 10 min"),
        (
            "max_age 1800",
            1_800,
            "the server says it stays as it is for 30 min (Cache-Control); asked every 30 min",
        ),
        ("ttl 3600", 3_600, "the feed asks to wait 60 min (ttl); asked every 60 min"),
        (
            f"skip {EVENING:.0f}",
            3_600,
            "the hours it asks to skip end on 14 Mar 18:00 UTC (skipHours, skipDays);"
            " asked every 60 min",
        ),
        ("pushed", 3_600, "its hub pushes; polled every 60 min as a safety net"),
        (
            "twin",
            86_400 * 2,
            "moved to where another feed is read already; asked every 2 days",
        ),
        ("failing", 240, "failing: asked again with growing gaps, now after 4 min"),
        (
            "retry_after 300",
            300,
            "the server asked to be left alone for 5 min (Retry-After); asked again after 5 min",
        ),
        (f"dead {EVENING:.0f}", 86_400, "dead: asked once a day until 14 Mar 18:00 UTC"),
        ("retired", 86_400, "dead for too long: asked no more until the service starts anew"),
        ("", 600, ""),
        ("of another version", 600, ""),
    ],
)
def test_each_reason_is_told_in_one_sentence(because: str, interval: float, said: str) -> None:
    assert why(make.state(because=because, interval=interval)) == said


def test_a_feed_that_was_not_polled_says_so() -> None:
    assert why(FeedState()) == "not polled yet"


def test_a_liar_is_told_of_beside_the_reason() -> None:
    said = why(make.state(because="new", caught=make.NOW))
    assert said.endswith("; read without conditions until 21 Mar 12:00 UTC, as its 304 hid news")


@pytest.mark.parametrize("asked", [1e308, float("inf")])
def test_whatever_a_feed_asks_for_can_be_told(asked: float) -> None:
    for one in Because:
        assert why(make.state(because=one.code(asked)))
