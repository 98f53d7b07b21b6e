"""Whether the service does its work, judged by what its processes left in the store."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from monitor.core.polling.reasons import lasting
from monitor.edges.store.records import Gauges

# What each kind of process notes while it works (seconds since): beat and ticker every one and
# five seconds, pollers and senders at least every ten, for ticks go their way too.
_SIGNS = {
    "poll_due": ("nothing was handed out", 30.0, "are beat and ticker running?"),
    "sweep": ("nobody looked for what is to be sent", 30.0, "is the ticker stuck?"),
    "poll": ("no poller took anything up", 60.0, "is the worker running?"),
    "deliver": ("no sender took anything up", 60.0, "is the sender running?"),
}
# Seconds that a feed, and a delivery that could be sent, may wait for their turn.
_FEED, DELIVERY = 300.0, 900.0


def unready(
    gauges: Gauges, receivers: Collection[str], now: datetime, *, canary: bool = False
) -> tuple[str, ...]:
    """Why the service is not fit for work, a sentence each; nothing where it is.

    `receivers`: those configured. One that cannot be reached is no reason: all others are served.
    `canary`: whether one is configured.
    """
    at = now.timestamp()
    missed = [f"no canary arrived, since {at - gauges.missed:.0f} s ago one is missed"]
    return (
        *_silent(gauges, at),
        *_late(gauges, receivers),
        *(missed if canary and gauges.missed else ()),
    )


def _silent(gauges: Gauges, now: float) -> Iterator[str]:
    if not any(name in gauges.alive for name in _SIGNS):
        yield "the service never ran on this store: start it with monitor run"
        return
    for name, (said, longest, ask) in _SIGNS.items():
        at = gauges.alive.get(name)
        if at is None or now - at > longest:
            since = "yet" if at is None else f"for {lasting(now - at)}"
            yield f"{said} {since}: {ask}"
            # Where no ticks come, nobody gets any: that all others are silent follows from it.
            if name == "poll_due":
                return


def _late(gauges: Gauges, receivers: Collection[str]) -> Iterator[str]:
    if gauges.overdue > _FEED:
        yield f"a feed waits for its poll for {lasting(gauges.overdue)}"
    for name, seconds in gauges.oldest_delivery.items():
        if seconds > DELIVERY and name in receivers and name not in gauges.closed:
            yield f"a delivery to {name} waits for {lasting(seconds)}"
