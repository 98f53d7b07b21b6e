"""Silence: feeds of many habits over a year, who is called silent without need, and how soon one
that ceases is. The figures in docs/polling.md are these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random

import pytest

from monitor.core.models import Patience, PollOutcome
from monitor.core.polling import Polling, health, silence
from tests import make
from tests.core.polling.feeds import Watched

# A Monday.
START = datetime.fromisoformat("2026-03-02T00:00Z")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

Chosen = Callable[[datetime], bool]


def always(_: datetime) -> bool:
    return True


def office(at: datetime) -> bool:
    return at.weekday() < 5 and 8 <= at.hour < 18


def waking(at: datetime) -> bool:
    return 6 <= at.hour < 23


def paper(at: datetime) -> bool:
    return at.weekday() < 5 and at.hour == 6


def at_nine(at: datetime) -> bool:
    return at.hour == 9


def but_holidays(chosen: Chosen) -> Chosen:
    """The same with eight holidays of two days in the year."""
    free = {START.date() + timedelta(days=day + n) for day in range(20, 360, 43) for n in (0, 1)}
    return lambda at: chosen(at) and at.date() not in free


def published(
    each_hour: float, chosen: Chosen, days: int, seed: int, burst: int
) -> Iterator[list[datetime]]:
    """What a feed publishes from four weeks before START on: at random times, so many at once."""
    chance, at = Random(seed), START - 28 * DAY
    while True:
        at += timedelta(hours=chance.expovariate(each_hour))
        if at > START + days * DAY:
            return
        if chosen(at):
            yield [at] * (chance.randint(1, 2 * burst - 1) if burst > 1 else 1)


def watch(
    each_hour: float, chosen: Chosen, *, days: int = 365, seed: int = 1, burst: int = 1
) -> tuple[int, Watched]:
    """Read a feed for a year; how often it was called silent, and how it is then.

    It is asked a minute before each of its news as well: then it has been quiet for longest.
    """
    one, false = Watched(polling=Polling(), now=START), 0
    news = list(published(each_hour, chosen, days, seed, burst))
    one.read(*[at for part in news if part[0] <= START for at in part][-50:])
    for part in news:
        if part[0] <= START:
            continue
        while one.now + DAY < part[0]:
            one.wait(days=1).unchanged()
        one.now = max(one.now, part[0] - MINUTE)
        false += one.unchanged().silent is not None
        one.now = part[0]
        one.read(*part)
    return false, one


def until_silent(one: Watched) -> timedelta:
    """How long after its last entry a feed that ceases is called silent."""
    last = one.now
    while one.unchanged().silent is None:
        one.wait(hours=1)
    return one.now - last


HABITS = [
    pytest.param(watch, 1.0, always, (1.9, 2.3), id="hourly"),
    pytest.param(partial(watch, days=60), 6.0, always, (1.0, 1.3), id="a wire, six an hour"),
    pytest.param(watch, 1.0, but_holidays(always), (2.2, 4.5), id="hourly, with holidays"),
    pytest.param(watch, 1.0, waking, (2.0, 3.0), id="hourly, with nights"),
    pytest.param(watch, 2.0, but_holidays(office), (2.5, 7.5), id="an office, with holidays"),
    pytest.param(watch, 0.125, always, (3.0, 7.0), id="three a day"),
    pytest.param(watch, 1 / 24, always, (8.0, 17.0), id="daily"),
    pytest.param(watch, 1.0, but_holidays(at_nine), (8.0, 17.0), id="daily at nine"),
    pytest.param(watch, 5.0, but_holidays(paper), (5.0, 9.0), id="a paper of weekdays"),
    pytest.param(watch, 1 / 168, always, (35.0, 183.0), id="weekly"),
    pytest.param(watch, 1 / 720, always, (90.0, 183.0), id="a monthly blog"),
    pytest.param(partial(watch, burst=10), 2 / 24, always, (2.0, 9.0), id="bursts"),
]


@pytest.mark.parametrize(("reads", "each_hour", "chosen", "days"), HABITS)
def test_a_feed_is_called_silent_hardly_without_need_and_in_time_when_it_ceases(
    reads: Callable[..., tuple[int, Watched]],
    each_hour: float,
    chosen: Chosen,
    days: tuple[float, float],
) -> None:
    false, one = reads(each_hour, chosen)
    assert false <= 1
    assert days[0] <= until_silent(one) / DAY <= days[1]


def test_what_a_burst_feed_does_often_is_not_called_silence_for_long() -> None:
    """Twenty at once, once a day and at any time: all of a week's pauses are its habit."""
    first, _ = watch(1 / 24, always, days=365, seed=3, burst=20)
    both, _ = watch(1 / 24, always, days=730, seed=3, burst=20)
    assert first <= 2
    assert both - first <= 1


