"""What all channels share: their form, the wire form of an alert, and one way to post."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO
from urllib.parse import urlsplit

import httpx

from monitor.core.models import Alert, Attempt, Carrier, Delivery, Receiver
from monitor.edges.net import EXPECTED, classify, parse_retry_after, read_body

# Seconds for a whole attempt, bytes of an answer that are read, characters that are kept.
DEADLINE, _ANSWER, _KEPT = 15.0, 65_536, 1_000
# Answers after which trying again can help: time-outs, conflicts, "too early", "too many".
_PASSING = frozenset((408, 409, 425, 429))


class Transport(Protocol):
    """Speaks to one receiver."""

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Try once; what may go wrong is in the Attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """A kind of receiver: the options it takes, how they are checked, how it is built.

    `check` gives (option, what is wrong, hint) for each fault.
    """

    options: tuple[str, ...]
    check: Callable[[Receiver], Iterator[tuple[str, str, str]]]
    build: Callable[[Receiver, httpx.AsyncClient, TextIO], Transport]


def check_url(receiver: Receiver) -> Iterator[tuple[str, str, str]]:
    """Faults of an option `url` that must be https (http where allow_http says so)."""
    url = receiver.options.get("url", "")
    if not url:
        yield "url", "is missing", "the address to post to"
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield "url", "is not a URL", ""
        return
    if not host or parts.scheme not in {"http", "https"}:
        yield "url", "is not a URL", "https://..."
    elif parts.scheme == "http" and receiver.options.get("allow_http") != "true":
        yield "url", "is not https", "allow_http = true if that is meant"


def body(delivery: Delivery, limit: int) -> bytes:
    """The JSON of an alert below `limit` bytes; the same bytes in every attempt.

    What is too long is shortened, and `truncated` says so.
    """
    message: dict[str, Any] = {
        "type": delivery.alert.kind,
        "timestamp": _iso(delivery.created),
        "data": _data(delivery.alert),
    }
    encoded = _encode(message)
    for shorten in (_fewer_others, _fewer_matches, _shorter_summary, _shorter_title):
        if len(encoded) <= limit:
            break
        message["data"] = shorten(message["data"]) | {"truncated": True}
        encoded = _encode(message)
    return encoded


def _encode(message: Mapping[str, Any]) -> bytes:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _data(alert: Alert) -> dict[str, Any]:
    story = alert.story
    return {
        "story": story.id,
        "event": story.event,
        "title": story.title,
        "link": story.link,
        "summary": story.summary,
        "source": story.carrier.source,
        "language": story.carrier.language,
        "country": story.carrier.country,
        "state_media": story.carrier.state_media,
        "published": _iso(story.published),
        "first_seen": _iso(story.first_seen),
        "topics": sorted(story.topics),
        "severity": story.severity.label,
        "matches": [asdict(one) for one in story.matches],
        "others": [_other(one) for one in alert.others],
        "reason": alert.reason,
        "reasons": list(story.reasons),
    }


def _other(carrier: Carrier) -> dict[str, Any]:
    return {
        "source": carrier.source,
        "link": carrier.link,
        "language": carrier.language,
        "country": carrier.country,
        "state_media": carrier.state_media,
        "seen": _iso(carrier.seen),
    }


def _fewer_others(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"others": data["others"][:5]}


def _fewer_matches(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"matches": data["matches"][:10], "reasons": data["reasons"][:3]}


def _shorter_summary(data: dict[str, Any]) -> dict[str, Any]:
    # Spans into what is cut off would point at nothing.
    kept = [one for one in data["matches"] if one["field"] != "summary" or one["end"] <= 500]
    return data | {"summary": data["summary"][:500], "matches": kept, "others": []}


def _shorter_title(data: dict[str, Any]) -> dict[str, Any]:
    link = data["link"] if len(data["link"]) <= 2_000 else ""
    cut = {"title": data["title"][:300], "reason": data["reason"][:500], "reasons": []}
    return data | cut | {"matches": [], "summary": "", "link": link}


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


@dataclass(frozen=True, slots=True)
class Post:
    """One request to a receiver: where, what, and what must not be told of it."""

    url: str
    content: bytes
    headers: Mapping[str, str]
    secrets: tuple[str, ...] = ()


async def post(client: httpx.AsyncClient, request: Post, now: datetime, deadline: float) -> Attempt:
    """Post once, within `deadline` seconds in all; never follows a redirect."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(deadline):
            attempt = await _exchange(client, request, now)
    except TimeoutError:
        attempt = Attempt(ok=False, detail=f"no answer within {deadline:g} s")
    except EXPECTED as error:
        attempt = Attempt(ok=False, detail=classify(error).reason)
    seconds = time.monotonic() - started
    return Attempt(
        ok=attempt.ok,
        detail=_without(request.secrets, attempt.detail),
        permanent=attempt.permanent,
        status=attempt.status,
        retry_after=attempt.retry_after,
        seconds=seconds,
    )


async def _exchange(client: httpx.AsyncClient, request: Post, now: datetime) -> Attempt:
    arguments: dict[str, Any] = {"content": request.content, "headers": dict(request.headers)}
    async with client.stream("POST", request.url, **arguments) as response:
        try:
            said = (await read_body(response, _ANSWER)).decode("utf-8", "replace")
        except EXPECTED:
            # The status is what counts; an answer that cannot be read takes nothing from it.
            said = ""
    asked = parse_retry_after(response.headers.get("retry-after"), now)
    return judge(response.status_code, said, asked)


def judge(status: int, said: str, retry_after: float | None) -> Attempt:
    """What an answer means: arrived, wrong for good, or worth another try.

    One place for all channels. 2xx arrived; a redirect is refused, for it would carry the
    alert elsewhere; 4xx is our mistake, but for those that pass; 5xx is theirs.
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in said[:_KEPT]).split())
    detail = f"{status} {words}".strip()
    if 200 <= status < 300:
        return Attempt(ok=True, detail=detail, status=status)
    if 300 <= status < 400:
        why = f"{status}: a redirect, which is not followed"
        return Attempt(ok=False, detail=why, status=status, permanent=True)
    permanent = 400 <= status < 500 and status not in _PASSING
    patience = retry_after if status in {429, 503} else None
    return Attempt(
        ok=False, detail=detail, status=status, permanent=permanent, retry_after=patience
    )


def _without(secrets: tuple[str, ...], text: str) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
