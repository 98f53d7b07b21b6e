"""Subscriptions to the hubs of feeds (W3C WebSub): what a hub may say, and what follows from it.

A hub is a stranger. What it asks counts only where it names what we asked it for, what it pushes
only where it is signed with the secret of the subscription, and what it promises within bounds.
Chance is an argument: `jitter` is a number in 0..1, drawn by the caller.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.models import FeedState, Hub
from monitor.core.schedule import DAY, spread

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=30)
# How long a hub may take to verify what it was asked for.
PATIENCE = timedelta(hours=1)
NEVER = "the hub did not verify the subscription within an hour"
# Seconds after the first failure; doubled with each.
_FIRST = 300.0
# Characters of a challenge, and of a reason that is kept.
_CHALLENGE, _REASON = 2_048, 200
_SECONDS = re.compile(r"[0-9]{1,12}")
_OK, _NOT_FOUND = 200, 404
# Those that the recommendation knows (section 7.1).
_METHODS = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


class Stage(StrEnum):
    """How far a subscription has come."""

    WANTED = "wanted"
    ASKED = "asked"
    VERIFIED = "verified"
    DENIED = "denied"
    FAILED = "failed"


class Drop(StrEnum):
    """Why something that was pushed is not used."""

    UNKNOWN = "unknown"
    UNSIGNED = "unsigned"
    SIGNATURE = "signature"
    TOO_LARGE = "too_large"
    ENCODED = "encoded"
    BUSY = "busy"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where hubs find us: the public URL, where we listen for it, the lease that is asked for.

    `allow_http`: hubs without TLS are spoken to, and told the secret, as well.
    """

    callback: str
    host: str
    port: int
    lease: timedelta
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed (by key) and its hub. `token` makes our address unguessable, and like `secret` it is
    never shown. `due`: when something is to be done next.

    `asked`: when the hub was asked last; `verified`: when it verified last, `expires`: until when
    that holds. `tries`: failures in a row, `why`: the last of them. `revision` counts the writes.
    """

    feed: str
    hub: Hub
    token: str = field(repr=False)
    secret: str = field(repr=False)
    due: datetime
    state: Stage = Stage.WANTED
    asked: datetime | None = None
    verified: datetime | None = None
    expires: datetime | None = None
    tries: int = 0
    why: str = ""
    revision: int = 1

    @property
    def waits(self) -> bool:
        """Whether the hub was asked, and did not verify since."""
        return self.asked is not None and (self.verified is None or self.verified < self.asked)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a hub's request deserves: a status, a text, and what is to be written down first."""

    status: int
    said: str = ""
    after: Subscription | None = None


NOTHING = Heard(_NOT_FOUND)


# -- asking --------------------------------------------------------------------------


def form(topic: str, token: str, endpoint: Endpoint, secret: str = "") -> dict[str, str]:
    """The fields of a request to a hub (section 5.1): to subscribe; without a secret, to end it."""
    fields = {
        "hub.callback": f"{endpoint.callback}/{token}",
        "hub.mode": "subscribe" if secret else "unsubscribe",
        "hub.topic": topic,
    }
    if secret:
        lease = int(endpoint.lease.total_seconds())
        fields |= {"hub.secret": secret, "hub.lease_seconds": str(lease)}
    return fields


def ask(one: Subscription, now: datetime) -> Subscription:
    """The subscription once its hub is asked; one that holds goes on while it is renewed."""
    holds = one.expires is not None and one.expires > now
    return replace(
        one,
        state=Stage.VERIFIED if holds else Stage.ASKED,
        expires=one.expires if holds else None,
        asked=now,
        due=now + PATIENCE,
        revision=one.revision + 1,
    )


