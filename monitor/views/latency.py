"""How late alerts are, and where their time goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.core.latency import PARTS, Histogram, parts
from monitor.core.models import FeedState
from monitor.edges.store.records import Entered

_SLOWEST = 10


def parts_row(spent: Mapping[str, Histogram]) -> dict[str, dict[str, float | int | None]]:
    """For each part of the way how many deliveries were measured, and its percentiles in seconds;
    of all since the store is, as finely as they are counted.
    """
    counted = {part: spent.get(part, Histogram()) for part in PARTS}
    return {
        part: {"count": one.count, "p50": one.quantile(0.5), "p95": one.quantile(0.95)}
        for part, one in counted.items()
    }


def lag_row(state: FeedState) -> dict[str, Any]:
    """How late a feed's new entries reach us of late, in seconds, and which part is to blame:
    "feed" (it shows them late) or "wait" (it is polled seldom); None where that is not known.
    """
    lag = state.lag
    seconds = round(lag.feed + lag.wait, 1)
    blame = "feed" if lag.feed > lag.wait else "wait"
    return {"lag": seconds or None, "lag_part": blame if seconds else None}


def slowest(feeds: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The ten feeds (rows of `feed_row`) whose entries reach us latest, the latest first."""
    late = sorted((one for one in feeds if one["lag"]), key=lambda one: -one["lag"])
    return [
        {"name": one["name"], "seconds": one["lag"], "part": one["lag_part"]}
        for one in late[:_SLOWEST]
    ]


def budget_row(one: Entered) -> dict[str, float | None]:
    """Where the time of one delivery went, in seconds; None where that is not known (yet)."""
    arrived = [each.at for each in one.attempts if each.ok]
    found: Mapping[str, float] = parts(one.delivery, arrived[-1]) if arrived else {}
    if not found and (known := one.delivery.budget):
        found = {"wait": known.wait, "work": known.work}
        found |= {} if known.feed is None else {"feed": known.feed}
    return {part: found.get(part) for part in PARTS}


def budget_line(row: Mapping[str, float | None]) -> str:
    """The same in a line; "" where nothing is known."""
    known = [f"{part} {_span(value)}" for part, value in row.items() if value is not None]
    return ", ".join(known)


def _span(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"
