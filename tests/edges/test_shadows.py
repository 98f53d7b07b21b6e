"""Counts of a candidate rulebook, kept in one small hash."""

from __future__ import annotations

from monitor.edges.store import keys
from monitor.edges.store.memory import MemoryStore
from monitor.edges.store.redis import RedisStore
from tests import make


def test_counts_add_up_and_begin_anew_with_another_candidate(
    store: RedisStore | MemoryStore,
) -> None:
    assert store.gauges(make.NOW, ()).shadow == {}
    store.count_shadow("aaa", {"entries": 5, "differ": 1}, make.NOW)
    store.count_shadow("aaa", {"entries": 2}, make.at(60))
    since = str(make.NOW.timestamp())
    counted = {"rulebook": "aaa", "since": since, "entries": "7", "differ": "1"}
    assert store.gauges(make.NOW, ()).shadow == counted
    store.count_shadow("bbb", {"entries": 1}, make.at(60))
    found = store.gauges(make.NOW, ()).shadow
    assert (found["rulebook"], found["entries"], found.get("differ")) == ("bbb", "1", None)
    assert found["since"] == str(make.at(60).timestamp())
    if isinstance(store, RedisStore):
        assert 0 < store._redis.ttl(keys.SHADOW) <= 30 * 86_400
