"""The service's Celery app under a clock that a test sets (`celery -A tests.service.clocked`).

The file that the variable CLOCK names holds by how many seconds the wall clock is off. It is
looked at twice a second; monotonic clocks go on, as on a machine whose clock is set.
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine

from monitor.celery import app

__all__ = ["app"]

_shown: Any = None
_offset = 0.0


def _follow() -> None:
    """Shift the clock of this process whenever the file says otherwise; a thread of its own,
    begun anew in each process that was forked.
    """
    global _shown, _offset
    if _shown is None:
        _shown = time_machine.travel(datetime.now(UTC), tick=True).start()
    while True:
        wanted = float(Path(os.environ["CLOCK"]).read_text() or _offset)
        if wanted != _offset:
            _shown.shift(wanted - _offset)
            _offset = wanted
        threading.Event().wait(0.5)


def follow() -> None:
    threading.Thread(target=_follow, daemon=True).start()


if "CLOCK" in os.environ:
    follow()
    os.register_at_fork(after_in_child=follow)
