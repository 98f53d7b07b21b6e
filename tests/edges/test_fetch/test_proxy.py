"""With a proxy all goes through it, and what its URL shows is still checked."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from monitor.core.models import Feed, PollOutcome, Validators
from monitor.edges.fetch import Fetcher
from monitor.edges.hubs import Hubs
from monitor.edges.net import AllowList, Blocked, classify, client, parse_proxy, proxies_of
from tests.edges.test_fetch.visits import LIMITS, NOW, Answer, document, outcome
from tests.feed_server import FeedServer, raw, reply
from tests.proxy import Proxy

FEED = b"<rss>Kidal</rss>"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as proxy:
        yield proxy


def through(proxy: Proxy, userinfo: str = "") -> AllowList:
    return replace(AllowList(), proxy=parse_proxy(proxy.url(userinfo)))


async def _never(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up here")


def visit(url: str, allow: AllowList) -> Answer:
    async def once() -> Answer:
        async with Fetcher(allow, LIMITS, lambda: NOW, _never) as fetcher:
            return await fetcher.fetch(Feed(url), Validators())

    return asyncio.run(once())


def named(server: FeedServer, path: str = "/feed") -> str:
    return f"{'https' if server.tls else 'http'}://feeds.test:{server.port}{path}"


def test_plain_http_goes_to_the_proxy_with_the_whole_address(
    server: FeedServer, proxy: Proxy
) -> None:
    server.serve("/feed", reply(FEED))
    assert document(visit(named(server), through(proxy, "us:s%40cret@"))).body == FEED
    ((line, headers),) = proxy.asked
    assert line == f"GET {named(server)} HTTP/1.1"
    word = b64encode(b"us:s@cret").decode()
    assert headers["proxy-authorization"] == f"Basic {word}"
    assert "proxy-authorization" not in server.requests[0].headers


@pytest.mark.usefixtures("trusted")
def test_https_goes_through_a_tunnel_with_the_certificate_checked_against_the_name(
    secure: FeedServer, proxy: Proxy
) -> None:
    secure.serve("/feed", reply(FEED))
    allow = through(proxy, "us:secret@")
    assert document(visit(named(secure), allow)).body == FEED
    ((line, headers),) = proxy.asked
    assert line == f"CONNECT feeds.test:{secure.port} HTTP/1.1"
    assert headers["proxy-authorization"].startswith("Basic ")
    assert "proxy-authorization" not in secure.requests[0].headers
    other = f"https://other.test:{secure.port}/feed"
    assert outcome(visit(other, allow)) is PollOutcome.TLS


def test_what_the_patient_parser_reads_comes_through_the_proxy_too(
    server: FeedServer, proxy: Proxy
) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"Content-Length: %d\r\n" % len(FEED) * 2
    server.serve("/feed", raw(head + b"\r\n" + FEED))
    assert document(visit(named(server), through(proxy))).body == FEED
    assert len(proxy.asked) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.0.0.1./",
        "http://localhost/",
        "http://a.LocalHost./",
        "http://127%2e0%2e0%2e1/",
    ],
)
def test_the_proxy_is_not_asked_for_what_can_be_seen_to_be_private(url: str, proxy: Proxy) -> None:
    expected = {PollOutcome.SSRF_BLOCKED, PollOutcome.BAD_SCHEME}
    assert outcome(visit(url, through(proxy))) in expected
    assert proxy.asked == []


def test_each_hop_is_looked_at_before_the_proxy_is_asked(server: FeedServer, proxy: Proxy) -> None:
    server.serve("/old", reply(b"", 302, Location="http://169.254.169.254/latest/"))
    assert outcome(visit(named(server, "/old"), through(proxy))) is PollOutcome.SSRF_BLOCKED
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("url", ["http://feeds.test/", "https://feeds.test/"])
def test_a_proxy_that_refuses_is_the_feeds_failure(url: str) -> None:
    with Proxy(refusal=b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n") as proxy:
        kind = outcome(visit(url, through(proxy)))
    assert kind in {PollOutcome.CONNECT, PollOutcome.HTTP_403}


def test_receivers_and_hubs_are_reached_through_the_proxy(server: FeedServer, proxy: Proxy) -> None:
    server.serve("/hook", reply(b"fine"))
    server.serve("/hub", reply(b"", 202))
    allow = through(proxy)

    async def once() -> tuple[int, bool]:
        async with client(allow, resolver=_never) as http:
            posted = await http.post(named(server, "/hook"), content=b"news")
            with pytest.raises(Blocked):
                await http.post("http://127.0.0.1/hook")
        stated = replace(allow, hosts=frozenset({("feeds.test", server.port)}))
        hubs = Hubs(stated, user_agent="us", deadline=3, allow_http=True, clock=lambda: NOW)
        async with hubs:
            asked = await hubs.ask(named(server, "/hub"), {"hub.mode": "subscribe"})
        return posted.status_code, asked.ok

    assert asyncio.run(once()) == (200, True)
    assert [one.body for one in server.requests] == [b"news", b"hub.mode=subscribe"]
    assert len(proxy.asked) == 2


def test_a_receiver_was_not_reached_when_the_proxy_makes_no_tunnel() -> None:
    async def once(allow: AllowList) -> str:
        async with client(allow) as http:
            try:
                await http.post("https://desk.test/hook")
            except Exception as error:  # noqa: BLE001 - which kind is asked
                return classify(error).reason
        return ""

    with Proxy(refusal=b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n") as proxy:
        assert asyncio.run(once(through(proxy))) == "the proxy refused the connection"


@pytest.mark.parametrize(
    ("text", "host", "port", "credentials"),
    [
        ("http://proxy:3128", "proxy", 3128, None),
        ("http://us:a%2Fb@10.0.0.1:80/", "10.0.0.1", 80, ("us", "a/b")),
        ("http://us@[::1]:8080", "::1", 8080, ("us", "")),
    ],
)
def test_a_proxy_is_read_from_its_url(
    text: str, host: str, port: int, credentials: tuple[str, str] | None
) -> None:
    proxy = parse_proxy(text)
    assert (proxy.host, proxy.port, proxy.credentials) == (host, port, credentials)
    assert "a/b" not in repr(proxy)
    assert proxy.url.endswith(f":{port}")


@pytest.mark.parametrize(
    "text",
    [
        "proxy:3128",
        "https://us:secret@proxy:3128",
        "socks5://us:secret@proxy:1080",
        "http://us:secret@proxy",
        "http://us:secret@:3128",
        "http://us:secret@proxy:0",
        "http://us:secret@proxy:99999",
        "http://us:secret@[::1:3128",
        "http://us:secret@proxy:3128/path",
        "http://us:secret@proxy:3128?a=b",
        "http://us:secret@pro xy:3128",
    ],
)
def test_what_is_no_proxy_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not|does not|names no|goes on)") as told:
        parse_proxy(text)
    assert "secret" not in str(told.value)


def test_the_proxies_of_the_environment_are_known_by_their_names() -> None:
    environ = {"HTTP_PROXY": "x", "https_proxy": "y", "ALL_PROXY": "", "NO_PROXY": "z", "PATH": "/"}
    assert proxies_of(environ) == ("HTTP_PROXY", "https_proxy")
