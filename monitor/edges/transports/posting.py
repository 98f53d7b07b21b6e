"""Posting once to a receiver, and what its answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, unquote, urlsplit

import httpx

from monitor.core.models import Attempt
from monitor.core.parse.plain import clean, shorten
from monitor.edges.net import EXPECTED, NOT_SENT, classify, parse_retry_after

# Seconds for a whole attempt, bytes of an answer that are read, characters that are kept.
DEADLINE, _SAID, _KEPT = 15.0, 65_536, 1_000
# Bytes that are read of an answer that was asked for.
_ASKED = 2_000_000
# Client errors that pass: time-out, conflict, "too early", "too many requests".
_PASSING = frozenset((408, 409, 425, 429))
# Those whose Retry-After counts (RFC 9110, section 10.2.3; RFC 6585, section 4).
_ASKING = frozenset((429, 503))
# Shorter parts of a URL are ordinary words; blanking them out would only confuse.
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Post:
    """One request to a receiver: where, what, and what must not be told of it."""

    url: str = field(repr=False)
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


async def post(client: httpx.AsyncClient, request: Post, now: datetime, deadline: float) -> Attempt:
    """Post once, within `deadline` seconds in all; a redirect is not followed.

    `detail` says what was answered, without control characters, the URL or the secrets; the
    attempt is `uncertain` where a connection was made and then no answer came.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        attempt = await _exchange(client, request, now, started + deadline)
    except EXPECTED as error:
        lost = not isinstance(error, NOT_SENT)
        attempt = Attempt(ok=False, detail=classify(error).reason, uncertain=lost)
    detail = shorten(clean(attempt.detail), _KEPT)
    return replace(attempt, detail=detail, seconds=loop.time() - started)


async def ask(client: httpx.AsyncClient, request: Post, deadline: float) -> bytes:
    """The body of the answer to a question put by POST, b"" where none came that is of use."""
    end = asyncio.get_running_loop().time() + deadline
    try:
        async with asyncio.timeout_at(end), _posted(client, request) as response:
            read = bytearray()
            await _read(response, read, _ASKED)
            return bytes(read) if response.is_success else b""
    except EXPECTED:
        return b""


def _posted(
    client: httpx.AsyncClient, request: Post
) -> AbstractAsyncContextManager[httpx.Response]:
    return client.stream(
        "POST",
        request.url,
        content=request.content,
        headers=dict(request.headers),
        follow_redirects=False,
    )


async def _read(response: httpx.Response, read: bytearray, most: int) -> None:
    """Add a body to `read`, up to so many bytes; nothing of one that is compressed."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= most:
            break


async def _exchange(client: httpx.AsyncClient, request: Post, now: datetime, end: float) -> Attempt:
    built = client.build_request(
        "POST", request.url, content=request.content, headers=dict(request.headers)
    )
    async with asyncio.timeout_at(end):
        response = await client.send(built, stream=True, follow_redirects=False)
    try:
        said = await _said(response, end)
    finally:
        await response.aclose()
    asked = parse_retry_after(response.headers.get("retry-after"), now)
    # Only what others said may hold a secret; cut later, for half a secret would not be found.
    hidden = _without(_forms(request), clean(said))
    return judge(response.status_code, hidden, asked)


async def _said(response: httpx.Response, end: float) -> str:
    """The beginning of an answer's text; what cannot be had of it is left out.

    The status has come and counts: an alert that was accepted is not sent again because
    the answer drips, never ends or breaks off.
    """
    read = bytearray()
    try:
        async with asyncio.timeout_at(end):
            await _read(response, read, _SAID)
    except EXPECTED:
        pass
    return read[:_SAID].decode("utf-8", "replace")


def judge(status: int, said: str, retry_after: float | None) -> Attempt:
    """What an answer means: arrived, wrong for good, or worth another try.

    The one place that knows, for all channels. 2xx: arrived. A redirect is refused, since
    it would carry the alert to another place than was configured. 4xx: trying again cannot
    help, but for those that pass. Anything else is the receiver's trouble, and may pass.
    """
    detail = f"{status} {said.strip() or _phrase(status)}".strip()
    if 200 <= status < 300:
        return Attempt(ok=True, detail=detail, status=status)
    if 300 <= status < 400:
        detail = f"{status}: the receiver redirects, which is not followed"
        return Attempt(ok=False, detail=detail, status=status, permanent=True)
    return Attempt(
        ok=False,
        detail=detail,
        status=status,
        permanent=400 <= status < 500 and status not in _PASSING,
        retry_after=retry_after if status in _ASKING else None,
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _forms(request: Post) -> Iterator[str]:
    """What must not be shown: the secrets, and of the URL all that may hold one."""
    parts = urlsplit(request.url)
    found = [*request.secrets, request.url, parts.path, parts.query, parts.password or ""]
    found += [*parts.path.split("/"), *parts.query.split("&")]
    found += [one.partition("=")[2] for one in parts.query.split("&")]
    for one in found:
        if len(one) >= _SHORTEST:
            # The last form is a slash as some servers write it in JSON.
            yield from (one, unquote(one), quote(one, safe=""), one.replace("/", "\\/"))


def _without(secrets: Iterator[str], text: str) -> str:
    for secret in sorted(set(secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
