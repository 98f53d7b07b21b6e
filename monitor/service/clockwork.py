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
    _offset: float = field(init=False)

    def __post_init__(self) -> None:
        self._offset = self.wall() - self.monotonic()

    def set_back(self) -> float:
        """By how many seconds the clock was set back since the last call, at first since this
        was made; 0 if it was not.
        """
        now = self.wall() - self.monotonic()
        before, self._offset = self._offset, now
        return before - now if before - now > _DRIFT else 0.0
