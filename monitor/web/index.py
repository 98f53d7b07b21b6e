"""What the pages know of stories without asking the store: enough to choose, count and order them.

Pure: an index is never changed, a grown one is another; so pages read one while the next is made.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from monitor.core.models import Severity
from monitor.core.parse.plain import clean
from monitor.edges.store.browsing import Outline

# Characters of a title that are searched, and kinds from which on those that nothing has any
# more are dropped.
_TITLE, _KINDS = 200, 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What stories can be chosen by; one object for all stories alike, told apart as such."""

    topics: frozenset[str]
    severity: Severity
    source: str
    language: str
    country: str


class Row(NamedTuple):
    """A story: when it was first seen (epoch seconds), and its title in small letters."""

    at: float
    id: str
    event: str
    kind: Kind
    title: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions on stories; an empty one always holds. `since`, `until`: epoch seconds, the
    latter left out. `words`: all of them stand in the title.
    """

    topic: str = ""
    severity: Severity = Severity.LOW
    source: str = ""
    language: str = ""
    country: str = ""
    words: tuple[str, ...] = ()
    since: float = 0.0
    until: float = float("inf")

    def takes(self, kind: Kind) -> bool:
        """Whether stories of this kind may be wanted."""
        return (
            kind.severity >= self.severity
            and (not self.topic or self.topic in kind.topics)
            and self.language in ("", kind.language)
            and self.country in ("", kind.country)
            and self.source.casefold() in kind.source.casefold()
        )


_Key = tuple[frozenset[str], Severity, str, str, str]


@dataclass(frozen=True)
class Index:
    """Stories by time, the oldest first. It is not slotted, so that it can remember its counts."""

    rows: tuple[Row, ...] = ()
    kinds: dict[_Key, Kind] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def grown(self, outlines: Iterable[Outline]) -> Index:
        """With these stories added, none of which it has."""
        kinds = dict(self.kinds)
        # Mostly in order already, which sorting makes use of.
        rows = sorted([*self.rows, *(_row(one, kinds) for one in outlines)], key=_by_time)
        return Index(tuple(rows), kinds)

    def since(self, at: float, most: int) -> Index:
        """Without what was seen before `at`, and with no more than the latest so many."""
        first = max(bisect_left(self.rows, at, key=_by_time), len(self.rows) - most)
        return Index(self.rows[first:], self.kinds)._tidy() if first > 0 else self

    def without(self, gone: Collection[str]) -> Index:
        """Without these stories."""
        return Index(tuple(row for row in self.rows if row.id not in gone), self.kinds)

    def _tidy(self) -> Index:
        if len(self.kinds) < max(_KINDS, len(self.rows)):
            return self
        used = {row.kind for row in self.rows}
        return Index(self.rows, {key: one for key, one in self.kinds.items() if one in used})

    def find(self, wanted: Wanted) -> Sequence[Row]:
        """What is wanted, the newest first."""
        kinds = {one for one in self.kinds.values() if wanted.takes(one)}
        found: Sequence[Row] = self.between(wanted.since, wanted.until)
        if len(kinds) < len(self.kinds):
            found = [row for row in found if row.kind in kinds]
        for word in wanted.words:
            found = [row for row in found if word in row.title]
        return found[::-1]

    def between(self, since: float, until: float) -> tuple[Row, ...]:
        """All that was first seen from one time to another, the oldest first."""
        first, last = (bisect_left(self.rows, at, key=_by_time) for at in (since, until))
        return self.rows[first:last]

    def of_event(self, event: str) -> list[str]:
        """The ids of an event's stories."""
        return [row.id for row in self.rows if row.event == event]

    @cached_property
    def _counts(self) -> Counter[str]:
        """How many stories each source has."""
        counts: Counter[str] = Counter()
        for kind, count in Counter(row.kind for row in self.rows).items():
            counts[kind.source] += count
        return counts

    def sources(self, most: int) -> list[str]:
        """The sources of most stories, in the order of their names."""
        return sorted((name for name, _ in self._counts.most_common(most)), key=str.casefold)

    def languages(self) -> list[str]:
        """All languages there are."""
        return sorted({one.language for one in self.kinds.values() if one.language})

    def countries(self) -> list[str]:
        """All countries there are."""
        return sorted({one.country for one in self.kinds.values() if one.country})


def _by_time(row: Row) -> float:
    return row.at


def _kind(
    topics: frozenset[str], severity: Severity, source: str, language: str, country: str
) -> Kind:
    # As they are shown, for so they are asked for.
    return Kind(topics, severity, clean(source), clean(language), clean(country))


def _row(one: Outline, kinds: dict[_Key, Kind]) -> Row:
    carrier = one.carrier
    key = (one.topics, one.severity, carrier.source, carrier.language or "", carrier.country or "")
    kind = kinds.get(key) or kinds.setdefault(key, _kind(*key))
    return Row(one.first_seen.timestamp(), one.id, one.event, kind, one.title[:_TITLE].casefold())
