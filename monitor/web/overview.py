"""The first page (is it alive, what came, what is broken) and that of alerts over time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from aiohttp import web

from monitor.core.models import DeliveryState, Severity
from monitor.edges.store.records import Gauges
from monitor.service.clockwork import utc_now
from monitor.service.wiring import QUEUES
from monitor.views.rows import status_row
from monitor.views.troubles import troubles
from monitor.web import charts
from monitor.web.asking import HEALTHS, Asked
from monitor.web.charts import Period
from monitor.web.index import Index, Row, Wanted
from monitor.web.site import Site
from monitor.web.stories import card
from monitor.web.watch import WAITING

# Stories and topics that the first page shows at most.
_STORIES, _TOPICS = 8, 8
# Choices of time of the charts: what it is called, how long a part is, how many there are, and
# what is written below how many of them.
_SPANS = {
    "24h": ("24 hours", timedelta(hours=1), 24, "%H:%M", 6),
    "7d": ("7 days", timedelta(hours=6), 28, "%d %b", 4),
    "30d": ("30 days", timedelta(days=1), 30, "%d %b", 6),
}
_SEVERITIES = sorted(Severity)


@dataclass
class Overview:
    """The handlers."""

    site: Site

    async def first(self, request: web.Request) -> web.Response:
        """How it is, at a glance."""
        Asked(request.query, ())
        return self.site.page(
            request, "overview.html", **await asyncio.to_thread(self._glance, utc_now())
        )

    def _glance(self, now: datetime) -> dict[str, Any]:
        service, watch = self.site.service, self.site.watch
        gauges = service.store.gauges(now, QUEUES)
        today = watch.index.find(Wanted(since=(now - timedelta(hours=24)).timestamp()))
        grave = sorted(today, key=lambda row: (-row.kind.severity, -row.at))[:_STORIES]
        stored = service.store.stories_by_id([row.id for row in grave])
        hours = charts.period(now, *_SPANS["24h"][1:])
        counted = _counted(watch.index, hours)
        names = [one.name for one in service.settings.receivers]
        feeds = [{"health": watch.health.get(key, WAITING)} for key in service.feeds]
        canary = service.settings.canary
        row = status_row([], gauges, names, now, watch.late, canary=canary) | {"feeds": feeds}
        return {
            "reasons": row["unready"],
            "troubles": troubles(row)[len(row["unready"]) :],
            "gauges": gauges,
            "latency": row["latency"],
            "today": len(today),
            "severities": _by_severity(today),
            "topics": _topics(today).most_common(_TOPICS),
            "cards": [card(one) for one in stored.values()],
            "chart": charts.bars(counted, hours),
            "feeds": Counter(one["health"] for one in feeds),
            "healths": HEALTHS,
            "receivers": _receivers(gauges, names),
        }

    async def alerts(self, request: web.Request) -> web.Response:
        """How many stories came and how many alerts were decided, over time."""
        asked = Asked(request.query, ("span",))
        span = asked.one_of("span", _SPANS, "24h")
        over = charts.period(utc_now(), *_SPANS[span][1:])
        alerts = await asyncio.to_thread(self.site.service.store.decided, over.seconds)
        stories = _counted(self.site.watch.index, over)
        return self.site.page(
            request,
            "alerts.html",
            span=span,
            spans={name: one[0] for name, one in _SPANS.items()},
            stories=charts.bars(stories, over),
            alerts=charts.bars([(one,) for one in alerts], over),
            severities=[one.label for one in _SEVERITIES],
            table=list(zip(over.bounds, stories, alerts, strict=False)),
            sums=([sum(one) for one in zip(*stories, strict=True)], sum(alerts)),
        )


def _counted(index: Index, over: Period) -> list[list[int]]:
    """How many stories of each severity there are in each part of a period."""
    parts = (index.between(low, high) for low, high in pairwise(over.seconds))
    counts = (Counter(row.kind.severity for row in rows) for rows in parts)
    return [[one[severity] for severity in _SEVERITIES] for one in counts]


def _by_severity(rows: Iterable[Row]) -> list[tuple[str, int]]:
    counts = Counter(row.kind.severity for row in rows)
    return [(one.label, counts[one]) for one in reversed(_SEVERITIES)]


def _topics(rows: Iterable[Row]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for kind, count in Counter(row.kind for row in rows).items():
        for topic in kind.topics:
            counts[topic] += count
    return counts


def _receivers(gauges: Gauges, names: Sequence[str]) -> list[dict[str, Any]]:
    """How each receiver does; those not configured any more behind the others."""
    others = [one for one in gauges.counts if one not in names]
    return [
        {
            "name": name,
            "configured": name in names,
            "waiting": gauges.outboxes.get(name, 0),
            "oldest": gauges.oldest_delivery.get(name, 0.0),
            "trouble": gauges.troubles.get(name),
            "closed": gauges.closed.get(name),
            **{state.value: gauges.counts.get(name, {}).get(state, 0) for state in DeliveryState},
        }
        for name in (*names, *others)
    ]
