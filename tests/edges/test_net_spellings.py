"""Whatever way an address is written: what was checked is what is dialled, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.models import Document, Failure, Feed, NotModified, PollOutcome, Validators
from monitor.edges.fetch import Fetcher, FetchLimits
from monitor.edges.hubs import Hubs
from monitor.edges.net import EXPECTED, AllowList, Blocked, GuardedTransport, Refused, client
from monitor.edges.net.addresses import admit, forbidden, plain

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
NOBODY = AllowList()
LIMITS = FetchLimits(deadline=2.0, connect=1.0, max_body=1_000)

# Ways to write this machine, the one that tells clouds their keys, and other places of the house.
HOSTS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0x7f.1",
    "0x7f.0x0.0x0.0x1", "0177.0.0.1", "0177.0x0.0.01", "127.0.0.1.", "127.0.0.1..",
    "127.000.000.001",
    "0", "0.0.0.0", "0x0", "10.1", "192.168.257", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "127.0.0.1%00.a.test", "127.0.0.1%2523.a.test",
    "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "⑯⑨。②⑤④。⑯⑨｡②⑤④",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[::1%25lo]", "[fec0::1]",
    "[fc00::1]", "[ff02::1]", "[100::1]", "[5f00::1]", "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "192.0.0.8", "100.100.100.200", "198.18.0.1",
    "a.test@127.0.0.1", "a.test:80@127.0.0.1", "a.test%40127.0.0.1", "a.test\\@127.0.0.1",
    "127.0.0.1\\@a.test", "127.0.0.1\\.a.test", "127.0.0.1#@a.test", "127.0.0.1?@a.test",
    "{127.0.0.1}", "127.0.0.1,a.test", "127.0.0.1;a.test", "127.0.0.1&a.test", "127.0.0.1 a.test",
    "127.0.0.1\t.a.test", "127.0.0.1\n", "\t127.0.0.1", "127.0.0.1\r\nHost:a.test", "127.0.0.1\x00",
    "localhost", "LOCALHOST", "localhost.", "ⓛocalhost", "ﬁle.test", "a..test", "-.-", "*", "",
]  # fmt: skip


class House:
    """Where names lead to, and what was dialled: sockets that are never connected, to see that
    none goes where it must not.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dialled: list[str] = []
        monkeypatch.setattr(socket.socket, "connect", lambda _, address: self._note(address))

    def _note(self, address: tuple[Any, ...]) -> None:
        self.dialled.append(str(address[0]))
        raise ConnectionRefusedError

    async def names(self, host: str, port: int) -> Sequence[str]:
        """As the system reads numbers in old spellings; every other name leads to 127.0.0.1."""
        try:
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            return ["127.0.0.1"]

    def nothing_forbidden(self) -> bool:
        return not any(forbidden(plain(ip_address(one))) for one in self.dialled)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    return House(monkeypatch)


def fetch(url: str, house: House) -> Document | NotModified | Failure:
    async def once() -> Document | NotModified | Failure:
        async with Fetcher(NOBODY, LIMITS, lambda: NOW, house.names) as fetcher:
            return await fetcher.fetch(Feed(url), Validators())

    return asyncio.run(once())


def post(url: str, house: House) -> str:
    """What came of it, by the way that receivers and hubs are reached."""

    async def once() -> str:
        async with client(NOBODY, resolver=house.names) as http:
            try:
                await http.post(url)
            except EXPECTED as error:
                return type(error).__name__
            return "answered"

    return asyncio.run(once())


@pytest.mark.parametrize("host", HOSTS)
def test_no_spelling_leads_into_the_house_by_either_way(host: str, house: House) -> None:
    url = f"http://{host}/feed"
    answer = fetch(url, house)
    assert isinstance(answer, Failure)
    assert answer.outcome in {PollOutcome.SSRF_BLOCKED, PollOutcome.BAD_SCHEME, PollOutcome.DNS}
    assert post(url, house) != "answered"
    assert house.dialled == []


