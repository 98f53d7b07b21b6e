"""When a feed that answers has had nothing new for improbably long.

Publishers come in bursts and keep holidays, so their entries are no Poisson process. Each day
after the last entry (24 hours, not a calendar's) is taken by itself: where its rhythm expects r
entries, none come with the chance 1 / (1 + r), as by a geometric distribution. So one day
of a busy feed says a good deal, but never all, and the hours of one day count once.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import log1p
from typing import NamedTuple

from monitor.core.models import FeedState, Patience, Rhythm
from monitor.core.polling.rhythm import RATES, WEEK, hour_of

_HOUR = timedelta(hours=1)
_DAY_HOURS = 24
# A feed is silent when the odds against so long a pause are e^8, some 3,000 to 1: after two
# days where an entry an hour is expected, after twelve where one a day is.
_IMPROBABLE = 8.0
# A feed that was quiet for long before may be so again, and twice as improbably. But a feed that
# was broken for long looks the same, so there is a bound.
_AGAIN, _MOST = 2.0, 24.0
# How long half of the improbability of a pause is remembered.
_FORGOTTEN = timedelta(days=180)
# What is never expected is missed after so long all the same.
LONGEST = timedelta(days=180)


class _Hour(NamedTuple):
    """The end of an hour without entries: how many hours these are by now, how many entries were
    expected in them, and the odds against that (their logarithm).
    """

    number: int
    expected: float
    odds: float


def patience(state: FeedState, rhythm: Rhythm, now: datetime, *, new: bool) -> Patience:
    """How long a feed may have nothing new; `rhythm`: as learnt with this look at it.

    It is reckoned when something `new` came, or never was before, so that all other looks cost
    no more than a comparison.
    """
    if state.patience.until is not None and not new:
        return state.patience
    since = now if new or state.last_new is None else state.last_new
    longest = _longest_pause(state, now) if new else state.patience.pause
    for one in _hours(rhythm, since):
        if one.odds >= _wanted(longest):
            break
    return Patience(since + one.number * _HOUR, round(one.expected, 1), round(longest, 2))


def silent(
    state: FeedState, until: datetime | None, now: datetime, *, new: bool
) -> datetime | None:
    """Since when a feed counts as silent, if it does; `until`: as Patience.until."""
    if new or until is None:
        return None
    return state.silent or (now if now >= until else None)


def silence(state: FeedState, now: datetime) -> str:
    """What there is to say of a feed that is silent, in one sentence without its full stop."""
    one, last = state.patience, state.last_new
    if last is None or one.until is None or one.until <= last:
        return "it has had no entry since it is watched"
    missed = round(one.expected * ((now - last) / (one.until - last)))
    entries = f"about {missed} entries were" if missed > 1 else "another entry was"
    return f"nothing new since {last:%d %b %Y %H:%M} UTC; {entries} expected by now"


def _wanted(pause: float) -> float:
    """The odds from which on a feed is silent that was quiet at such odds before."""
    return min(max(_IMPROBABLE, _AGAIN * pause), _MOST)


def _longest_pause(state: FeedState, now: datetime) -> float:
    """The odds against the longest pause of late, with the one that ends now: as they were
    reckoned when it began, for the rhythm has learnt of the pause since.
    """
    one = state.patience
    if state.last_new is None or one.until is None or not state.last_new < now:
        return one.pause
    pause = now - state.last_new
    odds = _wanted(one.pause) * (pause / (one.until - state.last_new))
    kept: float = one.pause * 0.5 ** (pause / _FORGOTTEN)
    return min(max(kept, odds), _MOST / _AGAIN)


def _hours(rhythm: Rhythm, since: datetime) -> Iterator[_Hour]:
    """Each hour after the one that was going on then."""
    codes, first = b64decode(rhythm.week) or bytes(WEEK), hour_of(since)
    odds = expected = today = 0.0
    for number in range(1, LONGEST // _HOUR + 1):
        rate = RATES[codes[(first + number) % WEEK]]
        today, expected = today + rate, expected + rate
        yield _Hour(number, expected, odds + log1p(today))
        if number % _DAY_HOURS == 0:
            odds, today = odds + log1p(today), 0.0
