"""What the conductor needs of the world, as small Protocols; mypy checks the fit in wiring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from monitor.core.commit import Commit
from monitor.core.models import (
    Attempt,
    Condition,
    Delivery,
    Document,
    EventRef,
    Failure,
    Feed,
    FeedState,
    Identity,
    Known,
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

    async def fetch(self, feed: Feed, validators: Validators) -> Document | NotModified | Failure:
        """Ask for a feed, conditionally when validators are known."""
        ...


class Parser(Protocol):
    """Reads documents, where a hostile one can do no harm."""

    def parse(self, feed: Feed, document: Document) -> Parsed | Failure:
        """The entries of a document."""
        ...


class Transport(Protocol):
    """Speaks to one kind of channel."""

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Try once."""
        ...


class Memory(Protocol):
    """What deciding needs of the store."""

    def known(self, feed: str, identities: Sequence[Identity]) -> Known:
        """What is known of these entries."""
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

    def claim_feeds(self, now: datetime, until: datetime, limit: int) -> tuple[str, ...]:
        """Take due feeds; nobody else gets them before `until`."""
        ...

    def renew_feeds(
        self, feeds: Sequence[str], lease: datetime, until: datetime
    ) -> tuple[str, ...]:
        """Those still ours by the lease, now held until `until`."""
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
