"""What Prometheus is told."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from monitor.core.models import Outcome, PollOutcome
from monitor.edges.store.records import Gauges
from monitor.views.metrics import Measured, metrics
from tests import make
from tests.views import exposed

LABELS = {
    *("version", "process", "queue", "outcome", "lane", "result", "receiver", "kind", "state"),
    *("part", "le", "percentile", "by", "reason"),
}
UNITS = ("_seconds", "_bytes", "_total", "_info")
# What is counted in nothing but itself.
PLAIN = {
    *("store_up", "store_persistent", "ready", "queue_messages", "feeds", "feeds_failing"),
    *("feeds_silent", "feeds_due", "deliveries", "stories_remembered", "websub_subscriptions"),
    "canary_missed",
}


def value(name: str, **labels: str) -> float:
    (found,) = (
        sample.value
        for one in exposed.families().values()
        for sample in one.samples
        if sample.name == f"monitor_{name}" and sample.labels == labels
    )
    return found


def test_names_say_their_unit_and_each_has_a_sentence() -> None:
    for name, one in exposed.families().items():
        assert re.fullmatch(r"monitor(_[a-z]+)+", name)
        assert name.endswith(UNITS) or name.removeprefix("monitor_") in PLAIN, name
        assert one.documentation.endswith(".") or "; " in one.documentation, name
        assert one.type in {"gauge", "counter", "histogram"}
        assert (one.type == "counter") == name.endswith("_total")


def test_no_label_can_take_a_text_from_outside() -> None:
    for name, labels in exposed.samples().items():
        assert labels <= LABELS, name
        assert "quantile" not in labels
        assert ("le" in labels) == name.endswith("_bucket")


def test_a_service_that_is_ready_shows_it() -> None:
    assert value("ready") == value("store_up") == value("store_persistent") == 1
    empty = metrics(Measured(Gauges(reachable=True), make.NOW, {}))
    assert "monitor_ready 0.0" in empty


def test_counts_are_there_before_anything_happened() -> None:
    fresh = metrics(Measured(Gauges(reachable=True), make.NOW, {}, receivers=["desk"]))
    for outcome in PollOutcome:
        assert f'monitor_polls_total{{outcome="{outcome}"}} 0.0' in fresh
    for end in Outcome:
        assert f'monitor_entries_total{{outcome="{end}"}} 0.0' in fresh
    assert 'monitor_attempts_total{receiver="desk",result="dead"} 0.0' in fresh
    assert 'monitor_alerts_total{kind="story.alert",receiver="desk"} 0.0' in fresh


def test_what_was_counted_is_shown_by_its_labels() -> None:
    assert value("polls_total", outcome="ok") == 7
    assert value("entries_total", outcome="alerted") == 2
    assert value("alerts_total", receiver="desk", kind="story.update") == 1
    assert value("attempts_total", receiver="gone", result="dead") == 1
    assert value("parses_total", lane="quick", result="ok") == 5
    assert value("fetched_bytes_total") == 1_000
    assert value("websub_dropped_total", reason="signature") == 2


def test_feeds_that_cannot_be_read_are_shown_by_outcome_and_the_silent_beside_them() -> None:
    assert value("feeds_failing", outcome="http_404") == 2
    assert value("feeds_failing", outcome="dns") == 0
    assert value("feeds_silent") == 4


def test_the_age_of_the_canary_is_shown_once_one_arrived_and_whether_it_is_missed() -> None:
    now = make.NOW.timestamp()
    assert "canary_age" not in metrics(Measured(Gauges(reachable=True), make.NOW, {}))
    gauges = Gauges(reachable=True, alive={"canary": now - 90}, missed=now)
    said = metrics(Measured(gauges, make.NOW, {}, canary=True))
    assert "monitor_canary_age_seconds 90.0" in said
    assert "monitor_canary_missed 1.0" in said
    # One that is configured no more is missed by nobody, though the store still says so.
    assert "monitor_canary_missed 0.0" in metrics(Measured(gauges, make.NOW, {}))


def test_the_buckets_of_a_part_add_up() -> None:
    assert value("latency_seconds_bucket", part="feed", le="0.5") == 0
    assert value("latency_seconds_bucket", part="feed", le="1.0") == 4
    assert value("latency_seconds_bucket", part="feed", le="+Inf") == 4
    assert value("latency_seconds_count", part="feed") == 4
    assert value("latency_seconds_sum", part="feed") == 3


def test_a_receiver_that_is_left_alone_shows_until_when_and_others_zero() -> None:
    until = "receiver_closed_until_timestamp_seconds"
    assert value(until, receiver="desk") == exposed.NOW + 60
    assert value(until, receiver="night") == 0


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_mend() -> None:
    command = ["promtool", "check", "metrics"]
    said = subprocess.run(
        command, input=exposed.text(), text=True, capture_output=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
