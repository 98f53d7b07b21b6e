"""Metrics of a service in which everything has happened, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from monitor.core.latency import BOUNDS, PARTS, SUM, Histogram
from monitor.core.models import DeliveryState
from monitor.edges.store.counts import counter
from monitor.edges.store.records import SILENT, Gauges, Tally
from monitor.views.metrics import Measured, metrics
from tests import make

NOW = make.NOW.timestamp()
SECOND = str(BOUNDS.index(1.0))
GAUGES = Gauges(
    reachable=True,
    due=3,
    overdue=1.5,
    oldest_delivery={"desk": 12.0, "gone": 0.0},
    counts={name: dict.fromkeys(DeliveryState, 2) for name in ("desk", "gone")},
    closed={"desk": NOW + 60},
    broker={"poll": 1, "deliver": 0, "tick": 0},
    latency=(1.0, 2.0, 3.0),
    spent={part: Histogram.read({SECOND: 4, SUM: 3_000}) for part in PARTS},
    counted={
        counter("polls", "ok"): 7,
        counter("entries", "alerted"): 2,
        counter("stories"): 2,
        counter("alerts", "desk", "story.update"): 1,
        counter("attempts", "gone", "dead"): 1,
        counter("fetched_bytes"): 1_000,
        counter("parses", "quick", "ok"): 5,
    },
    alive={
        "poll_due": NOW,
        "sweep": NOW,
        "poll": NOW,
        "deliver": NOW,
        "websub": NOW,
        "canary": NOW,
    },
    stories=9,
    memory=10,
    max_memory=100,
    persistent=True,
    websub=Tally({"verified": 1}, {"push": 1, "poll": 0}, {"signature": 2}),
)
FAILING = {"http_404": 2, "retired": 1, SILENT: 4}


def text() -> str:
    return metrics(Measured(GAUGES, make.NOW, FAILING, 5, ["desk", "night"]))


def families() -> dict[str, Metric]:
    """Each metric by the name that people write (with `_total` for a counter)."""
    found = text_string_to_metric_families(text())
    return {f"{one.name}_total" if one.type == "counter" else one.name: one for one in found}


def samples() -> dict[str, set[str]]:
    """Each name that can be asked for, with the names of its labels."""
    return {
        sample.name: set(sample.labels) for one in families().values() for sample in one.samples
    }