_PIECES = st.sampled_from(
    [*HOSTS, *"./\\@:#?%[]", "%2e", "%40", "0x", "80", "a.test", "8.8.8.8", "[2606:4700::1111]"]
)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.lists(_PIECES, min_size=1, max_size=4).map("".join), st.sampled_from(["", "/", ":80/"]))
def test_both_ways_dial_only_what_was_checked(house: House, spelt: str, rest: str) -> None:
    house.dialled.clear()
    fetch(f"http://{spelt}{rest}", house)
    post(f"http://{spelt}{rest}", house)
    assert house.nothing_forbidden()


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1111]", "[::ffff:8.8.8.8]"])
def test_a_public_address_is_dialled_as_it_was_checked(host: str, house: House) -> None:
    fetch(f"http://{host}/", house)
    assert set(house.dialled) == {host.strip("[]")}


@pytest.mark.parametrize(
    "answers",
    [["8.8.8.8", "127.0.0.1"], ["::ffff:10.0.0.1"], ["2606:4700::1111", "fe80::1%eth0"], ["::1"]],
)
def test_a_name_with_one_forbidden_answer_is_refused_by_either_way(
    answers: list[str], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mixed(host: str, port: int) -> Sequence[str]:
        return answers

    monkeypatch.setattr(house, "names", mixed)
    answer = fetch("http://feeds.test/", house)
    assert isinstance(answer, Failure)
    assert answer.outcome is PollOutcome.SSRF_BLOCKED
    assert post("http://feeds.test/", house) == "Blocked"
    assert house.dialled == []


def test_a_name_that_changes_between_two_look_ups_is_asked_once_for_a_connection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    monkeypatch.setattr(house, "names", rebinding)
    fetch("http://feeds.test/", house)
    assert set(house.dialled) == {"8.8.8.8"}


@pytest.mark.parametrize("host", ["router", "a_b.test", "xn--zca.de", "A.Test.", "1a.test", "3com"])
def test_a_usual_name_is_admitted(host: str) -> None:
    admit(host, 80, NOBODY)


@pytest.mark.parametrize("host", ["1", "a.1", "a.0x", "0x7f.1", "127.0.0.1.", "a.test.09"])
def test_what_ends_in_a_number_and_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(Blocked, match="unusual spelling"):
        admit(host, 80, NOBODY)


@pytest.mark.parametrize("host", ["a..test", "a%2etest", "a,b", "", "é.test", "a\n"])
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="no host name"):
        admit(host, 80, NOBODY)


def test_the_patient_transport_looks_before_it_connects(house: House) -> None:
    async def once() -> None:
        async with GuardedTransport(NOBODY, house.names) as transport:
            await transport.handle_async_request(httpx.Request("GET", "http://0x7f.1/"))

    with pytest.raises(Blocked):
        asyncio.run(once())


# -- hubs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1/", "not a public address"),
        ("http://[::ffff:7f00:1]/", "not a public address"),
        ("http://2130706433/", "unusual spelling"),
        ("http://8.8.8.8:25/", "port 25 of 8.8.8.8 was stated by nobody"),
        ("http://hub.test:6379/", "port 6379 of hub.test was stated by nobody"),
        ("http://[::1/", "not a valid URL"),
        ("http://hub.test/\ud800", "not a valid URL"),
        ("http://xn--/", "not a valid URL"),
        ("gopher://hub.test/", "port 0"),
    ],
)
def test_a_hub_that_a_feed_names_is_not_asked_where_nobody_stated(
    url: str, why: str, house: House
) -> None:
    async def once() -> str:
        hubs = Hubs(NOBODY, user_agent="us", deadline=2.0, allow_http=True, clock=lambda: NOW)
        async with hubs:
            return (await hubs.ask(url, {})).why

    assert why in asyncio.run(once())
    assert house.dialled == []