def failed(
    one: Subscription, why: str, now: datetime, jitter: float, retry_after: float = 0.0
) -> Subscription:
    """The subscription after a try that came to nothing; one that holds goes on till its end.

    `retry_after`: seconds that the hub asked to be left alone, of which a day counts at most.
    """
    holds = one.expires is not None and one.expires > now
    gap = spread(min(_FIRST * 2.0 ** min(one.tries, 16), DAY), jitter)
    return replace(
        one,
        state=Stage.VERIFIED if holds else Stage.FAILED,
        asked=None,
        expires=one.expires if holds else None,
        tries=one.tries + 1,
        why=_plain(why, one),
        due=now + timedelta(seconds=max(gap, min(retry_after, DAY))),
        revision=one.revision + 1,
    )


def promised(state: FeedState, until: datetime | None) -> FeedState:
    """The state of a feed whose hub pushes until then; None: it does not."""
    push = replace(state.push, until=until)
    return replace(state, push=push, revision=state.revision + 1)


# -- hearing -------------------------------------------------------------------------


def hear(
    one: Subscription, said: Mapping[str, str], lease: timedelta, now: datetime, jitter: float
) -> Heard:
    """What a hub deserves that asks us to confirm, or denies, a subscription (section 5.2, 5.3).

    `lease`: what we asked for, which holds where it names none.
    """
    if said.get("hub.topic") != one.hub.topic:
        return NOTHING
    if said.get("hub.mode") == "denied":
        return Heard(_OK, after=_denied(one, said.get("hub.reason", ""), now, jitter))
    challenge = said.get("hub.challenge", "")
    if said.get("hub.mode") != "subscribe" or not _sound(challenge) or not _pending(one, now):
        return NOTHING
    asked = said.get("hub.lease_seconds", "")
    granted = timedelta(seconds=int(asked)) if _SECONDS.fullmatch(asked) else lease
    return Heard(_OK, challenge, _verified(one, granted, now, jitter))


def hear_leaving(topic: str, said: Mapping[str, str]) -> Heard:
    """The same for a subscription to a topic that we have ended."""
    challenge = said.get("hub.challenge", "")
    ours = said.get("hub.topic") == topic and said.get("hub.mode") == "unsubscribe"
    return Heard(_OK, challenge) if ours and _sound(challenge) else NOTHING


def _sound(challenge: str) -> bool:
    return 0 < len(challenge) <= _CHALLENGE


def _pending(one: Subscription, now: datetime) -> bool:
    """Whether we wait for this; a hub whose answer was lost may come again within the hour."""
    open_ = one.state in {Stage.ASKED, Stage.VERIFIED}
    return open_ and one.asked is not None and timedelta() <= now - one.asked < PATIENCE


def _verified(one: Subscription, granted: timedelta, now: datetime, jitter: float) -> Subscription:
    """It is renewed when about four fifths of the lease are over."""
    lease = min(max(granted, SHORTEST), LONGEST)
    return replace(
        one,
        state=Stage.VERIFIED,
        verified=now,
        expires=now + lease,
        due=now + lease * (0.75 + jitter / 10),
        tries=0,
        why="",
        revision=one.revision + 1,
    )


def _denied(one: Subscription, reason: str, now: datetime, jitter: float) -> Subscription:
    return replace(
        one,
        state=Stage.DENIED,
        asked=None,
        expires=None,
        tries=one.tries + 1,
        why=_plain(reason, one) or "no reason given",
        due=now + timedelta(seconds=spread(DAY, jitter)),
        revision=one.revision + 1,
    )


def _plain(text: str, one: Subscription) -> str:
    """A stranger's words, without what must not be shown."""
    for secret in (one.token, one.secret):
        text = text.replace(secret, "***")
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_REASON].strip()


# -- what is pushed ------------------------------------------------------------------


def check_signature(secret: str, body: bytes, header: str) -> Drop | None:
    """Why what was pushed is not its hub's (section 7.1, X-Hub-Signature); None: it is."""
    method, _, given = header.strip().partition("=")
    if not given:
        return Drop.UNSIGNED
    known = _METHODS.get(method.lower())
    if known is None:
        return Drop.SIGNATURE
    wanted = hmac.new(secret.encode(), body, known).hexdigest()
    same = hmac.compare_digest(wanted.encode(), given.lower().encode("utf-8", "replace"))
    return None if same else Drop.SIGNATURE
