"""The standard streams, whatever they are: closed, full, or in an encoding of old."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from pathlib import Path
from typing import TextIO

# What a stream answers that takes no more.
FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))


def open_streams() -> None:
    """Give each standard stream that was closed an end that takes and gives nothing, so that no
    file or socket comes to stand in its place; and let no character be an error.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # ASCII is what a machine says to which nobody has said anything.
            plain = codecs.lookup(stream.encoding).name == "ascii"
            encoding = "utf-8" if plain else stream.encoding
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def takes_all() -> bool:
    """Whether standard output takes every character as it is."""
    return codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name.startswith("utf")


def close_output(stream: TextIO) -> None:
    """Nothing is written to a stream any more, not even what is still on its way."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
