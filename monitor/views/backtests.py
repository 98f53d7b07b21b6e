"""What `backtest --json` writes, and the page for people is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from monitor.core.backtest import Change, Count, Report, Ruling
from monitor.views.rows import iso


def backtest_row(
    report: Report, *, now: str, then: str, unknown: Mapping[str, int]
) -> dict[str, Any]:
    """A comparison as JSON. `now`, `then`: what the two sides are; `unknown`: entries of each feed
    that is not configured any more.
    """
    count = report.alerts
    return {
        "entries": report.entries,
        "from": iso(report.first),
        "to": iso(report.last),
        "now": _side(now, count.now, report.span),
        "then": _side(then, count.then, report.span),
        "alerts": {
            "same": report.same,
            "moved": report.moved,
            "gained": count.gained,
            "lost": count.lost,
        },
        "days": [{"day": str(day), "now": now, "then": then} for day, now, then in report.days],
        "topics": _counts(report.topics),
        "receivers": _counts(report.receivers),
        "noise": asdict(report.noise),
        "gained": [_change(one) for one in report.gained],
        "lost": [_change(one) for one in report.lost],
        "retagged": {
            "entries": report.changed,
            "topics": {
                name: {"gained": one.gained, "lost": one.lost} for name, one in report.retopics
            },
            "sample": [_change(one) for one in report.retagged],
        },
        "unknown_feeds": {"feeds": len(unknown), "entries": sum(unknown.values())},
    }


def _side(name: str, alerts: int, span: float) -> dict[str, Any]:
    return {"by": name, "alerts": alerts, "alerts_a_day": round(alerts / span, 2)}


def _counts(found: tuple[tuple[str, Count], ...]) -> dict[str, dict[str, int]]:
    return {name: asdict(one) for name, one in found}


def _change(one: Change) -> dict[str, Any]:
    return {
        "at": iso(one.at),
        "title": one.title,
        "source": one.source,
        "link": one.link,
        "gained": sorted(one.gained),
        "lost": sorted(one.lost),
        "now": _ruling(one.now),
        "then": _ruling(one.then),
    }


def _ruling(one: Ruling) -> dict[str, Any]:
    return {"outcome": one.outcome.value, "reason": one.reason, "topics": sorted(one.topics)}
