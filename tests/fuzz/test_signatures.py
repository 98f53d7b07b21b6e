"""Signatures: ours are taken by those who check them, and none holds for anything else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from monitor.core.models import Delivery, Receiver
from monitor.core.websub import Drop, check_signature
from monitor.edges import transports
from tests.fuzz.chance import chances, made_of
from tests.make import delivery

# Of any length that may be; none ends in a zero, for HMAC fills up with zeros itself.
key = st.binary(min_size=23, max_size=63).map(
    lambda raw: "whsec_" + base64.b64encode(raw + b"\x01").decode("ascii")
)
text = made_of("Mali", "\\u0000", '{"a":1}')
# As they are made: letters and digits.
names = st.text(alphabet="abcdefXYZ0189_-", min_size=1, max_size=40)
METHODS = {name: getattr(hashlib, name) for name in ("sha1", "sha256", "sha384", "sha512")}


class Postbox(httpx.AsyncBaseTransport):
    """Takes everything, and keeps the last."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.body, self.headers = request.content, dict(request.headers)
        return httpx.Response(204, stream=httpx.ByteStream(b""))


def _posted(one: Delivery, secret: str, now: datetime) -> Postbox:
    box = Postbox()
    options = {"url": "https://hook.example/x", "secret": secret}

    async def send() -> None:
        async with httpx.AsyncClient(transport=box, trust_env=False) as client:
            hook = transports.build(Receiver("hook", "webhook", options), client, out=None)
            assert (await hook.send(one, now)).ok

    asyncio.run(send())
    return box


def _message(name: str, title: str) -> Delivery:
    one = delivery()
    story = replace(one.alert.story, title=title)
    return replace(one, id=name, alert=replace(one.alert, story=story))


@chances
@given(key, names, text)
def test_what_we_sign_is_taken_and_nothing_else_under_that_signature(
    secret: str, name: str, title: str
) -> None:
    # The library compares with the clock itself.
    box = _posted(_message(name, title), secret, datetime.now(UTC))
    verifier = Verifier(secret)
    verifier.verify(box.body, box.headers)
    later = str(int(box.headers["webhook-timestamp"]) + 1)
    for body, headers in (
        (box.body + b" ", box.headers),
        (box.body[:-1], box.headers),
        (box.body, {**box.headers, "webhook-id": f"{name}x"}),
        (box.body, {**box.headers, "webhook-timestamp": later}),
    ):
        with pytest.raises(WebhookVerificationError):
            verifier.verify(body, headers)


@chances
@given(key, key, st.integers(301, 10**6))
def test_what_we_sign_is_refused_by_another_key_and_once_it_is_old(
    secret: str, other: str, age: int
) -> None:
    assume(secret != other)
    now = datetime.now(UTC)
    fresh = _posted(delivery(), secret, now)
    old = _posted(delivery(), secret, now - timedelta(seconds=age))
    for box, checking in ((fresh, other), (old, secret)):
        with pytest.raises(WebhookVerificationError):
            Verifier(checking).verify(box.body, box.headers)


@chances
@given(
    st.text(alphabet="abcXYZ019_-", min_size=1, max_size=64),
    st.binary(max_size=200),
    st.sampled_from(sorted(METHODS)),
    st.binary(min_size=1, max_size=8),
)
def test_what_a_hub_signs_is_taken_and_nothing_else_under_that_signature(
    secret: str, body: bytes, method: str, more: bytes
) -> None:
    digest = hmac.new(secret.encode(), body, METHODS[method]).hexdigest()
    for name in (method, method.upper()):
        assert check_signature(secret, body, f"{name}={digest}") is None
    flipped = ("1" if digest[0] == "0" else "0") + digest[1:]
    for given_secret, given_body, header in (
        (secret, body + more, f"{method}={digest}"),
        (f"{secret}x", body, f"{method}={digest}"),
        (secret, body, f"{method}={flipped}"),
        (secret, body, f"{method}={digest}0"),
        (secret, body, f"{method}={digest[:-1]}"),
    ):
        assert check_signature(given_secret, given_body, header) is Drop.SIGNATURE


@chances
@given(st.binary(max_size=50), made_of("sha1", "sha256", "SHA512", "md5", "=", "=="))
def test_whatever_a_stranger_writes_as_a_signature_is_none(body: bytes, header: str) -> None:
    assert check_signature("the secret of the subscription", body, header) in {
        Drop.SIGNATURE,
        Drop.UNSIGNED,
    }
