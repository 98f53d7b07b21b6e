"""Webhooks signed after Standard Webhooks, version 1 (standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

import httpx
from standardwebhooks import Webhook as Signer

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges.transports.base import DEADLINE, Channel, Post, Transport, body, check_url, post

# The specification asks for bodies below 20 kB and keys of 24 to 64 bytes.
_LARGEST, _SHORTEST_KEY, _LONGEST_KEY = 20_000, 24, 64
_PREFIX = "whsec_"


class Webhook:
    """Posts to one URL; without a secret, unsigned.

    Several secrets give several signatures, so that a receiver can change its key
    without missing anything.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        secrets: tuple[str, ...],
        deadline: float = DEADLINE,
    ) -> None:
        self._client, self._url, self._secrets = client, url, secrets
        self._deadline = deadline

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post once, with a new timestamp and signature and the same body as ever."""
        content = body(delivery, _LARGEST)
        headers = {
            "content-type": "application/json",
            "user-agent": "monitor",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if self._secrets:
            headers["webhook-signature"] = self._sign(delivery.id, now, content)
        request = Post(self._url, content, headers, (self._url, *self._secrets))
        return await post(self._client, request, now, self._deadline)

    def _sign(self, name: str, now: datetime, content: bytes) -> str:
        at, text = now.astimezone(UTC), content.decode()
        return " ".join(Signer(one).sign(name, at, text) for one in self._secrets)


def _check(receiver: Receiver) -> Iterator[tuple[str, str, str]]:
    yield from check_url(receiver)
    for secret in receiver.options.get("secret", "").split():
        if why := _wrong_secret(secret):
            yield "secret", why, "whsec_ and 24 to 64 random bytes in base64"


def _wrong_secret(secret: str) -> str:
    """What is wrong with a secret, without telling it."""
    if not secret.startswith(_PREFIX):
        return "does not begin with whsec_"
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return "is not base64 after whsec_"
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        return f"holds {len(key)} bytes"
    return ""


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO) -> Transport:
    secrets = tuple(receiver.options.get("secret", "").split())
    return Webhook(client, receiver.options["url"], secrets)


CHANNEL = Channel(options=("url", "secret", "allow_http"), check=_check, build=_build)
