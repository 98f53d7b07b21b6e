"""Where time goes between a publication and its alert; the words are those of core/latency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a document came: `fetched`, and `last`, when its feed was read before, None where that
    is not known (it failed since). `pushed`: by the feed's hub, so that nobody had to ask.
    """

    fetched: datetime
    last: datetime | None = None
    pushed: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds that an alert took until it was decided. `feed` is None where it is not known when
    the text was published, or when the feed was read before.
    """

    feed: float | None = None
    wait: float = 0.0
    work: float = 0.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds from publication until we have a feed's new entries, of late: what is due to the
    feed, and what to waiting for its poll.
    """

    feed: float = 0.0
    wait: float = 0.0
