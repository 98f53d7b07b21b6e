"""What is kept of every entry: its text, when it was decided on, and where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.core.models.gathered import Entry
from monitor.core.models.labels import Outcome, Sameness, Severity


@dataclass(frozen=True, slots=True)
class Archived:
    """An entry as it was when it was decided on, and what was decided.

    `feed`: the key of its feed, `source` the outlet's name then. `of`, `story`, `event`, `placed`,
    `reason`: as in Verdict. `alerts`: receiver and kind of each. `rulebook`: the version of the
    rulebook that decided, `version` that of the program.
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
