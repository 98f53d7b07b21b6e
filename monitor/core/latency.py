"""Where the time between a publication and its alert goes, and how that is counted.

A text is published at P by its own date, its feed was last read at L, the answer that brought it
was there at F, its alert was decided and committed at C, and its receiver had answered at D.

feed      max(0, L - P)     it was published, but the feed did not show it when it was read
wait      F - max(P, L)     the feed may have shown it, and nobody asked; slow answers count too
work      C - F             it waited for the parser, was parsed, and decided on
delivery  D - C             it waited for its sender and its receiver

What a hub pushed was not waited for: all of F - P is the feed's. A date to come is taken for F. An
edited text still bears its first date, so it counts as one without. Where P is not known, `feed` is
not, and `wait` is F - L; where L is not (the feed could not be read before), `wait` is F - P. What
the first reading of a feed finds has no such times: nobody waited for it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.models import Arrival, Budget, Delivery, Lag, Sameness, Verdict
from monitor.core.schedule import DAY

# The parts, and their sum.
PARTS = ("feed", "wait", "work", "delivery", "total")
# Upper bounds of what is counted together, in seconds; beyond the last is one more.
BOUNDS = (
    *(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    *(120.0, 300.0, 600.0, 1_800.0, 3_600.0, 21_600.0, DAY),
)
# Among the counts of a part: the sum of all, in milliseconds.
SUM = "ms"
# How much the last poll that brought news weighs in a feed's lag; and seconds beyond which a text
# is no news: it was added later, or dated back.
_WEIGHT, _NEWS = 1 / 8, 7 * DAY


def budget(verdict: Verdict, arrival: Arrival, decided: datetime) -> Budget:
    """What an entry's alert took until it was decided."""
    fetched, last = arrival.fetched, arrival.last
    edited = verdict.sameness is Sameness.UPDATED
    published = None if edited else verdict.entry.published
    work = _seconds(decided - fetched)
    if arrival.pushed:
        return Budget(_seconds(fetched - published) if published else None, 0.0, work)
    if published is None or last is None:
        since = published or last or fetched
        return Budget(None, _seconds(fetched - since), work)
    late = _seconds(min(last, fetched) - published)
    return Budget(late, _seconds(fetched - max(published, last)), work)


def _seconds(span: timedelta) -> float:
    """Rounded to milliseconds; clocks of several machines may differ: never less than nothing."""
    return max(0.0, round(span.total_seconds(), 3))


def lag(before: Lag, verdicts: Iterable[Verdict], arrival: Arrival | None, now: datetime) -> Lag:
    """A feed's lag after a poll or push; only new entries whose part of it is known tell."""
    if arrival is None:
        return before
    new = [budget(one, arrival, now) for one in verdicts if one.sameness is not Sameness.SAME_ID]
    known = [(one.feed, one.wait) for one in new if one.feed is not None]
    told = [pair for pair in known if sum(pair) <= _NEWS]
    if not told:
        return before
    feed, wait = (sum(each) / len(told) for each in zip(*told, strict=True))
    weight = 1.0 if before == Lag() else _WEIGHT
    return Lag(_mixed(before.feed, feed, weight), _mixed(before.wait, wait, weight))


def _mixed(before: float, now: float, weight: float) -> float:
    return round(before + weight * (now - before), 1)


def parts(one: Delivery, delivered: datetime) -> dict[str, float]:
    """Seconds of each part that is known of a delivery that arrived; what was held back by wish
    is no part. All that is not known lacks in `total`.
    """
    decided = max(one.created, one.due or one.created)
    known = one.budget or Budget()
    found = {"wait": known.wait, "work": known.work} if one.budget else {}
    found |= {} if known.feed is None else {"feed": known.feed}
    found["delivery"] = _seconds(delivered - decided)
    return {**found, "total": round(sum(found.values()), 3)} if one.budget else found


def tally(arrived: Sequence[Delivery], now: datetime) -> Iterator[tuple[str, str, int]]:
    """What is added to the counts of each part: its name, the number of a bound (or SUM), by how
    much. Deliveries that were held by wish do not count, nor what is no news.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for one in arrived:
        if one.due is None and one.alert.of_news:
            for part, seconds in parts(one, now).items():
                counts[part, str(bisect_left(BOUNDS, seconds))] += 1
                counts[part, SUM] += round(seconds * 1_000)
    return ((part, number, by) for (part, number), by in counts.items())


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many took how long: for each bound how many came at most to it and to none below, and
    how many beyond all; and the sum in seconds.
    """

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    sum: float = 0.0

    @classmethod
    def read(cls, fields: Mapping[str, int | str]) -> Histogram:
        """From what `tally` added up to."""
        counts = (int(fields.get(str(number), 0)) for number in range(len(BOUNDS) + 1))
        return cls(tuple(counts), int(fields.get(SUM, 0)) / 1_000)

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """About what a share of all took at most, in seconds, as Prometheus' histogram_quantile:
        as if spread evenly between two bounds; None of nothing.
        """
        left = share * self.count
        for number, count in enumerate(self.counts[:-1]):
            if count and left <= count:
                below = BOUNDS[number - 1] if number else 0.0
                return round(below + (BOUNDS[number] - below) * left / count, 3)
            left -= count
        return BOUNDS[-1] if self.count else None
