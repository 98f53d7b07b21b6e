"""Alerts as lines on a stream, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TextIO

import httpx

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.core.wording import Wording, put
from monitor.edges.transports.base import Channel, Transport, Wrong
from monitor.edges.transports.layout import Role, lines

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
    text = shown(alert, bold=out.isatty())
    out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()


def shown(alert: Wording, *, bold: bool) -> str:
    """An alert as lines, the last one empty; evidence is bold, else in »«."""
    strong, plain = (_BOLD, _PLAIN) if bold else ("", "")
    title = f"{strong}{alert.title}{plain}"
    return "\n  ".join([title, *_below(alert, bold=bold)]) + "\n\n"


def _below(alert: Wording, *, bold: bool) -> Iterator[str]:
    """What stands below the title: a link on a line of its own can be opened from a terminal."""
    if alert.link and not alert.reports:
        yield alert.link
    marks = {Role.QUOTE: (_BOLD, _PLAIN) if bold else ("»", "«")}
    for line in lines(alert)[1:]:
        begin, end = marks.get(line.role, ("", ""))
        if line.role is Role.OTHERS:
            yield from _others(alert)
        else:
            yield "".join(f"{begin}{run.text}{end}" if run.bold else run.text for run in line.runs)
        yield from (f"  {run.url}" for run in line.runs if run.url and line.role is Role.REPORT)


def _others(alert: Wording) -> Iterator[str]:
    for one in alert.others:
        yield f"also: {one.outlet} {one.link}".rstrip()
    if alert.more:
        yield f"also: {alert.more} more"


def _check(receiver: Receiver) -> Iterator[Wrong]:
    yield from ()


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    return Console(out)


CHANNEL = Channel(options=(), check=_check, build=_build)
