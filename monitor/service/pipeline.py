"""The conductor. The steps of a poll stand here once, in their order:

  gather   approach(feed, state)     how it is asked: where, with which conditions
           fetch                     Feed     -> Document, or "not modified"   (service/visiting)
           parse(feed, document)     Document -> Entries
  decide   decide(store, entries)    Entry -> Match -> Topic -> Story -> Event -> Alert
                                     (service/deciding: what is known, the steps of triage)
  apply    store.commit(...)         entries, stories, deliveries and validators: one write
                                     (service/committing)

Nothing is decided here; nothing here knows Redis, HTTP or Celery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from monitor.core.canary import Apart
from monitor.core.identity import identify
from monitor.core.models import (
    Document,
    Earlier,
    Failure,
    Feed,
    FeedState,
    Hub,
    NotModified,
    Parsed,
    PollOutcome,
    Visit,
)
from monitor.core.polling import (
    Approach,
    Polling,
    after_failure,
    after_push,
    after_reading,
    next_visit,
)
from monitor.core.triage import Policy
from monitor.service.committing import Committer, Polled, Reading
from monitor.service.ports import Parser, PollStore

__all__ = ["Fetched", "Pipeline", "Polled"]


@dataclass(frozen=True)
class Fetched:
    """A feed's turn, its state when it began, how it was asked, what was answered, and when."""

    feed: Feed
    state: FeedState
    approach: Approach
    answer: Document | NotModified | Failure
    at: datetime

    @property
    def brings(self) -> bool:
        """Whether there is a document to be read, other than the one read last."""
        return isinstance(self.answer, Document) and self.body != self.state.body

    @property
    def size(self) -> int:
        """Bytes of the document; 0 where there is none."""
        return len(self.answer.body) if isinstance(self.answer, Document) else 0

    @cached_property
    def body(self) -> str:
        """The digest of the document, or of the one read last where there is none."""
        if not isinstance(self.answer, Document):
            return self.state.body
        return hashlib.blake2b(self.answer.body, digest_size=8).hexdigest()


@dataclass(frozen=True)
class Pipeline:
    """One poll from its answer to its commit. `clock` gives aware UTC, `jitter` a number in 0..1.

    `hasty` gives up soon on a document that takes long, `parser` only when it must. `notices`: the
    receivers who are told of feeds that die or come back. `apart`: what holds for some feeds, by
    URL, instead of `policy` and `polling`.
    """

    store: PollStore
    parser: Parser
    hasty: Parser
    policy: Policy
    polling: Polling
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    notices: tuple[str, ...] = ()
    apart: Mapping[str, Apart] = field(default_factory=dict)

    @cached_property
    def _committer(self) -> Committer:
        policies = {url: one.policy for url, one in self.apart.items()}
        return Committer(self.store, self.policy, self.clock, self.notices, policies)

    def _polling(self, feed: Feed) -> Polling:
        return self.apart[feed.url].polling if feed.url in self.apart else self.polling

    def approach(self, feed: Feed, state: FeedState) -> Approach:
        """How a feed is asked now."""
        return next_visit(state, feed, self.clock())

    def settle(self, fetched: Sequence[Fetched]) -> list[Polled]:
        """Commit what polls came to that brought nothing to read."""
        return self._committer.settle([self._unread(one) for one in fetched])

    def _unread(self, one: Fetched) -> Polled:
        if isinstance(one.answer, Failure):
            return self._failed(one, one.answer)
        same = isinstance(one.answer, NotModified)
        visit = _visit(one, PollOutcome.NOT_MODIFIED if same else PollOutcome.OK)
        return Polled(one.feed, one.state, self._after(one.feed, one.state, visit))

    def _failed(self, one: Fetched, failure: Failure) -> Polled:
        now, jitter, polling = self.clock(), self.jitter(), self._polling(one.feed)
        after = after_failure(one.state, one.feed, failure, polling=polling, now=now, jitter=jitter)
        return Polled(one.feed, one.state, after)

    def _after(self, feed: Feed, state: FeedState, visit: Visit) -> FeedState:
        now, jitter, polling = self.clock(), self.jitter(), self._polling(feed)
        after = after_reading(state, feed, visit, polling=polling, now=now, jitter=jitter)
        if not after.move.url or after.move.url == state.move.url:
            return after
        twin = self.store.take_home(after.move.url, feed.key)
        return replace(after, move=replace(after.move, twin=twin))

    def read(self, fetched: Sequence[Fetched]) -> list[Polled]:
        """Parse, decide and commit the documents that fetches brought, in any order.

        What comes to no story is written in one go; what does, one after the other.
        """
        return self._finish([(one, self._parse(one, self.parser)) for one in fetched])

    def glance(self, fetched: Sequence[Fetched]) -> tuple[list[Polled], list[Fetched]]:
        """The same for those of them that take little time to read, and the others unread."""
        parsed = [(one, self._parse(one, self.hasty)) for one in fetched]
        late = [one for one, found in parsed if isinstance(found, Failure) and found.overran]
        return self._finish([each for each in parsed if each[0] not in late]), late

    def _finish(self, parsed: Sequence[tuple[Fetched, Parsed | Failure]]) -> list[Polled]:
        failed = [replace(one, answer=found) for one, found in parsed if isinstance(found, Failure)]
        readings = [
            self._reading(one, found) for one, found in parsed if not isinstance(found, Failure)
        ]
        return [*self.settle(failed), *self._committer.decide_each(readings)]

    def _parse(self, one: Fetched, parser: Parser) -> Parsed | Failure:
        if not isinstance(one.answer, Document):
            raise TypeError("there is no document to read")
        earlier = Earlier(
            marks="" if one.approach.full else one.state.marks,
            old=None if one.state.body else self.clock() - self.policy.fresh,
        )
        return parser.parse(one.feed, one.answer, earlier)

    def _reading(self, one: Fetched, parsed: Parsed) -> Reading:
        def after(state: FeedState, new: tuple[datetime, ...]) -> FeedState:
            visit = replace(_visit(one, PollOutcome.OK), new=new, parsed=parsed)
            return self._after(one.feed, state, visit)

        identities = identify(parsed.entries, one.state.key)
        return Reading(one.feed, one.state, parsed, identities, one.at, after)

    def push(self, feed: Feed, document: Document, at: datetime) -> Polled:
        """Parse, decide and commit what a feed's hub brought, and when; polls stay as they are.

        A feed that was never read is left to its first poll, which tells old from new.
        """
        state = self.store.feed_state(feed.key)
        parsed = self.parser.parse(feed, document, Earlier(marks=state.marks))
        if isinstance(parsed, Failure) or not state.body:
            return Polled(feed, state, state, committed=False)

        def after(state: FeedState, new: tuple[datetime, ...]) -> FeedState:
            return after_push(state, new, now=self.clock())

        identities = identify(parsed.entries, state.key)
        reading = Reading(feed, state, parsed, identities, at, after, pushed=True)
        return self._committer.decide_each([reading])[0]


def _visit(one: Fetched, outcome: PollOutcome) -> Visit:
    """What a poll that worked came to, before its document is read."""
    answer = one.answer
    brought = answer if isinstance(answer, Document) else None
    return Visit(
        outcome=outcome,
        validators=brought.validators if brought else one.state.validators,
        body=one.body,
        max_age=0.0 if isinstance(answer, Failure) else answer.max_age,
        moved="" if isinstance(answer, Failure) else answer.moved,
        hub=brought.hub if brought else Hub(),
        full=one.approach.full,
    )
