"""What the pages read: outlines of many stories at once, a page of the ledger, counts by time.

Nothing here asks the server for more than some thousand small answers in one go, however much it
remembers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise

from pydantic import TypeAdapter, ValidationError

from monitor.core.models import DeliveryState, Severity, Story
from monitor.edges.store import keys
from monitor.edges.store.ledger import Ledger
from monitor.edges.store.records import STORY_FIELD, Entered, StoredStory, read_story

# Deliveries whose state and receiver are looked at in one round trip, and for one page at most.
_CHUNK, _LOOKED_AT = 500, 2_000
# Seconds between a story and what was decided on it at most, and how many deliveries of that time
# are looked at.
_AROUND, _NEAR = 60.0, 500
_WAITING = (DeliveryState.PENDING, DeliveryState.FAILED)


@dataclass(frozen=True, slots=True)
class Outlet:
    """Of a story's first carrier what it can be chosen by."""

    source: str
    language: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """Of a story what it can be found and chosen by."""

    id: str
    event: str
    title: str
    first_seen: datetime
    carrier: Outlet
    topics: frozenset[str]
    severity: Severity


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Deliveries, the latest first. `further`: how many to pass over for the next page, None where
    there is none; a page may be short, or empty, although there is a next one.
    """

    found: tuple[Entered, ...]
    further: int | None


_OUTLINE = TypeAdapter(Outline)


class Browsing(Ledger):
    """What the pages read."""

    def count_stories(self, since: datetime) -> int:
        """How many stories were first seen at `since` or later."""
        with self.reached():
            return int(self._redis.zcount(keys.STORIES, since.timestamp(), "+inf"))

    def story_ids(self, since: datetime, most: int) -> list[str]:
        """The ids of the stories first seen at `since` or later, the newest first."""
        with self.reached():
            found: list[str] = self._redis.zrevrangebyscore(
                keys.STORIES, "+inf", since.timestamp(), 0, most
            )
        return found

    def outlines(self, ids: Sequence[str]) -> tuple[Outline, ...]:
        """The outlines of these stories, without those that are gone or cannot be read."""
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for one in ids:
                pipe.hget(keys.story(one), STORY_FIELD)
            found = pipe.execute()
        return tuple(filter(None, map(_outline, filter(None, found))))

    def stories_by_id(self, ids: Sequence[str]) -> dict[str, StoredStory]:
        """These stories in the order given, without those that are gone."""
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for one in ids:
                pipe.hgetall(keys.story(one))
            found = [read_story(fields) for fields in pipe.execute()]
        return {one.story.id: one for one in found if one}

    def decided(self, bounds: Sequence[float]) -> list[int]:
        """How many alerts were decided between each bound (epoch seconds) and the next."""
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for low, high in pairwise(bounds):
                pipe.zcount(keys.DELIVERIES, low, f"({high}")
            return [int(one) for one in pipe.execute()]

    def told_of(self, story: Story, others: Sequence[str]) -> tuple[Entered, ...]:
        """The deliveries of a story, the earliest first, and these others. An update's name follows
        from what is new in it, so that it is looked for among what was decided at that time.
        """
        first = story.first_seen.timestamp()
        with self.reached():
            when = (first - _AROUND, first + _AROUND)
            near = self._redis.zrangebyscore(keys.DELIVERIES, *when, start=0, num=_NEAR)
            pipe = self._redis.pipeline(transaction=False)
            for one in near:
                pipe.hget(keys.delivery(one), "alert")
            told = zip(near, pipe.execute(), strict=True)
            own = [name for name, alert in told if alert and f'"{story.id}"' in alert]
            found = self._entered(list(dict.fromkeys([*own, *others])))
        return tuple(sorted(found, key=lambda one: one.delivery.created))

    def ledger_page(
        self, state: DeliveryState | None, receiver: str | None, skip: int, size: int
    ) -> LedgerPage:
        """A page of deliveries in this state, to this receiver: those that wait in the order in
        which they will be sent, all others the latest first.
        """
        with self.reached():
            wanted: list[str] = []
            looked = 0
            for name, fits in islice(self._candidates(state, receiver, skip), _LOOKED_AT):
                if len(wanted) == size:
                    return LedgerPage(tuple(self._entered(wanted)), skip + looked)
                looked += 1
                if fits:
                    wanted.append(name)
            further = skip + looked if looked == _LOOKED_AT else None
            return LedgerPage(tuple(self._entered(wanted)), further)

    def _candidates(
        self, state: DeliveryState | None, receiver: str | None, skip: int
    ) -> Iterator[tuple[str, bool]]:
        """Ids from the narrowest index there is, and whether each is wanted."""
        for ids in self._narrowest(state, receiver, skip):
            pipe = self._redis.pipeline(transaction=False)
            for one in ids:
                pipe.hmget(keys.delivery(one), "state", "receiver")
            for one, (is_state, to) in zip(ids, pipe.execute(), strict=True):
                fits = is_state is not None and state in (None, is_state)
                yield one, fits and receiver in (None, to)

    def _narrowest(
        self, state: DeliveryState | None, receiver: str | None, skip: int
    ) -> Iterator[Sequence[str]]:
        if state in _WAITING:
            names = [receiver] if receiver else sorted(self._redis.smembers(keys.RECEIVERS))
            ids = [id_ for one in names for id_ in self._redis.zrange(keys.outbox(one), 0, -1)]
            yield from (ids[at : at + _CHUNK] for at in range(skip, len(ids), _CHUNK))
            return
        index = keys.DEAD if state is DeliveryState.DEAD else keys.DELIVERIES
        while ids := self._redis.zrevrange(index, skip, skip + _CHUNK - 1):
            yield ids
            skip += _CHUNK


def _outline(line: str) -> Outline | None:
    try:
        return _OUTLINE.validate_json(line)
    except ValidationError:
        return None
