"""To be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

import httpx

from monitor.core.models import Receiver
from monitor.edges.transports.base import Channel, Transport, Wrong


def _check(receiver: Receiver) -> Iterator[Wrong]:
    yield "type", "is not there yet", ""


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    raise AssertionError


CHANNEL = Channel(options=(), check=_check, build=_build)
