"""The feed farm that polling is measured on."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import feedparser
import pytest

from benchmarks.published import Clock, address, gzipped, host_of, pieces

BASE = 1_760_000_000.0


def _entries(number: int, *changes: float) -> list[str]:
    """The ids of a feed's entries after its changes."""
    body = gzip.decompress(gzipped(pieces(number, changes, BASE, 0.03)))
    assert 20_000 <= len(body) <= 66_000
    found = feedparser.parse(body)
    assert not found.bozo
    return [one.id if "id" in one else one.link for one in found.entries]


@pytest.mark.parametrize("number", [0, 4, 66, 76])
def test_each_format_shows_thirty_entries_and_is_one_gzip_member(number: int) -> None:
    assert len(set(_entries(number))) == 30


def test_a_change_puts_one_entry_on_top_and_drops_the_oldest() -> None:
    before, after = _entries(5), _entries(5, BASE + 60)
    assert after[1:] == before[:-1]
    assert after[0] not in before


def test_up_to_three_feeds_share_a_host_and_every_host_has_another_address() -> None:
    hosts = [host_of(number) for number in range(6_000)]
    assert max(map(hosts.count, hosts[:60])) == 3
    assert len({address(host) for host in hosts}) == len(set(hosts))


def test_as_many_feeds_change_in_a_period_as_were_asked_for() -> None:
    clock = Clock(BASE, period=600, share=0.1)
    times = [at for number in range(2_000) for at in clock.changes(number, BASE + 599.9)]
    assert 150 < len(times) < 250
    assert all(BASE <= at < BASE + 600 for at in times)


@pytest.fixture
def farm() -> Iterator[int]:
    """The port of a running farm with ten feeds."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.farm", "serve", "--feeds", "10"]
    command += ["--port", str(port)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield port
        process.stdin.close()


def _get(port: int, path: str, **headers: str) -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.1.1.2", port, timeout=10)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request("GET", path, headers=named)
    answer = connection.getresponse()
    found = answer.status, answer.headers.get("ETag", ""), answer.read()
    connection.close()
    return found


def test_an_unchanged_feed_is_304_until_the_next_round(farm: int) -> None:
    status, etag, body = _get(farm, "/feed/1", Accept_Encoding="identity")
    assert (status, body[:5]) == (200, b"<?xml")
    assert _get(farm, "/feed/1", If_None_Match=etag)[0] == 304
    _get(farm, "/advance?share=1")
    assert _get(farm, "/feed/1", If_None_Match=etag)[0] == 200
    counts = json.loads(_get(farm, "/counts")[2])
    assert (counts["requests"], counts["200"], counts["304"], counts["served"]) == (3, 2, 1, 1)
