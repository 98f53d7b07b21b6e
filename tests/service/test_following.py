"""One story is followed by its ids through the log, the ledger and the metrics of a service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.core.latency import PARTS
from monitor.service.checking import read_settings
from monitor.service.clockwork import utc_now
from monitor.service.wiring import QUEUES, Service
from monitor.views.readiness import unready
from tests.servers import short_folder
from tests.service import running
from tests.service.running import newsroom, service, title, wait_until, write_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def lines(run: running.Service, mark: str) -> list[dict[str, Any]]:
    """What `grep` finds in the log."""
    return [json.loads(line) for line in run.log().splitlines() if mark in line]


def counts(run: running.Service) -> dict[str, float]:
    """What `monitor metrics` gives, by name and the values of labels."""
    families = text_string_to_metric_families(run.command("metrics").stdout)
    return {
        " ".join((one.name, *one.labels.values())): one.value
        for family in families
        for one in family.samples
    }


def ready(run: running.Service) -> bool:
    """As /readyz says it."""
    with_feeds = Service(read_settings(str(run.config)))
    names, gauges = list(with_feeds.desk.receivers), with_feeds.store.gauges(utc_now(), QUEUES)
    with_feeds.close()
    return not unready(gauges, names, utc_now())


def test_a_story_is_found_by_its_id_from_poll_to_each_delivery_with_where_its_time_went() -> None:
    with short_folder() as folder, newsroom(2) as room:
        room.publish(0, "Harbour board approves new ferry timetable")
        with service(write_config(folder, room)) as run:
            wait_until(lambda: len(room.server.asked("/feed/0")) > 1, 40, "two polls of a feed")
            room.publish(0, title(1))
            wait_until(lambda: title(1) in room.titles(), 40, "the alert")
            (_, told), *_ = room.arrived
            story = told["data"]["story"]
            wait_until(lambda: len(lines(run, story)) == 3, 10, "a line for each step")

            alert, *sent = lines(run, story)
            assert (alert["event"], alert["title"], alert["to"]) == (
                "alert",
                title(1),
                ["hook", "log"],
            )
            assert alert["feed"].endswith("/feed/0")
            assert alert["event_id"] == told["data"]["event"]
            assert {one["event"] for one in sent} == {"delivered"}
            assert sorted(one["delivery"] for one in sent) == sorted(alert["deliveries"])
            assert {(one["receiver"], one["event_id"]) for one in sent} == {
                ("hook", alert["event_id"]),
                ("log", alert["event_id"]),
            }
            for one in sent:
                found = [one[f"{part}_seconds"] for part in PARTS]
                assert sum(found[:-1]) == pytest.approx(found[-1], abs=0.01)
                assert lines(run, one["delivery"]) == [alert, one]

            said = run.command("deliveries", sent[0]["delivery"], "--format", "jsonl").stdout
            budget = json.loads(said)["budget"]
            assert set(budget) == set(PARTS)
            assert budget["wait"] == sent[0]["wait_seconds"]
            wait_until(lambda: counts(run)["monitor_stories_total"] == 1, 20, "counted")
            counted = counts(run)
            assert counted["monitor_entries_total alerted"] == 1
            assert counted["monitor_polls_total not_modified"] > 0
            assert counted["monitor_fetched_bytes_total"] > 0
            assert counted["monitor_parses_total quick ok"] >= 3
            assert counted["monitor_alerts_total story.alert hook"] == 1
            assert counted["monitor_attempts_total hook ok"] == 1
            assert counted["monitor_latency_seconds_count total"] == 2
            wait_until(lambda: ready(run), 30, "ready")
            assert counts(run)["monitor_ready"] == 1
