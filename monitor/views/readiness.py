"""Whether the service does its work, judged by what its processes left in the store."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from monitor.edges.store.records import Gauges

# What each kind of process notes while it works (seconds since): beat and ticker every one and
# five seconds, pollers and senders at least every ten, for ticks go their way too.
_SIGNS = {
    "poll_due": ("no feed was handed out", 30.0),
    "sweep": ("nobody looked for what is to be sent", 30.0),
    "poll": ("no poller took anything up", 60.0),
    "deliver": ("no sender took anything up", 60.0),
}
# Seconds that a feed, and a delivery that could be sent, may wait for their turn.
_FEED, _DELIVERY = 300.0, 900.0


def unready(gauges: Gauges, receivers: Collection[str], now: datetime) -> tuple[str, ...]:
    """Why the service is not fit for work, a sentence each; nothing where it is.

    `receivers`: those configured. One that cannot be reached is no reason: all others are served.
    """
    return (*_silent(gauges, now.timestamp()), *_late(gauges, receivers))


def _silent(gauges: Gauges, now: float) -> Iterator[str]:
    for name, (said, longest) in _SIGNS.items():
        at = gauges.alive.get(name)
        if at is None:
            yield f"{said} ever ({name})"
        elif now - at > longest:
            yield f"{said} for {now - at:.0f} s ({name})"


def _late(gauges: Gauges, receivers: Collection[str]) -> Iterator[str]:
    if gauges.overdue > _FEED:
        yield f"a feed waits for its poll for {gauges.overdue:.0f} s"
    for name, seconds in gauges.oldest_delivery.items():
        if seconds > _DELIVERY and name in receivers and name not in gauges.closed:
            yield f"a delivery to {name} waits for {seconds:.0f} s"
