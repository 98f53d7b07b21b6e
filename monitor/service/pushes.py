"""What hubs push: checked at once, settled soon after, so that a hub never waits for us."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from monitor.core.errors import Unavailable
from monitor.core.models import Document, Feed
from monitor.core.websub import Drop, Subscription, check_signature
from monitor.edges.store.redis import RedisStore
from monitor.service.clockwork import utc_now
from monitor.service.pipeline import Polled
from monitor.service.reporting import report_poll

# Pushes settled at the same time, those that may wait, and how many bytes in all.
_HANDS, _WAITING, _BYTES = 4, 100, 64_000_000
# Seconds that those in hand have to end when the process does.
_LAST = 3.0

log = structlog.get_logger("monitor")


class Pusher(Protocol):
    """Parses, decides and commits what was pushed, and when."""

    def __call__(self, feed: Feed, document: Document, at: datetime, /) -> Polled:
        """What it came to."""
        ...


@dataclass
class Pushes:
    """Takes what hubs push, from any thread; settles it in threads of its own.

    `wake` hears of each receiver for whom something was put out, `trouble` of what went wrong,
    `after`, last of all, of what was committed.
    """

    store: RedisStore
    push: Pusher
    wake: Callable[[str], None]
    trouble: Callable[[Exception], None]
    after: Callable[[Polled], None] = lambda _: None
    _queue: queue.Queue[tuple[Feed, Document, datetime]] = field(
        default_factory=lambda: queue.Queue(_WAITING)
    )
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Start settling. The threads end with the process: polls make up for what is lost."""
        for number in range(_HANDS):
            threading.Thread(target=self._work, name=f"push-{number}", daemon=True).start()

    def close(self) -> None:
        """Let what is in hand or waits end, but not for long."""
        end = time.monotonic() + _LAST
        while self._queue.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.05)

    @property
    def full(self) -> bool:
        """Whether there is no room for another now."""
        return self._queue.full() or self._bytes >= _BYTES

    def take(
        self, one: Subscription, feed: Feed, body: bytes, kind: str, signature: str
    ) -> Drop | None:
        """Take what was pushed for a subscription, or tell why not. `kind`: its Content-Type."""
        if why := check_signature(one.secret, body, signature):
            return why
        try:
            self._queue.put_nowait((feed, Document(one.hub.topic, body, kind), utc_now()))
        except queue.Full:
            return Drop.BUSY
        self._count(len(body))
        return None

    def _count(self, size: int) -> None:
        with self._lock:
            self._bytes += size

    def _work(self) -> None:
        while True:
            feed, document, at = self._queue.get()
            try:
                self._settle(feed, document, at)
            except Exception as error:  # noqa: BLE001 - told there; a poll brings it all the same
                self.trouble(error)
            finally:
                self._count(-len(document.body))
                self._queue.task_done()

    def _settle(self, feed: Feed, document: Document, at: datetime) -> None:
        polled = self.push(feed, document, at)
        if not polled.committed:
            self.store.count_drop(Drop.UNREAD)
            return
        report_poll(polled, utc_now())
        for receiver in polled.receivers:
            self.wake(receiver)
        if polled.new:
            self.store.count_first("push", polled.new)
        self.after(polled)

    def drop(self, why: Drop) -> None:
        """Count what is not used; a store that is away does not keep a hub from its answer."""
        try:
            self.store.count_drop(why)
        except Unavailable as away:
            self.trouble(away)
