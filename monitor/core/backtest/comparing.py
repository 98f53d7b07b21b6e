"""Comparing entry by entry."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from monitor.core.backtest.matching import settle
from monitor.core.backtest.reports import Count, Noise, Report, Tally
from monitor.core.backtest.rulings import Change, Ruling, change
from monitor.core.backtest.sampling import Thinned, evenly
from monitor.core.models import Archived


class Comparison:
    """Takes entries in the order they were decided on, each with both rulings.

    Those decided on before `since` are not counted: they only say what was told by then. `sample`:
    how many entries of a kind are shown. Kept are counts, and the entries that alert on one side
    only; of the event's outlets, whether there are several.
    """

    def __init__(self, since: datetime, sample: int) -> None:
        self._since, self._sample = since, sample
        self._entries = self._same = self._changed = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._days: dict[date, Counter[str]] = defaultdict(Counter)
        self._topics, self._receivers, self._retopics = Tally(), Tally(), Tally()
        self._retagged = Thinned[Change](sample)
        self._changes: list[Change] = []
        self._outlets = _Outlets()

    def add(self, one: Archived, now: Ruling, then: Ruling) -> None:
        """Compare what is made of an entry."""
        self._outlets.add(then.event, one.source)
        found = change(one, now, then)
        if found and (found.gained or found.lost):
            self._changes.append(found)
        if one.at < self._since:
            return
        self._first, self._last = self._first or one.at, one.at
        self._entries += 1
        self._same += len(now.receivers & then.receivers)
        for side, ruling in (("now", now), ("then", then)):
            self._count(side, ruling, ruling.receivers)
            self._days[one.at.date()][side] += len(ruling.receivers)
        if found and not (found.gained or found.lost):
            self._retag(found)

    def _count(self, side: str, ruling: Ruling, receivers: frozenset[str]) -> None:
        """Count alerts by topic and receiver."""
        for topic in ruling.topics if receivers else ():
            self._topics.add(topic, side, len(receivers))
        for receiver in receivers:
            self._receivers.add(receiver, side)

    def _retag(self, found: Change) -> None:
        self._changed += 1
        self._retagged.add(found)
        now, then = found.now.topics, found.then.topics
        for side, topics in (("gained", then - now), ("lost", now - then)):
            for topic in topics:
                self._retopics.add(topic, side)

    def report(self) -> Report:
        """What it comes to. To be asked for once, at the end."""
        settled, moved = settle(self._changes)
        counted = [one for one in settled if one.at >= self._since]
        for one in counted:
            self._count("gained", one.then, one.gained)
            self._count("lost", one.now, one.lost)
        gained = [one for one in counted if one.gained]
        lost = [one for one in counted if one.lost]
        days = tuple(self._calendar())
        moves = sum(one.at >= self._since for one in moved)
        return Report(
            entries=self._entries,
            first=self._first,
            last=self._last,
            alerts=Count(
                sum(now for _, now, _ in days),
                sum(then for _, _, then in days),
                sum(len(one.gained) for one in gained),
                sum(len(one.lost) for one in lost),
            ),
            days=days,
            topics=self._topics.counts(),
            receivers=self._receivers.counts(),
            same=self._same + moves,
            moved=moves,
            noise=self._noise(gained),
            gained=evenly(gained, self._sample),
            lost=evenly(lost, self._sample),
            changed=self._changed,
            retopics=self._retopics.counts(),
            retagged=tuple(self._retagged),
        )

    def _calendar(self) -> Iterator[tuple[date, int, int]]:
        """Each day from the first to the last, also those without an alert."""
        if self._first is None or self._last is None:
            return
        first = self._first.date()
        for n in range((self._last.date() - first).days + 1):
            found = self._days[first + timedelta(days=n)]
            yield first + timedelta(days=n), found["now"], found["then"]

    def _noise(self, gained: Iterable[Change]) -> Noise:
        """How many of the gained alerts show which signs."""
        signs = Counter[str]()
        for one in gained:
            found = {
                "untitled": not one.then.titled,
                "one_rule": one.then.rules == 1,
                "alone": self._outlets.alone(one.then.event),
            }
            found["likely"] = all(found.values())
            signs.update({name: len(one.gained) for name, shown in found.items() if shown})
        return Noise(**signs)


class _Outlets:
    """Which events are told by several outlets."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._several: set[str] = set()

    def add(self, event: str | None, source: str) -> None:
        if event and self._first.setdefault(event, source) != source:
            self._several.add(event)

    def alone(self, event: str | None) -> bool:
        return event not in self._several
