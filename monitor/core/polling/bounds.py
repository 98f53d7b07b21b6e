"""Between which bounds a feed's gap adapts, by what was configured and by its priority.

Chance is an argument: `jitter` is a number in 0..1, drawn by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.schedule import DAY, spread

# How many new entries there may be, on average, when a feed is polled.
_SHARES = {"high": 0.2, "normal": 0.5, "low": 1.0}
# How many times the configured gap a feed of normal priority is left alone at most.
_STRETCH = 6.0


@dataclass(frozen=True, slots=True)
class Polling:
    """The bounds, in seconds, between which a feed's polling gap adapts."""

    interval: float = 600.0
    min_interval: float = 60.0
    max_interval: float = DAY

    @property
    def fixed(self) -> bool:
        """Whether there is but one gap."""
        return self.min_interval == self.max_interval

    def ceiling(self, priority: str) -> float:
        """The longest gap, in seconds, that a feed of this priority can have while it works."""
        if priority == "high":
            return self.interval
        if priority == "low":
            return self.max_interval
        return min(self.max_interval, max(self.interval * _STRETCH, self.min_interval))

    def delay(self, gap: float, jitter: float) -> float:
        """Seconds until the poll itself: feeds polled together drift apart, up to a tenth.

        A fixed gap stays what it is on average.
        """
        return spread(gap, jitter - 0.5 if self.fixed else jitter)


def wanted(priority: str) -> float:
    """How many new entries are waited for before a feed of this priority is polled."""
    return _SHARES[priority]
