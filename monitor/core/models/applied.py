"""What is applied: deliveries, attempts, and what is remembered of a feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.models.decided import Alert
from monitor.core.models.gathered import Validators
from monitor.core.models.labels import DeliveryState, PollOutcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way through one transport.

    `id` is the idempotency key, the same in every attempt; `created` is when the alert
    was decided; `due` when it is to be sent first, where that is later; `tries` how often it
    was tried so far, `base` how many of these do not count: those before it was sent anew by
    hand, and those that only came too fast.
    `uncertain`: it may have arrived although nothing says so: an answer was lost, or never
    written down; `interrupted`: how often in a row the latter. `bundle`: the digest it went out
    with, the same in every attempt. `thread`: the receiver's own name for the message it
    continues, and `parent` that message's alert.
    """

    id: str
    alert: Alert
    created: datetime
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    due: datetime | None = None
    base: int = 0
    uncertain: bool = False
    interrupted: int = 0
    bundle: str = ""
    thread: str = ""
    parent: Alert | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send: did it arrive, can trying again help, and what was answered.

    `retry_after`: seconds the receiver asked for. `detail` holds no secret. `reference`: the
    receiver's own name for the message that arrived. `uncertain`: all was sent, but no answer
    came, so it may have arrived all the same.
    """

    ok: bool
    detail: str
    permanent: bool = False
    status: int | None = None
    retry_after: float | None = None
    seconds: float = 0.0
    reference: str = ""
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """An attempt as the ledger keeps it: when it ended, and what came of it."""

    at: datetime
    ok: bool
    detail: str
    status: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between polls.

    `revision` counts commits, so that a second poller of the same feed is noticed.
    `interval` is the present polling gap in seconds. `body` is the digest of the last
    body read, "" as long as the feed was never read. `failing_since` is when the present
    row of failures began. `key`: what its entries are known by, "" for their guids, "link" or
    "text" where those change from poll to poll.
    """

    revision: int = 0
    validators: Validators = field(default_factory=Validators)
    body: str = ""
    outcome: PollOutcome | None = None
    reason: str = ""
    failures: int = 0
    interval: float = 0.0
    last_poll: datetime | None = None
    last_new: datetime | None = None
    next_poll: datetime | None = None
    failing_since: datetime | None = None
    key: str = ""
