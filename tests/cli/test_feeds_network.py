"""`monitor feeds add` and `poll` with a server and a store of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from monitor.core.models import Claimed, Feed, Freed
from monitor.edges.store.redis import RedisStore
from monitor.service import polling_now
from tests.cli.shell import Shell
from tests.cli.shelves import TABLE, UP, sentence, text
from tests.feed_server import FeedServer, reply
from tests.servers import embedded_store, short_folder

pytestmark = pytest.mark.slow

FRESH = format_datetime(datetime.now(UTC) - timedelta(hours=1))
ITEM = f"<item><guid>g{{0}}</guid><title>{{1}}</title><pubDate>{FRESH}</pubDate></item>"
TOLD = "Russian troops of the Africa Corps reach Gao in Mali"


def rss(*titles: str, title: str = "The ${SECRET} feed") -> bytes:
    items = "".join(ITEM.format(number, one) for number, one in enumerate(titles))
    return f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>".encode()


@pytest.fixture
def server(shell: Shell) -> Iterator[FeedServer]:
    with FeedServer() as server:
        allow = f'network.allow = ["127.0.0.1:{server.port}"]'
        shell.config(f'feeds = ["feeds.toml"]\npolling.host_gap = "0s"\n{allow}\n')
        (shell.folder / "feeds.toml").write_text(TABLE)
        server.serve("/rss", reply(rss("One", "Two")))
        yield server


# -- add -------------------------------------------------------------------------------


def test_a_feed_is_tried_and_added_under_its_own_title(shell: Shell, server: FeedServer) -> None:
    said = shell("feeds", "add", server.url("/rss"))
    name = "The $ {SECRET} feed"
    assert (said.code, said.err) == (0, "")
    assert said.out == f"added {server.url('/rss')} ({name}) to {shell.folder}/feeds.toml\n{UP}"
    table = f'\n[[feeds]]\nurl = "{server.url("/rss")}"\nname = "{name}"\n'
    assert text(shell) == TABLE + table
    assert len(server.requests) == 1
    assert shell("feeds", "add", server.url("/rss")).code == 1
    assert len(server.requests) == 1


def test_user_and_password_are_used_for_the_trial(shell: Shell, server: FeedServer) -> None:
    url = server.url("/rss").replace("://", "://me:hush@")
    assert shell("feeds", "add", url, "--name", "Mine").code == 0
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert f'url = "{url}"\nname = "Mine"\n' in text(shell)


def test_a_feed_that_has_moved_for_good_is_added_where_it_is(
    shell: Shell, server: FeedServer
) -> None:
    server.serve("/old", reply(status=301, Location="/rss"))
    assert shell("feeds", "add", server.url("/old")).code == 0
    assert f'url = "{server.url("/rss")}"\n' in text(shell)


def test_of_a_page_its_feeds_are_listed_or_all_added(shell: Shell, server: FeedServer) -> None:
    link = '<link rel="alternate" type="application/rss+xml" title="{0}" href="/{0}">'
    page = "<html>" + link.format("rss") + link.format("more")
    server.serve("/", reply(page.encode(), Content_Type="text/html"))
    server.serve("/more", reply(rss("Three")))
    said = shell("feeds", "add", server.url("/"))
    assert said.code == 1
    assert [line.split()[0] for line in said.out.splitlines()[1:]] == [
        server.url("/rss"),
        server.url("/more"),
    ]
    what = f"{server.url('/')} is a page: add one of its feeds, or all with `--discover`"
    assert said.err == f"monitor: {what}\n"
    assert text(shell) == TABLE
    assert shell("feeds", "add", server.url("/"), "--discover", "--kind", "local").code == 0
    assert text(shell).count('kind = "local"') == 2


def test_what_cannot_be_read_is_not_added_and_does_not_keep_others_out(
    shell: Shell, server: FeedServer
) -> None:
    said = shell("feeds", "add", server.url("/none"), server.url("/rss"), "http://10.0.0.1/")
    assert said.code == 1
    first, second = said.err.splitlines()
    assert first.startswith(f"monitor: {server.url('/none')} cannot be read: ")
    assert first.endswith("(`--no-check` adds it all the same)")
    assert second.startswith("monitor: http://10.0.0.1/ cannot be read: ")
    assert "network.allow can make an exception" in second
    assert text(shell).count("[[feeds]]") == 2
    server.serve("/rss", reply(status=404))
    server.serve("/", reply(b"<p>no feeds here"))
    line = sentence(shell("feeds", "add", server.url("/")), 1)
    assert line == f"{server.url('/')} is a page, and no feed was found there"


# -- poll ------------------------------------------------------------------------------


@pytest.fixture
def store(shell: Shell, server: FeedServer) -> Iterator[RedisStore]:
    """A store that runs, and two feeds: one can be read, the other is not there."""
    tables = f'[[feeds]]\nurl = "{server.url("/rss")}"\nname = "Good"\n'
    tables += f'[[feeds]]\nurl = "{server.url("/none")}"\nname = "Bad"\n'
    (shell.folder / "feeds.toml").write_text(tables)
    with short_folder() as folder, embedded_store(folder) as url:
        shell.patch.setenv("REDIS_URL", url)
        store = RedisStore(url)
        yield store
        store.close()


def test_feeds_are_polled_at_once_and_each_new_entry_has_its_verdict(
    shell: Shell, server: FeedServer, store: RedisStore
) -> None:
    server.serve("/rss", reply(rss(TOLD, "Cheese")), reply(rss(TOLD, "Cheese", "Wine")))
    said = shell("feeds", "poll", "Good")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == f"Good {server.url('/rss')}: ok, 2 new, 0 known"
    assert lines[1].startswith(f"  alerted to console: {TOLD} (")
    assert lines[2].startswith("  no-topic: Cheese (")
    (row,) = shell("feeds", "poll", "Good", "--json").rows()
    assert (row["outcome"], row["new"], row["known"]) == ("ok", 1, 2)
    assert [one["outcome"] for one in row["verdicts"]] == ["no-topic"]  # type: ignore[attr-defined]
    assert len(store.due("console", datetime.now(UTC), 9)) == 1


def test_a_feed_that_cannot_be_read_fails_the_command_and_no_other(
    shell: Shell, server: FeedServer, store: RedisStore
) -> None:
    said = shell("feeds", "poll", "Bad", "Good")
    assert said.code == 1
    bad = next(line for line in said.out.splitlines() if line.startswith("Bad"))
    assert bad.startswith(f"Bad {server.url('/none')}: http_404: ")
    assert any(line.startswith("Good") and "2 new" in line for line in said.out.splitlines())
    health = {
        row["name"]: row["health"] for row in shell("feeds", "list", "--format", "jsonl").rows()
    }
    assert health == {"Good": "healthy", "Bad": "failing"}
    (row,) = shell("feeds", "list", "--health", "failing", "--format", "jsonl").rows()
    assert row["why"] == "HTTP 404 Not Found"


def test_what_others_have_in_hand_is_left_to_them(
    shell: Shell, server: FeedServer, store: RedisStore
) -> None:
    shell.patch.setattr(polling_now, "PATIENCE", 0.5)
    now, key = datetime.now(UTC), Feed(server.url("/rss")).key
    store.register({key: now})
    store.claim_feeds(now, now + timedelta(seconds=60), 1)
    said = shell("feeds", "poll", "Good")
    assert said.code == 1
    assert said.out.endswith(": not polled: it is in the hands of the service just now\n")
    store.claim_these({key: (now + timedelta(seconds=60)).timestamp()}, now)
    assert shell("feeds", "poll", "Good").code == 0


def test_a_host_that_asked_to_be_left_alone_is(
    shell: Shell, server: FeedServer, store: RedisStore
) -> None:
    now = datetime.now(UTC)
    key = Feed(server.url("/rss")).key
    store.register({key: now})
    store.claim_feeds(now, now + timedelta(seconds=9), 1)
    (begun,) = store.take_turns(
        [Claimed(key, "127.0.0.1", now + timedelta(seconds=9))], now, now + timedelta(seconds=9)
    )
    later = now + timedelta(hours=2)
    store.free_hosts([Freed(begun.host, now + timedelta(seconds=9), later)])
    said = shell("feeds", "poll", "Good")
    assert said.code == 1
    until = f"{later:%d %b %H:%M:%S} UTC"
    line = f"not polled: its host asked to be left alone until {until}\n"
    assert said.out.endswith(line)
    assert server.requests == []
