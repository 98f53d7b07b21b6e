"""Alerts as lines on a stream, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TextIO

import httpx

from monitor.core import wording
from monitor.core.models import Alert, Attempt, Delivery, Receiver
from monitor.edges.transports.base import Channel, Transport

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_LONGEST = 500


class Console:
    """Writes to a stream; evidence is bold on a terminal, in »« elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._marks = (_BOLD, _PLAIN) if out.isatty() else ("»", "«")

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Write one alert; a stream that is gone is a failed attempt."""
        try:
            self._out.write(self._text(delivery.alert, now))
            self._out.flush()
        except (OSError, ValueError) as error:
            return Attempt(ok=False, detail=f"cannot write: {type(error).__name__}")
        return Attempt(ok=True, detail="written")

    def _text(self, alert: Alert, now: datetime) -> str:
        story = alert.story
        lines = [
            f"ALERT  {wording.label(story)}",
            f"  {self._marked(alert, 'title')}",
            f"  {self._marked(alert, 'summary')}",
            f"  {_safe(story.link)}",
            f"  {_safe(wording.outlet(story.carrier))}, {wording.when(story, now)}",
            f"  why: {_safe(alert.reason)}",
            f"  {_safe(wording.others(alert))}",
        ]
        return "\n".join(line for line in lines if line.strip()) + "\n\n"

    def _marked(self, alert: Alert, field: str) -> str:
        text = getattr(alert.story, field)
        begin, end = self._marks
        return "".join(
            f"{begin}{_safe(one.text)}{end}" if one.evidence else _safe(one.text)
            for one in wording.pieces(text, alert.story.matches, field, _LONGEST)
        )


def _safe(text: str) -> str:
    """No control characters, no direction overrides, one line."""
    return "".join(c if c.isprintable() else " " for c in text)


def _check(receiver: Receiver) -> Iterator[tuple[str, str, str]]:
    yield from ()


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO) -> Transport:
    return Console(out)


CHANNEL = Channel(options=(), check=_check, build=_build)
