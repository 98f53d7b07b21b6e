"""How due feeds are dealt out: politely, all of a host's to one hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TypeVar
from urllib.parse import urlsplit

from monitor.core.models import Feed

_Any = TypeVar("_Any")


def by_host(these: Iterable[_Any], host: Callable[[_Any], str]) -> list[list[_Any]]:
    """What is given, grouped by the host that serves it."""
    return [list(group) for _, group in groupby(sorted(these, key=host), key=host)]


def deal(feeds: Iterable[Feed], size: int) -> list[list[Feed]]:
    """Batches of up to `size` feeds; those of a host are in one, as far as they fit: only one
    poller at a time may ask it.
    """
    batches: list[list[Feed]] = []
    hosts = by_host(feeds, lambda feed: host_of(feed.url))
    parts = [host[at : at + size] for host in hosts for at in range(0, len(host), size)]
    for part in sorted(parts, key=len, reverse=True):
        if not batches or len(batches[-1]) + len(part) > size:
            batches.append([])
        batches[-1] += part
    return batches


def host_of(url: str) -> str:
    """The host of a URL; "" where it has none."""
    return urlsplit(url).hostname or ""
