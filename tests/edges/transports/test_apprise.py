"""What arrives through Apprise, at a service on this machine that it knows."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from monitor.core.models import Attempt, Line, Receiver
from monitor.edges.net import AllowList, parse_allow
from monitor.edges.transports import check
from monitor.edges.transports.apprise import CHANNEL, Apprise
from tests.edges.transports.channels import APPRISE
from tests.edges.transports.sending import HOSTILE, PASSING, came_to, hostile_delivery, send
from tests.feed_server import FeedServer, raw, reply
from tests.make import NOW, delivery

# A webhook of Mattermost, as its plug-in makes of mmost://host/token.
TOKEN = "3ccdd113474722377935511fc85d3dd4"


def _url(server: FeedServer) -> str:
    return APPRISE.options(server)["url"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_mentions_nobody_and_forges_no_link(server: FeedServer, text: str) -> None:
    server.serve(f"/hooks/{TOKEN}", reply(b"ok"))
    url = f"mmost://127.0.0.1:{server.port}/{TOKEN}"
    assert APPRISE.send(server, hostile_delivery(text), url=url).ok
    said = "".join(json.loads(one.body)["text"] for one in server.requests)
    for mark in ("@here", "@U012", "<!", "<@", "<http", "](", "][", "]:"):
        assert mark not in said
    assert said.count("Why: ") <= 1


def test_a_link_that_would_mention_somebody_or_be_two_is_encoded(server: FeedServer) -> None:
    one = delivery()
    link = "https://[2001:db8::1]/@here/[x](http://evil.example)"
    story = replace(one.alert.story, link=link)
    lines = APPRISE.arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert (
        lines[0]
        == "Lavrov lands in Bamako https://[2001:db8::1]/%40here/%5Bx%5D(http://evil.example)"
    )


def test_what_is_too_long_for_a_service_comes_in_several_messages(server: FeedServer) -> None:
    one = delivery()
    reports = tuple(
        Line(f"{n} {'y' * 190}", f"https://a.example/{'z' * 270}", "AP", ("x" * 150,))
        for n in range(CHANNEL.reports)
    )
    long = replace(one, alert=replace(one.alert, kind="digest", lines=reports))
    server.serve(f"/hooks/{TOKEN}", reply(b"ok"))
    url = f"mmost://127.0.0.1:{server.port}/{TOKEN}"
    assert APPRISE.send(server, long, url=url).ok
    messages = [json.loads(one.body)["text"] for one in server.requests]
    assert len(messages) == 2
    assert all(len(text) <= 4_000 for text in messages)
    server.requests.clear()
    assert APPRISE.send(server, long, url=f"{url}?overflow=truncate").ok
    assert len(server.requests) == 1


@pytest.mark.parametrize("more", ["?redirect=yes&retry=3&wait=0.1&optional=yes"])
def test_no_option_makes_it_follow_redirects_repeat_or_lie(server: FeedServer, more: str) -> None:
    server.serve(APPRISE.path, reply(b"", 302, Location=server.url("/elsewhere")))
    attempt = APPRISE.send(server, url=f"{_url(server)}{more}")
    assert (attempt.ok, attempt.permanent) == (False, True)
    assert attempt.detail == "302: the receiver redirects, which is not followed"
    assert [one.path for one in server.requests] == [APPRISE.path]


def test_a_name_of_a_private_address_is_not_reached_unless_it_is_allowed(
    server: FeedServer,
) -> None:
    server.serve(APPRISE.path, reply(b"ok"))
    named = APPRISE.receiver(server, url=_url(server).replace("127.0.0.1", "localhost"))
    assert "is not a public address" in send(server, named, allow="10.0.0.1:80").detail
    assert server.connections == 0
    assert send(server, named, allow=f"localhost:{server.port}").ok


@pytest.mark.parametrize("script", [raw(), raw(b"HTTP/1.1 200 OK\r\nX", reset=True)])
def test_a_broken_answer_is_tried_again_without_a_reason(server: FeedServer, script: Any) -> None:
    server.serve(APPRISE.path, script)
    attempt = APPRISE.send(server)
    assert came_to(attempt) == PASSING
    assert attempt.detail == "Apprise could not send it; it does not say why"


def test_a_service_that_hangs_is_left_and_not_asked_twice_at_once(server: FeedServer) -> None:
    server.serve(
        APPRISE.path, raw(0.6, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), reply(b"ok")
    )
    url = _url(server)
    allow = parse_allow([f"127.0.0.1:{server.port}"])

    def attempt() -> Attempt:
        transport = Apprise(url, "desk", allow, deadline=0.3)
        return asyncio.run(transport.send(delivery(), NOW))

    # What is slow only the first time, importing it, is not what this is about.
    assert check(APPRISE.receiver(server)) == ()
    first, second = attempt(), attempt()
    assert (came_to(first), first.uncertain) == (PASSING, True)
    assert first.detail == "no answer came in time"
    assert first.seconds < 0.6
    assert (came_to(second), second.uncertain) == (PASSING, False)
    assert second.detail == "the attempt before this one is still under way"
    assert len(server.requests) == 1
    end = time.monotonic() + 5
    while not (third := attempt()).ok and time.monotonic() < end:
        time.sleep(0.05)
    assert third.detail == "Apprise says that it was sent"


def test_a_bug_in_the_thread_is_as_loud_as_anywhere(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = APPRISE.receiver(server)
    transport = Apprise(receiver.options["url"], "desk", AllowList())
    with monkeypatch.context() as patched:
        patched.delattr(pytest.importorskip("apprise"), "AppriseAsset")
        with pytest.raises(AttributeError):
            asyncio.run(transport.send(delivery(), NOW))
    assert APPRISE.arrived(server, delivery())[0].split(" https:")[0] == "Lavrov lands in Bamako"


def test_a_url_that_stands_for_nothing_any_more_is_a_failed_attempt() -> None:
    transport = Apprise("nothing://x", "desk", AllowList())
    attempt = asyncio.run(transport.send(delivery(), NOW))
    assert (came_to(attempt), attempt.uncertain) == (PASSING, False)


def test_no_log_line_and_no_detail_holds_the_url(
    server: FeedServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver = APPRISE.receiver(server, url=f"{_url(server)}?+X-Key=another-secret")
    server.serve(APPRISE.path, reply(b"a-path-that-is-a-secret another-secret", 401))
    attempt = send(server, receiver)
    assert attempt.detail == "401 Unauthorized"
    # pytest hears Apprise's own logger, though nothing of it goes on to the root's handlers.
    assert {(one.name, one.levelname) for one in caplog.records} <= {
        ("apprise", "WARNING"),
        ("asyncio", "DEBUG"),
    }
    assert not logging.getLogger("apprise").propagate
    told = caplog.text + "".join(capfd.readouterr()) + repr(attempt) + repr(receiver)
    told += repr(Apprise(receiver.options["url"], "desk", AllowList()))
    for secret in ("a-path-that-is-a-secret", "another-secret"):
        assert secret not in told


# -- options -------------------------------------------------------------------------


def _told(**options: str) -> list[str]:
    told = [str(fault) for fault in check(Receiver("desk", "apprise", options))]
    for value in options.values():
        assert value not in "".join(told)
    return told


def test_urls_of_services_that_apprise_knows_are_fine() -> None:
    assert _told(url="json://hooks.example/secret") == []
    assert _told(url="tgram://123456789:abcdefghijklmnopqrstuvwxy_abcdefghij/12315544/") == []


@pytest.mark.parametrize(
    "url",
    [
        "nothing://secret.example/token",
        "secret-token",
        "json://",
        "json://[secret",
        "json://hooks.example/ json://others.example/",
        "slack://secret",
    ],
)
def test_a_url_that_apprise_does_not_know_is_told_and_not_shown(url: str) -> None:
    assert _told(url=url) == [
        "receivers.desk.url: is no URL that Apprise knows (one only, as in its list of services)"
    ]


def test_a_missing_url_is_told() -> None:
    assert _told() == ["receivers.desk.url: is missing (as in Apprise's list of services)"]


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert _told(url="json://hooks.example/secret") == [
        'receivers.desk.type: needs a library that is not there (pip install "monitor[apprise]")'
    ]


def test_an_older_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip("apprise")
    monkeypatch.delattr(library, "AppriseResult")
    assert _told(url="json://hooks.example/secret") == [
        'receivers.desk.type: needs a newer Apprise (pip install "monitor[apprise]" --upgrade)'
    ]
