"""How late alerts are, as it is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from monitor.core.latency import BOUNDS, Histogram
from monitor.core.models import Budget, Feed, Lag, Logged
from monitor.edges.store.records import Entered, Gauges
from monitor.views import rows
from monitor.views.latency import budget_line, budget_row, parts_row
from tests import make

TIMED = replace(make.delivery(), budget=Budget(12.0, 5.0, 0.25))
FAILED, ARRIVED = Logged(make.at(1), False, "500"), Logged(make.at(150), True, "200")


def test_where_the_time_of_a_delivery_went_is_shown_once_it_arrived() -> None:
    row = budget_row(Entered(TIMED, (FAILED, ARRIVED)))
    assert row == {"feed": 12.0, "wait": 5.0, "work": 0.25, "delivery": 150.0, "total": 167.25}
    said = "feed 12.00 s, wait 5.00 s, work 0.25 s, delivery 150 s, total 167 s"
    assert budget_line(row) == said


def test_until_then_what_it_took_to_be_decided() -> None:
    row = budget_row(Entered(TIMED, (FAILED,)))
    assert row == {"feed": 12.0, "wait": 5.0, "work": 0.25, "delivery": None, "total": None}
    undated = replace(TIMED, budget=Budget(None, 5.0, 0.25))
    assert budget_line(budget_row(Entered(undated))) == "wait 5.00 s, work 0.25 s"


def test_a_delivery_of_an_older_version_shows_what_is_known() -> None:
    assert budget_line(budget_row(Entered(make.delivery()))) == ""
    said = budget_line(budget_row(Entered(make.delivery(), (ARRIVED,))))
    assert said == "delivery 150 s"


def test_status_tells_parts_from_the_counts() -> None:
    fast = Histogram.read({str(BOUNDS.index(1.0)): 10, "ms": 8_000})
    found = parts_row({"wait": fast})
    assert found["wait"] == {"count": 10, "p50": 0.75, "p95": 0.975}
    assert found["feed"] == {"count": 0, "p50": None, "p95": None}
    assert list(found) == ["feed", "wait", "work", "delivery", "total"]


def test_status_names_the_ten_slowest_feeds_and_what_is_to_blame() -> None:
    feeds = [Feed(f"https://h{n}.example/", f"Outlet {n}") for n in range(12)]
    lags = [Lag(), Lag(feed=90, wait=10), *(Lag(wait=float(n)) for n in range(2, 12))]
    shown = [
        rows.feed_row(feed, make.state(lag=one), None)
        for feed, one in zip(feeds, lags, strict=True)
    ]
    row = rows.status_row(shown, Gauges(reachable=True), (), datetime.now(UTC))
    slowest = row["latency"]["slowest"]
    assert slowest[0] == {"name": "Outlet 1", "seconds": 100, "part": "feed"}
    assert slowest[1] == {"name": "Outlet 11", "seconds": 11, "part": "wait"}
    assert len(slowest) == 10
    assert (shown[0]["lag"], shown[0]["lag_part"]) == (None, None)
    assert row["latency"]["p95"] is None
