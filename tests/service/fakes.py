"""Hand-written stand-ins for what the conductor talks to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from monitor.core.commit import Commit
from monitor.core.models import (
    Attempt,
    Delivery,
    Document,
    Earlier,
    Entry,
    Failure,
    Feed,
    NotModified,
    Parsed,
    PollOutcome,
    Validators,
)
from monitor.edges.store.memory import MemoryStore
from tests import make

ALL = Earlier()


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = make.NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Fetcher:
    """Answers with what was put there, and remembers how it was asked."""

    answers: list[Document | NotModified | Failure]
    asked: list[Validators] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def fetch(
        self, feed: Feed, validators: Validators, at: str = ""
    ) -> Document | NotModified | Failure:
        self.asked.append(validators)
        return self.answers.pop(0)


@dataclass
class Parser:
    """Reads a body as the name of entries that were put there."""

    entries: dict[bytes, tuple[Entry, ...] | Failure]
    parsed: list[bytes] = field(default_factory=list)
    earlier: list[Earlier] = field(default_factory=list)
    marks: str = ""
    unchanged: int = 0
    seconds: float = 0.0

    def parse(self, feed: Feed, document: Document, earlier: Earlier = ALL) -> Parsed | Failure:
        time.sleep(self.seconds)
        self.parsed.append(document.body)
        self.earlier.append(earlier)
        found = self.entries[document.body]
        if isinstance(found, Failure):
            return found
        return Parsed(found, marks=self.marks, unchanged=self.unchanged)


@dataclass
class Hasty:
    """Reads as another does, but gives up at once on some bodies; `tried` says on which."""

    patient: Parser
    slow: set[bytes] = field(default_factory=set)
    tried: list[bytes] = field(default_factory=list)

    def parse(self, feed: Feed, document: Document, earlier: Earlier = ALL) -> Parsed | Failure:
        if document.body not in self.slow:
            return self.patient.parse(feed, document, earlier)
        self.tried.append(document.body)
        return Failure(PollOutcome.PARSE_ERROR, "it takes long", overran=True)


class Overtaken(MemoryStore):
    """A store in which others commit first, so many times."""

    def __init__(self, times: int, meanwhile: Callable[[MemoryStore], None]) -> None:
        super().__init__()
        self.times, self.meanwhile = times, meanwhile

    def commit(self, commit: Commit) -> bool:
        if self.times > 0:
            self.times -= 1
            self.meanwhile(self)
        return super().commit(commit)


@dataclass
class Transport:
    """Answers with what was put there; an exception is raised."""

    answers: list[Attempt | Exception]
    sent: list[Delivery] = field(default_factory=list)
    before: Callable[[], None] | None = None

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        self.sent.append(delivery)
        if self.before:
            self.before()
        answer = self.answers.pop(0) if self.answers else Attempt(ok=True, detail="200")
        if isinstance(answer, Exception):
            raise answer
        return answer
