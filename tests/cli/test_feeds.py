"""`monitor feeds`, as a user types it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.shell import Shell
from tests.feed_server import FeedServer, reply

RSS = (
    "<rss version='2.0'><channel><title>The feed</title><item><title>A</title>"
    "<pubDate>Wed, 01 May 2024 10:00:00 GMT</pubDate></item></channel></rss>"
)


@pytest.fixture
def server(shell: Shell) -> Iterator[FeedServer]:
    with FeedServer() as server:
        shell.config(f'network.allow = ["127.0.0.1:{server.port}"]\nnetwork.user_agent = "us"')
        yield server


@pytest.mark.slow
def test_discover_lists_the_feeds_of_a_page_as_a_table_and_for_machines(
    shell: Shell, server: FeedServer
) -> None:
    stated = '<link rel="alternate" type="application/rss+xml" title="A\u202eB" href="/rss">'
    server.serve("/", reply(stated.encode(), Content_Type="text/html; charset=utf-8"))
    server.serve("/rss", reply(RSS.encode()))
    said = shell("feeds", "discover", server.url("/"))
    assert said.code == 0
    heading, line = said.out.splitlines()
    assert heading.split() == ["URL", "FORMAT", "ENTRIES", "NEWEST", "(UTC)", "TITLE"]
    assert line.split() == [server.url("/rss"), "RSS", "1", "2024-05-01", "10:00", "AB"]
    assert server.requests[0].headers["user-agent"] == "us"
    (row,) = json.loads(shell("feeds", "discover", "--json", server.url("/")).out)
    assert row == {
        "url": server.url("/rss"),
        "title": "AB",
        "format": "RSS",
        "entries": 1,
        "newest": "2024-05-01T10:00:00+00:00",
        "found_by": "link",
    }


@pytest.mark.slow
def test_discover_says_that_an_address_is_a_feed_itself(shell: Shell, server: FeedServer) -> None:
    said = shell("feeds", "discover", server.serve("/rss", reply(RSS.encode())))
    assert said.code == 0
    assert said.out.splitlines()[-1] == "this address is a feed itself"


@pytest.mark.slow
def test_discover_fails_where_nothing_is_found(shell: Shell, server: FeedServer) -> None:
    said = shell("feeds", "discover", "--json", server.serve("/", reply(b"<p>no feeds here")))
    assert (said.code, said.out) == (1, "[]\n")
    assert said.err == f"monitor: no feed was found at {server.url('/')}\n"


def test_discover_fails_with_the_reason_where_the_page_cannot_be_read(
    shell: Shell, server: FeedServer
) -> None:
    said = shell("feeds", "discover", server.url("/missing"))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"monitor: {server.url('/missing')} cannot be read: ")


@pytest.mark.parametrize("url", ["site.example", "ftp://site.example/", "https://", "file:///x"])
def test_discover_refuses_what_is_no_web_address(shell: Shell, url: str) -> None:
    said = shell("feeds", "discover", url)
    assert (said.code, said.out) == (2, "")
    assert "is not an http or https address" in said.err
