"""Celery's scheduler, made to go on when the clock is set back.

Celery plans ticks by the wall clock: after a step back by an hour it sends none for an hour
(celery/celery#6742, open). All of ours are plain intervals, so planning them anew loses nothing.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.beat import Scheduler

from monitor.service.clockwork import ClockWatch

log = structlog.get_logger("monitor")


class SteadyScheduler(Scheduler):  # type: ignore[misc]
    """Plans all ticks anew, from now on, when the clock was set back. Keeps no file."""

    # The longest sleep between two looks at the clock, in seconds.
    max_interval = 5

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._watch = ClockWatch(time.time, time.monotonic)
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; how many seconds until the next look."""
        if self._watch.set_back():
            log.warning("the clock was set back; ticks go on from now")
            self._plan_anew()
        wait: float = super().tick(*args, **kwargs)
        return wait

    def _plan_anew(self) -> None:
        for entry in self.schedule.values():
            entry.last_run_at = entry.default_now()
        self._heap = None
