"""A clock that is set while the service runs."""

from __future__ import annotations

import time
from typing import Any

import pytest
import time_machine
from celery import Celery

from monitor.service.beating import SteadyScheduler
from monitor.service.clockwork import ClockWatch


class Hands:
    """Two clocks that are moved by hand."""

    def __init__(self) -> None:
        self.wall = self.monotonic = 1_000.0
        self.watch = ClockWatch(lambda: self.wall, lambda: self.monotonic)

    def pass_by(self, seconds: float, *, shown: float) -> float:
        self.monotonic += seconds
        self.wall += shown
        return self.watch.set_back()


def test_only_a_clock_that_was_set_back_is_noticed_and_once() -> None:
    hands = Hands()
    assert hands.pass_by(5, shown=5) == 0
    assert hands.pass_by(5, shown=4) == 0
    assert hands.pass_by(5, shown=3_600) == 0
    assert hands.pass_by(5, shown=-3_595) == pytest.approx(3_600)
    assert hands.pass_by(5, shown=5) == 0


class Ticks(SteadyScheduler):
    """Notes what it would send instead of sending it."""

    sent: list[float]

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.sent.append(time.monotonic())


def test_ticks_go_on_when_the_clock_is_set_back_an_hour() -> None:
    app = Celery(broker="memory://")
    app.conf.beat_schedule = {"tick": {"task": "tick", "schedule": 0.2}}
    with time_machine.travel(time.time(), tick=True) as clock:
        scheduler = Ticks(app, lazy=False)
        scheduler.sent = []
        beat_for(scheduler, 0.5)
        before = len(scheduler.sent)
        clock.shift(-3_600)
        beat_for(scheduler, 0.7)
        assert before >= 1
        assert len(scheduler.sent) - before >= 2


def beat_for(scheduler: SteadyScheduler, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(max(0.0, min(scheduler.tick(), 0.05)))
