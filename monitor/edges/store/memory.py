"""The store in memory: for offline use (`replay`, `explain`) and as the tests' fake.

It passes the same test suite as the real one. Nothing outlives the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.core.canary import NAME
from monitor.core.commit import Commit
from monitor.core.dedupe import names_of_new
from monitor.core.digest import digest
from monitor.core.latency import Histogram
from monitor.core.models import (
    Carrier,
    DeliveryState,
    EventRef,
    FeedState,
    Identity,
    Known,
    Lookup,
    Near,
    Seen,
    Story,
    StoryRef,
)
from monitor.core.pacing import set_back
from monitor.edges.store.absent import trouble_of
from monitor.edges.store.memory_likes import MemoryLikes
from monitor.edges.store.memory_outbox import MemoryOutbox
from monitor.edges.store.memory_turns import MemoryTurns
from monitor.edges.store.records import FULL_READ, Gauges, StoredStory, reference
from monitor.edges.store.shadows import RULEBOOK, SINCE


@dataclass
class _Telling:
    """A story with what is added to it as time goes on."""

    story: Story
    carriers: dict[str, Carrier] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def stored(self) -> StoredStory:
        by_time = tuple(sorted(self.carriers.values(), key=lambda one: one.seen))
        return StoredStory(self.story, by_time, frozenset(self.told))


class MemoryPolls(MemoryTurns, MemoryOutbox):
    """The polling side, in memory."""

    def __init__(self, full_read: int = FULL_READ) -> None:
        MemoryOutbox.__init__(self)
        MemoryTurns.__init__(self)
        self._full_read = full_read
        self._homes: dict[str, str] = {}
        self._seen: dict[str, dict[str, Seen]] = {}
        self._stories: dict[str, _Telling] = {}
        self._claims: dict[str, str] = {}
        self._alive: dict[str, float] = {}
        self._shadow: dict[str, str] = {}
        self._likes = MemoryLikes()
        self._hushed: dict[str, float] = {}
        self._missed = 0.0

    def feed_state(self, feed: str) -> FeedState:
        """As Polls.feed_state."""
        return self._states.get(feed, FeedState())

    def known(self, feed: str, identities: Sequence[Identity]) -> Known:
        """As Polls.known."""
        (seen,) = self.seen_each([(feed, identities)])
        return Known(seen, self.stories_of(identities, seen))

    def seen_each(self, asked: Sequence[tuple[str, Sequence[Identity]]]) -> list[dict[str, Seen]]:
        """As Polls.seen_each."""
        return [self._shown(feed, identities) for feed, identities in asked]

    def _shown(self, feed: str, identities: Sequence[Identity]) -> dict[str, Seen]:
        memory = self._seen.get(feed, {})
        if len(memory) >= self._full_read:
            return dict(memory)
        return {one.id: memory[one.id] for one in identities if one.id in memory}

    def stories_of(
        self, identities: Sequence[Identity], seen: Mapping[str, Seen]
    ) -> dict[str, StoryRef]:
        """As Polls.stories_of."""
        names = names_of_new(identities, seen)
        ids = {name: self._claims[name] for name in names if name in self._claims}
        own = [seen[one.id].story for one in identities if one.id in seen]
        ids |= {story: story for story in own if story}
        return {
            name: reference(self._stories[story].stored())
            for name, story in ids.items()
            if story in self._stories
        }

    def memory(self, feed: str) -> Mapping[str, Seen]:
        """As Polls.memory."""
        return dict(self._seen.get(feed, {}))

    def near(self, lookups: Sequence[Lookup], day: date) -> Near:
        """As Likes.near."""
        return self._likes.near(lookups, day)

    def recall(
        self, stories: Sequence[str], events: Sequence[str]
    ) -> tuple[Mapping[str, StoryRef], Mapping[str, EventRef]]:
        """As Likes.recall."""
        found = [self._stories[one].stored() for one in stories if one in self._stories]
        return {one.story.id: reference(one) for one in found}, self._likes.recall(events)

    def commit(self, commit: Commit) -> bool:
        """As Polls.commit."""
        held = [one for one in commit.claims if self._claims.get(one) in self._stories]
        if held or self._likes.overtaken(commit):
            return False
        if self.feed_state(commit.feed).revision + 1 != commit.state.revision:
            return False
        self._write_feed(commit)
        self._write_stories(commit)
        self._likes.write(commit)
        self.put(commit.deliveries)
        return True

    def commit_each(self, commits: Sequence[Commit]) -> tuple[bool, ...]:
        """As Polls.commit_each."""
        return tuple(self.commit(one) for one in commits)

    def take_home(self, url: str, feed: str) -> str:
        """As Polls.take_home."""
        configured = digest(url)
        if configured != feed and configured in self._due:
            return configured
        holder = self._homes.setdefault(configured, feed)
        return "" if holder == feed else holder

    def _write_feed(self, commit: Commit) -> None:
        self._states[commit.feed] = commit.state
        if commit.sets_turn:
            self.note_turn(commit.feed, commit.state)
        seen = self._seen.setdefault(commit.feed, {})
        seen.update(commit.seen)
        for one in commit.forgotten:
            seen.pop(one, None)

    def _write_stories(self, commit: Commit) -> None:
        for story in commit.stories:
            telling = self._stories.setdefault(story.id, _Telling(story))
            telling.carriers.setdefault(commit.feed, story.carrier)
        self._claims.update(commit.claims)
        for story_id, receivers in commit.settled.items():
            if story_id in self._stories:
                self._stories[story_id].told |= receivers


class MemoryStore(MemoryPolls):
    """All of the store, in memory."""

    def ping(self) -> None:
        """As Connected.ping: memory is always there."""

    def feed_states(self, feeds: Sequence[str]) -> dict[str, FeedState]:
        """As Views.feed_states."""
        return {one: self._states[one] for one in feeds if one in self._states}

    def health(self, feeds: Sequence[str]) -> tuple[dict[str, int], int]:
        """As Views.health."""
        return dict(Counter(self.failing().values())), len(self.feed_states(feeds))

    def failing(self) -> dict[str, str]:
        """As Absent.failing."""
        return {name: said for name, one in self._states.items() if (said := trouble_of(one))}

    def hushed(self) -> dict[str, float]:
        """As Absent.hushed."""
        return dict(self._hushed)

    def note_hushed(self, told: Mapping[str, float], over: Collection[str]) -> None:
        """As Absent.note_hushed."""
        found = self._hushed | dict(told)
        self._hushed = {name: at for name, at in found.items() if name not in over}

    def due_times(self, feeds: Sequence[str]) -> dict[str, float]:
        """As Views.due_times."""
        return {one: self._due[one] for one in feeds if one in self._due}

    def canary(self) -> tuple[float, float]:
        """As Absent.canary."""
        return self._alive.get(NAME, 0.0), self._missed

    def note_missed(self, since: datetime | None) -> bool:
        """As Absent.note_missed."""
        noted, before = bool(self._missed), self._missed
        self._missed = before or since.timestamp() if since else 0.0
        return noted is (since is None)

    def stories(self, since: datetime) -> tuple[StoredStory, ...]:
        """As Views.stories."""
        stored = [one.stored() for one in self._stories.values()]
        recent = [one for one in stored if one.story.first_seen >= since]
        return tuple(sorted(recent, key=lambda one: one.story.first_seen))

    def story_of(self, claim: str) -> StoredStory | None:
        """As Views.story_of."""
        telling = self._stories.get(self._claims.get(claim, ""))
        return telling.stored() if telling else None

    def mark_alive(self, process: str, now: datetime) -> None:
        """As Views.mark_alive."""
        self._alive[process] = now.timestamp()

    def count_shadow(self, rulebook: str, counts: Mapping[str, int], now: datetime) -> None:
        """As Shadows.count_shadow."""
        if self._shadow.get(RULEBOOK) != rulebook:
            self._shadow = {RULEBOOK: rulebook, SINCE: str(now.timestamp())}
        known = self._shadow
        known |= {name: str(int(known.get(name, 0)) + more) for name, more in counts.items()}

    def trim(self, now: datetime, horizon: datetime) -> None:
        """As Views.trim."""
        for box in (self._due, *self._outbox.values()):
            far = [name for name, at in box.items() if at > horizon.timestamp()]
            box.update(dict.fromkeys(far, now.timestamp()))

    def set_back(self, seconds: float) -> None:
        """As Views.set_back."""
        for times in (self._due, self._free, self._held):
            times.update({name: at - seconds for name, at in times.items()})
        for box in self._outbox.values():
            for name in box:
                if self._deliveries[name].due is None:
                    box[name] -= seconds
        self._conditions = {name: set_back(one, seconds) for name, one in self._conditions.items()}

    def gauges(self, now: datetime, queues: Sequence[str]) -> Gauges:
        """As Views.gauges."""
        at = now.timestamp()
        return Gauges(
            reachable=True,
            due=sum(due <= at for due in self._due.values()),
            overdue=max([at - due for due in self._due.values()] + [0.0]),
            outboxes={name: len(box) for name, box in self._outbox.items()},
            oldest_delivery={
                name: max([at - due for due in box.values() if due] + [0.0])
                for name, box in self._outbox.items()
            },
            counts={name: self._counts(name) for name in self._outbox},
            troubles=dict(self._troubles),
            closed={name: one.closed for name, one in self._conditions.items() if one.closed > at},
            broker=dict.fromkeys(queues, 0),
            latency=tuple(self._latency),
            counted=dict(self._counted),
            spent={part: Histogram.read(one) for part, one in self._spent.items()},
            alive=dict(self._alive),
            stories=len(self._stories),
            version="memory",
            shadow=dict(self._shadow),
            missed=self._missed,
        )

    def _counts(self, receiver: str) -> dict[DeliveryState, int]:
        states = [one.state for one in self._deliveries.values() if one.alert.receiver == receiver]
        return {state: states.count(state) for state in DeliveryState}
