"""What is compared: fingerprints, what is remembered of stories and events, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.models.decided import Alert, Carrier, Identity, Seen, Story, StoryRef, Tagging
from monitor.core.models.gathered import Entry
from monitor.core.models.labels import Outcome, Sameness
from monitor.core.models.receiving import Silence


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A text as it is compared.

    `at`: when it was published (epoch seconds), if known. `words`: short codes of its content
    words in their order, the first `head` from the title. `names`: a class letter and an id
    ("p:kidal"), `titled` those in the title; the same for `concepts` and `headed`.
    `subject`: the first state that the title names. `numbers`: what the text counts, `figures`
    those in the title, `counts`: those known to count something ("killing 12").
    `kinds`: topics of events. `outlet`, `wire`: who published it, and whose text it says it is.
    """

    language: str = ""
    at: float | None = None
    words: tuple[str, ...] = ()
    head: int = 0
    names: frozenset[str] = frozenset()
    titled: frozenset[str] = frozenset()
    concepts: frozenset[str] = frozenset()
    headed: frozenset[str] = frozenset()
    subject: str = ""
    numbers: frozenset[str] = frozenset()
    figures: frozenset[str] = frozenset()
    counts: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    outlet: str = ""
    wire: str = ""


@dataclass(frozen=True, slots=True)
class Windows:
    """How far apart reports of one event, and copies of one text, are published at most."""

    event: timedelta = timedelta(hours=72)
    copy: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Remembered:
    """A story kept for comparing: its event, the entry that brought it, its fingerprint."""

    story: str
    event: str
    entry: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Lookup:
    """What may be like a text: stories under these names (blocks), and these stories;
    `marks`: the names and concepts of which it is asked how often they are told just now.
    """

    blocks: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Near:
    """What was found for each lookup, the likeliest first, and how many stories had been
    remembered by then. `recent`: stories of today and yesterday, `told`: in how many of these
    each mark stands.
    """

    likes: tuple[tuple[Remembered, ...], ...] = ()
    count: int = 0
    recent: int = 0
    told: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A story to be remembered, and the names it is looked up by as a copy and as a report;
    none where it only changed.
    """

    remembered: Remembered
    copies: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventRef:
    """What the store knows of an event: enough to decide whether a story tells more of it.

    `revision` counts commits to it. `told`: by receiver, the delivery that told it first.
    `facts`: what was told so far (core/novelty). `carriers`: who carries it, first ones first.
    """

    id: str
    revision: int = 0
    told: Mapping[str, str] = field(default_factory=dict)
    facts: frozenset[str] = frozenset()
    carriers: tuple[Carrier, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry belongs, and why: the story it carries and the event it tells of, each
    None where it is the first. `of`: the entry it repeats; `before`: what its own text said
    when it was read last, if it changed. `crisis`: the event that it may belong to all the same,
    if it has nothing to add: only what everybody names just now ties it to that.
    """

    sameness: Sameness
    reason: str
    story: str | None = None
    event: str | None = None
    of: str | None = None
    before: Fingerprint | None = None
    crisis: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows about the entries at hand.

    `seen`: by Identity.id, this feed's entries. `stories`: by claim (core/dedupe) and by
    story id, across all feeds. `events`: by event id. `count`: how many stories had been
    remembered when those alike were looked up. `silences`: those set while running.
    """

    seen: Mapping[str, Seen] = field(default_factory=dict)
    stories: Mapping[str, StoryRef] = field(default_factory=dict)
    events: Mapping[str, EventRef] = field(default_factory=dict)
    count: int = 0
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was decided about one entry; `reason` is one line for people.

    `settled`: the receivers that have heard of the story with this, or that it is too
    old for: a copy does not alert them. `fingerprint` and `facts`: what later entries are
    compared with. `placed`: why it is, or is not, one with an earlier story or event.
    """

    entry: Entry
    identity: Identity
    sameness: Sameness
    outcome: Outcome
    reason: str
    of: str | None = None
    story_id: str | None = None
    event_id: str | None = None
    tagging: Tagging = field(default_factory=Tagging)
    story: Story | None = None
    alerts: tuple[Alert, ...] = ()
    settled: frozenset[str] = frozenset()
    placed: str = ""
    fingerprint: Fingerprint | None = None
    facts: frozenset[str] = frozenset()
