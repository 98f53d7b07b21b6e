"""Who receives: destinations, at what pace and hours, and how each of them is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from monitor.core.models.labels import Severity


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `count` messages at once, and on average no more than `count` in `seconds`."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Cadence:
    """The hours of a receiver, by the clocks of `zone` (IANA name).

    `quiet`: from when to when alerts are held back, a span past midnight included; those of
    severity `unless` and above pass. `digest`: when its daily digest goes out; None: every full
    hour.
    """

    zone: str = "UTC"
    quiet: tuple[time, time] | None = None
    unless: Severity | None = None
    digest: time | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """A named destination; `options` (URL, secret, path ...) are kept out of `repr`.

    `pace`: what the service behind it takes, None for no limit. `storm`: above this rate alerts
    are rolled up into one message, None for never.
    """

    name: str
    type: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    cadence: Cadence = Cadence()
    pace: Pace | None = None
    storm: Pace | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """How a receiver is doing, kept between sends; times are epoch seconds.

    `paced`, `stormed`: until when what was sent uses up the pace and the storm limit (the
    "theoretical arrival time" of GCRA, ITU-T I.371 annex A). `failures`: failed attempts in a
    row, `since` when the first of them was. `closed`: nothing is sent before this time: the
    receiver asked for patience, or failed too often.
    """

    paced: float = 0.0
    stormed: float = 0.0
    failures: int = 0
    since: float = 0.0
    closed: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause with an end: what meets all of its conditions alerts nobody until then.

    Conditions are as in a Route, an empty one always holds; at least one is given.
    """

    id: str
    until: datetime
    topics: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    comment: str = ""
