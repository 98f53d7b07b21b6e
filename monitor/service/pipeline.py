"""The conductor. The steps of a poll stand here once, in their order:

  gather   fetch(feed, validators)   Feed     -> Document, or "not modified"
           parse(feed, document)     Document -> Entries
  decide   decide(store, entries)    Entry -> Match -> Topic -> Story -> Event -> Alert
                                     (service/deciding: what is known, the steps of triage)
  apply    store.commit(...)         entries, stories, deliveries and validators: one write

Nothing is decided here; nothing here knows Redis, HTTP or Celery.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.commit import Commit, gather, rename
from monitor.core.identity import better_key, identify
from monitor.core.models import (
    Document,
    Failure,
    Feed,
    FeedState,
    Identity,
    Known,
    NotModified,
    Parsed,
    PollOutcome,
    Sameness,
    Validators,
    Verdict,
)
from monitor.core.schedule import Polling, after_failure, after_reading
from monitor.core.triage import Policy
from monitor.service.deciding import decide
from monitor.service.ports import Fetcher, Parser, PollStore

# How often a decision is taken anew when others' commits came in between.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to. `before` is the feed's state when it began.

    `committed` is False when others kept changing what it was decided on: nothing was
    written, and the feed is due again when its lease ends.
    """

    feed: Feed
    before: FeedState
    state: FeedState
    verdicts: tuple[Verdict, ...] = ()
    committed: bool = True

    @property
    def receivers(self) -> tuple[str, ...]:
        """For whom the poll put something into the outbox."""
        named = (alert.receiver for verdict in self.verdicts for alert in verdict.alerts)
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One poll from fetch to commit. `clock` gives aware UTC, `jitter` a number in 0..1.

    `lease`: how long a feed stays ours; longer than fetching and parsing can take.
    """

    store: PollStore
    parser: Parser
    policy: Policy
    polling: Polling
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    lease: timedelta

    async def poll(self, feed: Feed, lease: datetime, fetcher: Fetcher) -> Polled | None:
        """Poll a feed that is ours by the lease; None when it is not ours any more."""
        state = await asyncio.to_thread(self._begin, feed, lease)
        if state is None:
            return None
        fetched = await fetcher.fetch(feed, state.validators)
        return await asyncio.to_thread(self.settle, feed, state, fetched)

    def _begin(self, feed: Feed, lease: datetime) -> FeedState | None:
        until = self.clock() + self.lease
        if not self.store.renew_feeds([feed.key], lease, until):
            return None
        return self.store.feed_state(feed.key)

    def settle(
        self, feed: Feed, state: FeedState, fetched: Document | NotModified | Failure
    ) -> Polled:
        """Parse, decide and commit what a fetch brought."""
        if isinstance(fetched, Failure):
            return self._fail(feed, state, fetched)
        if isinstance(fetched, NotModified):
            return self._unchanged(feed, state, PollOutcome.NOT_MODIFIED, state.validators)
        body = hashlib.blake2b(fetched.body, digest_size=8).hexdigest()
        if body == state.body:
            return self._unchanged(feed, state, PollOutcome.OK, fetched.validators)
        parsed = self.parser.parse(feed, fetched)
        if isinstance(parsed, Failure):
            return self._fail(feed, state, parsed)
        return self._decide(feed, state, parsed, fetched.validators, body)

    def _decide(
        self, feed: Feed, state: FeedState, parsed: Parsed, validators: Validators, body: str
    ) -> Polled:
        before = state
        for _ in range(_TRIES):
            now = self.clock()
            identities = identify(parsed.entries, state.key)
            entries = tuple(zip(parsed.entries, identities, strict=True))
            first = not state.body
            decided = decide(self.store, feed, entries, self.policy, now, first_poll=first)
            if self._rename(feed, state, identities, decided.known):
                state = self.store.feed_state(feed.key)
                continue
            verdicts = decided.verdicts
            after = after_reading(
                state,
                outcome=PollOutcome.OK,
                note=parsed.note,
                validators=validators,
                body=body,
                fresh=_any_new(verdicts),
                polling=self.polling,
                now=now,
                jitter=self.jitter(),
            )
            commit = gather(
                feed.key,
                feed.url,
                after,
                verdicts,
                decided.known,
                now=now,
                windows=self.policy.windows,
                cadences=self.policy.cadences,
            )
            if self.store.commit(commit):
                return Polled(feed, before, after, verdicts)
            state = self.store.feed_state(feed.key)
        return Polled(feed, before, state, committed=False)

    def _rename(
        self, feed: Feed, state: FeedState, identities: Sequence[Identity], known: Known
    ) -> bool:
        """Whether a feed that gives its entries new guids at each poll was told by something
        steadier just now; nothing of it is new then, and nothing alerts again.
        """
        if state.key or not state.body or any(one.id in known.seen for one in identities):
            return False
        memory = self.store.memory(feed.key)
        key = better_key(identities, memory)
        return bool(key) and self.store.commit(rename(feed.key, feed.url, state, memory, key))

    def _unchanged(
        self, feed: Feed, state: FeedState, outcome: PollOutcome, validators: Validators
    ) -> Polled:
        after = after_reading(
            state,
            outcome=outcome,
            note="",
            validators=validators,
            body=state.body,
            fresh=False,
            polling=self.polling,
            now=self.clock(),
            jitter=self.jitter(),
        )
        return self._write(feed, state, after)

    def _fail(self, feed: Feed, state: FeedState, failure: Failure) -> Polled:
        after = after_failure(
            state, failure, polling=self.polling, now=self.clock(), jitter=self.jitter()
        )
        return self._write(feed, state, after)

    def _write(self, feed: Feed, before: FeedState, after: FeedState) -> Polled:
        """Commit a state alone. Lost to another poller, it is worth nothing any more."""
        written = self.store.commit(Commit(feed.key, feed.url, after))
        return Polled(feed, before, after, committed=written)


def _any_new(verdicts: Sequence[Verdict]) -> bool:
    return any(one.sameness is not Sameness.SAME_ID for one in verdicts)
