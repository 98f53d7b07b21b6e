"""The canary's way: how it is fetched, noted when it arrived, and missed when it does not.

What is decided about it stands in core/canary; it goes through all other rooms as news do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from monitor.core.canary import NAME, Canary, document, is_canary
from monitor.core.models import Delivery, Document, Failure, Feed, NotModified, Validators
from monitor.core.notices import canary_back, canary_missed
from monitor.edges.canary import ping, serving
from monitor.edges.fetch import Fetcher
from monitor.edges.net import AllowList, parse_allow
from monitor.service.reporting import Throttle
from monitor.service.sending import Sent

log = structlog.get_logger("monitor")


class CanaryFetcher(Fetcher):
    """A Fetcher that also brings the canary's feed: by HTTP like any other, from a server that
    stands for this one request, and from nowhere else.
    """

    async def fetch(
        self, feed: Feed, validators: Validators, at: str = ""
    ) -> Document | NotModified | Failure:
        """As Fetcher.fetch."""
        if not is_canary(feed):
            return await super().fetch(feed, validators, at)
        async with (
            serving(document(self._clock())) as address,
            Fetcher(parse_allow([address]), self._limits, self._clock) as fetcher,
        ):
            return await fetcher.fetch(feed, Validators(), f"http://{address}/")


class Store(Protocol):
    """What is needed of the store."""

    def canary(self) -> tuple[float, float]:
        """When a canary arrived last and since when one is missed, 0 for never and not."""
        ...

    def mark_alive(self, process: str, now: datetime) -> None:
        """Note that something happened just now."""
        ...

    def note_missed(self, since: datetime | None) -> bool:
        """Note since when a canary is missed, or that none is; whether that was news."""
        ...

    def put(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Put deliveries into the outbox."""
        ...


@dataclass
class CanaryWatch:
    """Notes which canaries arrived, and tells (`to`) when none does. `begun`: when this process
    began to watch.
    """

    canary: Canary
    store: Store
    to: Sequence[str]
    begun: datetime
    _arrived: threading.Event = field(default_factory=threading.Event)
    _failing: Throttle = field(default_factory=lambda: Throttle(every=3_600))

    def sent(self, sent: Sent, now: datetime) -> None:
        """Hear of an attempt to send anything."""
        if sent.attempt.ok and sent.delivery.alert.kind == NAME:
            self.store.mark_alive(NAME, now)
            self._arrived.set()

    def look(self, now: datetime) -> None:
        """Tell once that canaries are missed, and once that they arrive again."""
        last, missed = self.store.canary()
        since = self.canary.missed_since(last, self.begun, now)
        name = self.canary.receiver
        if since and not missed:
            self.store.put(canary_missed(self.canary, last, to=self.to, now=now))
            if self.store.note_missed(since):
                log.error("no canary arrives", receiver=name, every=str(self.canary.every))
        elif missed and last > missed:
            self.store.put(canary_back(self.canary, missed, last, to=self.to, now=now))
            if self.store.note_missed(None):
                log.info("canaries arrive again", receiver=name)

    def tell_outside(self, allow: AllowList, user_agent: str) -> None:
        """Ping, if a canary arrived since the last time; may take some seconds."""
        if not self.canary.ping or not self._arrived.is_set():
            return
        self._arrived.clear()
        why = asyncio.run(ping(self.canary.ping, allow, user_agent))
        if why and self._failing.lets("ping"):
            log.warning("the ping after a canary failed", why=why)
