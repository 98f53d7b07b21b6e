"""What is kept of every entry: its text, when it was decided on, and where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.core.models.compared import Verdict
from monitor.core.models.gathered import Entry
from monitor.core.models.labels import Outcome, Sameness, Severity

# Why an entry was only skimmed.
SKIMMED = "older than the first poll may alert: only noted as seen"


@dataclass(frozen=True, slots=True)
class Archived:
    """An entry as it was when it was decided on, and what was decided.

    `feed`: the key of its feed, `source` the outlet's name then; `entry.feed` is "", for the
    feed's address may hold a secret. `of`, `story`, `event`, `placed`, `reason`: as in Verdict.
    `alerts`: receiver and kind of each, `deliveries` their ids. `rulebook`: the version of the
    rulebook that decided, `version` that of the program. Of a skimmed entry nothing is kept but
    what it is found by: `entry` has no texts then.
    """

    at: datetime
    feed: str
    source: str
    entry: Entry
    outcome: Outcome
    reason: str
    sameness: Sameness
    of: str | None = None
    story: str | None = None
    event: str | None = None
    topics: tuple[str, ...] = ()
    severity: Severity = Severity.LOW
    alerts: tuple[tuple[str, str], ...] = ()
    placed: str = ""
    rulebook: str = ""
    version: str = ""
    deliveries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose entries a poll brought, and what decided on them: the outlet's name, the versions of
    the rulebook and of the program.
    """

    source: str
    rulebook: str
    version: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one poll adds to the archive: the verdicts on what its feed had not shown before, and
    of entries that were but skimmed the digest of the link, or of the id where there is no link.
    """

    at: datetime
    origin: Origin
    verdicts: tuple[Verdict, ...] = ()
    skimmed: tuple[str, ...] = ()
