"""How the tests of fetch go on a visit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.core.models import Document, Failure, Feed, NotModified, PollOutcome, Validators
from monitor.edges.fetch import Fetcher, FetchLimits
from monitor.edges.net import parse_allow
from tests.feed_server import FeedServer

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
LIMITS = FetchLimits(deadline=3.0, connect=1.0, max_body=100_000)
NO_VALIDATORS = Validators()
Answer = Document | NotModified | Failure


async def here(host: str, port: int) -> Sequence[str]:
    """Every name leads to this machine."""
    return ["127.0.0.1"]


def fetcher(*servers: FeedServer, limits: FetchLimits = LIMITS) -> Fetcher:
    """A fetcher that may visit these servers, under any name."""
    allow = parse_allow([f"127.0.0.1:{server.port}" for server in servers])
    return Fetcher(allow, limits, lambda: NOW, here)


def visit(
    url: str,
    *servers: FeedServer,
    validators: Validators = NO_VALIDATORS,
    credentials: tuple[str, str] | None = None,
    limits: FetchLimits = LIMITS,
) -> Answer:
    """What one visit to `url` brings."""

    async def once() -> Answer:
        async with fetcher(*servers, limits=limits) as visitor:
            return await visitor.fetch(Feed(url, credentials=credentials), validators)

    return asyncio.run(once())


def outcome(answer: Answer) -> PollOutcome:
    """The kind of failure; fails on anything else."""
    assert isinstance(answer, Failure)
    return answer.outcome


def document(answer: Answer) -> Document:
    """The document; fails on anything else."""
    assert isinstance(answer, Document)
    return answer
