"""How long a feed that works is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Feed, Move, Parsed, PollOutcome, Rhythm, Wish
from monitor.core.polling import Polling, why
from tests import make
from tests.core.polling.feeds import POLLING, Watched

BUSY = tuple(make.at(-60 * n) for n in range(2, 400))
QUIET = tuple(make.at(-86_400 * n) for n in range(1, 20))
LOW, HIGH = replace(make.FEED, priority="low"), replace(make.FEED, priority="high")


def wish(**more: object) -> Parsed:
    return Parsed((), wish=replace(Wish(), **more))  # type: ignore[arg-type]


def test_a_feed_of_which_nothing_is_known_is_polled_at_the_configured_gap() -> None:
    one = Watched()
    assert (one.read().interval, one.state.because) == (600, "new")
    assert one.gap == 600


def test_a_busy_feed_is_polled_at_the_least_gap_and_a_quiet_one_at_the_longest() -> None:
    assert Watched().read(*BUSY).interval == 60
    assert Watched().read(*QUIET).interval == 3_600


def test_priority_moves_both_the_gap_and_its_ceiling() -> None:
    some = tuple(make.at(-1_800 * n) for n in range(1, 300))
    gaps = [Watched(feed=feed).read(*some).interval for feed in (HIGH, make.FEED, LOW)]
    assert gaps == sorted(gaps)
    assert gaps[0] < gaps[1] / 2 < gaps[2] / 3
    assert Watched(feed=HIGH).read(*QUIET).interval == 600
    assert Watched(feed=HIGH).read(*QUIET).because == "high"
    assert 6 * 3_600 < Watched(feed=LOW).read(*QUIET).interval <= 86_400


def test_a_high_priority_feed_may_be_polled_more_often_than_its_ceiling() -> None:
    assert Watched(feed=HIGH).read(*BUSY).because.startswith("rhythm ")


def test_a_gap_is_spread_by_up_to_a_tenth() -> None:
    one = Watched(jitter=1)
    one.read()
    assert one.gap == 660


def test_a_fixed_gap_stays_what_it_is_on_average() -> None:
    fixed = Polling(600, 600, 600)
    gaps = []
    for jitter in (0.0, 0.5, 1.0):
        one = Watched(polling=fixed, jitter=jitter)
        assert (one.read(*BUSY).interval, one.state.because) == (600, "fixed")
        gaps.append(one.gap)
    assert gaps == [570, 600, 630]


def test_what_the_server_says_makes_the_gap_longer_up_to_the_ceiling() -> None:
    assert (one := Watched().read(*BUSY, max_age=1_800)).interval == 1_800
    assert one.because == "max_age 1800"
    assert Watched().read(*BUSY, max_age=1e12).interval == 3_600
    assert Watched(feed=HIGH).read(*BUSY, max_age=1e12).interval == 600
    assert Watched().read(*BUSY, max_age=5).because.startswith("rhythm")


def test_what_the_document_asks_for_is_remembered_until_it_says_otherwise() -> None:
    one = Watched()
    assert one.read(*BUSY, parsed=wish(seconds=1_200.0)).interval == 1_200
    assert one.turn().unchanged().because == "ttl 1200"
    assert one.turn().read(parsed=wish()).because.startswith("rhythm")


def test_skipped_hours_and_days_are_slept_through_up_to_the_ceiling() -> None:
    one = Watched(now=make.NOW - timedelta(minutes=5))
    assert one.read(*BUSY).interval == 60
    one.wait(minutes=4.5)
    assert one.read(parsed=wish(hours=(12,))).interval == 3_600
    assert one.state.because.startswith("skip ")
    low = Watched(feed=LOW, now=one.now)
    assert low.read(*BUSY, parsed=wish(hours=(12, 13))).next_poll == make.at(2 * 3_600)
    # NOW is a Saturday.
    assert low.read(parsed=wish(days=(5,))).next_poll == make.at(12 * 3_600)
    assert low.read(parsed=wish(hours=(3,), days=(6,))).because.startswith("rhythm")


def test_a_feed_that_asks_never_to_be_polled_is_polled_like_others() -> None:
    never = wish(hours=tuple(range(24)), days=tuple(range(7)))
    assert Watched().read(*BUSY, parsed=never).interval == 60


def test_a_feed_that_moved_to_anothers_place_is_polled_rarely() -> None:
    one = Watched(make.state(move=Move(url="https://b.example/", twin="k")))
    assert (one.read(*BUSY).interval, one.state.because) == (86_400, "twin")


def test_a_poll_that_worked_keeps_what_it_must_and_ends_the_failures() -> None:
    one = Watched(make.state(4, failures=3, failing_since=make.at(-9), key="link", marks="m"))
    after = one.read(make.NOW, validators=one.state.validators)
    assert (after.revision, after.failures, after.failing_since) == (5, 0, None)
    assert (after.last_poll, after.last_new) == (make.NOW, make.NOW)
    assert (after.key, after.marks, after.reason) == ("link", "m", "")
    later = one.turn().read(body="c", parsed=Parsed((), note="odd", marks="n"))
    assert (later.body, later.marks, later.reason) == ("c", "n", "odd")
    assert later.last_new == make.NOW


@st.composite
def pollings(draw: st.DrawFn) -> Polling:
    low, middle, high = sorted(draw(st.tuples(*[st.floats(1, 1e6)] * 3)))
    return Polling(middle, low, high)


@given(
    pollings(),
    st.sampled_from(["high", "normal", "low"]),
    st.lists(st.floats(-1e7, 1e7), max_size=9),
    st.floats(0, 1),
    st.floats(0),
    st.builds(
        Wish,
        st.floats(0),
        st.lists(st.integers(0, 23)).map(tuple),
        st.lists(st.integers(0, 6)).map(tuple),
    ),
)
def test_nothing_a_feed_says_hides_it_beyond_its_ceiling(
    polling: Polling,
    priority: str,
    dates: list[float],
    jitter: float,
    max_age: float,
    asked: Wish,
) -> None:
    one = Watched(
        feed=Feed("https://x.example/", priority=priority), polling=polling, jitter=jitter
    )
    for _ in range(3):
        new = [min(one.now + timedelta(seconds=at), one.now) for at in dates]
        state = one.read(*new, max_age=max_age, parsed=Parsed((), wish=asked))
        assert polling.min_interval <= state.interval <= polling.ceiling(priority)
        assert 0.94 * polling.min_interval <= one.gap <= 1.11 * polling.ceiling(priority)
        assert why(state)
        one.turn()


@given(st.lists(st.floats(-3e8, 3e8), max_size=12), st.booleans())
def test_a_leap_of_the_clock_neither_hides_nor_kills_a_feed(leaps: list[float], ok: bool) -> None:
    one = Watched(make.state(rhythm=Rhythm(hour=10**6)))
    for leap in leaps:
        one.now = max(min(one.now + timedelta(seconds=leap), FAR), NEAR)
        state = one.unchanged() if ok else one.fail(PollOutcome.HTTP_5XX)
        assert 60 <= one.gap <= 3_600 * 1.1
        assert state.dead is None


NEAR, FAR = datetime.fromisoformat("2000-01-01T00:00Z"), datetime.fromisoformat("2060-01-01T00:00Z")


@pytest.mark.parametrize("leap", [-86_400, 86_400])
def test_a_leap_of_a_day_leaves_a_feed_its_gap(leap: float) -> None:
    one = Watched()
    one.read(*BUSY)
    one.turn().wait(seconds=leap)
    assert one.unchanged().interval <= 3_600
    assert POLLING.ceiling("normal") == 3_600


def test_a_ceiling_below_six_intervals_holds() -> None:
    assert Polling(interval=2, min_interval=1, max_interval=4).ceiling("normal") == 4
