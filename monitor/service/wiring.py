"""From settings to working parts. The only room that knows every other, and the clock."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TextIO

import structlog

from monitor import __version__
from monitor.core.batching import deal
from monitor.core.canary import apart, with_canary
from monitor.core.models import Document, Feed, FeedState
from monitor.core.rulebook import Rulebook
from monitor.core.triage import Policy
from monitor.edges.fetch import FetchLimits
from monitor.edges.net import AllowList
from monitor.edges.parsing import ParserProcess
from monitor.edges.rulebook import version_in
from monitor.edges.settings import Settings
from monitor.edges.store.records import Gauges
from monitor.edges.store.redis import RedisStore
from monitor.service.absences import tell_silence
from monitor.service.bounds import limits_of, parser_of, policy_of
from monitor.service.canary import CanaryFetcher
from monitor.service.checking import allowed, check, store_url
from monitor.service.clockwork import utc_now
from monitor.service.counting import Counted, Counting
from monitor.service.desk import Desk
from monitor.service.pipeline import Pipeline, Polled
from monitor.service.registering import Register
from monitor.service.reporting import Troubles, report_poll, report_pulse
from monitor.service.shadowing import Shadow, shadow_of
from monitor.service.visiting import Batch, Visitor

# Batches that may wait for a poller: more than are begun in a second, fewer than in a lease.
_BATCHES_WAITING = 20
# How much CPU time a document may take before it is set aside, to be read by a parser that
# is patient but steps back for others: a usual one takes a tenth of it.
_GLANCE, _STEP_BACK = timedelta(seconds=0.5), 10
# Celery's queues: polling, sending, and the ticks that start both.
QUEUES = ("poll", "deliver", "tick")

log = structlog.get_logger("monitor")


@dataclass(frozen=True, slots=True)
class Look:
    """What `status` shows: feed states and due times by feed key, and the store's gauges."""

    states: dict[str, FeedState]
    due: dict[str, float]
    gauges: Gauges


