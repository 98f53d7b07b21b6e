"""What is gathered: feeds, documents, entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.digest import digest
from monitor.core.models.labels import PollOutcome
from monitor.core.shown import shown_url


@dataclass(frozen=True, slots=True)
class Feed:
    """A URL polled on a schedule, and the source (outlet) behind it.

    `credentials` (user, password) are taken out of the URL when it is read. `url` may still hold
    keys in its query: what people see of it is `shown`. `priority`: "high" is polled more often
    than others with its rhythm, "low" less.
    """

    url: str
    name: str = ""
    language: str | None = None
    country: str | None = None
    kind: str = ""
    state_media: bool = False
    priority: str = "normal"
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"Feed({self.shown!r}, {self.name!r})"

    @property
    def shown(self) -> str:
        """The URL without the values of its keys."""
        return shown_url(self.url)

    @property
    def source(self) -> str:
        """The outlet's name as people know it; the URL, as shown, where none was given."""
        return self.name or self.shown

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
class Hub:
    """Where news of a feed are pushed from (WebSub): the hub, and the feed's name with it."""

    url: str = field(default="", repr=False)
    topic: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a document asks of those who poll it.

    `seconds`: to wait at least between polls (RSS ttl, sy:updatePeriod). `hours` (0 to 23, UTC)
    and `days` (0 is Monday): when not to come (RSS skipHours, skipDays).
    """

    seconds: float = 0.0
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The decoded bytes that one poll brought, and the URL that gave them at last.

    `max_age`: seconds for which the server says it stays as it is. `moved`: the URL that nothing
    but permanent redirects led to, "" where there was none or another. `hub`: as the headers
    have it.
    """

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    content_type: str = ""
    validators: Validators = Validators()
    max_age: float = 0.0
    moved: str = field(default="", repr=False)
    hub: Hub = Hub()


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server answered 304 to a conditional request; `max_age`, `moved` as in Document."""

    max_age: float = 0.0
    moved: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """A poll that brought nothing: which kind, one sentence why, and the server's wish.

    `retry_after`: seconds that the server asked us to stay away, if it did; `busy`: it has too
    much to do, so that its other feeds had better wait as well. `overran`: its document used up
    the time there was to read it.
    """

    outcome: PollOutcome
    reason: str
    retry_after: float | None = None
    busy: bool = False
    overran: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a feed as published, normalised to plain text.

    `id` is the guid (Atom id) as given, or "" where there is none; `title` and `summary`
    hold no markup; `link` is absolute http(s) or "". `skimmed`: only what it is known by was
    read (id, title, link, time), for it is too old to be told.
    """

    feed: str = field(repr=False)
    id: str
    title: str
    summary: str = ""
    link: str = ""
    published: datetime | None = None
    language: str | None = None
    author: str = ""
    categories: tuple[str, ...] = ()
    skimmed: bool = False


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of a feed before its document is read, so that only news are read in full.

    `marks`: those of the last reading (Parsed.marks), "" to read all. `old`: at a first reading,
    entries published before need only be skimmed; None to read all.
    """

    marks: str = ""
    old: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """The entries of a document in feed order; `note` says what was odd about it.

    `unchanged`: how many more it holds that are byte for byte as at the last reading and were
    left out. `marks`: what they all are told apart by next time, "" where that cannot be done.
    """

    entries: tuple[Entry, ...]
    note: str = ""
    language: str | None = None
    unchanged: int = 0
    marks: str = ""
    wish: Wish = Wish()
    hub: Hub = Hub()
