"""Clocks that are set while the service runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


# Seconds by which wall and monotonic clock may drift apart between two looks: less is the
# ordinary work of a time service.
_DRIFT = 2.0


@dataclass
class ClockWatch:
    """Notices when the wall clock was set back. Both clocks give seconds."""

    wall: Callable[[], float]
    monotonic: Callable[[], float]
    _offset: float | None = field(default=None, init=False)

    def set_back(self) -> float:
        """By how many seconds the clock was set back since the last call; 0 if it was not."""
        now = self.wall() - self.monotonic()
        before, self._offset = self._offset, now
        back = 0.0 if before is None else before - now
        return back if back > _DRIFT else 0.0
