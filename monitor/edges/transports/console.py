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
    """Writes to a stream; evidence is bold on a terminal, in »« elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Write one alert at once; a stream that is gone is a failed attempt."""
        try:
            self._out.write(self._encodable(self._text(put(delivery.alert, now))))
            self._out.flush()
        except OSError as error:
            return Attempt(
                ok=False, detail=f"cannot write to the console: {error.strerror or 'refused'}"
            )
        except ValueError:
            # What Python raises for a stream that was closed on this side.
            return Attempt(ok=False, detail="cannot write to the console: it is closed")
        return Attempt(ok=True, detail="written")

    def _text(self, alert: Wording) -> str:
        strong, plain = (_BOLD, _PLAIN) if self._out.isatty() else ("", "")
        lines = [
            f"{strong}{alert.title}{plain}",
            alert.link,
            alert.origin,
            f"{alert.severity.label}: {alert.topics}",
            self._marked(alert.sentence),
            f"why: {alert.reason}",
            *(f"also: {one.outlet} {one.link}".rstrip() for one in alert.others),
            f"also: {alert.more} more" if alert.more else "",
        ]
        return "\n  ".join(line for line in lines if line) + "\n\n"

    def _marked(self, sentence: Sequence[Piece]) -> str:
        begin, end = (_BOLD, _PLAIN) if self._out.isatty() else ("»", "«")
        return "".join(f"{begin}{one.text}{end}" if one.evidence else one.text for one in sentence)

    def _encodable(self, text: str) -> str:
        """The text with a question mark for each letter that the stream has not."""
        encoding = self._out.encoding or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)


def _check(receiver: Receiver) -> Iterator[Wrong]:
    yield from ()


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO) -> Transport:
    return Console(out)


CHANNEL = Channel(options=(), check=_check, build=_build)
