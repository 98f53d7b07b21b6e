"""What an HTTP answer to the question for a feed comes to, by its status and headers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import responses

import httpx

from monitor.core.models import Document, Failure, Hub, NotModified, PollOutcome, Validators
from monitor.edges.net import Room, max_age, parse_retry_after, read_body

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_HEADER_CHARS = 1024
_OWN_OUTCOME = {
    401: PollOutcome.HTTP_401,
    403: PollOutcome.HTTP_403,
    404: PollOutcome.HTTP_404,
    410: PollOutcome.HTTP_410,
    429: PollOutcome.HTTP_429,
}


@dataclass(frozen=True, slots=True)
class Onward:
    """A redirect: where to look (as the header has it), and whether it is so for good."""

    location: str
    permanent: bool


Answer = Document | NotModified | Failure | Onward


async def read_answer(
    response: httpx.Response, request: httpx.Request, max_body: int, room: Room, now: datetime
) -> Answer:
    """What an open answer comes to; raises what `read_body` and the transport raise."""
    status = response.status_code
    if status in _REDIRECTS:
        return _onward(response)
    if status == HTTPStatus.NOT_MODIFIED:
        return await _not_modified(response, request, now)
    if status // 100 == 2 and status != HTTPStatus.PARTIAL_CONTENT:
        body = await read_body(response, max_body, room)
        return _document(response, request.url, body, now)
    return _failure(response, now)


def usable(validators: Validators) -> Validators:
    """The validators without those that are too long or hold more than printable ASCII."""
    return Validators(_short(validators.etag), _short(validators.last_modified))


def _short(value: str | None) -> str | None:
    fine = value and len(value) <= _HEADER_CHARS and value.isascii() and value.isprintable()
    return value if fine else None


def _onward(response: httpx.Response) -> Onward | Failure:
    location = response.headers.get("location", "").strip()
    if not location:
        return Failure(PollOutcome.PROTOCOL, "a redirect does not say where it leads")
    return Onward(location, response.status_code in _PERMANENT)


async def _not_modified(
    response: httpx.Response, request: httpx.Request, now: datetime
) -> NotModified | Failure:
    # There is no body, but only reading to its end frees the connection for the next feed.
    _ = [chunk async for chunk in response.aiter_raw()]
    if "if-none-match" in request.headers or "if-modified-since" in request.headers:
        return NotModified(max_age(response.headers, now))
    return Failure(PollOutcome.PROTOCOL, "the server says 304 to a request without conditions")


def _document(
    response: httpx.Response, url: httpx.URL, body: bytes, now: datetime
) -> Document | Failure:
    if not body.strip():
        return Failure(PollOutcome.EMPTY, "the body is empty")
    headers = response.headers
    return Document(
        url=str(url),
        body=body,
        content_type=headers.get("content-type", "")[:_HEADER_CHARS],
        validators=usable(Validators(headers.get("etag"), headers.get("last-modified"))),
        max_age=max_age(headers, now),
        hub=_hub(response) if "link" in headers else Hub(),
    )


def _hub(response: httpx.Response) -> Hub:
    """The hub that a Link header names (WebSub, section 4)."""
    found = [response.links.get(rel, {}).get("url", "") for rel in ("hub", "self")]
    return Hub(*found) if all(0 < len(one) <= _HEADER_CHARS for one in found) else Hub()


def _failure(response: httpx.Response, now: datetime) -> Failure:
    status = response.status_code
    busy = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    wait = parse_retry_after(response.headers.get("retry-after"), now) if busy else None
    return Failure(_outcome(status), f"HTTP {status}{_phrase(status)}", wait, busy)


def _outcome(status: int) -> PollOutcome:
    if status in _OWN_OUTCOME:
        return _OWN_OUTCOME[status]
    if status // 100 in (4, 5):
        return PollOutcome.HTTP_4XX if status < 500 else PollOutcome.HTTP_5XX
    return PollOutcome.PROTOCOL


def _phrase(status: int) -> str:
    # The server's own phrase may hold anything.
    return f" {responses[status]}" if status in responses else ""
