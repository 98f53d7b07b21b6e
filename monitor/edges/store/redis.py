"""The store over a real Redis or Valkey."""

from __future__ import annotations

from monitor.edges.store.deliveries import Outbox
from monitor.edges.store.likes import Likes
from monitor.edges.store.polls import Polls
from monitor.edges.store.views import Views


class RedisStore(Polls, Likes, Outbox, Views):
    """All parts of the store over one connection pool (`redis://`, `rediss://`, `unix://`)."""