def hourly() -> Watched:
    """A feed that has had an entry an hour for four weeks, and none since."""
    one = Watched(now=START)
    one.read(*[START - timedelta(hours=n) for n in range(1, 672)])
    return one


def test_silence_begins_at_the_poll_that_finds_it_and_ends_with_the_first_entry() -> None:
    one = hourly()
    assert (one.wait(days=2).unchanged().silent, health(one.state)) == (None, "healthy")
    found = one.wait(hours=12).unchanged()
    assert (found.silent, health(found)) == (one.now, "silent")
    assert one.wait(hours=1).unchanged().silent == found.silent
    assert one.read(outcome=PollOutcome.OK).silent == found.silent
    assert one.fail().silent == found.silent
    assert health(one.state) == "failing"
    spoke = one.read(one.now)
    assert (spoke.silent, health(spoke)) == (None, "healthy")
    assert spoke.patience.until
    assert spoke.patience.until > one.now + 2 * DAY


def test_a_push_of_the_hub_ends_it_too() -> None:
    one = hourly()
    assert one.wait(days=3).unchanged().silent
    assert one.push().silent
    assert one.push(one.now).silent is None
    assert one.state.patience.until
    assert one.state.patience.until > one.now


def test_a_poll_that_brings_nothing_reckons_nothing() -> None:
    one = hourly()
    before = one.state.patience
    assert one.wait(hours=30).unchanged().patience is before


def test_after_a_long_pause_one_that_is_twice_as_improbable_is_awaited() -> None:
    one, times = hourly(), []
    for pause in (0, 1.5, 2, 30):
        one.wait(days=pause).read(one.now)
        assert one.state.patience.until
        times.append((one.state.patience.until - one.now) / DAY)
    assert times[0] < times[1] < times[2] < times[3] < 9


def test_a_feed_that_never_published_while_watched_is_missed_after_half_a_year() -> None:
    one = Watched()
    one.read()
    assert one.wait(days=181).unchanged().silent is None
    assert one.wait(days=2).unchanged().silent == one.now
    assert silence(one.state, one.now) == "it has had no entry since it is watched"


def test_a_state_of_an_older_version_is_reckoned_with_at_its_next_poll() -> None:
    one = hourly()
    one.state = replace(one.state, patience=Patience())
    assert one.wait(days=1).unchanged().silent is None
    assert one.wait(days=2).unchanged().silent == one.now


def test_a_clock_that_went_back_makes_no_feed_silent() -> None:
    one = hourly()
    assert one.wait(days=-30).unchanged().silent is None
    assert one.read(one.now).patience.pause == 0.0


def test_it_is_said_since_when_and_what_was_expected() -> None:
    one = hourly()
    one.wait(days=2.5).unchanged()
    assert silence(one.state, one.now) == (
        "nothing new since 02 Mar 2026 00:00 UTC; about 59 entries were expected by now"
    )
    assert silence(one.state, make.NOW) == (
        "nothing new since 02 Mar 2026 00:00 UTC; about 295 entries were expected by now"
    )
    rare = replace(one.state, patience=replace(one.state.patience, expected=0.4))
    assert silence(rare, one.now).endswith("; another entry was expected by now")
