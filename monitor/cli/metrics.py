"""How the service is doing, as metrics for Prometheus (text format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.cli.rows import latency_row
from monitor.edges.store.records import Gauges, Tally


class _Collected(Collector):
    """The gauges of one look at the store."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        one = self._gauges
        yield _by_receiver("oldest_delivery_seconds", "Overdue since.", one.oldest_delivery)
        yield _by_receiver("closed_until", "Nothing is sent before (epoch seconds).", one.closed)
        yield _states(one)
        for name, said, value in (
            ("feeds_due", "Feeds whose turn has come.", one.due),
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


def _by_receiver(name: str, said: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"monitor_{name}", said, labels=("receiver",))
    for receiver, value in values.items():
        family.add_metric((receiver,), value)
    return family


def _websub(tally: Tally) -> Iterator[Metric]:
    """How pushing goes; all labels are words of ours."""
    for name, said, label, counts in (
        ("subscriptions", "Subscriptions to hubs by state.", "state", tally.subscriptions),
        ("first", "Entries of subscribed feeds by what brought them first.", "by", tally.first),
        ("dropped", "Pushes that were not used by reason.", "reason", tally.dropped),
    ):
        family = GaugeMetricFamily(f"monitor_websub_{name}", said, labels=(label,))
        for value, count in counts.items():
            family.add_metric((value,), count)
        yield family


def _latency(one: Gauges) -> Metric:
    said = "From first sight of an entry to its delivery, over the last ones."
    family = GaugeMetricFamily("monitor_delivery_latency_seconds", said, labels=("quantile",))
    row = latency_row(one.latency)
    for name in ("p50", "p95", "p99"):
        if (value := row[name]) is not None:
            family.add_metric((f"0.{name[1:]}",), value)
    return family


def metrics(gauges: Gauges) -> str:
    """All metrics, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Collected(gauges))
    return generate_latest(registry).decode()
