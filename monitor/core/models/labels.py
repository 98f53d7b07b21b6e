"""The words that label things, each with its order or its spelling in JSON."""

from __future__ import annotations

from enum import IntEnum, StrEnum

# The languages that rules and names are kept in (ISO 639-1).
LANGUAGES = ("en", "fr", "ru", "ar")
# Whom an entity speaks for.
SIDES = ("sahel", "russia", "both", "context")


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
    UPDATED = "updated"
    DIGEST = "digest"
    DUPLICATE = "duplicate"
    SAME_EVENT = "same-event"
    NO_TOPIC = "no-topic"
    NO_ROUTE = "no-route"
    SILENCED = "silenced"
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


class DeliveryState(StrEnum):
    """pending: not tried yet; failed: tried, will be tried again; dead: given up."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"
