"""Cases: answers that break HTTP or stretch it, packed bodies, and statuses."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from functools import cache

import brotli

from tests.feed_server import Reply, raw, reply
from tests.hostile.case import Catalogue, News, rss

if sys.version_info >= (3, 14):  # pragma: no cover
    from compression import zstd
else:
    from backports import zstd

cases = Catalogue()
_OK = b"HTTP/1.1 200 OK\r\n"
# Seconds in which an answer that hangs or drips is given up: the deadline of a fetch, and a bit.
_GIVEN_UP = 5.0
_FOREVER = 60.0

# -- slow, cut, broken -----------------------------------------------------------------


def _drip(first: bytes, piece: bytes) -> Iterator[bytes | float]:
    yield first
    for _ in range(400):
        yield 0.1
        yield piece


@cases.fails("slow-head", "A byte of the head each tenth of a second", "timeout", seconds=_GIVEN_UP)
def _slow_head(news: News) -> Reply:
    return Reply(_drip(_OK, b"X"))


@cases.fails("slow-body", "A byte of the body each tenth of a second", "timeout", seconds=_GIVEN_UP)
def _slow_body(news: News) -> Reply:
    return Reply(_drip(_OK + b"Content-Length: 9000\r\n\r\n", b"<"))


@cases.fails("hangs", "No answer at all", "timeout", seconds=_GIVEN_UP)
def _hangs(news: News) -> Reply:
    return raw(_FOREVER)


@cases.fails("hangs-in-body", "Half of the body, then nothing more", "timeout", seconds=_GIVEN_UP)
def _hangs_in_body(news: News) -> Reply:
    body = news.feed
    return raw(_OK + b"Content-Length: %d\r\n\r\n" % len(body) + body[:200], _FOREVER)


@cases.fails("reset", "The connection is reset at once", "reset")
def _reset(news: News) -> Reply:
    return raw(reset=True)


@cases.fails("reset-in-body", "The connection is reset in the body", "reset|protocol")
def _reset_in_body(news: News) -> Reply:
    return raw(_OK + b"Content-Length: 9000\r\n\r\n" + news.feed[:100], reset=True)


@cases.fails("closed", "The connection is closed without a word", "reset")
def _closed(news: News) -> Reply:
    return raw()


@cases.fails("short", "Less comes than was announced", "protocol")
def _short(news: News) -> Reply:
    body = news.feed
    return raw(_OK + b"Content-Length: %d\r\n\r\n" % (len(body) + 100) + body)


@cases.add("long", "More comes than was announced: the rest is not looked at")
def _long(news: News) -> Reply:
    body = news.feed
    return raw(_OK + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"HTTP/1.1 500 X\r\n\r\n")


@cases.fails("two-lengths", "Two lengths that differ", "protocol")
def _two_lengths(news: News) -> Reply:
    return raw(_OK + b"Content-Length: 9\r\nContent-Length: 10\r\n\r\n" + news.feed)


@cases.fails("no-number", "A length that is no number", "protocol")
def _no_number(news: News) -> Reply:
    return raw(_OK + b"Content-Length: -5\r\n\r\n" + news.feed)


@cases.fails("broken-chunk", "A chunk whose length is no number", "protocol")
def _broken_chunk(news: News) -> Reply:
    return raw(_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + news.feed)


@cases.fails("smuggled", "A length and chunks at the same time", "protocol|parse_error|not_a_feed")
def _smuggled(news: News) -> Reply:
    head = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    return raw(_OK + head + b"4\r\n<rss\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")


@cases.fails("http-09", "A body without a head", "reset|protocol")
def _http09(news: News) -> Reply:
    return raw(news.feed)


@cases.fails("other-protocol", "Another protocol", "protocol")
def _other(news: News) -> Reply:
    return raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


@cases.fails("status-999", "A status that does not exist", "protocol")
def _status_999(news: News) -> Reply:
    return raw(b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n")


@cases.add("many-hints", "Two thousand early hints before the answer")
def _hints(news: News) -> Reply:
    body = news.feed
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
    return raw(hint * 2_000 + _OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


# -- large -----------------------------------------------------------------------------


@cases.fails("announced-200-mb", "Two hundred megabytes, announced: none is read", "too_large")
def _announced(news: News) -> Reply:
    return raw(_OK + b"Content-Length: 200000000\r\n\r\n", _FOREVER)


def _endless(piece: bytes) -> Iterator[bytes]:
    for _ in range(4_000):
        yield piece


@cases.fails("200-mb", "Two hundred megabytes without a length", "too_large", seconds=5)
def _unannounced(news: News) -> Reply:
    return Reply([_OK + b"\r\n", *_endless(b"<!-- " + b"x" * 50_000)][:4_000])


@cases.fails("endless-chunks", "Chunks without end", "too_large|timeout", seconds=_GIVEN_UP)
def _endless_chunks(news: News) -> Reply:
    head = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    return Reply([head, *_endless(b"10000\r\n" + b"x" * 65_536 + b"\r\n")])


@cases.fails(
    "tiny-chunks", "Chunks of a byte, as fast as they go", "too_large|timeout", seconds=_GIVEN_UP
)
def _tiny_chunks(news: News) -> Reply:
    head = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    return Reply([head, *_endless(b"1\r\nx\r\n" * 5_000)])


@cases.fails("long-header", "A header of a megabyte", "protocol|too_large")
def _long_header(news: News) -> Reply:
    return raw(_OK + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n" + news.feed)


@cases.fails("endless-headers", "Headers without end", "protocol|too_large", seconds=_GIVEN_UP)
def _endless_headers(news: News) -> Reply:
    return Reply([_OK, *_endless(b"X-More: yes\r\n" * 100)])


@cases.add("same-header-often", "The same header fifty times")
def _same_header(news: News) -> Reply:
    body = news.feed
    twice = b'ETag: "a"\r\nContent-Type: text/xml\r\n' * 25
    return raw(_OK + twice + b"Content-Length: %d\r\n\r\n" % len(body) + body)


@cases.add("cookies", "A thousand cookies: none is kept or sent")
def _cookies(news: News) -> Reply:
    body = news.feed
    many = b"".join(b"Set-Cookie: c%d=%d; Path=/\r\n" % (n, n) for n in range(1_000))
    return raw(_OK + many + b"Content-Length: %d\r\n\r\n" % len(body) + body)


@cases.add("forged-headers", "Control characters and blanks in headers that we keep")
def _forged(news: News) -> Reply:
    body = news.feed
    odd = b'ETag: "\x1b[2J\xff"\r\nLast-Modified: \xc3\xa9t\xc3\xa9\r\n'
    odd += b"Link: <javascript:x>; rel=hub, <javascript:y>; rel=self\r\n"
    return raw(_OK + odd + b"Content-Length: %d\r\n\r\n" % len(body) + body)


@cases.add("no-type", "A feed as an image")
def _no_type(news: News) -> Reply:
    return reply(news.feed, Content_Type="image/png")


# -- packed ----------------------------------------------------------------------------


@cache
def _bomb(coding: str) -> bytes:
    """A hundred megabytes, packed."""
    plain = bytes(100_000_000)
    if coding == "br":
        return bytes(brotli.compress(plain, quality=5))
    if coding == "zstd":
        return zstd.compress(plain)
    return gzip.compress(plain) if coding == "gzip" else zlib.compress(plain)


def _bombs(coding: str) -> None:
    @cases.fails(f"bomb-{coding}", f"A hundred megabytes packed by {coding}", "too_large")
    def _packed(news: News) -> Reply:
        return reply(_bomb(coding), Content_Encoding=coding)


for one in ("gzip", "deflate", "br", "zstd"):
    _bombs(one)


@cases.fails("packed-twice", "Packed twice", "decode")
def _twice(news: News) -> Reply:
    return reply(gzip.compress(_bomb("gzip")), Content_Encoding="gzip, gzip")


@cases.fails("not-packed", "Says that it is packed, and is not", "decode")
def _not_packed(news: News) -> Reply:
    return reply(news.feed, Content_Encoding="gzip")


@cases.fails("cut-gzip", "Packed and cut off", "decode")
def _cut_gzip(news: News) -> Reply:
    return reply(gzip.compress(news.feed)[:-20], Content_Encoding="gzip")


@cases.fails("unknown-coding", "Packed in a way that nobody knows", "decode")
def _unknown_coding(news: News) -> Reply:
    return reply(news.feed, Content_Encoding="x-secret")


@cases.add(
    "silent-gzip",
    "Packed without saying so",
    outcome="ok|not_a_feed|decode",
    titles=lambda news: (),
    quiet="either is fine",
)
def _silent_gzip(news: News) -> Reply:
    return reply(gzip.compress(rss("")))


# -- statuses --------------------------------------------------------------------------


def _statuses() -> None:
    for status, outcome in (
        *((401, "http_401"), (402, "http_4xx"), (403, "http_403"), (404, "http_404")),
        *((410, "http_410"), (418, "http_4xx"), (451, "http_4xx"), (500, "http_5xx")),
        *((503, "http_5xx"), (429, "http_429"), (206, "protocol")),
    ):
        _status(status, outcome)


def _status(status: int, outcome: str) -> None:
    @cases.fails(f"status-{status}", f"A feed as the body of a {status}", outcome)
    def _said(news: News) -> Reply:
        return reply(news.feed, status)


_statuses()


def _waits(name: str, status: int, value: str) -> None:
    outcome = {429: "http_429", 503: "http_5xx"}[status]

    @cases.fails(f"retry-{name}", f"{status} with Retry-After: {value}", outcome)
    def _said(news: News) -> Reply:
        return reply(b"", status, Retry_After=value)


_waits("seconds", 429, "3600")
_waits("date", 503, "Fri, 31 Dec 2199 23:59:59 GMT")
_waits("nonsense", 503, "soon\x07")
_waits("negative", 429, "-1")
_waits("ten-years", 503, "315360000")


@cases.fails("unasked-304", "Not modified, without having been asked", "protocol")
def _unasked(news: News) -> Reply:
    return raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")
