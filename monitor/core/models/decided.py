"""What is decided: evidence, stories, alerts, and the verdict on each entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.digest import delivery_id
from monitor.core.models.labels import Severity


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
class Name:
    """An entity that an entry names, whether it proves a topic or not.

    `country`: the ISO code of its state, if any; `titled`: named in the title.
    """

    id: str
    type: str
    country: str = ""
    titled: bool = False


@dataclass(frozen=True, slots=True)
class Tagging:
    """What an entry is about, and why; `misses` says in words what nearly matched.

    `names`: who and what it names; only told where it has a topic.
    """

    topics: frozenset[str] = frozenset()
    severity: Severity = Severity.LOW
    matches: tuple[Match, ...] = ()
    reasons: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    names: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """The digests an entry is known by: in its feed, by canonical link, by its text.

    `link` is None where the link tells nothing apart (missing, a site's root, or shared
    by other entries of the same document), `text` is "" where the text was not read.
    """

    id: str
    link: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """One outlet that carries a story, with its own link to it and when we saw it there.

    `story`: which of an event's stories; `wire`: the agency whose text it says it is, or "".
    """

    source: str
    feed: str
    link: str
    seen: datetime
    language: str | None = None
    country: str | None = None
    state_media: bool = False
    story: str = ""
    wire: str = ""


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
    """What is remembered of one entry of a feed: its text's and its link's digest, its story,
    if any, and when it was first seen (epoch seconds).
    """

    text: str
    story: str | None = None
    at: float = 0.0
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Conditions (empty means any) on what goes to which receivers.

    `entities`: ids in the gazetteer. `routes`: those below it, read where it takes an entry.
    `alerts`, `updates`: what becomes of first alerts, and of later stories of a told event.
    """

    receivers: tuple[str, ...]
    topics: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    severity: Severity = Severity.LOW
    languages: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    feeds: frozenset[str] = field(default=frozenset(), repr=False)
    state_media: bool | None = None
    alerts: str = "send"
    updates: str = "send"
    goes_on: bool = True
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One report in a digest: its headline, its link, its outlet, what is new in it, how grave
    it is, how many other outlets carry it, and whether its own is state media.
    """

    title: str
    link: str
    source: str
    news: tuple[str, ...] = ()
    severity: Severity = Severity.LOW
    others: int = 0
    state_media: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """The decision that a story is worth telling one receiver, and the reason.

    An update names in `news` what is new about an event, and in `parent` the delivery that
    told the receiver of the event first. `others`: who else carries the event. `lines`: all
    reports of a digest, that of `story` among them, the gravest first. `kind`: "story.alert",
    "story.update", "digest", "notice" (on the service itself), "canary" or "test".
    """

    receiver: str
    reason: str
    story: Story
    others: tuple[Carrier, ...] = ()
    kind: str = "story.alert"
    news: tuple[str, ...] = ()
    parent: str = ""
    lines: tuple[Line, ...] = ()

    @property
    def delivery(self) -> str:
        """The id of the delivery that takes it to its receiver."""
        return delivery_id(self.story.id, self.receiver, *self.news)

    @property
    def of_news(self) -> bool:
        """Whether it tells of news, and not of the service itself."""
        return self.kind not in {"notice", "canary"}
