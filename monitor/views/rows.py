"""How things are written for machines: the JSON of the command-line contract."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor import __version__
from monitor.core.canary import NAME, Canary
from monitor.core.models import DeliveryState, Feed, FeedState, Verdict
from monitor.core.polling import health, silence, why
from monitor.core.shadow import KINDS
from monitor.core.shown import plain, shown_url
from monitor.edges.store.records import Gauges, StoredStory
from monitor.views.latency import lag_row, parts_row, slowest
from monitor.views.readiness import unready


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """One line of `replay`."""
    return {
        "entry": verdict.entry.id or verdict.entry.link or verdict.identity.id,
        "feed": shown_url(verdict.entry.feed),
        "lang": verdict.entry.language,
        "sameness": verdict.sameness.value,
        "of": verdict.of,
        "story": verdict.story_id,
        "event": verdict.event_id,
        "topics": sorted(verdict.tagging.topics),
        "severity": verdict.tagging.severity.label,
        "matches": [asdict(one) for one in verdict.tagging.matches],
        "alerts": [
            {"receiver": one.receiver, "reason": one.reason, "type": one.kind}
            for one in verdict.alerts
        ],
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "placed": verdict.placed,
    }


STORY_COLUMNS = (
    "story",
    "event",
    "title",
    "link",
    "source",
    "language",
    "country",
    "state_media",
    "published",
    "first_seen",
    "topics",
    "severity",
    "reason",
    "others",
    "settled",
)
# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"); the last four
# are what East Asian keyboards give.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def csv_row(row: dict[str, Any], columns: Sequence[str] = STORY_COLUMNS) -> dict[str, str]:
    """One line of `stories --format csv`: lists joined, formulas made harmless."""
    return {name: _cell(row[name]) for name in columns}


def _cell(value: object) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    text = plain(text)
    # Some programs take the blanks in front of it away first.
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def story_row(stored: StoredStory) -> dict[str, Any]:
    """One line of `stories --format jsonl`.

    `settled`: the receivers that an alert was made for, or that it was too old for; how
    far each alert came is in `status`.
    """
    story = stored.story
    return {
        "story": story.id,
        "event": story.event,
        "title": story.title,
        "link": story.link,
        "source": story.carrier.source,
        "language": story.carrier.language,
        "country": story.carrier.country,
        "state_media": story.carrier.state_media,
        "published": iso(story.published),
        "first_seen": iso(story.first_seen),
        "topics": sorted(story.topics),
        "severity": story.severity.label,
        "reason": "; ".join(story.reasons),
        "others": [one.source for one in stored.carriers if one.feed != story.carrier.feed],
        "settled": sorted(stored.told),
    }


def feed_row(
    feed: Feed, state: FeedState | None, due: float | None, now: datetime | None = None
) -> dict[str, Any]:
    """One feed of `status --json`; `interval` is in seconds, 0 as long as it was not polled.

    `now`: until when entries were to be expected of one that is silent; when it was polled last,
    if not given.
    """
    state = state or FeedState()
    condition, now = health(state), now or state.last_poll or datetime.now(UTC)
    at = datetime.fromtimestamp(due, UTC) if due is not None else state.next_poll
    return {
        "url": feed.shown,
        "name": feed.source,
        "health": condition,
        "outcome": state.outcome.value if state.outcome else None,
        "reason": silence(state, now) if condition == "silent" else state.reason,
        "last_poll": iso(state.last_poll),
        "last_new": iso(state.last_new),
        "next_poll": iso(at),
        "interval": round(state.interval, 1),
        "because": why(state),
        "moved_to": shown_url(state.move.url) or None,
        "hub": shown_url(state.push.hub.url) or None,
        "subscribed_until": iso(state.push.until),
        "failures": state.failures,
        "failing_since": iso(state.failing_since),
        "dead_since": iso(state.dead),
        "silent_since": iso(state.silent),
        **lag_row(state),
    }


STANDING_COLUMNS = (
    "name",
    "url",
    "health",
    "why",
    "last_new",
    "next_poll",
    "place",
    "key",
    "language",
    "country",
    "kind",
    "state_media",
    "priority",
)


def standing_row(
    feed: Feed, place: str, states: Mapping[str, FeedState] | None, due: float | None
) -> dict[str, Any]:
    """One feed of `feeds list`; without `states`, what is known while the store is away."""
    told = feed_row(feed, states.get(feed.key) if states else None, due)
    known = told | {"health": told["health"] if states is not None else None}
    known["why"] = told["reason"] or told["because"] if states is not None else "not known"
    names = ("name", "url", "health", "why", "last_new", "next_poll", "last_poll", "outcome")
    settings = {
        "language": feed.language,
        "country": feed.country,
        "kind": feed.kind,
        "state_media": feed.state_media,
        "priority": feed.priority,
    }
    return {name: known[name] for name in names} | {"place": place, "key": feed.key} | settings


def overdue(states: Iterable[FeedState], now: datetime) -> int:
    """How many feeds should have been polled for minutes, by what was planned at the last poll.

    Their due times do not tell: handing a feed out moves it, whether it is then polled or not.
    """
    late = now - timedelta(minutes=5)
    return sum(1 for one in states if one.next_poll is not None and one.next_poll < late)


def unreachable_row(feeds: Iterable[Feed], reason: str, rulebook: str = "") -> dict[str, Any]:
    """`status --json` when the store cannot be reached: what is known without it."""
    rows = [feed_row(feed, None, None) for feed in feeds]
    now, nothing = datetime.now(UTC), Gauges(reachable=False)
    known = status_row(rows, nothing, (), now, rulebook=rulebook)
    return known | {"store": {"reachable": False, "reason": reason}}


def status_row(
    feeds: list[dict[str, Any]],
    gauges: Gauges,
    receivers: Collection[str],
    now: datetime,
    late: int = 0,
    hosts: Mapping[str, datetime] | None = None,
    rulebook: str = "",
    canary: Canary | None = None,
) -> dict[str, Any]:
    """All of `status --json`; `receivers` are shown even if nothing was sent to them yet.

    `unready`: why the service is not fit for work; empty where it is, or nothing is known.
    `late`: how many feeds are overdue. `hosts`: those that asked to be left alone, until when.
    `rulebook`: the version of the one in force.
    """
    nothing: dict[DeliveryState, int] = {}
    counted = {name: gauges.counts.get(name, nothing) for name in receivers} | gauges.counts
    return {
        "at": iso(now),
        "version": __version__,
        "rulebook": rulebook,
        "unready": list(unready(gauges, receivers, now)) if gauges.reachable else [],
        "feeds": feeds,
        "deliveries": {
            name: {state.value: counts.get(state, 0) for state in DeliveryState}
            for name, counts in counted.items()
        },
        "troubles": gauges.troubles,
        "closed_until": {
            name: iso(datetime.fromtimestamp(at, UTC)) for name, at in gauges.closed.items()
        },
        "queues": _queues_row(gauges, now, late, hosts or {}),
        "canary": _canary_row(canary, gauges, now) if canary else None,
        "latency": {
            **latency_row(gauges.latency),
            "parts": parts_row(gauges.spent),
            "slowest": slowest(feeds),
        },
        "websub": asdict(gauges.websub),
        "shadow": None,
        "deliveries_by_day": {day.isoformat(): n for day, n in gauges.decided.items()},
        "store": {name: getattr(gauges, name) for name in _STORE},
    }


_STORE = ("reachable", "version", "memory", "max_memory", "policy", "persistent", "stories")


def _queues_row(
    gauges: Gauges, now: datetime, late: int, hosts: Mapping[str, datetime]
) -> dict[str, Any]:
    return {
        "feeds_due": gauges.due,
        "feeds_overdue": late,
        "oldest_due_seconds": round(gauges.overdue, 1),
        "outbox": gauges.outboxes,
        "oldest_delivery_seconds": {k: round(v, 1) for k, v in gauges.oldest_delivery.items()},
        "broker": gauges.broker,
        "hosts_waiting": {name: iso(until) for name, until in hosts.items()},
        "seconds_since": {
            name: round(now.timestamp() - at, 1) for name, at in sorted(gauges.alive.items())
        },
    }


def shadow_row(counted: Mapping[str, str]) -> dict[str, Any]:
    """What came of a candidate rulebook beside the live one: which, since when, how many entries
    were compared, how many differ, and in which ways.
    """
    at = float(counted["since"]) if "since" in counted else None
    return {
        "rulebook": counted.get("rulebook"),
        "since": iso(datetime.fromtimestamp(at, UTC)) if at is not None else None,
        **{name: int(counted.get(name, 0)) for name in ("entries", "differ", *KINDS)},
    }


def _canary_row(canary: Canary, gauges: Gauges, now: datetime) -> dict[str, Any]:
    """When a canary arrived last, `every` how many seconds one should; since when one is missed,
    also where nobody is at work to miss it.
    """
    last = gauges.alive.get(NAME, 0.0)
    arrived = datetime.fromtimestamp(last, UTC) if last else None
    missed = datetime.fromtimestamp(gauges.missed, UTC) if gauges.missed else None
    return {
        "receiver": canary.receiver,
        "every": canary.every.total_seconds(),
        "last": iso(arrived),
        "missing_since": iso(missed or (arrived and canary.missed_since(last, arrived, now))),
    }


def latency_row(seconds: tuple[float, ...]) -> dict[str, float | int | None]:
    """From first sight of an entry to its delivery, over the last ones, in seconds."""
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "p50": _percentile(ordered, 0.50),
        "p95": _percentile(ordered, 0.95),
        "p99": _percentile(ordered, 0.99),
    }


def _percentile(ordered: list[float], share: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def iso(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
