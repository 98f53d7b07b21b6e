"""An upgrade finds what an earlier version wrote, and a step back what a later one did.

`old_records.json` is what the store of an early 0.1.0 wrote, before hosts were held, feeds had
a rhythm and entries an archive: the raw keys of one poll, two deliveries and a silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from monitor.core.models import Attempt, Condition, DeliveryState, PollOutcome
from monitor.edges.store.redis import RedisStore
from tests import make
from tests.servers import debian_redis, short_folder

RECORDS = Path(__file__).with_name("old_records.json")
LINK = "link:sahel.example/lavrov-bamako"
pytestmark = pytest.mark.slow


def _later(text: Any) -> Any:
    """A record with a member that nobody knows yet."""
    if isinstance(text, str) and text.startswith("{"):
        return json.dumps({**json.loads(text), "of_a_later_version": {"a": [1]}})
    return text


def _put(client: Any, key: str, kind: str, value: Any, *, later: bool) -> None:
    if kind == "string":
        client.set(key, _later(value) if later else value)
    elif kind == "hash":
        fields = {name: _later(text) if later else text for name, text in value.items()}
        client.hset(key, mapping={**fields, **({"later": "1"} if later else {})})
    elif kind == "zset":
        client.zadd(key, dict(value))
    else:
        {"set": client.sadd, "list": client.rpush}[kind](key, *value)


@pytest.fixture(params=["earlier", "later"])
def store(request: pytest.FixtureRequest) -> Iterator[RedisStore]:
    """Over what an earlier version wrote; or a later one, which adds members."""
    with short_folder() as folder, debian_redis(folder) as url:
        client = redis.Redis.from_url(url)
        for key, (kind, value) in json.loads(RECORDS.read_text(encoding="utf-8")).items():
            later = request.param == "later" and key not in {"monitor:alive", "monitor:silences"}
            counts = key.startswith(("monitor:count:", "monitor:seen:"))
            _put(client, key, kind, value, later=later and not counts)
        made = RedisStore(url)
        yield made
        made.close()


def test_feeds_stories_and_silences_are_read_as_they_were_written(store: RedisStore) -> None:
    state = store.feed_state(make.FEED.key)
    assert (state.revision, state.outcome, state.interval) == (1, PollOutcome.OK, 600)
    assert store.memory(make.FEED.key)["id:guid-1"].story == "s_1"
    found = store.story_of(LINK)
    assert found is not None
    assert found.told == {"desk"}
    assert found.story.topics == {"sahel", "russia", "russia-sahel"}
    assert {one.story.id for one in store.stories(make.at(-1))} == {"s_1", "s_2"}
    (silence,) = store.silences(make.NOW)
    assert (set(silence.topics), silence.comment) == ({"russia"}, "ours")
    assert store.gauges(make.at(1), ["poll"]).outboxes == {"desk": 1}


def test_what_was_sent_is_known_and_what_waits_is_sent_under_its_old_id(store: RedisStore) -> None:
    sent, waits = make.delivery(), make.delivery("s_2")
    entered = store.entered(sent.id)
    assert entered is not None
    assert entered.delivery.state is DeliveryState.SENT
    assert [one.detail for one in entered.attempts] == ["200"]
    assert store.put([sent, waits]) == ()
    assert store.due("desk", make.at(302), 9) == ()
    (due,) = store.due("desk", make.at(303), 9)
    assert (due.id, due.tries, due.alert.story.id) == (waits.id, 1, "s_2")
    assert store.claim([due], make.at(303), make.at(330), "")
    assert store.record([due], Attempt(ok=True, detail="200"), make.at(304), None, Condition())
    assert store.due("desk", make.at(9_999), 9) == ()


def test_a_feed_goes_on_from_where_it_was(store: RedisStore) -> None:
    store.register({make.FEED.key: make.NOW, make.OTHER.key: make.NOW})
    assert store.claim_feeds(make.at(1), make.at(60), 9) == (make.OTHER.key,)
    assert store.claim_feeds(make.at(601), make.at(660), 9) == (make.OTHER.key, make.FEED.key)
    assert not store.commit(make.commit(revision=1))
    assert store.commit(make.commit(revision=2))
