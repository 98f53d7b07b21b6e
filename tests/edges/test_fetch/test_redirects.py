"""Where a redirect may lead, and where not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from monitor.core.models import Failure, Feed, NotModified, PollOutcome, Validators
from tests.edges.test_fetch.visits import Answer, document, fetcher, outcome, visit
from tests.feed_server import NOT_MODIFIED, FeedServer, Reply, raw, reply

FEED = b"<rss>Niamey</rss>"


@pytest.fixture
def canary() -> Iterator[FeedServer]:
    """A server that nobody may reach."""
    with FeedServer() as canary:
        yield canary


def to(location: str, status: int = 302) -> Reply:
    return reply(b"<rss>not this</rss>", status, Location=location)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/new", "new", "//127.0.0.1:{port}/new#top", "?moved"])
def test_redirects_are_followed_wherever_they_are_relative_to(
    server: FeedServer, status: int, location: str
) -> None:
    url = server.serve("/old", to(location.format(port=server.port), status))
    target = "/old?moved" if location == "?moved" else "/new"
    server.serve(target, reply(FEED))
    found = document(visit(url, server))
    assert (found.url, found.body) == (server.url(target), FEED)


def test_the_address_of_a_document_is_the_feeds_own_unless_redirected(server: FeedServer) -> None:
    server.serve("/", reply(FEED))
    url = f"HTTP://127.0.0.1:{server.port}"
    assert document(visit(url, server)).url == url


def test_five_redirects_are_followed_and_no_more(server: FeedServer) -> None:
    for number in range(9):
        server.serve(f"/{number}", to(f"/{number + 1}"))
    server.serve("/9", reply(FEED))
    assert document(visit(server.url("/4"), server)).body == FEED
    before = len(server.requests)
    assert outcome(visit(server.url("/3"), server)) is PollOutcome.REDIRECT_LIMIT
    assert len(server.requests) - before == 6


@pytest.mark.parametrize("back", ["/old", "/old#again"])
def test_going_in_a_circle_is_noticed_at_once(server: FeedServer, back: str) -> None:
    server.serve("/old", to("/new"))
    server.serve("/new", to(back))
    answer = visit(server.url("/old"), server)
    assert answer == Failure(PollOutcome.REDIRECT_LIMIT, "the redirects go in a circle")
    assert len(server.requests) == 2


@pytest.mark.parametrize("steps", [b"", b"Location:\r\n", b"Location:  \r\n"])
def test_a_redirect_to_nowhere_is_a_protocol_failure(server: FeedServer, steps: bytes) -> None:
    url = server.serve("/old", raw(b"HTTP/1.1 302 Found\r\n" + steps + b"\r\n"))
    assert outcome(visit(url, server)) is PollOutcome.PROTOCOL


def test_the_body_of_a_redirect_is_not_read(server: FeedServer) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 99999999\r\n\r\n"
    server.serve("/new", reply(FEED))
    assert document(visit(server.serve("/old", raw(head, 60.0)), server)).body == FEED


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/feed",
        "gopher://127.0.0.1:70/_x",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "http://[::1/feed",
        "http://0177.0.0.1/feed",
        "http://127.0.0.1:99999/",
        "http://xn--/",
        "http://xn--a/",
    ],
)
def test_only_http_is_followed(server: FeedServer, location: str) -> None:
    assert outcome(visit(server.serve("/old", to(location)), server)) is PollOutcome.BAD_SCHEME


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://127.2/",
        "http://2130706433/",
        "http://0x7f.0.0.2/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.2]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://public@10.0.0.1/",
        "https://192.168.0.1/",
        "http://localhost/",
    ],
)
def test_a_redirect_into_the_house_is_blocked(server: FeedServer, location: str) -> None:
    answer = visit(server.serve("/old", to(location)), server)
    assert outcome(answer) is PollOutcome.SSRF_BLOCKED
    assert len(server.requests) == 1


def test_a_redirect_to_another_port_is_blocked_without_a_connection(
    server: FeedServer, canary: FeedServer
) -> None:
    """The address is allowed at that port, but the name that leads there is not."""
    url = server.serve("/old", to(f"http://elsewhere.test:{canary.port}/feed"))
    answer = visit(url, server, canary)
    assert outcome(answer) is PollOutcome.SSRF_BLOCKED
    assert canary.connections == 0


def test_a_redirect_to_another_port_is_followed_if_that_is_allowed(
    server: FeedServer, canary: FeedServer
) -> None:
    canary.serve("/feed", reply(FEED))
    url = server.serve("/old", to(canary.url("/feed")))
    assert document(visit(url, server, canary)).url == canary.url("/feed")


def test_a_redirect_may_stay_on_the_port_of_the_feed(server: FeedServer) -> None:
    server.serve("/feed", reply(FEED))
    url = server.serve("/old", to(f"http://elsewhere.test:{server.port}/feed"))
    assert document(visit(url, server)).body == FEED


def test_credentials_go_to_the_same_origin_only(server: FeedServer) -> None:
    server.serve("/old", to("/newer"))
    server.serve("/newer", to(f"http://me:you@elsewhere.test:{server.port}/newest"))
    server.serve("/newest", reply(FEED))
    visit(server.url("/old"), server, credentials=("reader", "secret"))
    old, newer, newest = server.requests
    assert old.headers["authorization"] == newer.headers["authorization"]
    assert "authorization" not in newest.headers


def test_the_conditions_are_sent_along(server: FeedServer) -> None:
    server.serve("/old", to("/new"))
    server.serve("/new", reply(FEED))
    visit(server.url("/old"), server, validators=Validators('"1"'))
    assert server.requests[1].headers["if-none-match"] == '"1"'


@pytest.mark.parametrize("statuses", [(301,), (308,), (301, 308)])
def test_a_document_says_where_nothing_but_permanent_redirects_led(
    server: FeedServer, statuses: tuple[int, ...]
) -> None:
    for number, status in enumerate(statuses):
        server.serve(f"/{number}", to(f"/{number + 1}", status))
    server.serve(f"/{len(statuses)}", reply(FEED))
    assert document(visit(server.url("/0"), server)).moved == server.url(f"/{len(statuses)}")


@pytest.mark.parametrize("statuses", [(302,), (301, 307), (303, 308)])
def test_a_redirect_that_is_for_now_moves_nothing(
    server: FeedServer, statuses: tuple[int, ...]
) -> None:
    for number, status in enumerate(statuses):
        server.serve(f"/{number}", to(f"/{number + 1}", status))
    server.serve(f"/{len(statuses)}", reply(FEED))
    assert document(visit(server.url("/0"), server)).moved == ""


def test_a_304_says_too_where_the_feed_has_moved(server: FeedServer) -> None:
    server.serve("/old", to("/new", 301))
    server.serve("/new", NOT_MODIFIED)
    found = visit(server.url("/old"), server, validators=Validators('"1"'))
    assert found == NotModified(moved=server.url("/new"))


def test_a_feed_that_moved_is_asked_at_its_new_address_without_its_credentials(
    server: FeedServer,
) -> None:
    server.serve("/feed", reply(FEED))
    feed = Feed("http://old.test/feed", credentials=("user", "secret"))

    async def once() -> Answer:
        async with fetcher(server) as visitor:
            return await visitor.fetch(feed, Validators(), server.url("/feed"))

    assert document(asyncio.run(once())).url == server.url("/feed")
    assert "authorization" not in server.requests[0].headers
