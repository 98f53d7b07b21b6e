"""Posting once: one deadline, one bound, and words of ours for what goes wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from monitor.core.models import Attempt
from monitor.edges.transports.posting import DEADLINE, Post, judge, post
from tests.edges.transports.sending import with_client
from tests.feed_server import FeedServer, Reply, raw, reply
from tests.make import NOW

PATH = "/hook"
_HEAD = b"HTTP/1.1 %d Spoken\r\nContent-Length: %d\r\n\r\n"


def _post(
    server: FeedServer, deadline: float = 5.0, url: str = "", secrets: tuple[str, ...] = ()
) -> Attempt:
    async def use(http: httpx.AsyncClient) -> Attempt:
        request = Post(url or server.url(PATH), b"{}", {}, secrets)
        return await post(http, request, NOW, deadline)

    attempt: Attempt = with_client(server, use)
    return attempt


def test_a_receiver_that_never_answers_is_left_after_the_deadline(server: FeedServer) -> None:
    server.serve(PATH, raw(30.0))
    started = time.monotonic()
    attempt = _post(server, deadline=0.2)
    assert time.monotonic() - started < 2
    assert not attempt.ok
    assert not attempt.permanent
    assert attempt.detail == "no complete answer came in time"
    assert 0.2 <= attempt.seconds < 2


def test_dripping_headers_do_not_stretch_the_deadline(server: FeedServer) -> None:
    drops: list[bytes | float] = [b"HTTP/1.1 200 Spoken\r\n"]
    for number in range(100):
        drops += [0.05, b"X-%d: x\r\n" % number]
    server.serve(PATH, raw(*drops))
    attempt = _post(server, deadline=0.3)
    assert (attempt.ok, attempt.detail) == (False, "no complete answer came in time")


@pytest.mark.parametrize("location", ["http://xn--/", "http://[::1/", "//a:b/", "javascript:x"])
def test_a_redirect_to_what_is_no_address_is_a_failed_attempt(
    server: FeedServer, location: str
) -> None:
    server.serve(PATH, raw(b"HTTP/1.1 302 Found\r\nLocation: %b\r\n\r\n" % location.encode()))
    assert not _post(server).ok


def test_what_was_accepted_stays_accepted_though_the_answer_drips(server: FeedServer) -> None:
    server.serve(PATH, raw(_HEAD % (200, 100), b"thank", 30.0))
    attempt = _post(server, deadline=0.3)
    assert (attempt.ok, attempt.detail) == (True, "200 thank")
    assert attempt.seconds < 2


def test_what_was_accepted_stays_accepted_though_the_answer_breaks_off(server: FeedServer) -> None:
    server.serve(PATH, raw(_HEAD % (202, 100), b"tha", reset=True))
    assert _post(server).status == 202


def test_a_reset_before_the_answer_is_worth_another_try(server: FeedServer) -> None:
    server.serve(PATH, raw(reset=True))
    attempt = _post(server)
    assert (attempt.ok, attempt.permanent, attempt.status) == (False, False, None)
    assert "127.0.0.1" not in attempt.detail


def test_an_answer_that_is_no_http_is_worth_another_try(server: FeedServer) -> None:
    server.serve(PATH, raw(b"hello?\r\n\r\n"))
    attempt = _post(server)
    assert (attempt.ok, attempt.permanent) == (False, False)
    assert attempt.detail == "the answer is incomplete or not valid HTTP"


def test_nobody_listening_is_worth_another_try(server: FeedServer) -> None:
    server.__exit__(None, None, None)
    attempt = _post(server)
    server.__enter__()
    assert (attempt.ok, attempt.permanent) == (False, False)
    assert attempt.detail == "the connection could not be made: connection refused"


def test_an_address_that_is_not_allowed_is_never_posted_to(server: FeedServer) -> None:
    attempt = _post(server, url="http://127.0.0.2:9/hook")
    assert not attempt.ok
    assert "127.0.0.2" in attempt.detail


def test_two_hundred_megabytes_of_answer_are_not_read(server: FeedServer) -> None:
    sent = 0

    def flood() -> Iterator[bytes]:
        nonlocal sent
        yield _HEAD % (500, 200_000_000)
        for _ in range(2_000):
            sent += 100_000
            yield b"x" * 100_000

    server.serve(PATH, Reply(flood()))
    attempt = _post(server)
    # What the sockets hold on both sides was sent too.
    assert sent < 20_000_000
    assert attempt.status == 500
    assert len(attempt.detail) == 1_000


def test_a_compressed_answer_is_not_unpacked(server: FeedServer) -> None:
    server.serve(PATH, reply(b"\x1f\x8b\x08", 500, Content_Encoding="gzip"))
    assert _post(server).detail == "500 Internal Server Error"


def test_control_characters_of_an_answer_do_not_reach_a_terminal(server: FeedServer) -> None:
    server.serve(PATH, reply(b"\x1b[2Jgone\x00 \xe2\x80\xae\r\nfake", 400))
    assert _post(server).detail == "400 gone fake"


def test_a_password_in_the_url_is_not_told(server: FeedServer) -> None:
    server.serve("/hook?key=verysecret", reply(b"verysecret hunter22 key=verysecret", 400))
    url = server.url("/hook?key=verysecret").replace("//", "//user:hunter22@")
    assert _post(server, url=url).detail == "400 *** *** ***"
    assert server.requests[0].headers["authorization"].startswith("Basic ")


def test_a_status_without_a_name_is_told_as_a_number() -> None:
    assert judge(599, "", None) == Attempt(ok=False, detail="599", status=599)


@pytest.mark.parametrize(
    ("path", "secret", "echo"),
    [
        ("/hook/key%2Fwith%20signs", "", "/hook/key/with signs"),
        ("/hook/key", "a/secret+of/signs=", "a%2Fsecret%2Bof%2Fsigns%3D"),
        ("/hook/key", "a/secret+of/signs=", "a\\/secret+of\\/signs="),
    ],
)
def test_a_secret_is_found_however_it_is_spelt(
    server: FeedServer, path: str, secret: str, echo: str
) -> None:
    server.serve(path, reply(echo.encode(), 400))
    assert _post(server, url=server.url(path), secrets=(secret,)).detail == "400 ***"


def test_a_secret_where_the_answer_is_cut_does_not_show_its_beginning(server: FeedServer) -> None:
    secret = "".join(chr(ord("a") + number) for number in range(24))
    for start in range(970, 1_000):
        server.serve(PATH, reply(b"-" * start + secret.encode(), 400))
        assert "abcdef" not in _post(server, secrets=(secret,)).detail


def test_the_deadline_leaves_room_in_the_lease_of_a_delivery() -> None:
    assert DEADLINE == 15
