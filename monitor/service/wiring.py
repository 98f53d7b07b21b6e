"""From settings to working parts. The only room that knows every other, and the clock."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TextIO

import structlog

from monitor.core.batching import by_host, deal
from monitor.core.dedupe import claims
from monitor.core.identity import identify
from monitor.core.models import Entry, Feed, FeedState
from monitor.core.parse import ParseLimits
from monitor.core.rulebook import Rulebook
from monitor.core.triage import Policy
from monitor.edges.fetch import Fetcher, FetchLimits
from monitor.edges.parsing import ParserProcess
from monitor.edges.settings import Settings
from monitor.edges.store.records import Gauges, StoredStory
from monitor.edges.store.redis import RedisStore
from monitor.service.checking import check, store_url
from monitor.service.clockwork import utc_now
from monitor.service.desk import Desk
from monitor.service.pipeline import Pipeline, Polled
from monitor.service.reporting import Throttle, report_poll, report_pulse

# How many feeds one tick hands out at most; the next tick follows a second later.
_FEEDS_A_TICK = 2_000
# Celery's queues: polling, sending, and the ticks that start both.
QUEUES = ("poll", "deliver", "tick")
# What may come on top of a fetch: parsing is killed after 20 s.
_PARSE_AND_COMMIT = timedelta(seconds=30)
# How many hosts of one batch are asked at the same time.
_HOSTS_AT_ONCE = 25

log = structlog.get_logger("monitor")


def policy_of(settings: Settings, rulebook: Rulebook) -> Policy:
    """What is told to whom, as it was configured."""
    return Policy(
        rulebook,
        settings.routes,
        settings.fresh,
        settings.max_age,
        settings.windows,
        settings.silences,
        {one.name: one.cadence for one in settings.receivers},
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Feeds claimed together, by key, and the lease (epoch seconds) they are held by."""

    feeds: tuple[str, ...]
    lease: float


@dataclass(frozen=True, slots=True)
class Look:
    """What `status` shows: feed states and due times by feed key, and the store's gauges."""

    states: dict[str, FeedState]
    due: dict[str, float]
    gauges: Gauges


class Service:
    """The working parts of one process, each made when first needed."""

    def __init__(self, settings: Settings, *, out: TextIO | None = None) -> None:
        self.settings = settings
        self.rulebook, self.allow = check(settings)
        self.feeds = {feed.key: feed for feed in settings.feeds}
        self._out = out or sys.stdout
        self._registering = Throttle(every=60)
        self._registered = False

    @cached_property
    def store(self) -> RedisStore:
        """The store."""
        return RedisStore(store_url(self.settings))

    @cached_property
    def desk(self) -> Desk:
        """All that is about receivers."""
        return Desk(self.settings, self.store, self.allow, self._out)

    @cached_property
    def policy(self) -> Policy:
        """What is told to whom."""
        return policy_of(self.settings, self.rulebook)

    @cached_property
    def parser(self) -> ParserProcess:
        """The killable parser."""
        return ParserProcess(limits=ParseLimits(entries=self.settings.max_entries))

    @cached_property
    def pipeline(self) -> Pipeline:
        """One poll from fetch to commit."""
        return Pipeline(
            store=self.store,
            parser=self.parser,
            policy=self.policy,
            polling=self.settings.polling,
            clock=utc_now,
            jitter=random.random,
            lease=self.settings.deadline + _PARSE_AND_COMMIT,
        )

    def close(self) -> None:
        """Let go of what was made."""
        for name in ("store", "parser"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    # -- polling ---------------------------------------------------------------------

    def claim_batches(self) -> list[Batch]:
        """Claim the feeds whose time has come, dealt out so that a host is in one batch."""
        now = utc_now()
        self._register(now)
        until = now + self.pipeline.lease
        claimed = self.store.claim_feeds(now, until, _FEEDS_A_TICK)
        self.store.mark_alive("poll_due", now)
        ours = [self.feeds[key] for key in claimed if key in self.feeds]
        chunks = deal(ours, self.settings.batch)
        return [Batch(tuple(feed.key for feed in one), until.timestamp()) for one in chunks]

    def _register(self, now: datetime) -> None:
        """Make the configured feeds take turns, again every minute.

        Only the first time others are taken out: an instance with another configuration
        puts its own back within a minute.
        """
        if self._registering.lets("again"):
            self.store.register(dict.fromkeys(self.feeds, now), prune=not self._registered)
            self._registered = True

    def poll(self, batch: Batch, wake: Callable[[str], None]) -> list[Polled]:
        """Poll a batch; `wake` hears of each receiver for whom something was put out."""
        polled = asyncio.run(self._poll(batch, wake))
        self.store.mark_alive("poll", utc_now())
        return polled

    async def _poll(self, batch: Batch, wake: Callable[[str], None]) -> list[Polled]:
        lease = datetime.fromtimestamp(batch.lease, UTC)
        feeds = [self.feeds[key] for key in batch.feeds if key in self.feeds]
        turn = asyncio.Semaphore(_HOSTS_AT_ONCE)

        trouble: list[Exception] = []

        async def visit(host: Sequence[Feed]) -> list[Polled | None]:
            async with turn:
                return [await try_one(feed) for feed in host]

        async def try_one(feed: Feed) -> Polled | None:
            try:
                return await self._visit(feed, lease, fetcher, wake)
            except Exception as bug:  # noqa: BLE001 - raised again below
                # Told loudly below; the other feeds of the host have their turn first.
                trouble.append(bug)
                return None

        async with Fetcher(self.allow, self._limits(), utc_now) as fetcher:
            ended = await asyncio.gather(*(visit(host) for host in by_host(feeds)))
        if trouble:
            raise trouble[0]
        return [one for host in ended for one in host if one]

    def _limits(self) -> FetchLimits:
        one = self.settings
        limits = FetchLimits(deadline=one.deadline.total_seconds(), max_body=one.max_body)
        return replace(limits, user_agent=one.user_agent) if one.user_agent else limits

    async def _visit(
        self, feed: Feed, lease: datetime, fetcher: Fetcher, wake: Callable[[str], None]
    ) -> Polled | None:
        polled = await self.pipeline.poll(feed, lease, fetcher)
        if polled:
            report_poll(polled, utc_now())
            for receiver in polled.receivers if polled.committed else ():
                wake(receiver)
        return polled

    def pulse(self) -> None:
        """Say how the feeds are."""
        report_pulse(self.store.feed_states(list(self.feeds)), len(self.feeds))

    # -- looking ---------------------------------------------------------------------

    def look(self) -> Look:
        """How everything stands just now; raises Unavailable without the store."""
        keys = list(self.feeds)
        states, due = self.store.feed_states(keys), self.store.due_times(keys)
        return Look(states, due, self.store.gauges(utc_now(), QUEUES))

    def find_story(self, link: str) -> StoredStory | None:
        """The remembered story behind a link."""
        entry = Entry(feed="", id=link, title=link, link=link)
        names = claims(identify([entry])[0])
        return self.store.story_of(names[0])