class Service:
    """The working parts of one process, each made when first needed."""

    def __init__(
        self,
        settings: Settings,
        *,
        out: TextIO | None = None,
        wake: Callable[[str], None] = lambda _: None,
        feeds: Callable[[], Iterable[Feed]] | None = None,
        before: Service | None = None,
        checked: bool = True,
    ) -> None:
        """`wake` hears of each receiver for whom a poll put something out. `feeds` are asked for
        when first needed, if they are not in the settings. `before`: whose place this one is to
        take, with its store, what it has noticed and, as far as it is the same, its rulebook.
        Without `checked` the rulebook is read when it is first needed: those who only look at what
        is there need it seldom, and it takes half a second.
        """
        self.settings = settings
        self.wake = wake
        if checked:
            self.rulebook, self.allow = check(settings, before.rulebook if before else None)
        # Read now, so that changes of it are noticed; compiled where it is needed, if it is.
        self.candidate = version_in(settings.shadow) if settings.shadow else ""
        self._feeds = feeds or (lambda: settings.feeds)
        self._out = out or sys.stdout
        if before:
            self._inherit(before)

    def _inherit(self, before: Service) -> None:
        self.store = before.store
        self.desk = before.desk.successor(self.settings, self.allow)
        if before.knows_feeds:
            self._register = before._register.successor(self._register)

    def made(self, part: str) -> bool:
        """Whether a part was needed so far."""
        return part in self.__dict__

    @property
    def knows_feeds(self) -> bool:
        """Whether the feeds were read."""
        return self.made("feeds") or bool(self.settings.feeds)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rulebook in force; raises BadInput with what is wrong with the configuration."""
        return check(self.settings)[0]

    @cached_property
    def allow(self) -> AllowList:
        """The private addresses that may be reached."""
        return allowed(self.settings)

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        """The configured feeds by key."""
        return {feed.key: feed for feed in self._feeds()}

    @cached_property
    def polled(self) -> Mapping[str, Feed]:
        """The feeds that are polled, by key: those configured, and the canary's."""
        return with_canary(self.feeds, self.settings.canary)

    @cached_property
    def store(self) -> RedisStore:
        """The store."""
        return RedisStore(store_url(self.settings))

    @cached_property
    def desk(self) -> Desk:
        """All that is about receivers."""
        return Desk(self.settings, self.store, self.allow, self._out)

    @property
    def user_agent(self) -> str:
        """Who asks, and how to reach whoever runs this."""
        contact = f"; {self.settings.contact}" if self.settings.contact else ""
        return self.settings.user_agent or f"monitor/{__version__} (news feed reader{contact})"

    @cached_property
    def policy(self) -> Policy:
        """What is told to whom."""
        return policy_of(self.settings, self.rulebook)

    @cached_property
    def shadow(self) -> Shadow | None:
        """The candidate rulebook that runs beside ours, if there is one that can."""
        return shadow_of(self.settings, self.store)

    @cached_property
    def parser(self) -> ParserProcess:
        """The killable parser, for what takes its time."""
        return parser_of(self.settings, nice=_STEP_BACK, keep=False)

    @cached_property
    def hasty(self) -> ParserProcess:
        """The one for all the rest, so that what takes its time holds up none of it."""
        return parser_of(self.settings, cpu=_GLANCE)

    @cached_property
    def pipeline(self) -> Pipeline:
        """One poll from its answer to its commit."""
        return Pipeline(
            store=self.store,
            parser=Counted(self.parser, "patient", self.counting),
            hasty=Counted(self.hasty, "quick", self.counting),
            policy=self.policy,
            polling=self.settings.polling,
            clock=utc_now,
            jitter=random.random,
            notices=self.desk.notices,
            apart=apart(self.settings.canary, self.rulebook),
        )

    @cached_property
    def visitor(self) -> Visitor:
        """Polls, many hosts at a time."""
        return self.visitor_telling(self._polled, Troubles("poll ended by a bug"))

    def visitor_telling(
        self, done: Callable[[Polled], None], trouble: Callable[[Exception], None]
    ) -> Visitor:
        """One that tells of its polls; `done`, `trouble`: as in Visitor."""

        def counted(polled: Polled) -> None:
            self.counting.polled(polled)
            done(polled)

        return Visitor(
            pipeline=self.pipeline,
            store=self.store,
            feeds=self.polled,
            connect=lambda: CanaryFetcher(self.allow, self.limits, utc_now),
            clock=utc_now,
            gap=self.settings.host_gap,
            lease=self.lease,
            done=counted,
            trouble=trouble,
            fetched=self.counting.fetched,
            tally=self.counting.hand_over,
        )

    @cached_property
    def counting(self) -> Counting:
        """What this process counts."""
        return Counting(self.store.count)

    @property
    def limits(self) -> FetchLimits:
        """How far a fetch may go."""
        return limits_of(self.settings, self.user_agent)

    @property
    def lease(self) -> timedelta:
        """How long a feed stays with whoever took it to be polled."""
        return 2 * (self.settings.deadline + self.settings.limits.parse_time)

    def close(self) -> None:
        """Let go of what was made."""
        for name in ("visitor", "counting", "store", "parser", "hasty"):
            if self.made(name):
                self.__dict__.pop(name).close()

    def retire(self) -> None:
        """Another has taken over: come back when what is in hand has ended, with nothing left
        open but the store.
        """
        self.desk.retired = True
        if self.knows_feeds:
            self.visitor.retire()
            self.counting.close()
            self.parser.close()
            self.hasty.close()

    # -- polling ---------------------------------------------------------------------

    def claim_batches(self) -> list[Batch]:
        """Claim the feeds whose time has come, dealt out by host; no more than the pollers can
        have begun before the leases end.
        """
        now = utc_now()
        self._register.keep(now, self.desk.look_back)
        self.store.mark_alive("poll_due", now)
        room = _BATCHES_WAITING - self.store.queue_length("poll")
        if room <= 0:
            return []
        until = now + self.lease
        claimed = self.store.claim_feeds(now, until, room * self.settings.batch)
        ours = [self.polled[key] for key in claimed if key in self.polled]
        # In no fixed order: of a host's batches only one finds it free, and it must not always be
        # the same.
        chunks = deal(random.sample(ours, len(ours)), self.settings.batch)
        return [Batch(tuple(feed.key for feed in one), until.timestamp()) for one in chunks]

    @cached_property
    def _register(self) -> Register:
        return Register(self.store, self.polled.keys(), self.settings.polling.interval)

    def poll(self, batch: Batch) -> bool:
        """Begin to poll a batch; comes back when there is room for another. False when it was
        not begun, for another has taken over. An empty one only shows that somebody would take it.
        """
        taken = not batch.feeds or self.visitor.poll(batch)
        self.store.mark_alive("poll", utc_now())
        return taken

    def push(self, feed: Feed, document: Document, at: datetime) -> Polled:
        """What a feed's hub brought, settled."""
        polled = self.pipeline.push(feed, document, at)
        self.counting.brought(polled)
        return polled

    def _polled(self, polled: Polled) -> None:
        report_poll(polled, utc_now())
        until = polled.before.push.until
        if polled.new and until and until > utc_now():
            self.store.count_first("poll", polled.new)
        for receiver in polled.receivers:
            self.wake(receiver)
        if self.shadow:
            self.shadow(polled)

    def pulse(self) -> None:
        """Say how the feeds are, and tell of those that fell silent."""
        report_pulse(*self.store.health(list(self.feeds)), len(self.feeds))
        tell_silence(self.store, self.feeds, self.desk.notices, utc_now())

    # -- looking ---------------------------------------------------------------------

    def look(self) -> Look:
        """How everything stands just now; raises Unavailable without the store."""
        keys = list(self.feeds)
        states, due = self.store.feed_states(keys), self.store.due_times(keys)
        return Look(states, due, self.store.gauges(utc_now(), QUEUES))
