"""What ought to come and does not: told once when it is missed, and once when it is back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitor.core.models import Delivery, Feed, FeedState
from monitor.core.notices import silence_notices
from monitor.edges.store.records import SILENT

# However many feeds fall silent, one notice in so long: where all of them do (the network, a cache
# on the way), they do it one after the other, the busiest first.
_GATHER = timedelta(hours=1)


class Store(Protocol):
    """What is needed of the store."""

    def failing(self) -> Mapping[str, str]:
        """The feeds that something is wrong with, and what."""
        ...

    def hushed(self) -> Mapping[str, float]:
        """The feeds that were told to be silent, and since when."""
        ...

    def note_hushed(self, told: Mapping[str, float], over: Collection[str]) -> None:
        """Note what was told."""
        ...

    def feed_states(self, feeds: Sequence[str]) -> Mapping[str, FeedState]:
        """What is remembered of feeds."""
        ...

    def put(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Put deliveries into the outbox."""
        ...

    def acquire(self, name: str, token: str, lease: timedelta) -> bool:
        """Take a named lease."""
        ...


def tell_silence(store: Store, feeds: Mapping[str, Feed], to: Sequence[str], now: datetime) -> None:
    """Tell of feeds (by key) that fell silent and of those that speak again since it was told last;
    the first at once, and then what came together within an hour.
    """
    failing, told = store.failing(), store.hushed()
    fresh = [key for key in feeds if failing.get(key) == SILENT and key not in told]
    # A feed that cannot be read any more does not speak: its turn comes when it can.
    over = {key: told[key] for key in feeds if key in told and key not in failing}
    if not (fresh or over) or not store.acquire("silence", now.isoformat(), _GATHER):
        return
    states = store.feed_states(fresh).items()
    silent = {feeds[key]: state for key, state in states if state.silent}
    speaking = {feeds[key]: since for key, since in over.items()}
    store.put(silence_notices(silent, speaking, to=to, now=now))
    since = {one.key: state.silent.timestamp() for one, state in silent.items() if state.silent}
    store.note_hushed(since, tuple(over))
