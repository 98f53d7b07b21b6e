"""Webhooks signed after Standard Webhooks, version 1 (standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TextIO

import httpx
from standardwebhooks import Webhook as Signer

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges.transports.base import Channel, Transport, Wrong, check_url
from monitor.edges.transports.body import REPORTS, body
from monitor.edges.transports.posting import DEADLINE, Post, post

# Bytes of a key, as the specification has them.
_SHORTEST_KEY, _LONGEST_KEY = 24, 64
_PREFIX = "whsec_"
_FORM = "whsec_ and then 24 to 64 random bytes in base64"


class Webhook:
    """Posts to one URL, signed with each of the receiver's secrets.

    Several secrets give several signatures, so that a receiver can change its key
    without missing anything.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        secrets: tuple[str, ...],
        deadline: float = DEADLINE,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._client, self._url, self._deadline = client, url, deadline
        self._headers = dict(headers or {})
        self._signers = tuple(Signer(one) for one in secrets)
        bare = (one.removeprefix(_PREFIX) for one in secrets)
        words = (word for value in self._headers.values() for word in value.split())
        self._hidden = (*secrets, *bare, *self._headers.values(), *words)

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post once, with a new timestamp and signature and the same body as ever."""
        content = body(delivery)
        headers = {
            **self._headers,
            "content-type": "application/json; charset=utf-8",
            "user-agent": "monitor",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._sign(delivery.id, now, content),
        }
        request = Post(self._url, content, headers, self._hidden)
        return await post(self._client, request, now, self._deadline)

    def _sign(self, name: str, now: datetime, content: bytes) -> str:
        # The signer takes the clock time as it stands for UTC, whatever the zone.
        at, text = now.astimezone(UTC), content.decode()
        return " ".join(one.sign(name, at, text) for one in self._signers)


def _check(receiver: Receiver) -> Iterator[Wrong]:
    yield from check_url(receiver)
    secrets = _secrets(receiver)
    if not secrets:
        yield "secret", "is missing", _FORM
    for secret in secrets:
        if why := _wrong_secret(secret):
            yield "secret", why, _FORM
    yield from _wrong_headers(receiver)


def _wrong_headers(receiver: Receiver) -> Iterator[Wrong]:
    """What is wrong with the header lines, without telling their values."""
    for line in _lines(receiver):
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name) or not value.strip():
            yield "headers", "holds a line that is no header", '"X-Desk: africa"'
        elif not value.isprintable() or not value.isascii():
            yield "headers", f"{name} holds what no header can", "printable ASCII"
        elif name.lower() in _OURS or name.lower().startswith("webhook-"):
            yield "headers", f"{name} is set by us", "any other name"


# Field names (RFC 9110, section 5.1), and those that we set.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(
    ("content-type", "content-length", "transfer-encoding", "connection", "host", "user-agent")
)


def _lines(receiver: Receiver) -> list[str]:
    return [
        line.strip() for line in receiver.options.get("headers", "").splitlines() if line.strip()
    ]


def _headers(receiver: Receiver) -> dict[str, str]:
    pairs = (line.partition(":") for line in _lines(receiver))
    return {name: value.strip() for name, _, value in pairs}


def _wrong_secret(secret: str) -> str:
    """What is wrong with a secret, without telling it."""
    if not secret.startswith(_PREFIX):
        return f"does not begin with {_PREFIX}"
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return f"is not base64 after {_PREFIX}"
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        return f"holds {len(key)} bytes"
    return ""


def _secrets(receiver: Receiver) -> tuple[str, ...]:
    return tuple(receiver.options.get("secret", "").split())


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    url, headers = receiver.options["url"], _headers(receiver)
    return Webhook(client, url, _secrets(receiver), headers=headers)


CHANNEL = Channel(
    options=("url", "secret", "headers", "allow_http"),
    check=_check,
    build=_build,
    reports=REPORTS,
)
