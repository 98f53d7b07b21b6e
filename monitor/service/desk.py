"""The sending half of the service: receivers, their outboxes, the ledger, and silences."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TextIO

import structlog

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.core.notices import given_up
from monitor.core.schedule import DAY, LONGEST_WAIT
from monitor.edges import transports
from monitor.edges.net import AllowList, client
from monitor.edges.settings import Settings
from monitor.edges.store.redis import RedisStore
from monitor.service.canary import CanaryWatch
from monitor.service.clockwork import ClockWatch, utc_now
from monitor.service.reporting import Throttle, report_sent
from monitor.service.sending import Sender, Sent, Served

# Seconds by which the clocks of machines that share a store may differ.
_SKEW = 60.0

log = structlog.get_logger("monitor")


@dataclass
class Desk:
    """Everything about receivers. `out` is where the console channel writes. `retired`: another
    has taken over, and this one ends after the message in hand.
    """

    settings: Settings
    store: RedisStore
    allow: AllowList
    out: TextIO
    stopping: threading.Event = field(default_factory=threading.Event)
    retired: bool = field(default=False, init=False)
    _parked: Throttle = field(default_factory=lambda: Throttle(every=3_600))
    _giving_up: Throttle = field(default_factory=Throttle)
    begun: datetime = field(default_factory=utc_now)
    _watch: ClockWatch = field(default_factory=lambda: ClockWatch(time.time, time.monotonic))

    @cached_property
    def receivers(self) -> dict[str, Receiver]:
        """The configured receivers by name, with their channels' limits."""
        return {one.name: transports.limited(one) for one in self.settings.receivers}

    @cached_property
    def canary(self) -> CanaryWatch | None:
        """Watches for canaries, if any are sent."""
        canary = self.settings.canary
        return CanaryWatch(canary, self.store, self.notices, self.begun) if canary else None

    @cached_property
    def sender(self) -> Sender:
        """Sends what waits."""
        return Sender(
            self.store,
            utc_now,
            random.random,
            lambda: f"{socket.gethostname()} {uuid.uuid4().hex}",
            stopping=lambda: self.retired or self.stopping.is_set(),
            notify=self.notices,
            timeout=self.settings.timeout,
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """Who hears of receivers and feeds in trouble: those configured, else all that people
        read, else all.
        """
        if self.settings.notices is not None:
            return self.settings.notices
        people = [name for name, one in self.receivers.items() if transports.read_by_people(one)]
        return tuple(people or self.receivers)

    def successor(self, settings: Settings, allow: AllowList) -> Desk:
        """The same with other settings; what it has noticed and said goes on."""
        # Another canary is not missed before it had its time.
        begun = self.begun if settings.canary == self.settings.canary else utc_now()
        return replace(self, settings=settings, allow=allow, begun=begun)

    def canary_arrived(self, user_agent: str) -> None:
        """What follows where a canary was delivered; may take some seconds."""
        if self.canary:
            self.canary.tell_outside(self.allow, user_agent)

    def receiver(self, name: str) -> Receiver | None:
        """A configured receiver."""
        return self.receivers.get(name)

    def waiting(self) -> tuple[str, ...]:
        """The receivers for whom something is due; bounds are kept on the way.

        What waits for one that was taken out of the configuration stays where it is.
        """
        now = utc_now()
        self._keep_bounds(now)
        self.store.mark_alive("sweep", now)
        if self.canary:
            self.canary.look(now)
        due = self.store.due_receivers(now)
        for name in due:
            if self.receiver(name) is None and self._parked.lets(name):
                log.warning("deliveries wait for a receiver not configured any more", receiver=name)
        return tuple(name for name in due if self.receiver(name))

    def _keep_bounds(self, now: datetime) -> None:
        if not self._keep_archive(now):
            self.store.bound_ledger(
                now - self.settings.keep, self.store.room(self.settings.most_deliveries)
            )
        if (back := self._watch.set_back()) > 0 and self._first("clock", now):
            self.set_back(back)
        # No feed and no retry waits longer than this: what does, a jump of the clock put there.
        longest = max(self.settings.polling.max_interval, DAY) * 1.2
        self.store.trim(now, now + timedelta(seconds=longest))
        if self._giving_up.lets("up"):
            self._give_up(now)

    def _keep_archive(self, now: datetime) -> int:
        """Seal what was archived, within its bounds: those first, for a full server takes nothing.
        How many hours were given up; where any were, the ledger may have room enough by now.
        """
        settings = self.settings
        gone = self.store.bound_archive(now - settings.archive_keep, settings.archive_size)
        self.store.seal(now)
        return gone

    def look_back(self, now: datetime) -> None:
        """Where the clock was set back since anything ran, move what waits with it."""
        last = self.store.gauges(now, ()).alive.get("poll_due", 0.0)
        if (back := last - now.timestamp()) > _SKEW:
            self.set_back(back)

    def set_back(self, seconds: float) -> None:
        """The clock was set back by so much: what waits is moved with it."""
        log.warning("the clock was set back; what waits is moved with it", seconds=round(seconds))
        self.store.set_back(seconds)

    def _first(self, what: str, now: datetime) -> bool:
        """Whether nobody else does this within the minute: each process sees the clock jump."""
        return self.store.acquire(what, str(now.timestamp()), timedelta(seconds=60))

    def _give_up(self, now: datetime) -> None:
        """What has waited for longer than all its tries take is given up, and told."""
        for name in self.store.outboxes():
            if count := self.store.give_up(name, now, now - LONGEST_WAIT):
                log.error("deliveries given up: they waited too long", receiver=name, count=count)
                why = f"waited for {LONGEST_WAIT.days} days"
                self.store.put(given_up(name, why, dead=count, to=self.notices, now=now))

    def deliver(self, name: str) -> Served:
        """Send what is due to a receiver. One without a name only shows that there is somebody to
        do so.
        """
        receiver = self.receiver(name)
        served = asyncio.run(self._deliver(receiver)) if receiver else Served()
        self.store.mark_alive("deliver", utc_now())
        # What is left is for whoever has taken over meanwhile, at once.
        return replace(served, again=served.again or self.retired)

    async def _deliver(self, receiver: Receiver) -> Served:
        async with client(self.allow) as http:
            transport = transports.build(receiver, http, out=self.out, allow=self.allow)
            reports = transports.TRANSPORTS[receiver.type].reports
            return await self.sender.serve(receiver, transport, self._sent, reports)

    def _sent(self, sent: Sent) -> None:
        now = utc_now()
        report_sent(sent, now)
        if self.canary:
            self.canary.sent(sent, now)

    def send_once(self, receiver: Receiver, delivery: Delivery) -> Attempt:
        """One attempt past the store: for `send-test`."""

        async def send() -> Attempt:
            async with client(self.allow) as http:
                transport = transports.build(receiver, http, out=self.out, allow=self.allow)
                return await transport.send(delivery, utc_now())

        return asyncio.run(send())

    def redeliver(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Put deliveries into their outboxes anew; those that were."""
        now = utc_now()
        # A microsecond apart, so that they go out in the order given.
        times = [now - timedelta(microseconds=n) for n in range(len(ids) - 1, -1, -1)]
        pairs = zip(ids, times, strict=True)
        return tuple(one for one, at in pairs if self.store.redeliver(one, at))
