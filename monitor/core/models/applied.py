"""What is applied: deliveries, attempts, and what is remembered of a feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.models.decided import Alert
from monitor.core.models.gathered import Hub, Parsed, Validators, Wish
from monitor.core.models.labels import DeliveryState, PollOutcome
from monitor.core.models.timed import Budget, Lag


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
    continues, and `parent` that message's alert. `budget`: what it took until it was decided, None
    where no poll or push brought it.
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
    budget: Budget | None = None


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
class Rhythm:
    """When a feed publishes, as learnt; written and read by core/polling/rhythm only.

    `hour`: the hour (hours since the epoch) that is being counted, `count` its entries so far.
    `week`: a byte for each hour of the week, in base64, "" as long as nothing was learnt.
    `recent`: entries an hour of late.
    """

    hour: int = 0
    count: int = 0
    week: str = ""
    recent: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """Where a feed has gone. `url`: where it is read now, "" for where it was configured.

    `to`: where permanent redirects lead lately, seen at `times` polls in a row since `since`.
    `twin`: the key of another feed that is read there already, "" if none.
    """

    url: str = field(default="", repr=False)
    to: str = field(default="", repr=False)
    times: int = 0
    since: datetime | None = None
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """How a feed's hub does. `last`: when it pushed something new last; `misses`: how often in a
    row a poll found news that the hub had not brought; `until`: when the subscription ends.
    """

    hub: Hub = field(default_factory=Hub)
    last: datetime | None = None
    misses: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a feed may have nothing new; reckoned by core/polling/silence only.

    `until`: from then on it is silent; `expected`: about how many entries should have come by
    then; `pause`: how improbable its longest pause of late was.
    """

    until: datetime | None = None
    expected: float = 0.0
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between polls.

    `revision` counts commits, so that a second poller of the same feed is noticed.
    `interval` is the present polling gap in seconds, `because` says why it is that long. `body`
    is the digest of the last body read, "" as long as the feed was never read; `marks` what its
    entries are told apart by (Parsed.marks). `full`: when it was last read without conditions
    and without leaving anything out; `caught`: when its 304 was last caught hiding news.
    `failing_since` is when the present row of failures began, `badness` how much they weigh,
    `dead` when they were enough to give the feed up. `key`: what its entries are known by, ""
    for their guids, "link" or "text" where those change from poll to poll. `silent`: since when
    it has had nothing new for improbably long. `lag`: how late its entries reach us.
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
    because: str = ""
    marks: str = ""
    full: datetime | None = None
    caught: datetime | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)
    wish: Wish = field(default_factory=Wish)
    move: Move = field(default_factory=Move)
    badness: float = 0.0
    dead: datetime | None = None
    push: Push = field(default_factory=Push)
    patience: Patience = field(default_factory=Patience)
    silent: datetime | None = None
    lag: Lag = field(default_factory=Lag)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A feed (by key) that we claimed, its host, and until when: our lease of the feed, and, if
    we have one already, our hold of the host.
    """

    feed: str
    host: str
    lease: datetime
    held: datetime | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A feed (by key) that may be polled now, the host that it is at, and its state."""

    feed: str
    host: str
    state: FeedState


@dataclass(frozen=True, slots=True)
class Freed:
    """A host that we held until `held` and let go of: it may be asked again at `at`, and its
    feeds that are left, then as well.
    """

    host: str
    held: datetime
    at: datetime
    left: tuple[Claimed, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """What a poll that worked came to, as far as the next one depends on it.

    `new`: when each entry not seen before was published, if that is known, else when it was seen.
    `max_age`, `moved` as in Document. `parsed`: None where the document is the one known already
    (304, or the same body); `full`: it was asked for without conditions and read whole.
    """

    outcome: PollOutcome
    validators: Validators
    body: str
    new: tuple[datetime, ...] = ()
    max_age: float = 0.0
    moved: str = field(default="", repr=False)
    hub: Hub = field(default_factory=Hub)
    parsed: Parsed | None = None
    full: bool = False
