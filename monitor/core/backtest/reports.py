"""What a comparison comes to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.core.backtest.rulings import Change

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are now and then, and how many only one side has."""

    now: int = 0
    then: int = 0
    gained: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Noise:
    """How many gained alerts show a sign of noise; `likely`: all three of them.

    `untitled`: no evidence stands in the title. `one_rule`: a single rule held. `alone`: no other
    outlet told of the event by the end of what was compared.
    """

    untitled: int = 0
    one_rule: int = 0
    alone: int = 0
    likely: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison comes to; of `gained`, `lost` and `retagged` a sample.

    `entries` were compared, decided on between `first` and `last`. `alerts` in all, by day (UTC,
    each day of that time; now and then), topic and receiver. `same`: those on both sides, of
    which `moved` are brought by another entry of the event. `changed`: entries that have other
    topics and no other alert; `retopics`: by topic, how many of them gain and lose it.
    """

    entries: int = 0
    first: datetime | None = None
    last: datetime | None = None
    alerts: Count = Count()
    days: tuple[tuple[date, int, int], ...] = ()
    topics: tuple[tuple[str, Count], ...] = ()
    receivers: tuple[tuple[str, Count], ...] = ()
    same: int = 0
    moved: int = 0
    noise: Noise = Noise()
    gained: tuple[Change, ...] = ()
    lost: tuple[Change, ...] = ()
    changed: int = 0
    retopics: tuple[tuple[str, Count], ...] = ()
    retagged: tuple[Change, ...] = ()

    @property
    def span(self) -> float:
        """How many days it is about, one at least."""
        return max(1.0, (self.last - self.first) / _DAY) if self.first and self.last else 1.0


class Tally:
    """Counts by name and side ("now", "then", "gained", "lost")."""

    def __init__(self) -> None:
        self._by: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, name: str, side: str, count: int = 1) -> None:
        """Count so many."""
        self._by[name][side] += count

    def counts(self) -> tuple[tuple[str, Count], ...]:
        """All counts, the largest first."""
        found = [(name, Count(**sides)) for name, sides in self._by.items()]
        return tuple(sorted(found, key=_order))


def _order(pair: tuple[str, Count]) -> tuple[int, str]:
    name, one = pair
    return -max(one.now, one.then, one.gained, one.lost), name
