"""What each kind of answer makes of a visit."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Callable

import brotli
import pytest

from monitor.core.models import Document, Failure, Hub, NotModified, PollOutcome, Validators
from tests.edges.test_fetch.visits import document, outcome, visit
from tests.feed_server import NOT_MODIFIED, FeedServer, raw, reply

FEED = b"<rss>Bamako</rss>"
HEAD = b"HTTP/1.1 200 OK\r\n"
DATE = "Thu, 05 Nov 2026 11:00:00 GMT"


def test_a_document_comes_with_its_type_and_validators(server: FeedServer) -> None:
    url = server.serve(
        "/feed", reply(FEED, ETag='"1"', Last_Modified=DATE, Content_Type="text/html")
    )
    assert visit(url, server) == Document(url, FEED, "text/html", Validators('"1"', DATE))


def test_a_feed_is_asked_for_politely(server: FeedServer) -> None:
    visit(server.serve("/feed", reply(FEED)), server)
    headers = server.requests[0].headers
    assert headers["user-agent"] == "monitor (feed reader)"
    assert headers["accept"].startswith("application/rss+xml")
    assert headers["accept-encoding"] == "gzip, deflate, br, zstd"
    assert not {"if-none-match", "if-modified-since", "cookie", "authorization"} & set(headers)


def test_the_second_poll_is_conditional(server: FeedServer) -> None:
    url = server.serve("/feed", reply(FEED, ETag='"1"', Last_Modified=DATE), NOT_MODIFIED)
    validators = document(visit(url, server)).validators
    assert visit(url, server, validators=validators) == NotModified()
    headers = server.requests[1].headers
    assert headers["if-none-match"] == '"1"'
    assert headers["if-modified-since"] == DATE


def test_one_validator_is_enough_for_not_modified(server: FeedServer) -> None:
    url = server.serve("/feed", NOT_MODIFIED)
    assert visit(url, server, validators=Validators(last_modified=DATE)) == NotModified()


def test_not_modified_is_no_answer_to_an_unconditional_request(server: FeedServer) -> None:
    url = server.serve("/feed", NOT_MODIFIED)
    assert outcome(visit(url, server)) is PollOutcome.PROTOCOL


@pytest.mark.parametrize("odd", ["x" * 1025, '"élan"', '"1"\r\nX: y', "\x00", ""])
def test_validators_that_are_too_long_or_not_ascii_are_not_sent(
    server: FeedServer, odd: str
) -> None:
    url = server.serve("/feed", reply(FEED))
    visit(url, server, validators=Validators(odd, odd))
    assert not {"if-none-match", "if-modified-since", "x"} & set(server.requests[0].headers)


def test_validators_that_are_too_long_or_not_ascii_are_not_kept(server: FeedServer) -> None:
    url = server.serve("/feed", reply(FEED, ETag="x" * 1025, Last_Modified="été"))
    assert document(visit(url, server)).validators == Validators()


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_compressed_document_is_unpacked(
    server: FeedServer, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    url = server.serve("/feed", reply(pack(FEED), Content_Encoding=coding))
    assert document(visit(url, server)).body == FEED


def test_a_bomb_is_too_large(server: FeedServer) -> None:
    url = server.serve("/feed", reply(gzip.compress(bytes(10_000_000)), Content_Encoding="gzip"))
    assert outcome(visit(url, server)) is PollOutcome.TOO_LARGE


def test_a_wrong_coding_is_a_decode_failure(server: FeedServer) -> None:
    url = server.serve("/feed", reply(FEED, Content_Encoding="gzip"))
    assert outcome(visit(url, server)) is PollOutcome.DECODE


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
@pytest.mark.parametrize("status", [200, 204])
def test_a_blank_body_is_empty(server: FeedServer, body: bytes, status: int) -> None:
    url = server.serve("/feed", raw(b"HTTP/1.1 %d OK\r\n\r\n" % status + body))
    # To what follows a 204 the parser may object, for there must be nothing.
    assert outcome(visit(url, server)) in {PollOutcome.EMPTY, PollOutcome.PROTOCOL}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, PollOutcome.HTTP_4XX),
        (401, PollOutcome.HTTP_401),
        (402, PollOutcome.HTTP_4XX),
        (403, PollOutcome.HTTP_403),
        (404, PollOutcome.HTTP_404),
        (410, PollOutcome.HTTP_410),
        (418, PollOutcome.HTTP_4XX),
        (429, PollOutcome.HTTP_429),
        (451, PollOutcome.HTTP_4XX),
        (499, PollOutcome.HTTP_4XX),
        (500, PollOutcome.HTTP_5XX),
        (503, PollOutcome.HTTP_5XX),
        (599, PollOutcome.HTTP_5XX),
        (206, PollOutcome.PROTOCOL),
        (300, PollOutcome.PROTOCOL),
        (305, PollOutcome.PROTOCOL),
        (600, PollOutcome.PROTOCOL),
        (999, PollOutcome.PROTOCOL),
    ],
)
def test_a_status_is_a_failure_even_with_a_feed_as_body(
    server: FeedServer, status: int, expected: PollOutcome
) -> None:
    url = server.serve("/feed", reply(FEED, status))
    assert outcome(visit(url, server)) is expected


def test_the_reason_for_a_status_is_in_our_words(server: FeedServer) -> None:
    known = visit(server.serve("/a", raw(b"HTTP/1.1 404 <script>\r\n\r\n")), server)
    unknown = visit(server.serve("/b", raw(b"HTTP/1.1 799 <script>\r\n\r\n")), server)
    assert known == Failure(PollOutcome.HTTP_404, "HTTP 404 Not Found")
    assert unknown == Failure(PollOutcome.PROTOCOL, "HTTP 799")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("90", 90.0), ("Thu, 05 Nov 2026 12:01:00 GMT", 60.0), ("99999999", 86_400.0), ("x", None)],
)
def test_the_wish_to_be_left_alone_is_passed_on(
    server: FeedServer, status: int, value: str, seconds: float | None
) -> None:
    answer = visit(server.serve("/feed", reply(b"", status, Retry_After=value)), server)
    assert isinstance(answer, Failure)
    assert answer.retry_after == seconds


def test_only_429_and_503_can_wish_to_be_left_alone(server: FeedServer) -> None:
    answer = visit(server.serve("/feed", reply(b"", 404, Retry_After="90")), server)
    assert isinstance(answer, Failure)
    assert answer.retry_after is None


def test_credentials_are_sent_as_basic_auth(server: FeedServer) -> None:
    visit(server.serve("/feed", reply(FEED)), server, credentials=("reader", "pass:wörd"))
    word = b64encode("reader:pass:wörd".encode()).decode()
    assert server.requests[0].headers["authorization"] == f"Basic {word}"


def test_userinfo_in_a_url_is_not_sent(server: FeedServer) -> None:
    server.serve("/feed", reply(FEED))
    visit(f"http://me:secret@127.0.0.1:{server.port}/feed#part", server)
    assert "authorization" not in server.requests[0].headers


def test_cookies_are_not_sent_back(server: FeedServer) -> None:
    url = server.serve(
        "/feed", reply(b"", 302, Location="/next", Set_Cookie="who=you"), reply(FEED)
    )
    server.serve("/next", reply(FEED, Set_Cookie="who=you"))
    visit(url, server)
    assert [request.path for request in server.requests] == ["/feed", "/next"]
    assert "cookie" not in server.requests[1].headers


def test_proxies_of_the_environment_are_not_used(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert document(visit(server.serve("/feed", reply(FEED)), server)).body == FEED


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([HEAD + b"Content-Length: 99\r\n\r\n<rss>"], PollOutcome.PROTOCOL),
        ([HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n<rss/>"], PollOutcome.PROTOCOL),
        ([HEAD + b"Content-Length: many\r\n\r\n<rss/>"], PollOutcome.PROTOCOL),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n"], PollOutcome.PROTOCOL),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<rss>"], PollOutcome.PROTOCOL),
        ([HEAD + b"Content-Length: 200000000\r\n\r\n"], PollOutcome.TOO_LARGE),
        ([HEAD + b"\r\n" + b"x" * 100_001], PollOutcome.TOO_LARGE),
        ([HEAD + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n"], PollOutcome.PROTOCOL),
        ([HEAD, *[b"X: %d\r\n" % number for number in range(50_000)]], PollOutcome.PROTOCOL),
        ([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], PollOutcome.PROTOCOL),
        ([b"HTTP/1.1 abc\r\n\r\n"], PollOutcome.PROTOCOL),
        ([b"<rss/>"], PollOutcome.RESET),
        ([], PollOutcome.RESET),
    ],
)
def test_an_answer_that_breaks_the_rules_is_a_failure(
    server: FeedServer, steps: list[bytes], expected: PollOutcome
) -> None:
    assert outcome(visit(server.serve("/feed", raw(*steps)), server)) is expected


@pytest.mark.parametrize(
    "steps",
    [
        [HEAD + b"Content-Length: 17\r\nContent-Length: 17\r\n\r\n" + FEED],
        [HEAD + b"Content-Length: 17\r\n\r\n" + FEED + b"trailing"],
        [HEAD + b"\r\n", *(FEED[at : at + 1] for at in range(len(FEED)))],
        [b"HTTP/1.0 200 OK\r\n\r\n" + FEED],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2000 + HEAD + b"\r\n" + FEED],
        [HEAD + b"Set-Cookie: a=b\r\n" * 1000 + b"\r\n" + FEED],
    ],
)
def test_an_answer_that_is_merely_odd_is_read(server: FeedServer, steps: list[bytes]) -> None:
    assert document(visit(server.serve("/feed", raw(*steps)), server)).body == FEED


def test_a_connection_reset_before_an_answer_is_told_as_such(server: FeedServer) -> None:
    assert outcome(visit(server.serve("/feed", raw(reset=True)), server)) is PollOutcome.RESET


def test_a_connection_reset_within_a_body_leaves_it_incomplete(server: FeedServer) -> None:
    steps = (HEAD + b"Content-Length: 99\r\n\r\n<rss>", 0.05)
    answer = visit(server.serve("/feed", raw(*steps, reset=True)), server)
    assert outcome(answer) is PollOutcome.PROTOCOL


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache_Control": "public, max-age=900"}, 900.0),
        ({"Cache_Control": "max-age=900", "Age": "300"}, 600.0),
        ({"Cache_Control": 'max-age="60"', "Expires": "Fri, 06 Nov 2026 12:00:00 GMT"}, 60.0),
        ({"Cache_Control": "no-cache, max-age=900"}, 0.0),
        ({"Cache_Control": "max-age=99999999999"}, 86_400.0),
        ({"Cache_Control": "max-age=-5"}, 0.0),
        ({"Expires": "Thu, 05 Nov 2026 12:10:00 GMT"}, 600.0),
        ({"Expires": "Thu, 05 Nov 2026 11:10:00 GMT"}, 0.0),
        ({"Expires": "0"}, 0.0),
        ({}, 0.0),
    ],
)
def test_how_long_an_answer_holds_is_read_from_its_headers(
    server: FeedServer, headers: dict[str, str], seconds: float
) -> None:
    url = server.serve("/feed", reply(FEED, 200, **headers))
    assert document(visit(url, server)).max_age == seconds


def test_a_304_says_too_how_long_it_holds(server: FeedServer) -> None:
    url = server.serve("/feed", raw(b"HTTP/1.1 304 Not\r\nCache-Control: max-age=60\r\n\r\n"))
    assert visit(url, server, validators=Validators('"1"')) == NotModified(60.0)


def test_a_link_header_names_the_hub_of_a_feed(server: FeedServer) -> None:
    link = '<https://hub.example/>; rel="hub", <https://a.example/feed>; rel="self"'
    url = server.serve("/feed", reply(FEED, Link=link))
    assert document(visit(url, server)).hub == Hub("https://hub.example/", "https://a.example/feed")


def test_a_link_header_without_a_name_for_the_feed_names_no_hub(server: FeedServer) -> None:
    url = server.serve("/feed", reply(FEED, Link='<https://hub.example/>; rel="hub"'))
    assert document(visit(url, server)).hub == Hub()
