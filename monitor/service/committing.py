"""From parsed entries to the one write: decide, commit, and anew where others came in between.

What comes to no story is looked up and written for many feeds in one go; what does come to one is
decided and written by itself, so that the next is decided on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor import __version__
from monitor.core.commit import NO_LIMIT, REMEMBERED, Commit, apart, gather, rename
from monitor.core.identity import better_key, identify
from monitor.core.latency import lag
from monitor.core.models import (
    Arrival,
    Feed,
    FeedState,
    Identity,
    Known,
    Origin,
    Parsed,
    Sameness,
    Seen,
    Verdict,
)
from monitor.core.notices import feed_notices
from monitor.core.triage import Policy
from monitor.service.deciding import decide
from monitor.service.ports import PollStore

# How often a decision is taken anew when others' commits came in between.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to. `before` is the feed's state when it began.

    `committed` is False when others kept changing what it was decided on: nothing was
    written, and the feed is due again when its lease ends. `receivers`: for whom something was
    put into the outbox.
    """

    feed: Feed
    before: FeedState
    state: FeedState
    verdicts: tuple[Verdict, ...] = ()
    committed: bool = True
    receivers: tuple[str, ...] = ()

    @property
    def new(self) -> int:
        """How many entries the feed had not shown before."""
        return sum(one.sameness is not Sameness.SAME_ID for one in self.verdicts)


@dataclass(frozen=True, slots=True)
class Reading:
    """A document that was parsed, and the feed's state when it was asked for.

    `fetched`: when the document was there. `after`: what becomes of that state, given when the
    feed's new entries were published.
    `pushed`: it came from the feed's hub, so that the feed's next turn stays as it is.
    """

    feed: Feed
    before: FeedState
    parsed: Parsed
    identities: tuple[Identity, ...]
    fetched: datetime
    after: Callable[[FeedState, tuple[datetime, ...]], FeedState]
    pushed: bool = False


@dataclass(frozen=True, slots=True)
class Committer:
    """Decides and commits. `notices`: the receivers who are told of feeds that die or come back;
    `policies`: what holds for some feeds, by URL, instead of `policy`.
    """

    store: PollStore
    policy: Policy
    clock: Callable[[], datetime]
    notices: tuple[str, ...] = ()
    policies: Mapping[str, Policy] = field(default_factory=dict)

    def settle(self, polled: Sequence[Polled]) -> list[Polled]:
        """Commit the states of polls that brought no entries."""
        commits = [self._told(one) for one in polled]
        written = iter(self.store.commit_each([one for one in commits if one.of_the_feed]))
        return [
            replace(
                one,
                committed=next(written) if commit.of_the_feed else self.store.commit(commit),
                receivers=_receivers(commit),
            )
            for one, commit in zip(polled, commits, strict=True)
        ]

    def decide_each(self, readings: Sequence[Reading]) -> list[Polled]:
        """Decide and commit the entries of each feed."""
        polled: list[Polled] = []
        plain: list[tuple[Reading, Polled, Commit]] = []
        seen = self.store.seen_each([(one.feed.key, one.identities) for one in readings])
        for one, known in zip(readings, seen, strict=True):
            found = self._attempt(one, one.before, known)
            if found and found[1].of_the_feed:
                plain.append((one, *found))
            elif found and self.store.commit(found[1]):
                polled.append(_written(*found))
            else:
                polled.append(self._anew(one))
        written = self.store.commit_each([commit for _, _, commit in plain])
        for (one, done, _), ours in zip(plain, written, strict=True):
            polled.append(done if ours else self._anew(one))
        return polled

    def _anew(self, one: Reading) -> Polled:
        """Decide and commit, as often as others come in between."""
        for _ in range(_TRIES):
            state = self.store.feed_state(one.feed.key)
            if (found := self._attempt(one, state)) and self.store.commit(found[1]):
                return _written(*found)
        return Polled(one.feed, one.before, state, committed=False)

    def _attempt(
        self, one: Reading, state: FeedState, seen: Mapping[str, Seen] | None = None
    ) -> tuple[Polled, Commit] | None:
        """What the entries come to, and its commit; None where they are to be looked at anew."""
        now, same = self.clock(), state.key == one.before.key
        identities = one.identities if same else identify(one.parsed.entries, state.key)
        entries = tuple(zip(one.parsed.entries, identities, strict=True))
        first = not state.body
        policy = self._policy(one.feed)
        decided = decide(self.store, one.feed, entries, policy, now, first_poll=first, seen=seen)
        if self._rename(one, state, identities, decided.known):
            return None
        after, arrival = one.after(state, _new(decided.verdicts, now)), _arrival(one, state)
        after = replace(after, lag=lag(state.lag, decided.verdicts, arrival, now))
        polled = Polled(one.feed, one.before, after, decided.verdicts)
        return polled, self._commit(polled, one, decided.known, now, arrival)

    def _policy(self, feed: Feed) -> Policy:
        return self.policies.get(feed.url, self.policy)

    def _commit(
        self, polled: Polled, one: Reading, known: Known, now: datetime, arrival: Arrival | None
    ) -> Commit:
        policy = self._policy(one.feed)
        commit = gather(
            one.feed.key,
            one.feed.url,
            polled.state,
            polled.verdicts,
            known,
            now=now,
            arrival=arrival,
            windows=policy.windows,
            cadences=policy.cadences,
            # What is in the document still, but was left out as known, must not be forgotten.
            remember=NO_LIMIT if one.parsed.unchanged else REMEMBERED,
            origin=Origin(one.feed.source, policy.rulebook.version, __version__),
        )
        if policy.apart:
            commit = apart(commit, policy.apart)
        deliveries = (*commit.deliveries, *self._told(polled).deliveries)
        return replace(commit, deliveries=deliveries, sets_turn=not one.pushed)

    def _told(self, one: Polled) -> Commit:
        """The commit of a state alone, and of what is to be told about it."""
        told = feed_notices(one.feed, one.before, one.state, to=self.notices, now=self.clock())
        return Commit(one.feed.key, one.feed.url, one.state, deliveries=told)

    def _rename(
        self, one: Reading, state: FeedState, identities: Sequence[Identity], known: Known
    ) -> bool:
        """Whether a feed that gives its entries new guids at each poll was told by something
        steadier just now; nothing of it is new then, and nothing alerts again.
        """
        if state.key or not state.body or one.parsed.unchanged:
            return False
        if any(each.id in known.seen for each in identities):
            return False
        feed, memory = one.feed, self.store.memory(one.feed.key)
        key = better_key(identities, memory)
        return bool(key) and self.store.commit(rename(feed.key, feed.url, state, memory, key))


def _written(polled: Polled, commit: Commit) -> Polled:
    return replace(polled, receivers=_receivers(commit))


def _arrival(one: Reading, state: FeedState) -> Arrival | None:
    """None at the first reading: what a feed shows by then, nobody waited for. A poll that failed
    says nothing about when the feed began to show what it shows now.
    """
    if not state.body:
        return None
    return Arrival(one.fetched, None if state.failures else state.last_poll, one.pushed)


def _new(verdicts: Sequence[Verdict], now: datetime) -> tuple[datetime, ...]:
    """When each entry that the feed had not shown before was published."""
    fresh = (one.entry for one in verdicts if one.sameness is not Sameness.SAME_ID)
    return tuple(entry.published or now for entry in fresh)


def _receivers(commit: Commit) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.alert.receiver for one in commit.deliveries))
