"""Which feeds take turns: those configured, from the first start through every reload."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from monitor.service.reporting import Throttle

# Seconds between the first polls of new feeds at most.
_SPREAD = 0.01
# How long it takes, as a rule, until all processes have read a new configuration.
_READ_BY_ALL = timedelta(seconds=3)


class Queue(Protocol):
    """What this needs of the store."""

    def register(self, due: Mapping[str, datetime], *, prune: bool = True) -> None:
        """Make these feeds take turns; `prune`: and no others."""
        ...

    def take_out(self, feeds: Iterable[str]) -> None:
        """Have these feeds take no turns any more."""
        ...


@dataclass
class Register:
    """The feeds of a configuration, by key, and their turns in the store. `interval`: seconds
    between two polls of a feed that is new.
    """

    store: Queue
    feeds: Collection[str]
    interval: float
    first: bool = True
    _gone: frozenset[str] = frozenset()
    _again: Throttle = field(default_factory=lambda: Throttle(every=60))

    def successor(self, new: Register) -> Register:
        """The new one, to go on where this one is."""
        gone = self._gone.union(self.feeds).difference(new.feeds)
        return replace(new, first=self.first, _gone=gone)

    def keep(self, now: datetime, begin: Callable[[datetime], None]) -> None:
        """Make the configured feeds take turns, again every minute; `begin` is done before the
        first time.

        Only the first time all others are taken out, after a reload those which it took out: an
        instance with another configuration puts its own back within a minute. Many new ones are
        not asked all at once, so that they do not come due all at once for ever after.
        """
        if self.first:
            begin(now)
        if self._gone:
            self.store.take_out(self._gone)
            self._gone = frozenset()
        if self._again.lets("again") or self.first:
            step = min(self.interval / len(self.feeds), _SPREAD)
            # A feed that came by a reload is given time to become known to whoever is to poll it.
            at = now if self.first else now + _READ_BY_ALL
            due = {key: at + timedelta(seconds=n * step) for n, key in enumerate(self.feeds)}
            self.store.register(due, prune=self.first)
            self.first = False
