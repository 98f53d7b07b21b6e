"""How the service is doing, as metrics for Prometheus (text format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.edges.store.records import SILENT, Gauges, Tally
from monitor.views.rows import latency_row


class _Collected(Collector):
    """The gauges of one look at the store, and the feeds that cannot be read by outcome."""

    def __init__(self, gauges: Gauges, failing: Mapping[str, int]) -> None:
        self._gauges, self._failing = gauges, failing

    def collect(self) -> Iterator[Metric]:
        one = self._gauges
        yield GaugeMetricFamily("monitor_store_up", "Whether the store answers.", value=1)
        late, closed = "Overdue since.", "Nothing is sent before (epoch seconds)."
        yield _counted("oldest_delivery_seconds", late, "receiver", one.oldest_delivery)
        yield _counted("closed_until", closed, "receiver", one.closed)
        yield _states(one)
        unread = {name: n for name, n in self._failing.items() if name != SILENT}
        yield _counted("feeds_failing", "Feeds that cannot be read.", "outcome", unread)
        for name, said, value in (
            ("feeds_due", "Feeds whose turn has come.", one.due),
            ("feeds_silent", "Feeds that improbably say nothing.", self._failing.get(SILENT, 0)),
            ("stories", "Stories remembered.", one.stories),
            ("store_memory_bytes", "Memory that the store uses.", one.memory),
            ("store_memory_limit_bytes", "Memory that the store may use.", one.max_memory),
        ):
            yield GaugeMetricFamily(f"monitor_{name}", said, value=value)
        yield _latency(one)
        yield from _websub(one.websub)


def _states(one: Gauges) -> Metric:
    said = "Deliveries by receiver and state."
    family = GaugeMetricFamily("monitor_deliveries", said, labels=("receiver", "state"))
    for receiver, counts in one.counts.items():
        for state, count in counts.items():
            family.add_metric((receiver, state.value), count)
    return family


def _counted(name: str, said: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"monitor_{name}", said, labels=(label,))
    for word, value in values.items():
        family.add_metric((word,), value)
    return family


def _websub(tally: Tally) -> Iterator[Metric]:
    """How pushing goes; all labels are words of ours."""
    for name, said, label, counts in (
        ("subscriptions", "Subscriptions to hubs by state.", "state", tally.subscriptions),
        ("first", "Entries of subscribed feeds by what brought them first.", "by", tally.first),
        ("dropped", "Pushes that were not used by reason.", "reason", tally.dropped),
    ):
        yield _counted(f"websub_{name}", said, label, counts)


def _latency(one: Gauges) -> Metric:
    said = "From first sight of an entry to its delivery, over the last ones."
    family = GaugeMetricFamily("monitor_delivery_latency_seconds", said, labels=("quantile",))
    row = latency_row(one.latency)
    for name in ("p50", "p95", "p99"):
        if (value := row[name]) is not None:
            family.add_metric((f"0.{name[1:]}",), value)
    return family


def metrics(gauges: Gauges, failing: Mapping[str, int]) -> str:
    """All metrics, in Prometheus' text format; `failing`: unreadable feeds by outcome."""
    registry = CollectorRegistry()
    registry.register(_Collected(gauges, failing))
    return generate_latest(registry).decode()


def nothing_known() -> str:
    """The one metric of a service whose store cannot be reached."""
    registry = CollectorRegistry()
    Gauge("monitor_store_up", "Whether the store answers.", registry=registry).set(0)
    return generate_latest(registry).decode()
