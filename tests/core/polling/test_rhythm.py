"""What a feed's past tells of when it publishes."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Rhythm
from monitor.core.polling.rhythm import RATES, expect, learn, quantise, seed
from tests import make

HOUR = timedelta(hours=1)


def hourly(hours: int, count: int, rhythm: Rhythm | None = None) -> tuple[Rhythm, datetime]:
    """A rhythm of so many entries in each of so many hours, and the time at their end."""
    rhythm, now = rhythm or Rhythm(), make.NOW
    for _ in range(hours):
        rhythm = learn(rhythm, [now] * count, now)
        now += HOUR
    return learn(rhythm, (), now), now


def wait(rhythm: Rhythm, now: datetime, wanted: float = 0.5, longest: float = 86_400) -> float:
    return expect(rhythm, now, wanted=wanted, usual=600, longest=longest)[0]


def codes(rhythm: Rhythm) -> bytes:
    return b64decode(rhythm.week)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_higher_rate_never_has_a_lower_code(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 1 <= quantise(low) <= quantise(high) <= 255


@given(st.floats(0, 800))
def test_a_code_gives_its_rate_back_within_some_percent(rate: float) -> None:
    assert RATES[quantise(rate)] == pytest.approx(rate, rel=0.05, abs=0.005)


def test_while_nothing_is_new_and_the_hour_is_open_nothing_changes() -> None:
    rhythm = learn(Rhythm(), [make.NOW], make.NOW)
    assert learn(rhythm, (), make.NOW + timedelta(minutes=40)) is rhythm
    assert rhythm.week == ""


def test_an_hour_goes_into_the_week_once_it_is_over() -> None:
    rhythm, now = hourly(2, 3)
    first = (rhythm.hour - 2) % 168
    assert RATES[codes(rhythm)[first]] == pytest.approx(3, rel=0.05)
    assert len(codes(rhythm)) == 168
    assert codes(rhythm).count(0) == 166
    assert rhythm.hour == now.timestamp() // 3600


def test_a_steady_feed_is_expected_at_its_rate() -> None:
    rhythm, now = hourly(24 * 14, 4)
    seconds, rate = expect(rhythm, now, wanted=0.5, usual=600, longest=86_400)
    assert rate == pytest.approx(4, rel=0.2)
    assert seconds == pytest.approx(450, rel=0.25)


def test_old_habits_fade_within_weeks() -> None:
    busy, _ = hourly(168, 8)
    quiet = busy
    for hour in range(168 * 5):
        quiet = learn(quiet, (), make.NOW + (168 + hour) * HOUR)
    assert max(RATES[one] for one in codes(quiet)) < 2


def test_a_burst_counts_at_once_and_is_forgotten_after_some_hours() -> None:
    calm, now = hourly(168, 0)
    burst = learn(calm, [now] * 12, now)
    assert wait(burst, now) < wait(calm, now) / 10
    assert learn(burst, (), now + 12 * HOUR).recent < burst.recent / 50


def test_late_entries_count_to_the_hour_they_were_published_in() -> None:
    rhythm, now = hourly(3, 0)
    late = learn(rhythm, [now - 2 * HOUR] * 5, now)
    slot = (rhythm.hour - 2) % 168
    assert codes(late)[slot] > codes(rhythm)[slot]
    assert late.count == 0


def test_what_is_older_than_a_week_tells_nothing_and_the_future_is_now() -> None:
    rhythm, now = hourly(2, 0)
    assert learn(rhythm, [now - 169 * HOUR], now).week == rhythm.week
    assert learn(rhythm, [now + 999 * HOUR], now).count == 1


def test_after_more_than_a_week_without_a_look_nothing_is_taken_for_quiet() -> None:
    rhythm, now = hourly(24, 5)
    later = learn(rhythm, (), now + 169 * HOUR)
    assert later.week == rhythm.week
    assert later.hour == rhythm.hour + 169


@pytest.mark.parametrize("leap", [-1, -24, -24 * 3_650])
def test_a_clock_that_goes_back_begins_a_new_hour_and_forgets_no_week(leap: int) -> None:
    rhythm, now = hourly(24, 5)
    back = learn(rhythm, [now + leap * HOUR], now + leap * HOUR)
    assert (back.hour, back.count, back.week) == (rhythm.hour + leap, 1, rhythm.week)


def test_the_dates_of_a_first_document_seed_the_rhythm() -> None:
    dates = [make.NOW - n * HOUR / 2 for n in range(1, 60)]
    rhythm = seed(dates, make.NOW)
    assert wait(rhythm, make.NOW) == pytest.approx(900, rel=0.4)
    weekly = seed([make.NOW - n * 168 * HOUR + HOUR for n in range(1, 4)], make.NOW)
    assert codes(weekly)[(weekly.hour + 1) % 168] > codes(weekly)[(weekly.hour + 9) % 168] > 0


def test_a_first_document_without_dates_or_too_old_tells_nothing() -> None:
    assert seed([make.NOW] * 30, make.NOW).week == ""
    assert seed([make.NOW - 5 * 168 * HOUR], make.NOW) == Rhythm(seed((), make.NOW).hour)
    young = seed([make.NOW + timedelta(minutes=9)] * 3, make.NOW + timedelta(minutes=30))
    assert (young.week, young.count) == ("", 3)


def test_a_feed_that_says_nothing_is_waited_for_as_long_as_allowed() -> None:
    rhythm, now = hourly(168 * 4, 0)
    assert wait(rhythm, now, longest=3_600) == 3_600
    assert expect(rhythm, now, wanted=0.5, usual=600, longest=0)[1] == 0


@given(
    st.lists(st.tuples(st.integers(-200, 200), st.integers(0, 50)), max_size=30),
    st.floats(0.1, 2),
    st.floats(1, 200_000),
)
def test_whatever_was_learnt_the_wait_is_bounded(
    looks: list[tuple[int, int]], wanted: float, longest: float
) -> None:
    rhythm, now = Rhythm(), make.NOW
    for hours, count in looks:
        now += hours * HOUR
        rhythm = learn(rhythm, [now - n * HOUR for n in range(count)], now)
    assert 0 <= wait(rhythm, now, wanted, longest) <= longest
    assert len(codes(rhythm)) in (0, 168)
