"""Printing: what strangers wrote neither moves the cursor nor makes a line of its own."""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import suppress
from types import TracebackType

import click

from monitor.cli.streams import takes_all
from monitor.core.errors import BadInput
from monitor.core.shown import plain, seen
from monitor.service.checking import read_settings, secrets
from monitor.service.logs import Redactor

# Exit statuses.
FAILED, BAD_USE = 1, 2


def complain(what: object) -> None:
    """One line on standard error."""
    with suppress(OSError):  # where that cannot be written either, the exit code remains
        click.echo(f"monitor: {plain(str(what))}", err=True)


def as_json(value: object, indent: int | None = None) -> str:
    """JSON that is safe in a terminal too."""
    return seen(json.dumps(value, ensure_ascii=not takes_all(), indent=indent))


def tell_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback of what nobody caught (a sys.excepthook), without the configured secrets."""
    try:
        known = secrets(read_settings(None))
    except BadInput:
        known = []
    said = Redactor(known).text("".join(traceback.format_exception(kind, error, trace)))
    sys.stderr.write("\n".join(map(plain, said.split("\n"))))
