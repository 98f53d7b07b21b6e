"""What the conductor needs of the world, as small Protocols; mypy checks the fit in wiring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from monitor.core.commit import Commit
from monitor.core.models import (
    Attempt,
    Begun,
    Claimed,
    Condition,
    Delivery,
    Document,
    Earlier,
    EventRef,
    Failure,
    Feed,
    FeedState,
    Freed,
    Identity,
    Lookup,
    Near,
    NotModified,
    Parsed,
    Seen,
    Silence,
    StoryRef,
    Validators,
)


class Fetcher(Protocol):
    """Brings documents."""

    async def fetch(
        self, feed: Feed, validators: Validators, at: str = ""
    ) -> Document | NotModified | Failure:
        """Ask for a feed (at another address, if given), conditionally when validators are."""
        ...


class Parser(Protocol):
    """Reads documents, where a hostile one can do no harm."""

    def parse(self, feed: Feed, document: Document, earlier: Earlier = ...) -> Parsed | Failure:
        """The entries of a document; those known from an earlier reading may be left out."""
        ...


class Transport(Protocol):
    """Speaks to one kind of channel."""

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Try once."""
        ...


class Memory(Protocol):
    """What deciding needs of the store."""

    def seen_each(
        self, asked: Sequence[tuple[str, Sequence[Identity]]]
    ) -> Sequence[Mapping[str, Seen]]:
        """What each feed (by key) showed of these entries before."""
        ...

    def stories_of(
        self, identities: Sequence[Identity], seen: Mapping[str, Seen]
    ) -> Mapping[str, StoryRef]:
        """The stories behind these entries."""
        ...

    def near(self, lookups: Sequence[Lookup], day: date) -> Near:
        """The stories that may be like these, and what is told how often by then."""
        ...

    def recall(
        self, stories: Sequence[str], events: Sequence[str]
    ) -> tuple[Mapping[str, StoryRef], Mapping[str, EventRef]]:
        """What is known of these stories and events, by id."""
        ...

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """The silences in force that were set while running."""
        ...


class PollStore(Memory, Protocol):
    """What polling needs of the store."""

    def register(self, due: Mapping[str, datetime], *, prune: bool = True) -> None:
        """Make these feeds take turns; `prune`: and no others."""
        ...

    def take_out(self, feeds: Iterable[str]) -> None:
        """Have these feeds take no turns any more."""
        ...

    def claim_feeds(self, now: datetime, until: datetime, limit: int) -> tuple[str, ...]:
        """Take due feeds; nobody else gets them before `until`."""
        ...

    def take_turns(
        self, claimed: Sequence[Claimed], now: datetime, until: datetime
    ) -> tuple[Begun, ...]:
        """Those that may be polled now, held with their hosts until `until`."""
        ...

    def free_hosts(self, freed: Sequence[Freed]) -> None:
        """Let go of hosts, and of feeds of theirs that were not polled."""
        ...

    def feed_state(self, feed: str) -> FeedState:
        """What is remembered of a feed."""
        ...

    def memory(self, feed: str) -> Mapping[str, Seen]:
        """All that a feed is remembered to have shown, by Identity.id."""
        ...

    def commit(self, commit: Commit) -> bool:
        """Write all, or nothing (False) when it was decided on old knowledge."""
        ...

    def commit_each(self, commits: Sequence[Commit]) -> tuple[bool, ...]:
        """Write those that concern nothing but their feed, each for itself."""
        ...

    def take_home(self, url: str, feed: str) -> str:
        """Note that a feed is read at an address; the key of the one that is already."""
        ...


class Outbox(Protocol):
    """What sending needs of the store."""

    def due_receivers(self, now: datetime) -> tuple[str, ...]:
        """For whom something waits."""
        ...

    def put(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Put deliveries into the outbox; those that were not there before."""
        ...

    def condition(self, receiver: str) -> Condition:
        """How a receiver is doing."""
        ...

    def due(self, receiver: str, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """What is due to a receiver, in its order; of a bundle all, and nothing else."""
        ...

    def claim(
        self, deliveries: Sequence[Delivery], now: datetime, until: datetime, bundle: str
    ) -> bool:
        """Take them, if all are still due; nobody else finds them before `until`."""
        ...

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        """Note that they are being sent: who dies now leaves it unknown whether they arrived."""
        ...

    def let_go(self, deliveries: Sequence[Delivery]) -> None:
        """Give them back: they are due now."""
        ...

    def record(
        self,
        deliveries: Sequence[Delivery],
        attempt: Attempt,
        now: datetime,
        retry_at: datetime | None,
        condition: Condition,
        *,
        apart: bool = False,
    ) -> bool:
        """Write down what an attempt came to; False when somebody else did."""
        ...

    def hurry(self, receiver: str, now: datetime) -> int:
        """Make due now what waits for its next try."""
        ...

    def acquire(self, name: str, token: str, lease: timedelta) -> bool:
        """Take a named lease."""
        ...

    def renew(self, name: str, token: str, lease: timedelta) -> bool:
        """Keep a lease that is still ours."""
        ...

    def release(self, name: str, token: str) -> None:
        """Let go of it."""
        ...
