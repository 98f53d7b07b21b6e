"""Why a piece of news came, or did not, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from monitor.core.models import Archived, Feed, Outcome, Seen
from monitor.core.shown import shown_url
from monitor.service.explaining import Findings, Sighting
from monitor.views.deliveries import delivery_row, fate
from monitor.views.rows import feed_row, iso, story_row

# Each outcome in words.
SAID = {
    Outcome.ALERTED: "ALERT",
    Outcome.UPDATED: "UPDATE",
    Outcome.DIGEST: "DIGEST",
    Outcome.DUPLICATE: "not told: a copy of what came before",
    Outcome.SAME_EVENT: "not told: nothing new of an event that was told",
    Outcome.NO_TOPIC: "not told: no topic",
    Outcome.NO_ROUTE: "not told: no route takes it",
    Outcome.SILENCED: "not told: silenced",
    Outcome.SEEDED: "not told: only noted at the first poll of its feed",
    Outcome.TOO_OLD: "not told: too old",
}


def explained_row(found: Findings, feeds: dict[str, Feed], rulebook: str) -> dict[str, Any]:
    """All that was found; `feeds` by key, `rulebook`: the version of today's."""
    extent = found.extent
    return {
        "asked": shown_url(found.asked),
        "seen": found.seen,
        "rulebook": rulebook,
        "archive": {
            "entries": extent.entries,
            "bytes": extent.bytes,
            "oldest": iso(extent.oldest),
        },
        "sightings": [_sighting_row(one) for one in found.sightings],
        "stories": [story_row(one) for one in found.stories],
        "deliveries": [delivery_row(one) | {"fate": fate(one)} for one in found.deliveries],
        "lost_deliveries": list(found.lost),
        "remembered": [_memory_row(feeds[key], one) for key, one in found.memory.items()],
        "feeds": [feed_row(feed, state, None) for feed, state in found.hosted],
    }


def _memory_row(feed: Feed, one: Seen) -> dict[str, Any]:
    at = datetime.fromtimestamp(one.at, UTC)
    return {"feed": feed.shown, "name": feed.source, "at": iso(at)}


def _sighting_row(one: Sighting) -> dict[str, Any]:
    then = one.archived
    return {
        "at": iso(then.at),
        "feed": one.feed.shown if one.feed else None,
        "source": then.source,
        "entry": then.entry.id,
        "title": then.entry.title,
        "summary": then.entry.summary,
        "link": then.entry.link,
        "lang": then.entry.language,
        "published": iso(then.entry.published),
        "outcome": then.outcome.value,
        "said": SAID[then.outcome],
        "reason": then.reason,
        "sameness": then.sameness.value,
        "of": then.of,
        "of_seen": _earlier_row(one.earlier),
        "placed": then.placed,
        "story": then.story,
        "event": then.event,
        "topics": list(then.topics),
        "severity": then.severity.label,
        "alerts": [{"receiver": receiver, "type": kind} for receiver, kind in then.alerts],
        "deliveries": list(then.deliveries),
        "rulebook": then.rulebook,
        "version": then.version,
        "today": _today_row(one),
    }


def _earlier_row(one: Archived | None) -> dict[str, Any] | None:
    return {"at": iso(one.at), "source": one.source, "title": one.entry.title} if one else None


def _today_row(one: Sighting) -> dict[str, Any] | None:
    """What today's rules say of an entry by itself, and on what evidence."""
    now = one.today
    if now is None:
        return None
    return {
        "differs": one.differs,
        "outcome": now.outcome.value,
        "reason": now.reason,
        "topics": sorted(now.tagging.topics),
        "severity": now.tagging.severity.label,
        "matches": [asdict(each) for each in now.tagging.matches],
    }
