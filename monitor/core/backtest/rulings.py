"""What one side makes of an entry, and where the two sides differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.models import Archived, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is made of an entry, as far as it is compared.

    `reason`: why it alerts, or why it does not. `titled`: evidence stands in its title; `rules`:
    how many rules held.
    """

    outcome: Outcome
    reason: str
    topics: frozenset[str] = frozenset()
    event: str | None = None
    receivers: frozenset[str] = frozenset()
    titled: bool = False
    rules: int = 0


def ruling(verdict: Verdict) -> Ruling:
    """What triage made of an entry."""
    matches = verdict.tagging.matches
    return Ruling(
        verdict.outcome,
        verdict.alerts[0].reason if verdict.alerts else verdict.reason,
        verdict.tagging.topics,
        verdict.event_id,
        frozenset(one.receiver for one in verdict.alerts),
        any(one.field == "title" for one in matches),
        len({one.rule for one in matches}),
    )


def recorded(one: Archived) -> Ruling:
    """What was made of an entry when it came."""
    receivers = frozenset(receiver for receiver, _ in one.alerts)
    return Ruling(one.outcome, one.reason, frozenset(one.topics), one.event, receivers)


@dataclass(frozen=True, slots=True)
class Change:
    """An entry with two rulings that differ; `gained`, `lost`: the receivers that only the one
    then, or only the one now, alerts.
    """

    at: datetime
    title: str
    source: str
    link: str = field(repr=False)
    now: Ruling
    then: Ruling
    gained: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


def change(one: Archived, now: Ruling, then: Ruling) -> Change | None:
    """Where the rulings on an entry differ in alerts or topics; None where they do not."""
    gained, lost = then.receivers - now.receivers, now.receivers - then.receivers
    if not gained and not lost and now.topics == then.topics:
        return None
    entry = one.entry
    title = entry.title or entry.summary
    return Change(one.at, title, one.source, entry.link, now, then, gained, lost)
