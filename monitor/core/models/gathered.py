"""What is gathered: feeds, documents, entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.digest import digest
from monitor.core.models.labels import PollOutcome


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
