"""Speaking to channels: one file each, one line each in the table below."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import TextIO

import httpx

from monitor.core.errors import Fault
from monitor.core.models import Receiver
from monitor.edges.transports import console, file, slack, webhook
from monitor.edges.transports.base import Channel, Transport

__all__ = ["TRANSPORTS", "Transport", "build", "check"]

TRANSPORTS: dict[str, Channel] = {
    "console": console.CHANNEL,
    "file": file.CHANNEL,
    "slack": slack.CHANNEL,
    "webhook": webhook.CHANNEL,
}


def build(receiver: Receiver, client: httpx.AsyncClient, *, out: TextIO | None) -> Transport:
    """The transport of a receiver that `check` finds no fault with.

    `client` posts, `out` is where the console channel writes (None:
    nowhere, and its attempts fail); both stay the caller's.
    """
    return TRANSPORTS[receiver.type].build(receiver, client, out)


def check(receiver: Receiver) -> tuple[Fault, ...]:
    """What is wrong with a receiver's type and options; no fault holds an option's value."""
    where = f"receivers.{receiver.name}"
    channel = TRANSPORTS.get(receiver.type)
    if channel is None:
        hint = _nearest(receiver.type, TRANSPORTS)
        return (Fault(f"{where}.type", f"there is no channel {receiver.type!r}", hint),)
    unknown = [
        Fault(f"{where}.{key}", "there is no such option", _nearest(key, channel.options))
        for key in receiver.options
        if key not in channel.options
    ]
    return (*unknown, *(Fault(f"{where}.{key}", *why) for key, *why in channel.check(receiver)))


def _nearest(word: str, known: Collection[str]) -> str:
    """The hint for a word that is not known."""
    close = difflib.get_close_matches(word.lower(), known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(known)}" if known else "this channel takes none"
