"""When a feed that answers has had nothing new for improbably long.

Publishers come in bursts and keep holidays, so their entries are no Poisson process. Each day
after the last entry (24 hours, not a calendar's) is taken by itself: where its rhythm expects r
entries, none come with the chance 1 / (1 + r), as by a geometric distribution. So one day
of a busy feed says a good deal, but never all, and the hours of one day count once.
"""

from __future__ import annotations

from base64 import b64decode
from bisect import bisect_left
from datetime import datetime, timedelta
from itertools import accumulate
from math import expm1, log1p

from monitor.core.models import FeedState, Patience, Rhythm
from monitor.core.polling.rhythm import RATES, WEEK, hour_of

_DAY = 24
# A feed is silent when the odds against so long a pause are e^8, some 3,000 to 1: after two
# days where an entry an hour is expected, after twelve where one a day is.
_IMPROBABLE = 8.0
# A feed that was quiet for long before may be so again, and twice as improbably. But a feed that
# was broken for long looks the same, so there is a bound.
_AGAIN, _MOST = 2.0, 24.0
# How long half of the improbability of a pause is remembered.
_FORGOTTEN = timedelta(days=180)
# What is never expected is missed after so long all the same.
_WEEKS = 26
LONGEST = timedelta(weeks=_WEEKS)


def patience(state: FeedState, rhythm: Rhythm, now: datetime, *, new: bool) -> Patience:
    """How long a feed may have nothing new; `rhythm`: as learnt with this look at it.

    It is reckoned when something `new` came, or never was before, so that all other looks cost
    no more than a comparison.
    """
    if state.patience.until is not None and not new:
        return state.patience
    since = now if new or state.last_new is None else state.last_new
    longest = _longest_pause(state, now) if new else state.patience.pause
    lasts, expected = _reckoned(rhythm, since, _wanted(longest))
    return Patience(since + lasts, round(expected, 1), round(longest, 2))


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


def _reckoned(rhythm: Rhythm, since: datetime, odds: float) -> tuple[timedelta, float]:
    """How long after this hour the odds against having had no entry are so high (their logarithm),
    and how many entries are expected until then.
    """
    if not rhythm.week:
        return LONGEST, 0.0
    codes, first = b64decode(rhythm.week), (hour_of(since) + 1) % WEEK
    rates = [RATES[code] for code in codes[first:] + codes[:first]]
    days = [sum(rates[at : at + _DAY]) for at in range(0, WEEK, _DAY)]
    by_day = list(accumulate(map(log1p, days)))
    weeks = int(odds / by_day[-1]) if by_day[-1] else _WEEKS
    if weeks >= _WEEKS:
        return LONGEST, _WEEKS * sum(days)
    left = odds - weeks * by_day[-1]
    # The last day and hour where the sums are off by a rounding.
    day = min(bisect_left(by_day, left), len(days) - 1)
    hours = list(accumulate(rates[day * _DAY : (day + 1) * _DAY]))
    today = expm1(left - (by_day[day - 1] if day else 0.0))
    hour = min(bisect_left(hours, today), _DAY - 1)
    expected = weeks * sum(days) + sum(days[:day]) + hours[hour]
    return timedelta(weeks=weeks, days=day, hours=hour + 1), expected
