"""Alerts as JSON Lines in a file: the body of a webhook, one a line."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

import httpx

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges.transports.base import Channel, Transport, Wrong
from monitor.edges.transports.body import REPORTS, body

_OWNER_ONLY = 0o600
# A pipe without a reader must not hang us.
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK


class File:
    """Appends to a file; one it makes may be read by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Append one line, safe on disk when this returns ok."""
        line = body(delivery) + b"\n"
        try:
            why = await asyncio.to_thread(_append, self._path, line)
        except OSError as error:
            why = f"cannot be written: {error.strerror}"
        return Attempt(ok=not why, detail=f"{self._path}: {why or 'written'}")


def _append(path: Path, line: bytes) -> str:
    """Append in one write, so that lines never mix; why not, or ""."""
    with _opened(path) as descriptor:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return "is not a regular file"
        line = _mend(descriptor) + line
        if os.write(descriptor, line) < len(line):
            return "was written only in part: the disk may be full"
        os.fsync(descriptor)
    return ""


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, _FLAGS, _OWNER_ONLY)
    try:
        # A write in progress elsewhere must not be taken for an unfinished line.
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock a file; raises OSError when another program holds it for longer than a write takes."""
    for _ in range(_PATIENCE):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
    raise OSError(errno.EAGAIN, "another program holds it locked")


# Times that a lock is asked for, and seconds in between.
_PATIENCE, _PAUSE = 40, 0.05


def _mend(descriptor: int) -> bytes:
    """What ends a line that an earlier write left unfinished, so that it spoils no other."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


def _check(receiver: Receiver) -> Iterator[Wrong]:
    path = receiver.options.get("path", "")
    if not path:
        yield "path", "is missing", "the file to append to"
    elif "\0" in path or not Path(path).absolute().parent.is_dir():
        yield "path", "its folder does not exist", "make the folder first"
    elif Path(path).is_dir():
        yield "path", "is a folder", "name a file in it"


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    return File(Path(receiver.options["path"]))


CHANNEL = Channel(options=("path",), check=_check, build=_build, reports=REPORTS)
