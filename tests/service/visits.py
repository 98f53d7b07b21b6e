"""A visitor over a store in memory, and a web that answers as it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest

from monitor.core.models import (
    Claimed,
    Document,
    Failure,
    Feed,
    NotModified,
    PollOutcome,
    Validators,
)
from monitor.core.polling import Polling
from monitor.core.triage import Policy
from monitor.edges.rulebook import load_rulebook
from monitor.edges.store.memory import MemoryStore
from monitor.service import visiting
from monitor.service.counting import Counting
from monitor.service.pipeline import Pipeline, Polled
from monitor.service.visiting import Batch, Visitor
from tests import make
from tests.service.fakes import Hasty, Parser

Answer = Document | NotModified | Failure
GAP = timedelta(milliseconds=50)
BUSY = Failure(PollOutcome.HTTP_429, "HTTP 429", 600.0, busy=True)


@dataclass
class Web:
    """Answers as it is told; `asked` holds each URL and when it was asked and answered."""

    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    asked: list[tuple[str, float, float]] = field(default_factory=list)
    entered: int = 0
    begun: int = 0
    seconds: float = 0.01

    async def __aenter__(self) -> Self:
        self.entered += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.entered -= 1

    async def fetch(self, feed: Feed, validators: Validators, at: str = "") -> Answer:
        started = time.monotonic()
        self.begun += 1
        try:
            await asyncio.sleep(60 if feed.url in self.hanging else self.seconds)
            return self.answers.get(feed.url, NotModified)()
        finally:
            self.asked.append((feed.url, started, time.monotonic()))

    def urls(self) -> list[str]:
        return [url for url, _, _ in self.asked]


class Rig:
    """A visitor over a store in memory."""

    def __init__(self, store: MemoryStore, polling: Polling, *urls: str) -> None:
        self.store, self.web = store, Web()
        self.done: list[Polled] = []
        self.troubles: list[Exception] = []
        feeds = {feed.key: feed for feed in map(Feed, urls)}
        self.keys = tuple(feeds)
        self.start = datetime.now(UTC) - timedelta(seconds=1)
        store.register(dict.fromkeys(feeds, self.start))
        self.parser = Parser({b"news": (make.entry(),)})
        self.hasty = Hasty(self.parser)
        pipeline = Pipeline(
            store=store,
            parser=self.parser,
            hasty=self.hasty,
            policy=Policy(load_rulebook(None), (make.route("desk"),)),
            polling=polling,
            clock=lambda: datetime.now(UTC),
            jitter=lambda: 0.0,
        )
        self.counting = Counting(store.count)
        self.visitor = Visitor(
            pipeline=pipeline,
            store=store,
            feeds=feeds,
            connect=lambda: self.web,
            clock=lambda: datetime.now(UTC),
            gap=GAP,
            lease=timedelta(seconds=60),
            done=self.done.append,
            trouble=self.troubles.append,
            fetched=self.counting.fetched,
            tally=self.counting.hand_over,
        )

    def batch(self) -> Batch:
        """All that is due, claimed."""
        until = datetime.now(UTC) + self.visitor.lease
        found = self.store.claim_feeds(datetime.now(UTC), until, 9_999)
        return Batch(found, until.timestamp())

    def again(self) -> None:
        """As when all leases have run out: all is due, no host in anybody's hands."""
        self.store.register({})
        self.store.register(dict.fromkeys(self.keys, self.start))

    def free(self, host: str) -> bool:
        """Whether nobody holds a host, nor need it be waited for."""
        now = datetime.now(UTC)
        self.store.register({f"asks {now}": now}, prune=False)
        asked = [Claimed(f"asks {now}", host, now)]
        return bool(self.store.take_turns(asked, now, now))

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 5
        while not true():
            assert time.monotonic() < end, (self.done, self.troubles, self.web.asked)
            time.sleep(0.01)


@contextmanager
def rig(
    *urls: str, store: MemoryStore | None = None, polling: Polling | None = None
) -> Iterator[Rig]:
    made = Rig(store or MemoryStore(), polling or Polling(), *urls)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(visiting, "_LAST", 0.2)
        try:
            yield made
        finally:
            made.visitor.close()


def hosts(count: int) -> list[str]:
    return [f"https://host{n}.example/feed" for n in range(count)]
