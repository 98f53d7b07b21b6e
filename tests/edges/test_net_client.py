"""The guard where connections are made, and what a client never does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence

import httpcore
import httpx
import pytest

from monitor.edges.net import AllowList, Blocked, client, parse_allow
from monitor.edges.net.client import GuardedBackend, tls_context
from monitor.edges.net.resolver import Resolver, system_resolver
from tests.feed_server import FeedServer, reply


class Dialler(httpcore.AsyncNetworkBackend):
    """Notes what is dialled; of the addresses in `dead` it waits or fails."""

    def __init__(self, dead: Sequence[str] = (), hang: float = 0.0) -> None:
        self.dialled: list[tuple[str, int]] = []
        self.dead = dead
        self.hang = hang

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append((host, port))
        if host in self.dead:
            await asyncio.sleep(min(self.hang, timeout or self.hang))
            raise httpcore.ConnectTimeout if self.hang else httpcore.ConnectError
        return httpcore.AsyncMockStream([])


def answering(*answers: Sequence[str]) -> Resolver:
    """A resolver that gives these answers in turn."""
    left = list(answers)

    async def resolver(host: str, port: int) -> Sequence[str]:
        return left.pop(0)

    return resolver


def connect(
    resolver: Resolver,
    dialler: Dialler,
    host: str = "feeds.test",
    timeout: float | None = 1.0,
    allow: AllowList | None = None,
) -> None:
    guard = GuardedBackend(allow or AllowList(), resolver, dialler)
    asyncio.run(guard.connect_tcp(host, 443, timeout))


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def get(server: FeedServer, *urls: str, resolver: Resolver | None = None) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        allow = parse_allow([f"127.0.0.1:{server.port}"])
        async with client(allow, resolver=resolver) as http:
            return [await http.get(url) for url in urls]

    return asyncio.run(ask())


def test_the_address_that_was_checked_is_the_one_dialled() -> None:
    dialler = Dialler()
    rebinding = answering(["8.8.8.8"], ["127.0.0.1"])
    connect(rebinding, dialler)
    assert dialler.dialled == [("8.8.8.8", 443)]


def test_a_rebound_name_is_refused_at_its_next_connection() -> None:
    dialler = Dialler()
    rebinding = answering(["8.8.8.8"], ["127.0.0.1"])
    connect(rebinding, dialler)
    with pytest.raises(Blocked):
        connect(rebinding, dialler)
    assert dialler.dialled == [("8.8.8.8", 443)]


def test_nothing_is_dialled_if_one_answer_is_forbidden() -> None:
    dialler = Dialler()
    with pytest.raises(Blocked):
        connect(answering(["8.8.8.8", "::1"]), dialler)
    assert dialler.dialled == []


@pytest.mark.parametrize("host", ["169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_forbidden_address_in_the_url_is_refused_without_a_look_up(host: str) -> None:
    with pytest.raises(Blocked):
        connect(answering(), Dialler(), host)


@pytest.mark.parametrize(
    "host",
    ["127.1", "127.2", "2130706433", "0x7f000001", "0x7f.0.0.2", "0177.0.0.1", "0", "localhost"],
)
def test_odd_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises(Blocked):
        connect(system_resolver, Dialler(), host)


def test_the_next_address_is_dialled_when_one_is_dead() -> None:
    dialler = Dialler(dead=["2606:4700::1111"])
    connect(answering(["2606:4700::1111", "1.1.1.1", "1.1.1.1"]), dialler)
    assert dialler.dialled == [("2606:4700::1111", 443), ("1.1.1.1", 443)]


def test_a_hanging_address_leaves_time_for_the_next() -> None:
    dialler = Dialler(dead=["2606:4700::1111"], hang=60)
    connect(answering(["2606:4700::1111", "1.1.1.1"]), dialler, timeout=0.2)
    assert dialler.dialled[-1] == ("1.1.1.1", 443)


def test_a_connection_may_be_made_without_a_time_limit() -> None:
    dialler = Dialler(dead=["9.9.9.9"])
    connect(answering(["9.9.9.9", "8.8.8.8"]), dialler, timeout=None)
    assert dialler.dialled[-1] == ("8.8.8.8", 443)


def test_the_last_address_decides_how_it_failed() -> None:
    with pytest.raises(httpcore.ConnectError):
        connect(answering(["8.8.8.8"]), Dialler(dead=["8.8.8.8"]))


def test_a_slow_look_up_counts_against_the_time_to_connect() -> None:
    async def slow(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(httpcore.ConnectTimeout):
        connect(slow, Dialler(), timeout=0.05)


@pytest.mark.parametrize("host", ["nowhere.invalid", "x" * 64 + ".test"])
def test_a_name_without_an_address_is_a_failed_connection(host: str) -> None:
    with pytest.raises(httpcore.ConnectError):
        connect(system_resolver, Dialler(), host)


def test_unix_sockets_are_never_dialled() -> None:
    guard = GuardedBackend(AllowList(), system_resolver)
    with pytest.raises(Blocked):
        asyncio.run(guard.connect_unix_socket("/var/run/docker.sock"))


def test_the_pool_can_wait_between_its_tries() -> None:
    asyncio.run(GuardedBackend(AllowList(), system_resolver).sleep(0))


def test_a_look_up_that_nobody_waits_for_ends_quietly() -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await system_resolver("localhost", 80)

    asyncio.run(give_up())


def test_a_look_up_for_which_there_is_no_thread_left_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    with pytest.raises(httpcore.ConnectError):
        connect(system_resolver, Dialler())


def test_a_client_refuses_what_no_exception_covers() -> None:
    async def ask() -> None:
        async with client(AllowList()) as http:
            with pytest.raises(Blocked):
                await http.get("http://127.0.0.1:9/")

    asyncio.run(ask())


def test_the_host_header_keeps_the_name(server: FeedServer) -> None:
    server.serve("/feed", reply(b"<rss/>"))
    url = f"http://feeds.test:{server.port}/feed"
    get(server, url, resolver=answering(["127.0.0.1"]))
    assert server.requests[0].headers["host"] == f"feeds.test:{server.port}"


def test_redirects_are_not_followed(server: FeedServer) -> None:
    server.serve("/feed", reply(status=302, Location="/other"))
    (response,) = get(server, server.url("/feed"))
    assert response.status_code == 302
    assert not server.asked("/other")


def test_cookies_are_not_kept(server: FeedServer) -> None:
    server.serve("/feed", reply(b"x", Set_Cookie="who=you; Path=/"))
    get(server, server.url("/feed"), server.url("/feed"))
    assert "cookie" not in server.requests[1].headers


def test_the_environment_sets_no_proxy(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.serve("/feed", reply(b"x"))
    (response,) = get(server, server.url("/feed"))
    assert response.content == b"x"


def test_uncompressed_answers_are_asked_for(server: FeedServer) -> None:
    get(server, server.url("/feed"))
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_the_tls_context_is_made_once_and_verifies() -> None:
    context = tls_context()
    assert context is tls_context()
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 0
