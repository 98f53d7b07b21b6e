"""Alerts as lines on a stream, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TextIO

import httpx

from monitor.core.evidence import Piece
from monitor.core.models import Attempt, Delivery, Receiver
from monitor.core.wording import Wording, put
from monitor.edges.transports.base import Channel, Transport, Wrong

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


class Console:
    """Writes to a stream; evidence is bold on a terminal, in »« elsewhere.

    Without a stream (Python has none for a standard output closed at the start) every
    attempt fails.
    """

    def __init__(self, out: TextIO | None) -> None:
        self._out = out

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Write one alert at once; a stream that is gone is a failed attempt."""
        if self._out is None:
            return _failed("it is closed")
        try:
            _write(self._out, put(delivery.alert, now))
        except OSError as error:
            return _failed(error.strerror or "refused")
        except ValueError:
            # What Python raises for a stream that was closed on this side.
            return _failed("it is closed")
        return Attempt(ok=True, detail="written")


def _failed(why: str) -> Attempt:
    return Attempt(ok=False, detail=f"cannot write to the console: {why}")


def _write(out: TextIO, alert: Wording) -> None:
    # A question mark for each letter that the stream has not.
    encoding = out.encoding or "utf-8"
    text = lines(alert, bold=out.isatty())
    out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()


def lines(alert: Wording, *, bold: bool) -> str:
    """An alert as lines, the last one empty; evidence is bold, else in »«."""
    strong, plain = (_BOLD, _PLAIN) if bold else ("", "")
    title = f"{strong}{alert.title}{plain}"
    if alert.reports:
        told = [f"{one.headline} ({one.said}) {one.link}".rstrip() for one in alert.reports]
        return "\n  ".join([title, *told]) + "\n\n"
    shown = [
        title,
        alert.link,
        f"new: {alert.news}" if alert.news else "",
        alert.origin,
        alert.reach,
        f"{alert.severity.label}: {alert.topics}",
        _marked(alert.sentence, *((_BOLD, _PLAIN) if bold else ("»", "«"))),
        f"why: {alert.reason}",
        *(f"also: {one.outlet} {one.link}".rstrip() for one in alert.others),
        f"also: {alert.more} more" if alert.more else "",
    ]
    return "\n  ".join(line for line in shown if line) + "\n\n"


def _marked(sentence: Sequence[Piece], begin: str, end: str) -> str:
    return "".join(f"{begin}{one.text}{end}" if one.evidence else one.text for one in sentence)


def _check(receiver: Receiver) -> Iterator[Wrong]:
    yield from ()


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    return Console(out)


CHANNEL = Channel(options=(), check=_check, build=_build)
