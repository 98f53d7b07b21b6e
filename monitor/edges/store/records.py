"""How things are written down in the store, and read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from pydantic import TypeAdapter

from monitor.core.latency import Histogram
from monitor.core.models import (
    Alert,
    Budget,
    Carrier,
    Condition,
    Delivery,
    DeliveryState,
    FeedState,
    Logged,
    Seen,
    Silence,
    Story,
    StoryRef,
)
from monitor.core.websub import Subscription

# Every record is JSON with optional members: a newer version may add some, an older one
# ignores those, so a step up or down reads what it finds.
FEED_STATE = TypeAdapter(FeedState)
STORY = TypeAdapter(Story)
CARRIER = TypeAdapter(Carrier)
ALERT = TypeAdapter(Alert)
BUDGET = TypeAdapter(Budget)
CONDITION = TypeAdapter(Condition)
SILENCE = TypeAdapter(Silence)
LOGGED = TypeAdapter(Logged)
SUBSCRIPTION = TypeAdapter(Subscription)

# From this many remembered entries on, a feed's whole memory is read, so that the oldest
# can be forgotten.
FULL_READ = 4_000

# When to come back for a host that somebody else is at work on; and the longest time that a host
# can have asked for, beyond which a clock that ran ahead must have set it.
COME_BACK, LONGEST = timedelta(seconds=1), timedelta(days=1, hours=1)
# What stands for the outcome of a feed that is not polled any more, and of one that can be read but
# has had nothing new for improbably long.
RETIRED, SILENT = "retired", "silent"

# Fields of a story's hash: what it is, who carries it, whom it was settled with.
STORY_FIELD, BY, TOLD = "story", "by:", "told:"


@dataclass(frozen=True, slots=True)
class StoredStory:
    """A story as remembered: its first telling, all its carriers, and who is settled."""

    story: Story
    carriers: tuple[Carrier, ...]
    told: frozenset[str]


@dataclass(frozen=True, slots=True)
class Entered:
    """A delivery as the ledger has it: the last attempts, the oldest first, and when it is next
    tried (epoch seconds), None where it is not.
    """

    delivery: Delivery
    attempts: tuple[Logged, ...] = ()
    due: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How pushing goes: subscriptions by state, entries by what brought them first, pushes that
    were not used by reason.
    """

    subscriptions: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gauges:
    """How full and how far behind the store is; ages in seconds, sizes in bytes.

    `decided`: how many deliveries were decided on each of the last days. `spent`: how long the
    parts of deliveries took (core/latency), by part. `counted`: by name and labels (counts.py).
    `missed`: since when a canary is missed (epoch seconds), 0 where none is.
    """

    reachable: bool
    due: int = 0
    overdue: float = 0.0
    outboxes: dict[str, int] = field(default_factory=dict)
    oldest_delivery: dict[str, float] = field(default_factory=dict)
    counts: dict[str, dict[DeliveryState, int]] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    closed: dict[str, float] = field(default_factory=dict)
    broker: dict[str, int] = field(default_factory=dict)
    latency: tuple[float, ...] = ()
    spent: dict[str, Histogram] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    alive: dict[str, float] = field(default_factory=dict)
    stories: int = 0
    memory: int = 0
    max_memory: int = 0
    policy: str = ""
    persistent: bool = False
    version: str = ""
    websub: Tally = field(default_factory=Tally)
    shadow: dict[str, str] = field(default_factory=dict)
    decided: dict[date, int] = field(default_factory=dict)
    missed: float = 0.0


def write_seen(seen: Seen) -> str:
    """`text|seconds|story|link`: short, for there is one for every entry of every feed."""
    return f"{seen.text}|{int(seen.at)}|{seen.story or ''}|{seen.link or ''}"


def read_seen(line: str) -> Seen:
    """The inverse of write_seen; an older version wrote no link."""
    text, at, story, link = (*line.split("|"), "")[:4]
    return Seen(text, story or None, float(at), link or None)


def read_story(fields: dict[str, str]) -> StoredStory | None:
    """A story's hash; None when it expired meanwhile."""
    if STORY_FIELD not in fields:
        return None
    carriers = [CARRIER.validate_json(one) for name, one in fields.items() if name.startswith(BY)]
    told = frozenset(name.removeprefix(TOLD) for name in fields if name.startswith(TOLD))
    by_time = tuple(sorted(carriers, key=lambda one: one.seen))
    return StoredStory(STORY.validate_json(fields[STORY_FIELD]), by_time, told)


def reference(stored: StoredStory) -> StoryRef:
    """What deciding on a copy needs of a story."""
    story = stored.story
    return StoryRef(story.id, story.event, story.entry, stored.told, stored.carriers)
