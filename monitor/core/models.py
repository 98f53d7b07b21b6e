"""The things that travel from feed to delivery: one frozen type for each stage.

This room knows no library. All times are aware datetimes in UTC; durations are
seconds as float. Each name is defined in docs/design.md, "Words".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from monitor.core.digest import digest


class Severity(IntEnum):
    """How much a match matters; the numbers only give the order."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The lower-case name used in files and JSON."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Severity:
        """The severity of a lower-case name; raises KeyError for any other word."""
        return {one.label: one for one in cls}[label]


class Sameness(StrEnum):
    """Why an entry is, or is not, new."""

    NEW = "new"
    SAME_ID = "same-id"
    SAME_LINK = "same-link"
    SAME_TEXT = "same-text"
    UPDATED = "updated"


class Outcome(StrEnum):
    """Where an entry ended."""

    ALERTED = "alerted"
    DUPLICATE = "duplicate"
    NO_TOPIC = "no-topic"
    NO_ROUTE = "no-route"
    SEEDED = "seeded"
    TOO_OLD = "too-old"


class PollOutcome(StrEnum):
    """How a poll ended; `status --json` shows these words."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    BAD_SCHEME = "bad_scheme"
    SSRF_BLOCKED = "ssrf_blocked"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"
    PROTOCOL = "protocol"
    DECODE = "decode"
    TOO_LARGE = "too_large"
    REDIRECT_LIMIT = "redirect_limit"
    REDIRECT_BLOCKED = "redirect_blocked"
    HTTP_401 = "http_401"
    HTTP_403 = "http_403"
    HTTP_404 = "http_404"
    HTTP_410 = "http_410"
    HTTP_429 = "http_429"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    RATE_LIMITED = "rate_limited"
    EMPTY = "empty"
    NOT_A_FEED = "not_a_feed"
    PARSE_ERROR = "parse_error"
    TOO_MANY_ENTRIES = "too_many_entries"


# --- gather -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Feed:
    """A URL polled on a schedule, and the source (outlet) behind it.

    `credentials` (user, password) are taken out of the URL when it is read, so that
    `url` can be shown anywhere; they are left out of `repr`.
    """

    url: str
    name: str = ""
    language: str | None = None
    country: str | None = None
    kind: str = ""
    state_media: bool = False
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def source(self) -> str:
        """The outlet's name as people know it; the URL where none was given."""
        return self.name or self.url

    @property
    def key(self) -> str:
        """The short name of this feed in the store and in messages."""
        return digest(self.url)


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next request conditional (RFC 9110, section 13)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The decoded bytes that one poll brought, and the URL that gave them at last."""

    url: str
    body: bytes = field(repr=False)
    content_type: str = ""
    validators: Validators = Validators()


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server answered 304 to a conditional request."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A poll that brought nothing: which kind, one sentence why, and the server's wish.

    `retry_after`: seconds that the server asked us to stay away, if it did.
    """

    outcome: PollOutcome
    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a feed as published, normalised to plain text.

    `id` is the guid (Atom id) as given, or "" where there is none; `title` and `summary`
    hold no markup; `link` is absolute http(s) or "".
    """

    feed: str
    id: str
    title: str
    summary: str = ""
    link: str = ""
    published: datetime | None = None
    language: str | None = None
    author: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """The entries of a document in feed order; `note` says what was odd about it."""

    entries: tuple[Entry, ...]
    note: str = ""
    language: str | None = None


# --- decide -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """One piece of evidence: `getattr(entry, field)[start:end] == text` (code points)."""

    topic: str
    rule: str
    field: str
    start: int
    end: int
    text: str
    entity: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tagging:
    """What an entry is about, and why; `misses` says in words what nearly matched."""

    topics: frozenset[str] = frozenset()
    severity: Severity = Severity.LOW
    matches: tuple[Match, ...] = ()
    reasons: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """The digests an entry is known by: in its feed, by canonical link, by its text.

    `link` is None where the link tells nothing apart (missing, a site's root, or shared
    by other entries of the same document).
    """

    id: str
    link: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """One outlet that carries a story, with its own link to it and when we saw it there."""

    source: str
    feed: str
    link: str
    seen: datetime
    language: str | None = None
    country: str | None = None
    state_media: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """One news text that carries a topic; `entry` is the id of the entry that brought it."""

    id: str
    event: str
    entry: str
    title: str
    summary: str
    link: str
    published: datetime | None
    first_seen: datetime
    carrier: Carrier
    topics: frozenset[str]
    severity: Severity
    matches: tuple[Match, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryRef:
    """What the store knows of a story already told or held: enough to decide on a copy."""

    id: str
    event: str
    entry: str
    told: frozenset[str] = frozenset()
    carriers: tuple[Carrier, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of one entry of a feed: its text's digest and its story, if any."""

    text: str
    story: str | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows about the entries at hand.

    `seen`: by Identity.id, this feed's entries. `stories`: by claim (core/dedupe) and by
    story id, across all feeds.
    """

    seen: Mapping[str, Seen] = field(default_factory=dict)
    stories: Mapping[str, StoryRef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """Conditions (empty means any) on what goes to which receivers."""

    receivers: tuple[str, ...]
    topics: frozenset[str] = frozenset()
    severity: Severity = Severity.LOW
    languages: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()
    updates: str = "send"
    goes_on: bool = True


@dataclass(frozen=True, slots=True)
class Receiver:
    """A named destination; `options` (URL, secret, path ...) are kept out of `repr`."""

    name: str
    type: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Alert:
    """The decision that a story is worth telling one receiver, and the reason."""

    receiver: str
    reason: str
    story: Story
    others: tuple[Carrier, ...] = ()
    kind: str = "story.alert"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was decided about one entry; `reason` is one line for people.

    `settled`: the receivers that have heard of the story with this, or that it is too
    old for: a copy does not alert them.
    """

    entry: Entry
    identity: Identity
    sameness: Sameness
    outcome: Outcome
    reason: str
    of: str | None = None
    story_id: str | None = None
    event_id: str | None = None
    tagging: Tagging = Tagging()
    story: Story | None = None
    alerts: tuple[Alert, ...] = ()
    settled: frozenset[str] = frozenset()


# --- apply --------------------------------------------------------------------------


class DeliveryState(StrEnum):
    """pending: not tried yet; failed: tried, will be tried again; dead: given up."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way through one transport.

    `id` is the idempotency key, the same in every attempt; `created` is when the alert
    was decided; `tries` how often it was tried so far.
    """

    id: str
    alert: Alert
    created: datetime
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send: did it arrive, can trying again help, and what was answered.

    `retry_after`: seconds the receiver asked for. `detail` holds no secret.
    """

    ok: bool
    detail: str
    permanent: bool = False
    status: int | None = None
    retry_after: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between polls.

    `revision` counts commits, so that a second poller of the same feed is noticed.
    `interval` is the present polling gap in seconds. `body` is the digest of the last
    body read, "" as long as the feed was never read. `failing_since` is when the present
    row of failures began.
    """

    revision: int = 0
    validators: Validators = Validators()
    body: str = ""
    outcome: PollOutcome | None = None
    reason: str = ""
    failures: int = 0
    interval: float = 0.0
    last_poll: datetime | None = None
    last_new: datetime | None = None
    next_poll: datetime | None = None
    failing_since: datetime | None = None
