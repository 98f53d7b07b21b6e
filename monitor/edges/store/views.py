"""The looking side of the store: what people ask, and keeping it within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

from monitor.core.latency import PARTS, Histogram
from monitor.core.models import DeliveryState, FeedState, Seen
from monitor.core.pacing import set_back
from monitor.edges.store import keys
from monitor.edges.store.attempts import TROUBLE
from monitor.edges.store.connection import Connected
from monitor.edges.store.polls import STORY_TTL
from monitor.edges.store.records import (
    CONDITION,
    FEED_STATE,
    Gauges,
    StoredStory,
    read_seen,
    read_story,
)
from monitor.edges.store.scripts import SET_BACK
from monitor.edges.store.shadows import shadow_counts
from monitor.edges.store.subscriptions import tally

# Hosts that are shown at most.
_HOSTS = 100
# Days for which deliveries are counted one by one.
_DAYS = 14
# Feeds in one command: the server must not be busy with one of us for long.
_CHUNK = 2_000


class Views(Connected):
    """What people ask, and keeping it within bounds."""

    def feed_states(self, feeds: Sequence[str]) -> dict[str, FeedState]:
        """The state of each feed that was polled at least once, by feed key."""
        with self.reached():
            parts = (feeds[at : at + _CHUNK] for at in range(0, len(feeds), _CHUNK))
            found = chain.from_iterable(map(self._states, parts))
            return {feed: FEED_STATE.validate_json(state) for feed, state in found if state}

    def _states(self, feeds: Sequence[str]) -> list[tuple[str, str | None]]:
        pipe = self._redis.pipeline(transaction=False)
        for feed in feeds:
            pipe.hget(keys.feed(feed), "state")
        return list(zip(feeds, pipe.execute(), strict=True))

    def health(self, feeds: Sequence[str]) -> tuple[dict[str, int], int]:
        """How many of these feeds cannot be read (by outcome) or are silent, and how many were
        polled ever.

        Counted by the server: it is asked every minute, of a hundred thousand feeds too.
        """
        with self.reached():
            failing = Counter(self._redis.hgetall(keys.FAILING).values())
            parts = (feeds[at : at + _CHUNK] for at in range(0, len(feeds), _CHUNK))
            polled = sum(self._redis.exists(*map(keys.feed, part)) for part in parts)
        return dict(failing), polled

    def waiting_hosts(self, after: datetime) -> dict[str, datetime]:
        """Hosts that are left alone for longer than until `after`: a hundred at most, the longest
        first.
        """
        with self.reached():
            found = self._redis.zrevrangebyscore(
                keys.HOSTS, "+inf", after.timestamp(), 0, _HOSTS, withscores=True
            )
            return {host: datetime.fromtimestamp(at, UTC) for host, at in found}

    def due_times(self, feeds: Sequence[str]) -> dict[str, float]:
        """When each feed's next turn is (epoch seconds), leases included."""
        with self.reached():
            times = self._redis.zmscore(keys.DUE, list(feeds)) if feeds else []
            return {feed: at for feed, at in zip(feeds, times, strict=True) if at is not None}

    def stories(self, since: datetime) -> tuple[StoredStory, ...]:
        """The stories first seen at `since` or later, oldest first."""
        with self.reached():
            ids = self._redis.zrangebyscore(keys.STORIES, since.timestamp(), "+inf")
            pipe = self._redis.pipeline(transaction=False)
            for one in ids:
                pipe.hgetall(keys.story(one))
            stored = [read_story(fields) for fields in pipe.execute()]
        return tuple(one for one in stored if one)

    def story_of(self, claim: str) -> StoredStory | None:
        """The story that holds a claim, if any does."""
        with self.reached():
            story_id = self._redis.get(keys.claim(claim))
            return read_story(self._redis.hgetall(keys.story(story_id))) if story_id else None

    def remembered(self, feeds: Sequence[str], names: Sequence[str]) -> dict[str, Seen]:
        """The feeds that are remembered to have shown an entry of one of these names
        (Identity.id), each with what is remembered of it.
        """
        found: dict[str, Seen] = {}
        with self.reached():
            for at in range(0, len(feeds), _CHUNK):
                part = feeds[at : at + _CHUNK]
                pipe = self._redis.pipeline(transaction=False)
                for feed in part:
                    pipe.hmget(keys.seen(feed), list(names))
                for feed, lines in zip(part, pipe.execute(), strict=True):
                    if line := next(filter(None, lines), None):
                        found[feed] = read_seen(line)
        return found

    def mark_alive(self, process: str, now: datetime) -> None:
        """Note that a part of the service did its work just now."""
        with self.reached():
            self._redis.hset(keys.ALIVE, process, str(now.timestamp()))

    def trim(self, now: datetime, horizon: datetime) -> None:
        """Forget the index entries of what has expired, and make due now what waits for a
        time beyond the horizon: a clock that ran ahead put it there.
        """
        with self.reached():
            at = now.timestamp()
            self._redis.zremrangebyscore(keys.STORIES, "-inf", at - STORY_TTL)
            boxes = [keys.outbox(one) for one in self._redis.smembers(keys.RECEIVERS)]
            for box in (keys.DUE, *boxes):
                if far := self._redis.zrangebyscore(box, f"({horizon.timestamp()}", "+inf"):
                    self._redis.zadd(box, dict.fromkeys(far, at), xx=True)

    def set_back(self, seconds: float) -> None:
        """Move back by so much all that waits: the clock it was timed by was set back."""
        with self.reached():
            run = self._redis.register_script(SET_BACK)
            for one in (keys.DUE, keys.HOSTS, keys.HELD, keys.WEBSUB_DUE):
                run(keys=[one], args=[seconds, ""])
            for one in self._redis.smembers(keys.RECEIVERS):
                run(keys=[keys.outbox(one)], args=[seconds, keys.DELIVERY])
                if found := self._redis.get(keys.condition(one)):
                    moved = set_back(CONDITION.validate_json(found), seconds)
                    self._redis.set(keys.condition(one), CONDITION.dump_json(moved))

    def bound_queue(self, queue: str, longest: int) -> None:
        """Drop the oldest messages of one of Celery's queues beyond so many."""
        with self.reached():
            self._redis.ltrim(f"{keys.BROKER_PREFIX}{queue}", 0, longest - 1)

    def queue_length(self, queue: str) -> int:
        """How many messages wait in one of Celery's queues."""
        with self.reached():
            return int(self._redis.llen(f"{keys.BROKER_PREFIX}{queue}"))

    def gauges(self, now: datetime, queues: Sequence[str]) -> Gauges:
        """How full and how far behind the store is."""
        with self.reached():
            return self._gauges(now.timestamp(), queues)

    def _gauges(self, now: float, queues: Sequence[str]) -> Gauges:
        server = self._redis.info()
        receivers = sorted(self._redis.smembers(keys.RECEIVERS))
        first = self._redis.zrange(keys.DUE, 0, 0, withscores=True)
        return Gauges(
            reachable=True,
            due=self._redis.zcount(keys.DUE, "-inf", now),
            overdue=max(0.0, now - first[0][1]) if first else 0.0,
            outboxes={one: self._redis.zcard(keys.outbox(one)) for one in receivers},
            oldest_delivery={one: self._oldest(one, now) for one in receivers},
            counts={one: self._counts(one) for one in receivers},
            troubles={one: said for one in receivers if (said := self._trouble(one))},
            closed={one: at for one in receivers if (at := self._closed(one)) > now},
            broker={one: self._redis.llen(f"{keys.BROKER_PREFIX}{one}") for one in queues},
            latency=tuple(float(one) for one in self._redis.lrange(keys.LATENCY, 0, -1)),
            spent={one: Histogram.read(self._redis.hgetall(keys.spent(one))) for one in PARTS},
            counted={k: int(by) for k, by in self._redis.hgetall(keys.COUNTED).items()},
            alive={name: float(at) for name, at in self._redis.hgetall(keys.ALIVE).items()},
            stories=self._redis.zcard(keys.STORIES),
            memory=int(server["used_memory"]),
            max_memory=int(server.get("maxmemory", 0)),
            policy=str(server.get("maxmemory_policy", "")),
            persistent=bool(server.get("aof_enabled")),
            version=str(server.get("valkey_version") or server.get("redis_version")),
            websub=tally(self._redis),
            shadow=shadow_counts(self._redis),
            decided=self._decided(now),
            missed=float(self._redis.get(keys.CANARY) or 0),
        )

    def _decided(self, now: float) -> dict[date, int]:
        """How many deliveries were decided on each of the last days, the earliest first."""
        today = datetime.fromtimestamp(now, UTC).date()
        days = [today - timedelta(days=back) for back in range(_DAYS - 1, -1, -1)]
        pipe = self._redis.pipeline(transaction=False)
        for day in days:
            at = datetime.combine(day, time(), UTC).timestamp()
            pipe.zcount(keys.DELIVERIES, at, f"({at + 86_400}")
        return dict(zip(days, pipe.execute(), strict=True))

    def _oldest(self, receiver: str, now: float) -> float:
        """Seconds that the longest waiting delivery of a receiver is overdue; notices, which stand
        before all and for no moment, are left out.
        """
        box = keys.outbox(receiver)
        first = self._redis.zrangebyscore(box, "(0", "+inf", start=0, num=1, withscores=True)
        return max(0.0, now - first[0][1]) if first else 0.0

    def _closed(self, receiver: str) -> float:
        """Until when nothing is sent to a receiver."""
        found = self._redis.get(keys.condition(receiver))
        return CONDITION.validate_json(found).closed if found else 0.0

    def _trouble(self, receiver: str) -> str | None:
        said: str | None = self._redis.hget(keys.count(receiver), TROUBLE)
        return said

    def _counts(self, receiver: str) -> dict[DeliveryState, int]:
        found = self._redis.hgetall(keys.count(receiver))
        return {state: int(found.get(state.value, 0)) for state in DeliveryState}
