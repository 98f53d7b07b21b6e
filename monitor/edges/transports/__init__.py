"""Speaking to channels: one file each, one line each in the table below."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import replace
from typing import TextIO

import httpx

from monitor.core.errors import Fault
from monitor.core.models import Pace, Receiver
from monitor.edges.net import AllowList
from monitor.edges.transports import (
    apprise,
    console,
    discord,
    email,
    file,
    mattermost,
    slack,
    teams,
    telegram,
    webhook,
)
from monitor.edges.transports.base import Channel, Transport

__all__ = ["TRANSPORTS", "Transport", "build", "check", "limited", "read_by_people"]

TRANSPORTS: dict[str, Channel] = {
    "apprise": apprise.CHANNEL,
    "console": console.CHANNEL,
    "discord": discord.CHANNEL,
    "email": email.CHANNEL,
    "file": file.CHANNEL,
    "mattermost": mattermost.CHANNEL,
    "slack": slack.CHANNEL,
    "teams": teams.CHANNEL,
    "telegram": telegram.CHANNEL,
    "webhook": webhook.CHANNEL,
}
_NONE = AllowList()


def build(
    receiver: Receiver,
    client: httpx.AsyncClient,
    *,
    out: TextIO | None,
    allow: AllowList = _NONE,
) -> Transport:
    """The transport of a receiver that `check` finds no fault with.

    `client` posts, `out` is where the console channel writes (None:
    nowhere, and its attempts fail); both stay the caller's. `allow`: the exceptions to the
    address guard, for channels that do not speak HTTP through `client`.
    """
    channel = TRANSPORTS[receiver.type]
    if channel.dial:
        return channel.dial(receiver, allow)
    return channel.build(receiver, client, out)


def limited(receiver: Receiver) -> Receiver:
    """A receiver with its channel's own limits where it was given none, and none where these
    were switched off (a pace of nothing).
    """
    channel = TRANSPORTS[receiver.type]
    storm = _STORM if read_by_people(receiver) else None
    pace = channel.pace if receiver.pace is None else receiver.pace
    storm = storm if receiver.storm is None else receiver.storm
    return replace(
        receiver,
        pace=pace if pace and pace.count else None,
        storm=storm if storm and storm.count else None,
    )


def read_by_people(receiver: Receiver) -> bool:
    """Whether people, and not programs, read what this receiver is sent."""
    return receiver.type not in _FOR_PROGRAMS


_FOR_PROGRAMS = frozenset(("file", "webhook"))
# More than people can follow one by one.
_STORM = Pace(30, 600.0)


def check(receiver: Receiver) -> tuple[Fault, ...]:
    """What is wrong with a receiver's type and options; no fault holds an option's value."""
    where = f"receivers.{receiver.name}"
    channel = TRANSPORTS.get(receiver.type)
    if channel is None:
        hint = _nearest(receiver.type, TRANSPORTS)
        return (Fault(f"{where}.type", f"there is no channel {receiver.type!r}", hint),)
    unknown = [
        Fault(f"{where}.{key}", "there is no such option", _nearest(key, _options(channel)))
        for key in receiver.options
        if key not in channel.options
    ]
    return (*unknown, *(Fault(f"{where}.{key}", *why) for key, *why in channel.check(receiver)))


def _options(channel: Channel) -> tuple[str, ...]:
    """What can be said of a receiver of a channel, with what can be said of any."""
    return (*channel.options, "pace", "storm", "timezone", "quiet", "quiet_unless", "digest")


def _nearest(word: str, known: Collection[str]) -> str:
    """The hint for a word that is not known."""
    close = difflib.get_close_matches(word.lower(), known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(known)}"
