"""A feed's rhythm: how many entries it publishes in each hour of the week.

The week is 168 bytes, a code on a logarithmic scale for each hour; 0 stands for an hour that
was not watched yet. An hour is counted while it is open and goes into the week once it is over:
a moving average, so that old habits fade within a few weeks. `recent` is the same over the last
hours, so that a burst counts at once. Both cost next to nothing while the hour stays the same.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from math import log2

from monitor.core.models import Rhythm

_HOUR = 3_600.0
# The hours of a week.
WEEK = 168
# How much the latest week counts against all before it.
_LATEST = 0.3
# What is left of `recent` after an hour: half of it is gone after two.
_KEPT = 0.5**0.5
# What a rate is made of: how it was at this hour of the week and next to it, at this hour on all
# days, and over the week; then how much of it all is habit, the rest being of late.
_LOCAL, _DAILY, _MEAN = 0.6, 0.25, 0.15
_HABIT = 0.6
# For how many watched hours the configured gap speaks too.
_PRIOR_HOURS = 2.0
# A first document tells of this many hours before it. What has no date is dated by when it was
# seen: a document full of these tells nothing of when they came (seconds).
_SEED_HOURS = 4 * WEEK
_UNDATED = 60.0


def quantise(rate: float) -> int:
    """The code (1 to 255) of so many entries an hour: steps of some 4 %, up to 860."""
    return min(1 + round(20 * log2(1 + 8 * rate)), 255)


# What each code stands for, entries an hour.
RATES = (0.0, *((2 ** ((code - 1) / 20) - 1) / 8 for code in range(1, 256)))


def learn(rhythm: Rhythm, new: Sequence[datetime], now: datetime) -> Rhythm:
    """The rhythm after a look at the feed that showed entries published at these times.

    Entries older than a week tell nothing; what comes from the future came now. After more
    than a week without a look, or a clock that went back, counting begins anew.
    """
    hour = hour_of(now)
    if hour == rhythm.hour and not new:
        return rhythm
    counts = Counter(at for one in new if hour - (at := min(hour_of(one), hour)) <= WEEK)
    recent = rhythm.recent * _KEPT ** min(max(hour - rhythm.hour, 0), WEEK) + _late(counts, hour)
    start = rhythm.hour if 0 <= hour - rhythm.hour <= WEEK else hour
    if start == rhythm.hour:
        counts[start] += rhythm.count
    week = rhythm.week
    if start < hour or min(counts, default=hour) < hour:
        codes = bytearray(b64decode(week) or bytes(WEEK))
        _close(codes, counts, start, hour)
        week = _packed(codes)
    return Rhythm(hour, counts[hour], week, recent)


def _close(codes: bytearray, counts: Counter[int], start: int, hour: int) -> None:
    """Write the hours from `start` that are over; late ones before it come on top."""
    for at in range(start, hour):
        before, count = codes[at % WEEK], counts[at]
        rate = RATES[before] * (1 - _LATEST) + count * _LATEST if before else float(count)
        codes[at % WEEK] = quantise(rate)
    for at, count in counts.items():
        if at < start:
            slot = at % WEEK
            codes[slot] = quantise(RATES[codes[slot]] + count * _LATEST)


def seed(new: Sequence[datetime], now: datetime) -> Rhythm:
    """The rhythm that the dates of a first document tell of, up to four weeks back."""
    hour = hour_of(now)
    dated = (one for one in new if (now - one).total_seconds() >= _UNDATED)
    counts = Counter(at for one in dated if hour - (at := hour_of(one)) <= _SEED_HOURS)
    if not counts:
        return Rhythm(hour)
    start = min(counts)
    weeks, rest = divmod(hour - start, WEEK)
    found = [0] * WEEK
    for at, count in counts.items():
        found[(at - start) % WEEK] += count if at < hour else 0
    codes = bytearray(WEEK)
    for after in range(WEEK):
        if watched := weeks + (after < rest):
            codes[(start + after) % WEEK] = quantise(found[after] / watched)
    week = _packed(codes) if start < hour else ""
    return Rhythm(hour, counts[hour], week, _late(counts, hour))


def expect(
    rhythm: Rhythm, now: datetime, *, wanted: float, usual: float, longest: float
) -> tuple[float, float]:
    """Seconds until so many entries are expected (`longest` at most), and how many an hour are
    expected now. `usual`: the gap in seconds before anything was learnt.
    """
    codes = b64decode(rhythm.week) or bytes(WEEK)
    mean = _mean(codes, wanted / usual)
    at, gone, left, recent = now.timestamp(), 0.0, wanted, rhythm.recent
    current = None
    while gone < longest:
        hour, into = divmod(at + gone, _HOUR)
        rate = _HABIT * _habit(codes, int(hour) % WEEK, mean) + (1 - _HABIT) * recent
        current = rate if current is None else current
        span = min(_HOUR - into, longest - gone)
        if rate * span >= left * _HOUR:
            return gone + left * _HOUR / rate, current
        left -= rate * span / _HOUR
        # The least step keeps a rounded clock from standing still.
        gone += max(span, 1.0)
        recent *= _KEPT
    return longest, current or 0.0


def _habit(codes: bytes, slot: int, mean: float) -> float:
    """Entries an hour at an hour of the week, by itself and by what is like it."""
    daily = _average(codes[slot % 24 :: 24], mean)
    near = bytes((codes[slot - 1], codes[slot], codes[slot], codes[(slot + 1) % WEEK]))
    return _LOCAL * _average(near, daily) + _DAILY * daily + _MEAN * mean


def _average(codes: bytes, otherwise: float) -> float:
    """The mean of the hours that were watched."""
    watched = len(codes) - codes.count(0)
    return sum([RATES[code] for code in codes]) / watched if watched else otherwise


def _mean(codes: bytes, each_second: float) -> float:
    """The mean over the week; the rate that the configured gap stands for goes in as well."""
    watched = len(codes) - codes.count(0)
    prior = each_second * _HOUR * _PRIOR_HOURS
    return (sum([RATES[code] for code in codes]) + prior) / (watched + _PRIOR_HOURS)


def _late(counts: Counter[int], hour: int) -> float:
    """What these entries add to `recent`: a steady feed comes to its rate in the end."""
    return sum(n * (1 - _KEPT) * _KEPT ** (hour - at) for at, n in counts.items())


def hour_of(at: datetime) -> int:
    """The hour that a time is in, in hours since the epoch."""
    return int(at.timestamp() // _HOUR)


def _packed(codes: bytes | bytearray) -> str:
    return b64encode(codes).decode("ascii")
