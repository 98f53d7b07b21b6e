"""One visit to a feed: a conditional GET, followed through redirects, within one deadline.

A fetch ends in a Document, NotModified or a Failure that says why; what a network can do
to us is never an exception here. This room knows nothing of what is in a document.

Ports: a feed's own URL may state any; a redirect may lead to 80, 443 or that same port,
and to others only where network.allow names that host or address with the port.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from http.client import responses
from types import TracebackType
from typing import Self

import httpx

from monitor.core.models import (
    Document,
    Failure,
    Feed,
    NotModified,
    PollOutcome,
    Validators,
)
from monitor.edges.net import (
    EXPECTED,
    AllowList,
    Blocked,
    GuardedTransport,
    Refused,
    Resolver,
    classify,
    parse_retry_after,
    read_body,
)

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, "
    "application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_HEADER_CHARS = 1024
_HOST_CHARS = 253
_OWN_OUTCOME = {
    401: PollOutcome.HTTP_401,
    403: PollOutcome.HTTP_403,
    404: PollOutcome.HTTP_404,
    410: PollOutcome.HTTP_410,
    429: PollOutcome.HTTP_429,
}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch: seconds in all and to connect, bytes of body, redirects.

    A status line with headers is bounded at some 100 KB by httpcore.
    """

    deadline: float = 30.0
    connect: float = 10.0
    max_body: int = 10_000_000
    max_redirects: int = 5
    user_agent: str = "monitor (feed reader)"


class Fetcher:
    """Fetches feeds, many at a time, on one event loop; an async context manager."""

    def __init__(
        self,
        allow: AllowList,
        limits: FetchLimits,
        clock: Callable[[], datetime],
        resolver: Resolver | None = None,
    ) -> None:
        self._allow = allow
        self._limits = limits
        self._clock = clock
        # The bare transport: an httpx client would look into redirects and keep cookies.
        self._transport = GuardedTransport(allow, resolver)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.aclose()

    async def fetch(self, feed: Feed, validators: Validators) -> Document | NotModified | Failure:
        """What a visit to `feed` brings now; conditional if `validators` hold anything."""
        try:
            async with asyncio.timeout(self._limits.deadline):
                return await self._follow(feed, usable(validators))
        except EXPECTED as error:
            return classify(error)

    async def _follow(self, feed: Feed, validators: Validators) -> Document | NotModified | Failure:
        start = url = _url(feed.url)
        visited = {url}
        while True:
            answer = await self._visit(url, self._headers(feed, validators, url, start))
            if isinstance(answer, Document) and url == start:
                return replace(answer, url=feed.url)
            if not isinstance(answer, httpx.URL):
                return answer
            url = self._redirected(answer, url, start)
            if url in visited:
                return Failure(PollOutcome.REDIRECT_LIMIT, "the redirects go in a circle")
            if len(visited) > self._limits.max_redirects:
                most = self._limits.max_redirects
                return Failure(PollOutcome.REDIRECT_LIMIT, f"more than {most} redirects")
            visited.add(url)

    async def _visit(
        self, url: httpx.URL, headers: dict[str, str]
    ) -> Document | NotModified | Failure | httpx.URL:
        """One request and its answer; an httpx.URL says where else to look."""
        request = httpx.Request("GET", url, headers=headers, extensions=self._timeouts())
        response = await self._transport.handle_async_request(request)
        try:
            return await self._read(response, request)
        finally:
            await response.aclose()

    async def _read(
        self, response: httpx.Response, request: httpx.Request
    ) -> Document | NotModified | Failure | httpx.URL:
        status = response.status_code
        if status in _REDIRECTS:
            return _location(response, request.url)
        if status == HTTPStatus.NOT_MODIFIED:
            return await _not_modified(response, request)
        if status // 100 == 2 and status != HTTPStatus.PARTIAL_CONTENT:
            body = await read_body(response, self._limits.max_body)
            return _document(response, request.url, body)
        return self._failure(response)

    def _failure(self, response: httpx.Response) -> Failure:
        status, wait = response.status_code, None
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            wait = parse_retry_after(response.headers.get("retry-after"), self._clock())
        return Failure(_outcome(status), f"HTTP {status}{_phrase(status)}", wait)

    def _headers(
        self, feed: Feed, validators: Validators, url: httpx.URL, start: httpx.URL
    ) -> dict[str, str]:
        headers = {
            "User-Agent": self._limits.user_agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip, deflate, br, zstd",
        }
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        if feed.credentials and _origin(url) == _origin(start):
            word = b64encode(":".join(feed.credentials).encode()).decode()
            headers["Authorization"] = f"Basic {word}"
        return headers

    def _timeouts(self) -> dict[str, dict[str, float]]:
        rest = self._limits.deadline
        return {"timeout": {"connect": self._limits.connect, "read": rest, "write": rest}}

    def _redirected(self, target: httpx.URL, url: httpx.URL, start: httpx.URL) -> httpx.URL:
        """`target`, if a redirect from `url` may lead there; else raises Refused."""
        if (url.scheme, target.scheme) == ("https", "http"):
            raise Refused(PollOutcome.REDIRECT_BLOCKED, "a redirect leads from https to plain http")
        port = _port(target)
        host = target.raw_host.decode("ascii")
        known = port in (*_PORTS.values(), _port(start))
        if not known and not self._allow.states(host, port):
            raise Blocked(
                f"a redirect leads to port {port} of {host[:_HOST_CHARS]}; "
                "network.allow can make an exception"
            )
        return target


