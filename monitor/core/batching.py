"""How due feeds are dealt out: politely, all of a host's to one hand."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from urllib.parse import urlsplit

from monitor.core.models import Feed


def by_host(feeds: Iterable[Feed]) -> list[list[Feed]]:
    """Feeds grouped by the host that serves them."""
    ordered = sorted(feeds, key=_host)
    return [list(group) for _, group in groupby(ordered, key=_host)]


def deal(feeds: Iterable[Feed], size: int) -> list[list[Feed]]:
    """Batches of about `size` feeds; all of a host's are in one, so that it is not hurried."""
    batches: list[list[Feed]] = []
    for host in sorted(by_host(feeds), key=len, reverse=True):
        if not batches or len(batches[-1]) + len(host) > size:
            batches.append([])
        batches[-1] += host
    return batches


def _host(feed: Feed) -> str:
    return urlsplit(feed.url).hostname or ""
