"""The store over a real Redis or Valkey."""

from __future__ import annotations

from monitor.edges.store.absent import Absent
from monitor.edges.store.archive import Archive
from monitor.edges.store.browsing import Browsing
from monitor.edges.store.counts import Counts
from monitor.edges.store.deliveries import Outbox
from monitor.edges.store.likes import Likes
from monitor.edges.store.polls import Polls
from monitor.edges.store.shadows import Shadows
from monitor.edges.store.silences import Silences
from monitor.edges.store.subscriptions import Subscriptions
from monitor.edges.store.turns import Turns
from monitor.edges.store.views import Views


class RedisStore(
    Turns,
    Polls,
    Likes,
    Outbox,
    Browsing,
    Silences,
    Subscriptions,
    Archive,
    Absent,
    Counts,
    Shadows,
    Views,
):
    """All parts of the store over one connection pool (`redis://`, `rediss://`, `unix://`)."""
