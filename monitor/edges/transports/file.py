"""Alerts as JSON Lines in a file: the body of a webhook, one a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

import httpx

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges.transports.base import Channel, Transport, body

_LONGEST = 1_000_000


class File:
    """Appends to a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Append one line in one write, so that lines never mix."""
        line = body(delivery, _LONGEST) + b"\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                written = os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            return Attempt(ok=False, detail=f"{self._path}: {error.strerror}")
        if written < len(line):
            return Attempt(ok=False, detail=f"{self._path}: the disk is full")
        return Attempt(ok=True, detail="written")


def _check(receiver: Receiver) -> Iterator[tuple[str, str, str]]:
    path = receiver.options.get("path", "")
    if not path:
        yield "path", "is missing", "the file to append to"
    elif not Path(path).absolute().parent.is_dir():
        yield "path", f"folder {Path(path).absolute().parent} does not exist", ""


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO) -> Transport:
    return File(Path(receiver.options["path"]))


CHANNEL = Channel(options=("path",), check=_check, build=_build)
