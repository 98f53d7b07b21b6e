"""Polling feeds out of turn, in this process: claimed, fetched, decided and committed as always.

What is in the hands of a service that runs is left to it, and a host that asked to be left alone
is: both are told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.batching import host_of
from monitor.core.models import Feed, FeedState
from monitor.core.parse.marks import unpacked
from monitor.core.polling.moves import address
from monitor.service.clockwork import utc_now
from monitor.service.pipeline import Polled
from monitor.service.visiting import Batch
from monitor.service.wiring import Service

# Seconds to wait for feeds and hosts in other hands, as long as none of them is let go of, and
# between two looks.
PATIENCE, _LOOK = 10.0, 0.25


@dataclass(frozen=True, slots=True)
class Called:
    """What became of a feed that was to be polled: the poll, or why there was none."""

    feed: Feed
    polled: Polled | None
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether the feed was not read."""
        return self.polled is None or not self.polled.committed or bool(self.polled.state.failures)

    @property
    def known(self) -> int:
        """How many of the entries in its document were known before."""
        if self.polled is None or self.polled.state.failures:
            return 0
        shown = len(unpacked(self.polled.state.marks)) or len(self.polled.verdicts)
        return max(shown - self.polled.new, 0)


def poll_now(service: Service, feeds: Sequence[Feed]) -> Iterator[Called]:
    """Poll feeds (configured ones) and tell of each, as they come to their end.

    Raises Unavailable without the store, and what bug ended a poll.
    """
    left = {feed.key: feed for feed in feeds}
    end = time.monotonic() + PATIENCE
    while True:
        free, refused = _apart(service, list(left.values()))
        done = _poll(service, free) if free else []
        for polled in done:
            yield Called(left.pop(polled.feed.key), polled)
        end = time.monotonic() + PATIENCE if done else end
        waiting = [key for key, why in refused.items() if why is _BUSY or why is _HELD]
        for key in refused.keys() - set(waiting):
            yield Called(left.pop(key), None, refused[key])
        if not left or time.monotonic() > end:
            break
        time.sleep(_LOOK)
    for key, feed in left.items():
        yield Called(feed, None, refused.get(key, _BUSY))


_HELD = "it is in the hands of the service just now"
_BUSY = "its host is being asked for another feed just now"


def _apart(
    service: Service, feeds: Sequence[Feed]
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Those that can be taken, with the time of their turn, and why the others cannot be."""
    now, keys = utc_now(), [feed.key for feed in feeds]
    states, due = service.store.feed_states(keys), service.store.due_times(keys)
    hosts = service.store.waiting_hosts(now + timedelta(seconds=PATIENCE))
    free: dict[str, float | None] = {}
    refused: dict[str, str] = {}
    for feed in feeds:
        state, at = states.get(feed.key, FeedState()), due.get(feed.key)
        host = host_of(address(state, feed))
        if host in hosts:
            until = f"{hosts[host]:%d %b %H:%M:%S} UTC"
            refused[feed.key] = f"its host asked to be left alone until {until}"
        elif held(state, at, now, service.lease):
            refused[feed.key] = _HELD
        else:
            free[feed.key] = at
    return free, refused


def held(state: FeedState, at: float | None, now: datetime, lease: timedelta) -> bool:
    """Whether a feed's turn (epoch seconds) looks like somebody's lease: in the future, no later
    than one can end, and not what was planned at its last poll.
    """
    if at is None or not now.timestamp() < at <= (now + lease).timestamp():
        return False
    return state.next_poll is None or abs(state.next_poll.timestamp() - at) > 1e-3


def _poll(service: Service, seen: dict[str, float | None]) -> list[Polled]:
    """Poll those of them that are still free, to the end."""
    until = utc_now() + service.lease
    done: list[Polled] = []
    troubles: list[Exception] = []
    taken = service.store.claim_these(seen, until)
    visitor = service.visitor_telling(_each(done, service), troubles.append)
    try:
        if taken:
            visitor.poll(Batch(taken, until.timestamp()))
            visitor.retire()
    finally:
        visitor.close()
    if troubles:
        raise troubles[0]
    return done


def _each(done: list[Polled], service: Service) -> Callable[[Polled], None]:
    def note(polled: Polled) -> None:
        done.append(polled)
        for receiver in polled.receivers:
            service.wake(receiver)

    return note
