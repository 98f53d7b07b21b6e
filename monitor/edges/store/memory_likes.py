"""The comparing side of the store, in memory; as edges/store/likes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from monitor.core.commit import Commit
from monitor.core.models import EventRef, Lookup, Near, Remembered
from monitor.edges.store.likes import ALL, LONGEST, MOST, SINGLE, marks


class MemoryLikes:
    """Fingerprints, the names they are looked up by, and events. Nothing expires."""

    def __init__(self) -> None:
        self._count = 0
        self._prints: dict[str, Remembered] = {}
        self._blocks: dict[str, deque[tuple[int, str]]] = {}
        self._events: dict[str, EventRef] = {}
        self._told: dict[date, Counter[str]] = {}

    def near(self, lookups: Sequence[Lookup], day: date) -> Near:
        """As Likes.near."""
        if not any(one.blocks for one in lookups):
            return Near(tuple(() for _ in lookups))
        days = [self._told.get(one, Counter()) for one in (day, day - timedelta(days=1))]
        marks = {mark for one in lookups for mark in one.marks}
        told = {mark: count for mark in marks if (count := sum(one[mark] for one in days))}
        recent = sum(one[ALL] for one in days)
        return Near(tuple(self._found(one) for one in lookups), self._count, recent, told)

    def _found(self, lookup: Lookup) -> tuple[Remembered, ...]:
        shared = Counter(
            story for block in lookup.blocks for _, story in self._blocks.get(block, ())
        )
        ranked = shared.most_common()
        several = [story for story, count in ranked if count > 1][:MOST]
        once = [story for story, count in ranked if count == 1][:SINGLE]
        named = [*several, *once][:MOST]
        wanted = dict.fromkeys((*lookup.stories, *named))
        return tuple(self._prints[one] for one in wanted if one in self._prints)

    def recall(self, events: Sequence[str]) -> Mapping[str, EventRef]:
        """As Likes.recall, of events."""
        return {one: self._events[one] for one in events if one in self._events}

    def overtaken(self, commit: Commit) -> bool:
        """As likes.overtaken."""
        known = self._events
        if any(known.get(one.id, one).revision != one.revision for one in commit.events.values()):
            return True
        blocks = (block for one in commit.indexed for block in (*one.copies, *one.events))
        heads = (self._blocks[block][0][0] for block in blocks if block in self._blocks)
        return any(number > commit.count for number in heads)

    def write(self, commit: Commit) -> None:
        """As likes.write_likes."""
        for one in commit.indexed:
            story = one.remembered.story
            self._prints[story] = one.remembered
            if one.copies or one.events:
                self._count += 1
                self._told.setdefault(commit.day, Counter()).update(marks(one))
            for block in (*one.copies, *one.events):
                line = self._blocks.setdefault(block, deque(maxlen=LONGEST))
                line.appendleft((self._count, story))
        for event in commit.events.values():
            self._events[event.id] = replace(event, revision=event.revision + 1)
