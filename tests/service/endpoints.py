"""The endpoint for hubs and its loop, in a thread, with a clock that the test sets."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from monitor.core import models
from monitor.core.commit import Commit
from monitor.core.models import Document, Feed, FeedState, Push
from monitor.core.websub import Endpoint, Stage, Subscription
from monitor.edges.hubs import Hubs
from monitor.edges.net import parse_allow
from monitor.edges.store.redis import RedisStore
from monitor.service.agreeing import Agreements
from monitor.service.pipeline import Polled
from monitor.service.pushes import Pushes
from monitor.service.subscribing import Desk
from tests import make
from tests.service.running import wait_until

KEY = make.FEED.key
TOPIC = "https://sahel.example/feed"


@dataclass
class Clock:
    """Goes on from now, and leaps where the test wants it to."""

    ahead: float = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


@dataclass
class Taken:
    """Stands for the pipeline: notes what is pushed; `hold` keeps it busy."""

    documents: list[Document] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    committed: bool = True

    def __call__(self, feed: Feed, document: Document, at: datetime) -> Polled:
        assert self.hold.wait(20)
        self.documents.append(document)
        state = FeedState()
        return Polled(feed, state, state, committed=self.committed, receivers=("desk",))


class Endpoints:
    """The endpoint and its loop, in a thread, until the `with` ends."""

    def __init__(self, store: RedisStore, feeds: dict[str, Feed], **more: Any) -> None:
        self.store, self.feeds = store, feeds
        self.clock, self.taken = Clock(), Taken()
        self.taken.hold.set()
        self.woken: list[str] = []
        self.troubles: list[Exception] = []
        self.allow_http = bool(more.get("allow_http", True))
        self.most = int(more.get("most", 10_000))
        self.endpoint = Endpoint(
            "", "127.0.0.1", free_port(), timedelta(days=10), allow_http=self.allow_http
        )
        self.base = f"http://127.0.0.1:{self.endpoint.port}/push"
        self.endpoint = replace(self.endpoint, callback=self.base)
        self._ready, self._over = threading.Event(), threading.Event()
        self._failed: list[BaseException] = []

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        assert not self._failed

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failed.append(error)
            raise

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            allow = parse_allow(["127.0.0.0/8"])
            hubs = Hubs(
                allow,
                user_agent="us",
                deadline=1.0,
                allow_http=self.allow_http,
                clock=self.clock,
            )
            await stack.enter_async_context(hubs)
            self.pushes = Pushes(self.store, self.taken, self.woken.append, self.troubles.append)
            self.agreements = Agreements(
                store=self.store,
                feeds=self.feeds,
                endpoint=self.endpoint,
                ask=hubs.ask,
                clock=self.clock,
                jitter=lambda: 0.0,
                gap=timedelta(milliseconds=10),
                trouble=self.troubles.append,
            )
            stack.push_async_callback(self.agreements.close)
            self.pushes.begin()
            desk = Desk(self.agreements, self.pushes, self.most, self.troubles.append)
            await desk.open(self.endpoint, stack)
            self._ready.set()
            while not self._over.is_set():
                await self.agreements.look(prune=True)
                await self.agreements.tick()
                await asyncio.sleep(0.05)

    @property
    def one(self) -> Subscription:
        """The subscription of FEED."""
        return self.store.subscriptions([KEY])[KEY]

    def becomes(self, stage: Stage, **more: object) -> Subscription:
        """Wait until the subscription of FEED is so."""

        def there() -> bool:
            one = self.store.subscriptions([KEY]).get(KEY)
            named = {name: getattr(one, name) for name in more} if one else {}
            return one is not None and one.state is stage and named == more

        wait_until(there, 10, f"{stage} {more}")
        return self.one

    def dropped(self) -> dict[str, int]:
        """Pushes that were not used, by reason."""
        return self.store.gauges(self.clock(), ()).websub.dropped


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def names_hub(store: RedisStore, url: str, *, topic: str = TOPIC) -> None:
    """A poll of FEED that found this hub."""
    before = store.feed_state(KEY)
    push = Push(models.Hub(url, topic))
    after = make.state(before.revision + 1, push=push)
    assert store.commit(Commit(KEY, make.FEED.url, after))
