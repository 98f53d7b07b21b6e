"""Whether the service does its work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.edges.store.records import Gauges
from monitor.views.readiness import unready
from tests import make

NOW = make.NOW.timestamp()
WELL = Gauges(
    reachable=True,
    alive={"poll_due": NOW - 1, "sweep": NOW - 5, "poll": NOW - 10, "deliver": NOW - 10},
)


def why(gauges: Gauges) -> tuple[str, ...]:
    return unready(gauges, ["desk", "night"], make.NOW)


def test_a_service_whose_processes_all_worked_of_late_is_ready() -> None:
    assert why(WELL) == ()


def test_a_service_that_never_ran_is_not() -> None:
    assert why(Gauges(reachable=True)) == (
        "the service never ran on this store: start it with monitor run",
    )


@pytest.mark.parametrize(
    ("sign", "seconds"), [("poll_due", 30), ("sweep", 30), ("poll", 60), ("deliver", 60)]
)
def test_each_process_that_falls_silent_is_a_reason(sign: str, seconds: int) -> None:
    assert why(replace(WELL, alive={**WELL.alive, sign: NOW - seconds})) == ()
    (said,) = why(replace(WELL, alive={**WELL.alive, sign: NOW - seconds - 1}))
    assert f" for {seconds + 1} s: " in said
    assert said.endswith("?")


def test_without_ticks_it_is_not_said_of_each_process_that_it_waits_for_them() -> None:
    (said,) = why(replace(WELL, alive=dict.fromkeys(WELL.alive, NOW - 600)))
    assert said == "nothing was handed out for 10 min: are beat and ticker running?"


def test_a_feed_that_waits_for_long_is_a_reason() -> None:
    assert why(replace(WELL, overdue=300)) == ()
    assert why(replace(WELL, overdue=301)) == ("a feed waits for its poll for 5 min",)


def test_a_canary_that_is_missed_is_a_reason_where_one_is_configured() -> None:
    missed = replace(WELL, missed=NOW - 60)
    assert unready(missed, [], make.NOW) == ()
    said = "no canary arrived, since 60 s ago one is missed"
    assert unready(missed, [], make.NOW, canary=True) == (said,)
    assert unready(WELL, [], make.NOW, canary=True) == ()


def test_a_delivery_that_waits_for_long_is_one_unless_its_receiver_is_to_be_left_alone() -> None:
    late = replace(WELL, oldest_delivery={"desk": 901.0, "night": 900.0})
    assert why(late) == ("a delivery to desk waits for 15 min",)
    assert why(replace(late, closed={"desk": NOW + 60})) == ()
    gone = replace(WELL, oldest_delivery={"gone": 9_999.0})
    assert why(gone) == ()
