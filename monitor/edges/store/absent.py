"""What ought to come and does not: which feeds cannot be read or are silent, and what was told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from monitor.core.canary import NAME
from monitor.core.models import FeedState
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected
from monitor.edges.store.records import RETIRED, SILENT


def trouble_of(state: FeedState) -> str:
    """What is noted of a feed after a poll: why it cannot be read, that it was given up, that it
    is silent; "" where all is well.
    """
    if state.failures:
        return RETIRED if state.dead and not state.next_poll else str(state.outcome)
    return SILENT if state.silent else ""


class Absent(Connected):
    """What is missed, and what of it was told."""

    def failing(self) -> dict[str, str]:
        """The feeds (by key) that something is wrong with, and what, as in `trouble_of`."""
        with self.reached():
            found: dict[str, str] = self._redis.hgetall(keys.FAILING)
        return found

    def hushed(self) -> dict[str, float]:
        """The feeds (by key) that were told to be silent, and since when (epoch seconds)."""
        with self.reached():
            return {name: float(at) for name, at in self._redis.hgetall(keys.HUSHED).items()}

    def note_hushed(self, told: Mapping[str, float], over: Collection[str]) -> None:
        """Note of these feeds that it was told, and of others that it is over."""
        with self.reached(), self._redis.pipeline() as pipe:
            if told:
                pipe.hset(keys.HUSHED, mapping={name: repr(at) for name, at in told.items()})
            if over:
                pipe.hdel(keys.HUSHED, *over)
            pipe.execute()

    def canary(self) -> tuple[float, float]:
        """When a canary arrived last (0: never), and since when one is missed (0: it is not), in
        epoch seconds.
        """
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            pipe.hget(keys.ALIVE, NAME)
            pipe.get(keys.CANARY)
            last, missed = pipe.execute()
        return float(last or 0), float(missed or 0)

    def note_missed(self, since: datetime | None) -> bool:
        """Note since when a canary is missed, or that none is; False: that was noted before."""
        with self.reached():
            if since is None:
                return bool(self._redis.delete(keys.CANARY))
            return bool(self._redis.set(keys.CANARY, repr(since.timestamp()), nx=True))
