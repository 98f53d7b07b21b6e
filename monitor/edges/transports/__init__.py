"""Speaking to channels: one file each, one line each in the table below."""

from __future__ import annotations

import difflib
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


def build(receiver: Receiver, client: httpx.AsyncClient, *, out: TextIO) -> Transport:
    """The transport of a receiver that was checked."""
    return TRANSPORTS[receiver.type].build(receiver, client, out)


def check(receiver: Receiver) -> tuple[Fault, ...]:
    """What is wrong with a receiver's type and options; no fault holds a secret."""
    where = f"receivers.{receiver.name}"
    channel = TRANSPORTS.get(receiver.type)
    if channel is None:
        close = difflib.get_close_matches(receiver.type, TRANSPORTS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(TRANSPORTS)}"
        return (Fault(f"{where}.type", f"there is no channel {receiver.type!r}", hint),)
    unknown = [one for one in receiver.options if one not in channel.options]
    faults = [Fault(f"{where}.{one}", *_unknown(one, channel)) for one in unknown]
    return (*faults, *(Fault(f"{where}.{key}", *why) for key, *why in channel.check(receiver)))


def _unknown(key: str, channel: Channel) -> tuple[str, str]:
    close = difflib.get_close_matches(key, channel.options, n=1)
    known = f"known: {', '.join(channel.options)}" if channel.options else "it takes no option"
    return "there is no such option", f"did you mean {close[0]}?" if close else known
