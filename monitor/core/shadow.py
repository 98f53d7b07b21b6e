"""What a candidate rulebook would do otherwise with an entry. Pure, and without any memory: by its
tags and the routes alone, whatever else keeps an entry from alerting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.core.models import Entry, Feed, Route, Sameness, Tagging, Verdict
from monitor.core.routing import route
from monitor.core.rulebook import Rulebook
from monitor.core.tagging import tag

# Ways to differ, as they are counted and logged.
KINDS = ("topics_gained", "topics_lost", "would_alert", "would_not_alert")


@dataclass(frozen=True, slots=True)
class Difference:
    """Topics that only the candidate finds, or only the live rulebook does; receivers that only
    the one would be routed to, or only the other. `reason`: why, by the candidate.
    """

    topics_gained: tuple[str, ...]
    topics_lost: tuple[str, ...]
    would_alert: tuple[str, ...]
    would_not_alert: tuple[str, ...]
    reason: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """In which ways it differs."""
        return tuple(kind for kind in KINDS if getattr(self, kind))


def is_read(verdict: Verdict) -> bool:
    """Whether an entry was read for this verdict: its feed had not shown it so before."""
    return verdict.sameness is not Sameness.SAME_ID and not verdict.entry.skimmed


def differ(
    verdict: Verdict, feed: Feed, candidate: Rulebook, routes: Sequence[Route]
) -> Difference | None:
    """What the candidate makes of an entry that is something else; None where nothing is."""
    entry, now = verdict.entry, verdict.tagging
    then = tag(entry, candidate, feed)
    if not now.topics and not then.topics:
        return None
    told, would = (_whom(one, entry, feed, routes) for one in (now, then))
    found = Difference(
        _less(then.topics, now.topics),
        _less(now.topics, then.topics),
        _less(would, told),
        _less(told, would),
        "; ".join(then.reasons or then.misses) or "no rule matched",
    )
    return found if found.kinds else None


def _whom(tagging: Tagging, entry: Entry, feed: Feed, routes: Sequence[Route]) -> frozenset[str]:
    """The receivers it is routed to; nobody without a topic."""
    return frozenset(route(tagging, entry, feed, routes)) if tagging.topics else frozenset()


def _less(some: frozenset[str], others: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(some - others))


def counts(entries: int, found: Iterable[Difference]) -> dict[str, int]:
    """How many entries were compared, how many differ, and in which ways."""
    kinds = Counter[str]()
    for one in found:
        kinds.update(("differ", *one.kinds))
    return {"entries": entries, **kinds}
