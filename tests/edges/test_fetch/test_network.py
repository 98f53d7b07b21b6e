"""Trouble before, beneath and beside the answer: addresses, time, TLS, many at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from monitor.core.models import Document, Failure, Feed, PollOutcome, Validators
from monitor.edges.fetch import Fetcher, FetchLimits
from monitor.edges.net import AllowList, parse_allow
from tests.edges.test_fetch.visits import (
    LIMITS,
    NOW,
    Answer,
    document,
    fetcher,
    here,
    outcome,
    visit,
)
from tests.feed_server import NOT_MODIFIED, FeedServer, raw, reply

FEED = b"<rss>Ouagadougou</rss>"
HEAD = b"HTTP/1.1 200 OK\r\n"
HASTY = replace(LIMITS, deadline=0.15)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/feed",
        "/feed",
        "file:///etc/passwd",
        "ftp://example.org/feed",
        "javascript:alert(1)",
        "http://",
        "http:///feed",
        "http://[::1/feed",
        "http://127.0.0.1:99999/feed",
        "http://127.0.0.1:0/feed",
        "http://exa mple.org/\r\nX: y",
        "http://" + "x" * 100_000,
        "http://-.-/\x00",
    ],
)
def test_an_address_that_is_no_http_url_is_refused(url: str) -> None:
    assert outcome(visit(url)) is PollOutcome.BAD_SCHEME


def test_a_feed_on_a_private_address_is_blocked_unless_allowed(server: FeedServer) -> None:
    url = server.serve("/feed", reply(FEED))
    blocked = visit(url)
    assert outcome(blocked) is PollOutcome.SSRF_BLOCKED
    assert isinstance(visit(url, server), Document)
    assert server.connections == 1


def test_a_host_name_in_another_script_is_asked_for_in_its_ascii_form(server: FeedServer) -> None:
    server.serve("/feed", reply(FEED))
    assert document(visit(f"http://новости.test:{server.port}/feed", server)).body == FEED
    assert server.requests[0].headers["host"] == f"xn--b1amnebsh.test:{server.port}"


def test_a_name_without_an_address_is_a_dns_failure() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def once() -> Answer:
        async with Fetcher(AllowList(), LIMITS, lambda: NOW, nowhere) as visitor:
            return await visitor.fetch(Feed("http://nowhere.test/"), Validators())

    assert asyncio.run(once()) == Failure(PollOutcome.DNS, "the host name could not be resolved")


def test_a_closed_port_is_a_failed_connection(server: FeedServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    allowed = parse_allow([f"127.0.0.1:{port}"])

    async def once() -> Answer:
        async with Fetcher(allowed, LIMITS, lambda: NOW) as visitor:
            return await visitor.fetch(Feed(f"http://127.0.0.1:{port}/"), Validators())

    assert asyncio.run(once()) == Failure(
        PollOutcome.CONNECT, "the connection could not be made: connection refused"
    )


@pytest.mark.parametrize(
    "steps",
    [
        [60.0],
        [HEAD, 60.0],
        [HEAD + b"Content-Length: 99\r\n\r\n<rss>", 60.0],
        [*[b"H", 0.02] * 500],
        [HEAD + b"\r\n", *[b"x", 0.02] * 500],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n", 0.02] * 500],
        [*[b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.02] * 500],
    ],
    ids=["nothing", "headers", "body", "drip", "body drip", "chunks", "hints"],
)
def test_a_slow_answer_ends_at_the_deadline(server: FeedServer, steps: list[bytes | float]) -> None:
    started = time.monotonic()
    answer = visit(server.serve("/feed", raw(*steps)), server, limits=HASTY)
    assert outcome(answer) is PollOutcome.TIMEOUT
    assert time.monotonic() - started < 2.0


def test_the_deadline_is_for_all_redirects_together(server: FeedServer) -> None:
    for number in range(5):
        location = b"HTTP/1.1 302 Found\r\nLocation: /%d\r\n\r\n" % (number + 1)
        server.serve(f"/{number}", raw(0.06, location))
    answer = visit(server.url("/0"), server, limits=HASTY)
    assert outcome(answer) is PollOutcome.TIMEOUT
    assert len(server.requests) < 5


def test_a_cancelled_fetch_is_cancelled(server: FeedServer) -> None:
    url = server.serve("/feed", raw(60.0))

    async def give_up() -> None:
        async with fetcher(server) as visitor:
            task = asyncio.create_task(visitor.fetch(Feed(url), Validators()))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(give_up())


def test_a_bug_is_not_taken_for_bad_weather() -> None:
    async def broken(host: str, port: int) -> Sequence[str]:
        raise KeyError(host)

    async def once() -> None:
        async with Fetcher(AllowList(), LIMITS, lambda: NOW, broken) as visitor:
            await visitor.fetch(Feed("http://feeds.test/"), Validators())

    with pytest.raises(KeyError):
        asyncio.run(once())


def test_many_feeds_are_fetched_at_once_and_a_slow_one_holds_up_none(server: FeedServer) -> None:
    server.serve("/slow", raw(60.0))
    server.serve("/feed", reply(FEED))

    async def all_at_once() -> list[Answer]:
        async with fetcher(server, limits=replace(LIMITS, deadline=1.0)) as visitor:
            feeds = [Feed(server.url("/slow")), *[Feed(server.url("/feed"))] * 40]
            return await asyncio.gather(*(visitor.fetch(feed, Validators()) for feed in feeds))

    slow, *rest = asyncio.run(all_at_once())
    assert outcome(slow) is PollOutcome.TIMEOUT
    assert all(isinstance(answer, Document) for answer in rest)


def test_feeds_of_one_host_share_a_connection(server: FeedServer) -> None:
    url = server.serve("/feed", reply(FEED), NOT_MODIFIED)

    async def in_turn() -> None:
        async with fetcher(server) as visitor:
            for _ in range(3):
                await visitor.fetch(Feed(url), Validators('"1"'))

    asyncio.run(in_turn())
    assert (len(server.requests), server.connections) == (3, 1)


# --- TLS ------------------------------------------------------------------------------


def test_a_self_signed_certificate_is_a_tls_failure(secure: FeedServer) -> None:
    answer = visit(f"https://feeds.test:{secure.port}/feed", secure)
    assert answer == Failure(PollOutcome.TLS, "the certificate is refused: self-signed certificate")


@pytest.mark.usefixtures("trusted")
def test_a_certificate_is_checked_against_the_name_and_not_the_address(
    secure: FeedServer,
) -> None:
    secure.serve("/feed", reply(FEED))
    assert document(visit(f"https://feeds.test:{secure.port}/feed", secure)).body == FEED
    assert outcome(visit(f"https://other.test:{secure.port}/feed", secure)) is PollOutcome.TLS


@pytest.mark.usefixtures("trusted")
def test_a_redirect_from_https_to_plain_http_is_refused(
    secure: FeedServer, server: FeedServer
) -> None:
    location = f"http://feeds.test:{secure.port}/feed"
    secure.serve("/old", reply(b"", 301, Location=location))
    answer = visit(f"https://feeds.test:{secure.port}/old", secure)
    assert outcome(answer) is PollOutcome.REDIRECT_BLOCKED


@contextlib.contextmanager
def answering(words: bytes) -> Iterator[int]:
    """A port where whoever calls is answered with these bytes, whatever was asked."""

    def answer(listener: socket.socket) -> None:
        caller, _ = listener.accept()
        with caller:
            caller.recv(65_536)
            caller.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


def visit_port(port: int, limits: FetchLimits = LIMITS) -> Answer:
    """What a visit by TLS to this port brings."""
    allowed = parse_allow([f"127.0.0.1:{port}"])

    async def once() -> Answer:
        async with Fetcher(allowed, limits, lambda: NOW, here) as visitor:
            return await visitor.fetch(Feed(f"https://feeds.test:{port}/"), Validators())

    return asyncio.run(once())


def test_tls_to_a_plain_port_is_a_tls_failure() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert visit_port(port) == Failure(PollOutcome.TLS, "the TLS handshake failed")


def test_a_handshake_broken_off_is_a_failure_to_connect() -> None:
    with answering(b"") as port:
        assert outcome(visit_port(port)) in (PollOutcome.TLS, PollOutcome.CONNECT)


def test_plain_http_to_a_tls_port_is_a_failure(secure: FeedServer) -> None:
    answer = visit(f"http://feeds.test:{secure.port}/feed", secure)
    assert outcome(answer) in (PollOutcome.PROTOCOL, PollOutcome.RESET)


def test_a_handshake_that_hangs_ends_at_the_limit_to_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = visit_port(silent.getsockname()[1], replace(LIMITS, connect=0.1))
    assert answer == Failure(PollOutcome.TIMEOUT, "no connection was made in time")
