"""How the service is doing, as metrics for Prometheus (text format 0.0.4).

Names and units follow https://prometheus.io/docs/practices/naming/. All labels are words of ours or
names of receivers: no feed, no story, no text from outside. docs/monitoring.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, product

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.core.canary import NAME
from monitor.core.latency import BOUNDS, PARTS, Histogram
from monitor.core.models import Outcome, PollOutcome
from monitor.edges.store.attempts import RESULTS
from monitor.edges.store.counts import labelled
from monitor.edges.store.records import RETIRED, SILENT, Gauges, Tally
from monitor.service.clockwork import utc_now
from monitor.service.counting import LANES, OVERTAKEN, READ
from monitor.service.wiring import QUEUES, Service
from monitor.views.readiness import unready
from monitor.views.rows import latency_row

Values = Mapping[tuple[str, ...], float]

_WELL = {PollOutcome.OK, PollOutcome.NOT_MODIFIED}
_FAILURES = (*(one.value for one in PollOutcome if one not in _WELL), RETIRED)


@dataclass(frozen=True, slots=True)
class Measured:
    """What metrics are made of: one look at the store, feeds that cannot be read by outcome, and
    what is configured.
    """

    gauges: Gauges
    now: datetime
    failing: Mapping[str, int]
    feeds: int = 0
    receivers: Sequence[str] = ()
    canary: bool = False


def measured(service: Service) -> str:
    """The metrics of a service as it is; raises Unavailable without its store."""
    failing, _ = service.store.health(list(service.feeds))
    now, names = utc_now(), [one.name for one in service.settings.receivers]
    gauges = service.store.gauges(now, QUEUES)
    canary = service.settings.canary is not None
    return metrics(Measured(gauges, now, failing, len(service.feeds), names, canary))


def metrics(one: Measured) -> str:
    """All metrics, in Prometheus' text format."""
    return _text((*_service(one), *_polling(one), *_sending(one), *_latency(one), *_store(one)))


def nothing_known() -> str:
    """The one metric of a service whose store cannot be reached."""
    return _text([_up(0)])


def _text(families: Iterable[Metric]) -> str:
    registry = CollectorRegistry()
    registry.register(_Collected(list(families)))
    return generate_latest(registry).decode()


