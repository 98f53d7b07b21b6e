"""Which addresses the guard lets through, and what may stand in network.allow."""

from __future__ import annotations

import itertools
from ipaddress import ip_address

import pytest

from monitor.edges.net import AllowList, Blocked, parse_allow
from monitor.edges.net.addresses import _FORBIDDEN, check, forbidden, plain

NOBODY = AllowList()

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.2.3.4",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.1.2.3",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700::1111",
    "3ffe::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(text: str) -> None:
    with pytest.raises(Blocked, match="not a public address"):
        check("feeds.test", 80, [text], NOBODY)


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_passes(text: str) -> None:
    check("feeds.test", 80, [text], NOBODY)


def test_one_forbidden_answer_among_public_ones_refuses_the_host() -> None:
    with pytest.raises(Blocked, match=r"feeds\.test resolves to 10\.0\.0\.1, which"):
        check("feeds.test", 80, ["8.8.8.8", "10.0.0.1", "2606:4700::1111"], NOBODY)


def test_the_reason_names_the_range_and_the_setting() -> None:
    with pytest.raises(Blocked) as caught:
        check("192.168.7.7", 80, ["192.168.7.7"], NOBODY)
    assert str(caught.value) == (
        "192.168.7.7 is not a public address (192.168.0.0/16); network.allow can make an exception"
    )


def test_a_decision_on_an_address_names_the_range() -> None:
    assert str(forbidden(ip_address("127.9.9.9"))) == "127.0.0.0/8"
    assert forbidden(ip_address("8.8.8.8")) is None


def test_the_ipv4_address_is_taken_out_of_mapped_and_nat64_ones() -> None:
    assert str(plain(ip_address("::ffff:1.2.3.4"))) == "1.2.3.4"
    assert str(plain(ip_address("64:ff9b::102:304"))) == "1.2.3.4"
    assert str(plain(ip_address("2606:4700::1111"))) == "2606:4700::1111"


@pytest.mark.parametrize(
    ("entry", "host", "address", "port"),
    [
        ("127.0.0.1:8800", "127.0.0.1", "127.0.0.1", 8800),
        ("127.0.0.1:8800", "localhost", "127.0.0.1", 8800),
        ("127.0.0.1:8800", "mapped.test", "::ffff:127.0.0.1", 8800),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 9),
        ("10.0.0.0/8:443", "inside.test", "10.9.8.7", 443),
        ("10.0.0.0/8", "inside.test", "10.9.8.7", 1234),
        ("[::1]:8080", "::1", "::1", 8080),
        ("::1", "::1", "::1", 8080),
        ("[::1]", "::1", "::1", 8080),
        ("[fd00::/8]:443", "inside.test", "fd00::7", 443),
        ("fd00::/8:443", "inside.test", "fd00::7", 443),
        ("  bridge:3000 ", "bridge", "172.18.0.2", 3000),
        ("Bridge.Local.:3000", "bridge.local", "172.18.0.2", 3000),
        ("мост.test:80", "xn--l1aeje.test", "172.18.0.2", 80),
    ],
)
def test_an_entry_of_the_allow_list_makes_an_exception(
    entry: str, host: str, address: str, port: int
) -> None:
    check(host, port, [address], parse_allow([entry]))


@pytest.mark.parametrize(
    ("entry", "host", "address", "port"),
    [
        ("127.0.0.1:8800", "127.0.0.1", "127.0.0.1", 8801),
        ("127.0.0.1:8800", "127.0.0.2", "127.0.0.2", 8800),
        ("10.0.0.0/8:443", "inside.test", "192.168.0.1", 443),
        ("10.0.0.0/8:443", "inside.test", "10.0.0.1", 80),
        ("bridge:3000", "bridge", "172.18.0.2", 3001),
        ("bridge:3000", "other", "172.18.0.2", 3000),
        ("bridge:3000", "bridge.evil.test", "172.18.0.2", 3000),
    ],
)
def test_an_exception_covers_no_more_than_it_says(
    entry: str, host: str, address: str, port: int
) -> None:
    with pytest.raises(Blocked):
        check(host, port, [address], parse_allow([entry]))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("", "needs a port"),
        ("example.org", "needs a port"),
        ("0.0.0.0/0", "turn the guard off"),
        ("0.0.0.0/1:80", "turn the guard off"),
        ("::/0", "turn the guard off"),
        ("[2000::/3]:443", "turn the guard off"),
        ("10.0.0.5/8", "did you mean '10.0.0.0/8'"),
        ("fd00::1/8", "did you mean 'fd00::/8'"),
        ("127.0.0.1:", "no valid port"),
        ("127.0.0.1:http", "no valid port"),
        ("127.0.0.1:0", "no valid port"),
        ("127.0.0.1:65536", "no valid port"),
        ("127.0.0.1:" + "9" * 5000, "no valid port"),
        ("127.0.0.1:٨٠", "no valid port"),
        ("127.0.0.1:-80", "no valid port"),
        ("http://example.org:80", "neither an address nor a host name"),
        ("user@host:80", "neither an address nor a host name"),
        ("*:80", "neither an address nor a host name"),
        ("010.0.0.1:80", "neither an address nor a host name"),
        ("2130706433:80", "neither an address nor a host name"),
        ("a..b:80", "neither an address nor a host name"),
        ("x" * 70 + ".test:80", "neither an address nor a host name"),
    ],
)
def test_a_bad_entry_is_named_with_what_is_wrong(entry: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_allow(["127.0.0.1:80", entry])


def test_a_host_at_a_port_is_stated_only_by_an_entry_that_covers_it_as_written() -> None:
    allow = parse_allow(["10.0.0.0/8", "127.0.0.1:8800", "bridge:3000"])
    assert allow.states("bridge", 3000)
    assert allow.states("BRIDGE.", 3000)
    assert allow.states("10.1.2.3", 9999)
    assert allow.states("127.0.0.1", 8800)
    assert not allow.states("127.0.0.1", 8801)
    assert not allow.states("elsewhere.test", 8800)


def test_no_forbidden_range_lies_within_another() -> None:
    """The look-up by where ranges begin relies on it."""
    pairs = itertools.combinations(_FORBIDDEN, 2)
    assert not [(a, b) for a, b in pairs if a.version == b.version and a.overlaps(b)]
