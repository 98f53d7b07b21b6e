"""Bounds of a fetch are those that were set, by the quick parser and by the patient one."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from monitor.core.models import PollOutcome
from tests.edges.test_fetch.visits import LIMITS, document, outcome, visit
from tests.feed_server import FeedServer, raw, reply

FEED = b"<rss>Mopti</rss>"
HEAD = b"HTTP/1.1 200 OK\r\n"
# What only the patient parser reads.
TWICE = HEAD + b"Content-Length: 16\r\n" * 2
STRICT = replace(LIMITS, header_bytes=8_000, headers=50)
heads = pytest.mark.parametrize("head", [HEAD + b"Content-Length: 16\r\n", TWICE])


@heads
def test_so_many_headers_are_read_and_no_more(server: FeedServer, head: bytes) -> None:
    server.serve("/feed", raw(head + b"X: y\r\n" * 48 + b"\r\n" + FEED))
    server.serve("/more", raw(head + b"X: y\r\n" * 50 + b"\r\n" + FEED))
    assert document(visit(server.url("/feed"), server, limits=STRICT)).body == FEED
    assert outcome(visit(server.url("/more"), server, limits=STRICT)) is PollOutcome.PROTOCOL


@heads
@pytest.mark.parametrize("lines", [1, 8])
def test_so_many_bytes_of_headers_are_read_and_no_more(
    server: FeedServer, head: bytes, lines: int
) -> None:
    def answer(size: int) -> bytes:
        return head + (b"X: " + b"y" * (size // lines) + b"\r\n") * lines + b"\r\n" + FEED

    server.serve("/feed", raw(answer(7_800)))
    server.serve("/more", raw(answer(8_100)))
    assert document(visit(server.url("/feed"), server, limits=STRICT)).body == FEED
    assert outcome(visit(server.url("/more"), server, limits=STRICT)) is PollOutcome.PROTOCOL


@pytest.mark.parametrize("start", [HEAD, TWICE])
def test_endless_headers_end_at_the_bound_and_not_at_the_deadline(
    server: FeedServer, start: bytes
) -> None:
    server.serve("/feed", raw(start, *[b"X: " + b"y" * 1_000 + b"\r\n"] * 50_000))
    began = time.monotonic()
    assert outcome(visit(server.url("/feed"), server)) is PollOutcome.PROTOCOL
    assert time.monotonic() - began < 2
    assert len(server.requests) <= 2


@pytest.mark.parametrize("start", [HEAD, TWICE])
def test_headers_that_drip_end_at_the_deadline(server: FeedServer, start: bytes) -> None:
    steps: list[bytes | float] = [b"X: y\r\n", 0.02]
    server.serve("/feed", raw(start, *steps * 200))
    hasty = replace(LIMITS, deadline=0.3)
    assert outcome(visit(server.url("/feed"), server, limits=hasty)) is PollOutcome.TIMEOUT


@pytest.mark.parametrize("most", [0, 2])
def test_so_many_redirects_are_followed_and_no_more(server: FeedServer, most: int) -> None:
    for number in range(4):
        server.serve(f"/{number}", reply(b"", 302, Location=f"/{number + 1}"))
    server.serve("/4", reply(FEED))
    limits = replace(LIMITS, max_redirects=most)
    assert document(visit(server.url(f"/{4 - most}"), server, limits=limits)).body == FEED
    more = visit(server.url(f"/{3 - most}"), server, limits=limits)
    assert outcome(more) is PollOutcome.REDIRECT_LIMIT