def usable(validators: Validators) -> Validators:
    """The validators without those that are too long or hold more than printable ASCII."""
    return Validators(_short(validators.etag), _short(validators.last_modified))


def _short(value: str | None) -> str | None:
    fine = value and len(value) <= _HEADER_CHARS and value.isascii() and value.isprintable()
    return value if fine else None


def _url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """The address to ask, without userinfo and fragment; raises Refused."""
    try:
        url = base.join(text) if base else httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused(PollOutcome.BAD_SCHEME, "the address is not a valid URL") from error
    if url.scheme not in _PORTS or not url.host or not 0 < _port(url) < 65536:
        raise Refused(PollOutcome.BAD_SCHEME, "the address is not an http or https URL")
    return url.copy_with(userinfo=b"", fragment=None)


def _port(url: httpx.URL) -> int:
    return _PORTS[url.scheme] if url.port is None else url.port


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, _port(url)


def _location(response: httpx.Response, url: httpx.URL) -> httpx.URL | Failure:
    location = response.headers.get("location", "").strip()
    if not location:
        return Failure(PollOutcome.PROTOCOL, "a redirect does not say where it leads")
    return _url(location, url)


async def _not_modified(response: httpx.Response, request: httpx.Request) -> NotModified | Failure:
    # There is no body, but only reading to its end frees the connection for the next feed.
    _ = [chunk async for chunk in response.aiter_raw()]
    if "if-none-match" in request.headers or "if-modified-since" in request.headers:
        return NotModified()
    return Failure(PollOutcome.PROTOCOL, "the server says 304 to a request without conditions")


def _document(response: httpx.Response, url: httpx.URL, body: bytes) -> Document | Failure:
    if not body.strip():
        return Failure(PollOutcome.EMPTY, "the body is empty")
    headers = response.headers
    return Document(
        url=str(url),
        body=body,
        content_type=headers.get("content-type", "")[:_HEADER_CHARS],
        validators=usable(Validators(headers.get("etag"), headers.get("last-modified"))),
    )


def _outcome(status: int) -> PollOutcome:
    if status in _OWN_OUTCOME:
        return _OWN_OUTCOME[status]
    if status // 100 in (4, 5):
        return PollOutcome.HTTP_4XX if status < 500 else PollOutcome.HTTP_5XX
    return PollOutcome.PROTOCOL


def _phrase(status: int) -> str:
    # The server's own phrase may hold anything.
    return f" {responses[status]}" if status in responses else ""
