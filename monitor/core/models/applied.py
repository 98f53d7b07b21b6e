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
    was tried so far. `thread`: the receiver's own name for the message it continues.
    """

    id: str
    alert: Alert
    created: datetime
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    due: datetime | None = None
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send: did it arrive, can trying again help, and what was answered.

    `retry_after`: seconds the receiver asked for. `detail` holds no secret. `reference`: the
    receiver's own name for the message that arrived.
    """

    ok: bool
    detail: str
    permanent: bool = False
    status: int | None = None
    retry_after: float | None = None
    seconds: float = 0.0
    reference: str = ""


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
