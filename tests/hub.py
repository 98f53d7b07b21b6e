"""A WebSub hub on loopback, and what it may do wrong."""

from __future__ import annotations

import hashlib
import hmac
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from tests.feed_server import FeedServer, Reply, Request, reply

Form = dict[str, str]


def call(url: str, body: bytes | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers that a URL answers; an underscore stands for a hyphen."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    request = urllib.request.Request(url, body, named)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", dict(error.headers)


@dataclass
class Hub:
    """The hub at `/hub`. `asked` holds the forms it got, `confirmed` what the subscriber said to
    its verifications; `behaves` is what it does with a form after it has answered 202.
    """

    server: FeedServer
    behaves: Callable[[Hub, Form], object] | None = None
    answer: Reply = field(default_factory=lambda: reply(b"", 202))
    asked: list[Form] = field(default_factory=list)
    confirmed: list[tuple[str, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.url = self.server.serve("/hub", self._take)

    def _take(self, request: Request) -> Reply:
        form = {name: one[0] for name, one in parse_qs(request.body.decode()).items()}
        self.asked.append(form)
        behaves = self.behaves
        if behaves:
            threading.Timer(0.05, lambda: behaves(self, form)).start()
        return self.answer

    def modes(self) -> list[str]:
        """What it was asked for, in order."""
        return [one["hub.mode"] for one in self.asked]

    def verify(self, form: Form, **other: str) -> tuple[int, str, dict[str, str]]:
        """Ask the subscriber to confirm a form, or something `other` than it."""
        fields = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": "a challenge & more",
            "hub.lease_seconds": form.get("hub.lease_seconds", ""),
        }
        fields |= {f"hub.{name}": text for name, text in other.items()}
        said = call(f"{form['hub.callback']}?{urlencode(fields)}")
        self.confirmed.append((fields["hub.mode"], said[0], said[1]))
        return said

    def push(self, body: bytes, form: Form | None = None, method: str = "sha256") -> int:
        """Push to the last subscriber, signed; the status it answers."""
        form = form or self.asked[-1]
        mac = hmac.new(form["hub.secret"].encode(), body, getattr(hashlib, method)).hexdigest()
        return self.post(body, f"{method}={mac}", form)

    def post(self, body: bytes, signature: str, form: Form | None = None, **headers: str) -> int:
        """Push with any signature; "" for none."""
        headers["Content_Type"] = "application/atom+xml"
        if signature:
            headers["X_Hub_Signature"] = signature
        return call((form or self.asked[-1])["hub.callback"], body, **headers)[0]


def verifies(hub: Hub, form: Form) -> object:
    """As it should."""
    return hub.verify(form)


def denies(hub: Hub, form: Form) -> object:
    """It says no."""
    return hub.verify(form, mode="denied", reason="this topic is not ours")


def lies(hub: Hub, form: Form) -> object:
    """It wants another topic confirmed."""
    return hub.verify(form, topic="https://elsewhere.example/")
