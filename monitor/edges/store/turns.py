"""Whose turn it is: feeds by their due times, and the hosts that serve them by theirs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.core.models import Begun, Claimed, FeedState, Freed
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected
from monitor.edges.store.records import COME_BACK, FEED_STATE, LONGEST, RETIRED
from monitor.edges.store.scripts import BEGIN, CLAIM, CLAIM_THESE, FREE

_TURNS = [keys.DUE, keys.HOSTS, keys.HELD]
# Feeds in one command: the server must not be busy with one of us for long.
_CHUNK = 2_000


class Turns(Connected):
    """Whose turn it is."""

    def register(self, due: Mapping[str, datetime], *, prune: bool = True) -> None:
        """Make these feeds take turns: new ones at the given time, known ones as they do, those
        given up as dead none.

        `prune`: others take none any more, the dead have one more, and no host is waited for: the
        clock may have been set meanwhile.
        """
        with self.reached():
            if prune:
                self._prune(due.keys())
                self._redis.delete(keys.HOSTS, keys.HELD)
            dead = set() if prune else self._retired()
            names = [name for name in due if name not in dead]
            for at in range(0, len(names), _CHUNK):
                part = {key: due[key].timestamp() for key in names[at : at + _CHUNK]}
                self._redis.zadd(keys.DUE, part, nx=True)

    def take_out(self, feeds: Iterable[str]) -> None:
        """Have these feeds take no turns any more."""
        with self.reached():
            self._take_out(list(feeds))

    def _prune(self, kept: Iterable[str]) -> None:
        self._take_out(list(set(self._redis.zrange(keys.DUE, 0, -1)) - set(kept)))

    def _take_out(self, gone: Sequence[str]) -> None:
        for at in range(0, len(gone), _CHUNK):
            self._redis.zrem(keys.DUE, *gone[at : at + _CHUNK])
            for noted in (keys.FAILING, keys.HUSHED):
                self._redis.hdel(noted, *gone[at : at + _CHUNK])

    def _retired(self) -> set[str]:
        failing = self._redis.hgetall(keys.FAILING)
        return {name for name, outcome in failing.items() if outcome == RETIRED}

    def claim_feeds(self, now: datetime, until: datetime, limit: int) -> tuple[str, ...]:
        """Take up to `limit` feeds whose time has come; nobody else gets them before `until`."""
        with self.reached():
            run = self._redis.register_script(CLAIM)
            return tuple(run(keys=_TURNS, args=[now.timestamp(), until.timestamp(), limit]))

    def claim_these(self, seen: Mapping[str, float | None], until: datetime) -> tuple[str, ...]:
        """Take these feeds before their time, if each one's turn is still when it was seen to be
        (epoch seconds, None: it takes none); nobody else gets them before `until`.
        """
        lines = [
            text for name, at in seen.items() for text in (name, "" if at is None else repr(at))
        ]
        with self.reached():
            run = self._redis.register_script(CLAIM_THESE)
            parts = (lines[at : at + _CHUNK] for at in range(0, len(lines), _CHUNK))
            return tuple(
                one for part in parts for one in run(keys=_TURNS, args=[until.timestamp(), *part])
            )

    def take_turns(
        self, claimed: Sequence[Claimed], now: datetime, until: datetime
    ) -> tuple[Begun, ...]:
        """Those of the feeds that are still ours and whose host may be asked now: held, with
        their hosts, until `until`, and with what is remembered of them.

        The others are left to whoever has them, or to the time when their host may be asked.
        """
        back, latest = now + COME_BACK, now + LONGEST
        times = [one.timestamp() for one in (now, until, back, latest)]
        args: list[str | float] = [*times, keys.FEED]
        for one in claimed:
            args += [one.feed, one.host, one.lease.timestamp(), _stamp(one.held)]
        with self.reached():
            begun = self._redis.register_script(BEGIN)(keys=_TURNS, args=args) if claimed else []
        return tuple(
            Begun(name, host, FEED_STATE.validate_json(state) if state else FeedState())
            for name, host, state in begun
        )

    def free_hosts(self, freed: Sequence[Freed]) -> None:
        """Let go of hosts, and of feeds of theirs that were not polled."""
        if not freed:
            return
        lines = [
            [one.host, repr(one.held.timestamp()), repr(one.at.timestamp())]
            + [text for each in one.left for text in (each.feed, repr(each.lease.timestamp()))]
            for one in freed
        ]
        with self.reached():
            self._redis.register_script(FREE)(keys=_TURNS, args=[json.dumps(lines)])


def _stamp(moment: datetime | None) -> str:
    return str(moment.timestamp()) if moment else ""
