"""The comparing side of the store: fingerprints, the names they are looked up by, events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from monitor.core.commit import Commit
from monitor.core.digest import digest
from monitor.core.models import EventRef, Indexed, Lookup, Near, Remembered, StoryRef, Windows
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected, Pipeline
from monitor.edges.store.likes_scripts import COUNT, NEAR, NEWER, REMEMBER
from monitor.edges.store.packing import pack, unpack
from monitor.edges.store.records import BY, CARRIER, TOLD, read_story, reference

# Stories kept under one name, compared with one entry at most, and of these such as share but
# one name with it: cost stays the same however many are remembered.
LONGEST, MOST, SINGLE = 24, 8, 3
# Seconds that an event is remembered: later than this nothing joins it.
EVENT_TTL = 21 * 86_400
# Seconds that the counts of a day are kept; what all stories of a day are counted under.
_TOLD_TTL = 3 * 86_400
ALL = "*"
_REVISION, _FACTS = "rev", "facts"


class Likes(Connected):
    """What may be like an entry, and what is known of stories and events."""

    def near(self, lookups: Sequence[Lookup], day: date) -> Near:
        """The stories under most of each lookup's names, and those it asks for itself; and how
        often what they name was told on this day and the one before.
        """
        wanted = [one for one in lookups if one.blocks]
        if not wanted:
            return Near(tuple(() for _ in lookups))
        with self.reached():
            # Counted first: what is remembered from now on, the commit will see.
            count = int(self._redis.get(keys.REMEMBERED) or 0)
            find = self._redis.register_script(NEAR)
            pipe = self._redis.pipeline(transaction=False)
            asked = [ALL, *sorted({mark for one in wanted for mark in one.marks})]
            for each in (day, day - timedelta(days=1)):
                pipe.hmget(keys.told(each), asked)
            for one in wanted:
                names = [keys.near(block) for block in one.blocks]
                find(keys=names, args=[keys.PRINT, MOST, SINGLE, *one.stories], client=pipe)
            today, before, *answered = pipe.execute()
        counts = [int(a or 0) + int(b or 0) for a, b in zip(today, before, strict=True)]
        told = {mark: often for mark, often in zip(asked, counts, strict=True) if often}
        answers = iter(answered)
        found = (_remembered(next(answers)) if one.blocks else () for one in lookups)
        return Near(tuple(found), count, counts[0], told)

    def recall(
        self, stories: Sequence[str], events: Sequence[str]
    ) -> tuple[Mapping[str, StoryRef], Mapping[str, EventRef]]:
        """What is known of these stories and events; those that expired are left out."""
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for one in stories:
                pipe.hgetall(keys.story(one))
            for one in events:
                pipe.hgetall(keys.event(one))
            found = pipe.execute()
        stored = [read_story(fields) for fields in found[: len(stories)]]
        told = zip(events, found[len(stories) :], strict=True)
        return (
            {one.story.id: reference(one) for one in stored if one},
            {name: _event(name, fields) for name, fields in told if fields},
        )


def _remembered(answer: Sequence[str]) -> tuple[Remembered, ...]:
    return tuple(unpack(story, line) for story, line in zip(answer[::2], answer[1::2], strict=True))


def _event(name: str, fields: Mapping[str, str]) -> EventRef:
    carriers = [CARRIER.validate_json(fields[one]) for one in fields if one.startswith(BY)]
    facts = fields.get(_FACTS, "")
    return EventRef(
        id=name,
        revision=int(fields.get(_REVISION, 0)),
        told={one.removeprefix(TOLD): fields[one] for one in fields if one.startswith(TOLD)},
        facts=frozenset(facts.split(",")) if facts else frozenset(),
        carriers=tuple(sorted(carriers, key=lambda one: one.seen)),
    )


def watched(commit: Commit) -> list[str]:
    """The keys of events and names that a commit was decided on."""
    names = [keys.near(block) for one in commit.indexed for block in (*one.copies, *one.events)]
    return [*map(keys.event, commit.events), *dict.fromkeys(names)]


def overtaken(pipe: Pipeline, commit: Commit) -> bool:
    """Whether an event grew, or a story was remembered that may be like one of ours, since
    the commit was decided.
    """
    for one in commit.events.values():
        if int(pipe.hget(keys.event(one.id), _REVISION) or 0) != one.revision:
            return True
    blocks = {block for one in commit.indexed for block in (*one.copies, *one.events)}
    if not blocks:
        return False
    names = [keys.near(block) for block in sorted(blocks)]
    return bool(pipe.eval(NEWER, len(names), *names, commit.count))


def write_likes(pipe: Pipeline, commit: Commit) -> None:
    """Queue the writes that let later entries be compared with those of a commit."""
    for one in commit.indexed:
        _remember(pipe, one, commit.windows)
    if new := [one for one in commit.indexed if one.copies or one.events]:
        counted = Counter(mark for one in new for mark in marks(one))
        grown = [str(part) for pair in counted.items() for part in pair]
        pipe.eval(COUNT, 1, keys.told(commit.day), _TOLD_TTL, *grown)
    feeds = {story.carrier.feed for story in commit.stories}
    for event in commit.events.values():
        _write_event(pipe, event, feeds)


def marks(one: Indexed) -> tuple[str, ...]:
    """What is counted of a new story: its names and concepts, and itself."""
    return (ALL, *one.remembered.fingerprint.names, *one.remembered.fingerprint.concepts)


def _remember(pipe: Pipeline, one: Indexed, windows: Windows) -> None:
    story, line = one.remembered.story, pack(one.remembered)
    copy, event = int(windows.copy.total_seconds()), int(windows.event.total_seconds())
    print_ = f"{keys.PRINT}{story}"
    if not one.copies and not one.events:
        pipe.set(print_, line, ex=copy)
        return
    names = [keys.near(block) for block in (*one.copies, *one.events)]
    args = [story, line, len(one.copies), copy, event, LONGEST]
    pipe.eval(REMEMBER, len(names) + 2, keys.REMEMBERED, print_, *names, *args)


def _write_event(pipe: Pipeline, event: EventRef, feeds: set[str]) -> None:
    """The event as it is now; of its carriers those of these feeds, for the others are there."""
    key = keys.event(event.id)
    fields = {
        _REVISION: event.revision + 1,
        _FACTS: ",".join(sorted(event.facts)),
        **{f"{TOLD}{receiver}": delivery for receiver, delivery in event.told.items()},
    }
    pipe.hset(key, mapping=fields)
    for one in event.carriers:
        if one.feed in feeds or not event.revision:
            line = CARRIER.dump_json(one, exclude_defaults=True)
            pipe.hsetnx(key, f"{BY}{digest(one.feed)}", line)
    pipe.expire(key, EVENT_TTL)
