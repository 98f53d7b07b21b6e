"""Whose turn it is, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from monitor.core.models import Begun, Claimed, FeedState, Freed
from monitor.edges.store.records import COME_BACK, LONGEST


class MemoryTurns:
    """As Turns."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._states: dict[str, FeedState] = {}
        self._free: dict[str, float] = {}
        self._held: dict[str, float] = {}
        self._retired: set[str] = set()

    def register(self, due: Mapping[str, datetime], *, prune: bool = True) -> None:
        """As Turns.register."""
        if prune:
            self._retired = set()
            self._free.clear()
            self._held.clear()
            self._due = {key: at for key, at in self._due.items() if key in due}
        for key, at in due.items():
            if key not in self._retired:
                self._due.setdefault(key, at.timestamp())

    def take_out(self, feeds: Iterable[str]) -> None:
        """As Turns.take_out."""
        for key in feeds:
            self._due.pop(key, None)
            self._retired.discard(key)

    def claim_feeds(self, now: datetime, until: datetime, limit: int) -> tuple[str, ...]:
        """As Turns.claim_feeds."""
        by_time = sorted(self._due.items(), key=lambda one: one[1])
        taken = tuple([key for key, at in by_time if at <= now.timestamp()][:limit])
        self._due.update(dict.fromkeys(taken, until.timestamp()))
        return taken

    def claim_these(self, seen: Mapping[str, float | None], until: datetime) -> tuple[str, ...]:
        """As Turns.claim_these."""
        taken = tuple(name for name, at in seen.items() if self._due.get(name) == at)
        self._due.update(dict.fromkeys(taken, until.timestamp()))
        return taken

    def take_turns(
        self, claimed: Sequence[Claimed], now: datetime, until: datetime
    ) -> tuple[Begun, ...]:
        """As Turns.take_turns."""
        begun: dict[str, Begun] = {}
        ours: set[str] = set()
        for one in claimed:
            if self._due.get(one.feed) == one.lease.timestamp():
                found = self._begin(one, now, until, ours)
                begun |= {one.feed: found} if found else {}
        return tuple(begun.values())

    def _begin(self, one: Claimed, now: datetime, until: datetime, ours: set[str]) -> Begun | None:
        state = self._states.get(one.feed, FeedState())
        host = urlsplit(state.move.url).hostname or one.host
        if host not in ours and (later := self._later(host, one.held, now)):
            self._due[one.feed] = later
            return None
        ours.add(host)
        self._held[host] = self._due[one.feed] = until.timestamp()
        return Begun(one.feed, host, state)

    def _later(self, host: str, hold: datetime | None, now: datetime) -> float:
        """When to come back for a host that must not be asked now; 0 for one that may."""
        at, latest = now.timestamp(), (now + LONGEST).timestamp()
        if at < (free := self._free.get(host, 0.0)) <= latest:
            return free
        held = self._held.get(host, 0.0)
        if at < held <= latest and not (hold and hold.timestamp() == held):
            return min(held, (now + COME_BACK).timestamp())
        return 0.0

    def free_hosts(self, freed: Sequence[Freed]) -> None:
        """As Turns.free_hosts."""
        for one in freed:
            if self._held.get(one.host) == one.held.timestamp():
                del self._held[one.host]
            self._free[one.host] = max(self._free.get(one.host, 0.0), one.at.timestamp())
            for each in one.left:
                if self._due.get(each.feed) == each.lease.timestamp():
                    self._due[each.feed] = one.at.timestamp()

    def note_turn(self, feed: str, state: FeedState) -> None:
        """When a feed is polled next, as its new state says."""
        if state.dead and not state.next_poll:
            self._due.pop(feed, None)
            self._retired.add(feed)
        elif state.next_poll and feed in self._due:
            self._due[feed] = state.next_poll.timestamp()