class _Collected(Collector):
    """Metrics that were made already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


# -- what each part of the service is measured by ------------------------------------


def _service(one: Measured) -> Iterator[Metric]:
    gauges = one.gauges
    ready = not unready(gauges, one.receivers, one.now, canary=one.canary)
    yield _up(1)
    yield _gauge("ready", "Whether the service does its work, as /readyz says it.", ready)
    yield _gauge("build_info", "Always 1; the version.", {(__version__,): 1}, "version")
    said = "When a kind of process last did its work."
    yield _gauge("last_work_timestamp_seconds", said, _by(gauges.alive), "process")
    if last := gauges.alive.get(NAME):
        age = one.now.timestamp() - last
        yield _gauge("canary_age_seconds", "How long ago a canary arrived last.", age)
    said = "Whether no canary arrives that should."
    yield _gauge("canary_missed", said, one.canary and bool(gauges.missed))
    said = "Wake-up calls that wait for a process."
    yield _gauge("queue_messages", said, _by(gauges.broker), "queue")
    yield from _websub(gauges.websub)


def _polling(one: Measured) -> Iterator[Metric]:
    gauges, silent = one.gauges, one.failing.get(SILENT, 0)
    unread = _by({name: one.failing.get(name, 0) for name in _FAILURES})
    yield _gauge("feeds", "Feeds that are configured.", one.feeds)
    yield _gauge("feeds_failing", "Feeds that cannot be read.", unread, "outcome")
    yield _gauge("feeds_silent", "Feeds that improbably say nothing.", silent)
    yield _gauge("feeds_due", "Feeds whose turn has come.", gauges.due)
    late = "How long the feed that is due for longest waits for its turn."
    yield _gauge("feeds_oldest_due_seconds", late, gauges.overdue)
    outcomes = [(name,) for name in (*PollOutcome, OVERTAKEN)]
    yield _counter(one, "polls", "Polls by how they ended.", ("outcome",), outcomes)
    ends = [(name.value,) for name in Outcome]
    said = "Entries that a feed had not shown before, by where they ended."
    yield _counter(one, "entries", said, ("outcome",), ends)
    yield _counter(one, "stories", "Stories that began.", (), [()])
    yield _counter(one, "fetched_bytes", "Bytes of documents, unpacked.", (), [()])
    read = list(product(LANES, READ))
    yield _counter(one, "parses", "Documents by how reading them ended.", ("lane", "result"), read)


def _sending(one: Measured) -> Iterator[Metric]:
    gauges, names = one.gauges, dict.fromkeys((*one.receivers, *one.gauges.counts))
    made = [(name, "story.alert") for name in names]
    said = "Alerts that were decided."
    yield _counter(one, "alerts", said, ("receiver", "kind"), made)
    tried = list(product(names, RESULTS.values()))
    said = "Messages that were sent, by what came of it: ok, failed (tried again), dead."
    yield _counter(one, "attempts", said, ("receiver", "result"), tried)
    states: Values = {
        (name, state.value): count
        for name, counts in gauges.counts.items()
        for state, count in counts.items()
    }
    yield _gauge("deliveries", "Deliveries in the ledger.", states, "receiver", "state")
    late = _by({name: gauges.oldest_delivery.get(name, 0) for name in names})
    said = "How long the delivery that is due for longest waits."
    yield _gauge("oldest_delivery_seconds", said, late, "receiver")
    closed = _by({name: gauges.closed.get(name, 0) for name in names})
    said = "Until when nothing is sent to a receiver; 0 for one that is sent to."
    yield _gauge("receiver_closed_until_timestamp_seconds", said, closed, "receiver")


def _latency(one: Measured) -> Iterator[Metric]:
    said = "Where the time from publication to delivery goes."
    family = HistogramMetricFamily("monitor_latency_seconds", said, labels=("part",))
    for part in PARTS:
        found = one.gauges.spent.get(part, Histogram())
        buckets = zip((*map(str, BOUNDS), "+Inf"), accumulate(found.counts), strict=True)
        family.add_metric((part,), list(buckets), found.sum)
    yield family
    row = latency_row(one.gauges.latency)
    last = {p[1:]: value for p in ("p50", "p95", "p99") if (value := row[p]) is not None}
    said = "From first sight of an entry to its delivery, of the last ones."
    yield _gauge("delivery_latency_seconds", said, _by(last), "percentile")


def _store(one: Measured) -> Iterator[Metric]:
    gauges = one.gauges
    yield _gauge("stories_remembered", "Stories in the store.", gauges.stories)
    yield _gauge("store_memory_bytes", "Memory that the store uses.", gauges.memory)
    said = "Memory that the store may use; 0 where there is no limit."
    yield _gauge("store_memory_limit_bytes", said, gauges.max_memory)
    said = "Whether the store keeps what it holds when it ends."
    yield _gauge("store_persistent", said, gauges.persistent)


def _websub(tally: Tally) -> Iterator[Metric]:
    said = "Subscriptions to hubs."
    yield _gauge("websub_subscriptions", said, _by(tally.subscriptions), "state")
    said = "Entries of subscribed feeds by what brought them first."
    yield _counted("websub_entries", said, ("by",), _by(tally.first))
    said = "Pushes that were not used."
    yield _counted("websub_dropped", said, ("reason",), _by(tally.dropped))


# -- families ------------------------------------------------------------------------


def _by(values: Mapping[str, float]) -> Values:
    """The values of a family that has one label."""
    return {(word,): value for word, value in values.items()}


def _up(value: int) -> Metric:
    return _gauge("store_up", "Whether the store answers.", value)


def _gauge(name: str, said: str, values: float | Values, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"monitor_{name}", said, labels=labels)
    for words, value in ({(): values} if isinstance(values, int | float) else values).items():
        family.add_metric(words, value)
    return family


def _counter(
    one: Measured, name: str, said: str, labels: Sequence[str], known: Iterable[tuple[str, ...]]
) -> Metric:
    """What was counted under a name; `known`: what is there even if it never happened, so that a
    rate can be taken from the first time on.
    """
    return _counted(
        name, said, labels, {**dict.fromkeys(known, 0), **labelled(one.gauges.counted, name)}
    )


def _counted(name: str, said: str, labels: Sequence[str], values: Values) -> Metric:
    family = CounterMetricFamily(f"monitor_{name}", said, labels=labels)
    for words, value in values.items():
        family.add_metric(words, value)
    return family
