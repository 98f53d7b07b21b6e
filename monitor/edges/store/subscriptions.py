"""Subscriptions to hubs: what was agreed with whom, what is due, and what pushing came to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitor.core.models import Hub
from monitor.core.websub import Drop, Subscription
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected
from monitor.edges.store.records import FEED_STATE, SUBSCRIPTION, Tally
from monitor.edges.store.scripts import EACH

# Seconds for which a hub may still ask whether a subscription is to end.
_LEFT_TTL = 3_600


class Subscriptions(Connected):
    """A subscription for each feed whose hub is asked to push."""

    def hubs(self, feeds: Sequence[str]) -> dict[str, Hub]:
        """The hubs that these feeds named when they were polled last."""
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for feed in feeds:
                pipe.hget(keys.feed(feed), "state")
            lines = zip(feeds, pipe.execute(), strict=True)
        # Most feeds have none, and need not be read in full.
        told = [(feed, line) for feed, line in lines if line and '"push"' in line]
        found = {feed: FEED_STATE.validate_json(line).push.hub for feed, line in told}
        return {feed: hub for feed, hub in found.items() if hub.url}

    def subscriptions(self, feeds: Sequence[str]) -> dict[str, Subscription]:
        """Those of these feeds, by feed."""
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for feed in feeds:
                pipe.hget(keys.subscription(feed), "record")
            found = [SUBSCRIPTION.validate_json(line) for line in pipe.execute() if line]
        return {one.feed: one for one in found}

    def subscribed(self) -> frozenset[str]:
        """All feeds that have a subscription."""
        with self.reached():
            return frozenset(self._redis.hkeys(keys.WEBSUB_STATES))

    def due_subscriptions(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Feeds for whose subscription something is to be done, the longest due first."""
        with self.reached():
            at = now.timestamp()
            return tuple(self._redis.zrangebyscore(keys.WEBSUB_DUE, "-inf", at, 0, limit))

    def save_subscription(self, one: Subscription) -> bool:
        """Write it, or return False: somebody else did since it was read."""
        key = keys.subscription(one.feed)
        record = SUBSCRIPTION.dump_json(one, exclude_defaults=True).decode()
        commands = [
            ["HSET", key, "rev", str(one.revision), "record", record],
            ["ZADD", keys.WEBSUB_DUE, repr(one.due.timestamp()), one.feed],
            ["HSET", keys.WEBSUB_STATES, one.feed, one.state.value],
        ]
        return self._if_unchanged(key, one.revision - 1, commands)

    def leave(self, one: Subscription) -> bool:
        """Forget it, but for what its hub may still ask; False when it has changed."""
        key = keys.subscription(one.feed)
        commands = [
            ["SET", keys.left(one.token), one.hub.topic, "EX", str(_LEFT_TTL)],
            ["DEL", key],
            ["ZREM", keys.WEBSUB_DUE, one.feed],
            ["HDEL", keys.WEBSUB_STATES, one.feed],
        ]
        return self._if_unchanged(key, one.revision, commands)

    def _if_unchanged(self, key: str, revision: int, commands: list[list[str]]) -> bool:
        with self.reached():
            run = self._redis.register_script(EACH)
            args = ["rev", str(revision or ""), json.dumps(commands)]
            return bool(run(keys=[key], args=args)[0])

    def left_topic(self, token: str) -> str:
        """The topic of a subscription that was left lately; "" where there is none."""
        with self.reached():
            return self._redis.get(keys.left(token)) or ""

    # -- counting --------------------------------------------------------------------

    def count_first(self, by: str, entries: int) -> None:
        """Count entries of a subscribed feed that a "push" or a "poll" brought first."""
        with self.reached():
            self._redis.hincrby(keys.WEBSUB_FIRST, by, entries)

    def count_drop(self, why: Drop) -> None:
        """Count something that was pushed and not used."""
        with self.reached():
            self._redis.hincrby(keys.WEBSUB_DROPPED, why.value, 1)


def tally(redis: Any) -> Tally:
    """What pushing came to, read over an open connection."""
    first, dropped = redis.hgetall(keys.WEBSUB_FIRST), redis.hgetall(keys.WEBSUB_DROPPED)
    return Tally(
        dict(Counter(redis.hvals(keys.WEBSUB_STATES))),
        {by: int(first.get(by, 0)) for by in ("push", "poll")},
        {why: int(count) for why, count in sorted(dropped.items())},
    )
