"""Filling an archive as the service does: entries are decided on and committed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitor.core.commit import gather
from monitor.core.identity import identify
from monitor.core.models import Entry, Feed, Origin
from monitor.core.triage import Policy
from monitor.edges.store.redis import RedisStore
from monitor.service.deciding import decide
from tests import make


def fill(
    store: RedisStore, policy: Policy, entries: Iterable[tuple[datetime, Entry]], feed: Feed
) -> None:
    """Decide on each entry at its moment, as a poll of its own, and commit."""
    origin = Origin(feed.source, policy.rulebook.version, "0.1.0")
    for at, entry in entries:
        named = [(entry, identify([entry])[0])]
        decided = decide(store, feed, named, policy, at)
        state = make.state(store.feed_state(feed.key).revision + 1)
        verdicts, known = decided.verdicts, decided.known
        commit = gather(feed.key, feed.url, state, verdicts, known, now=at, origin=origin)
        assert store.commit(commit)
