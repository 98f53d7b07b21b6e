"""One visit to a feed: a conditional GET, followed through redirects, within one deadline.

A fetch ends in a Document, NotModified or a Failure that says why; what a network can do
to us is never an exception here. This room knows nothing of what is in a document.

Ports: a feed's own URL may state any; a redirect may lead to 80, 443 or that same port,
and to others only where network.allow names that host or address with the port.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
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
from monitor.edges.fetch.answers import Answer, Onward, read_answer, usable
from monitor.edges.net import (
    EXPECTED,
    TOO_LONG_A_HEAD,
    AllowList,
    GuardedAiohttp,
    GuardedTransport,
    Refused,
    Resolver,
    Room,
    admit_port,
    classify,
    place,
    too_strict,
)

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, "
    "application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)
_PORTS = {"http": 80, "https": 443}
# Characters of a header line beside name and value.
_SIGNS = len(": \r\n")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch: seconds in all and to connect, bytes of body, redirects, bytes of all
    headers of an answer (100,000 at most, which is httpcore's own bound) and their number.
    """

    deadline: float = 30.0
    connect: float = 10.0
    max_body: int = 10_000_000
    max_redirects: int = 5
    header_bytes: int = 65_536
    headers: int = 2_000
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
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        # Bare transports: an httpx client would look into redirects and keep cookies.
        limits = self._limits
        self._fast = GuardedAiohttp(
            self._allow, self._resolver, limits.connect, limits.header_bytes
        )
        self._patient = GuardedTransport(self._allow, self._resolver)
        self._room = Room(limits.max_body)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._fast.aclose()
        await self._patient.aclose()

    async def fetch(
        self, feed: Feed, validators: Validators, at: str = ""
    ) -> Document | NotModified | Failure:
        """What a visit to `feed` brings now; conditional if `validators` hold anything.

        `at`: the URL it is read at, where that is not the configured one any more.
        """
        try:
            async with asyncio.timeout(self._limits.deadline):
                return await self._follow(feed, usable(validators), at or feed.url)
        except EXPECTED as error:
            return classify(error)

    async def _follow(
        self, feed: Feed, validators: Validators, first: str
    ) -> Document | NotModified | Failure:
        start = url = _url(first)
        visited = {url}
        permanent = True
        while True:
            answer = await self._visit(url, self._headers(feed, validators, url))
            if isinstance(answer, Document) and url == start:
                return replace(answer, url=first)
            if isinstance(answer, Failure):
                return answer
            if not isinstance(answer, Onward):
                return replace(answer, moved=str(url) if permanent and url != start else "")
            permanent = permanent and answer.permanent
            url = self._redirected(_url(answer.location, url), url, start)
            if url in visited:
                return Failure(PollOutcome.REDIRECT_LIMIT, "the redirects go in a circle")
            if len(visited) > self._limits.max_redirects:
                most = self._limits.max_redirects
                return Failure(PollOutcome.REDIRECT_LIMIT, f"more than {most} redirects")
            visited.add(url)

    async def _visit(self, url: httpx.URL, headers: dict[str, str]) -> Answer:
        """One request and its answer; two where the answer needs a more patient parser."""
        request = httpx.Request("GET", url, headers=headers, extensions=self._timeouts())
        try:
            return await self._ask(request, self._fast)
        except EXPECTED as error:
            if not too_strict(error):
                raise
        return await self._ask(request, self._patient)

    async def _ask(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> Answer:
        response = await transport.handle_async_request(request)
        try:
            self._measure(response.headers.raw)
            most, room = self._limits.max_body, self._room
            return await read_answer(response, request, most, room, self._clock())
        finally:
            await response.aclose()

    def _measure(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Raises Refused for too many headers; how much of them was read is bounded already."""
        most = self._limits.header_bytes - _SIGNS * len(headers)
        if len(headers) > self._limits.headers or sum(map(_length, headers)) > most:
            raise Refused(PollOutcome.PROTOCOL, TOO_LONG_A_HEAD)

    def _headers(self, feed: Feed, validators: Validators, url: httpx.URL) -> dict[str, str]:
        headers = {
            "User-Agent": self._limits.user_agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip, deflate, br, zstd",
        }
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        # Only the configured one may see them, wherever the feed has moved or leads to.
        if feed.credentials and _origin(url) == _origin(_url(feed.url)):
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
        admit_port(*place(target), self._allow, known=_port(start))
        return target


def _url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """The address to ask, without userinfo and fragment; raises Refused."""
    try:
        url = base.join(text) if base else httpx.URL(text)
        known = url.scheme in _PORTS and url.host and 0 < _port(url) < 65536
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused(PollOutcome.BAD_SCHEME, "the address is not a valid URL") from error
    if not known:
        raise Refused(PollOutcome.BAD_SCHEME, "the address is not an http or https URL")
    return url.copy_with(userinfo=b"", fragment=None) if url.userinfo or url.fragment else url


def _length(header: tuple[bytes, bytes]) -> int:
    return len(header[0]) + len(header[1])


def _port(url: httpx.URL) -> int:
    return _PORTS[url.scheme] if url.port is None else url.port


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, _port(url)
