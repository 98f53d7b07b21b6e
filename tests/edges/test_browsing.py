"""What pages read of a real store: outlines, pages of the ledger, counts by time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import redis

from monitor.core.models import Attempt, Condition, Delivery, DeliveryState, Story
from monitor.edges.store import browsing, keys
from monitor.edges.store.redis import RedisStore
from tests import make

pytestmark = pytest.mark.slow


@pytest.fixture(params=["embedded", "debian"])
def kept(request: pytest.FixtureRequest, urls: dict[str, str]) -> Iterator[RedisStore]:
    redis.Redis.from_url(urls[request.param]).flushall()
    made = RedisStore(urls[request.param])
    yield made
    made.close()


def tell(store: RedisStore, *names: str, receivers: tuple[str, ...] = ("desk",)) -> None:
    """Commit a story a second with a delivery to each receiver."""
    for number, name in enumerate(names):
        at = make.at(number)
        told = tuple(make.delivery(name, one, at) for one in receivers)
        revision = store.feed_state(make.FEED.key).revision + 1
        made = make.commit(make.FEED, revision, stories=(make.story(name, seen=at),))
        assert store.commit(replace(made, deliveries=told))


def ends(store: RedisStore, name: str, *, ok: bool, retry: datetime | None = None) -> None:
    found = store.entered(name)
    assert found
    attempt = Attempt(ok, "said")
    assert store.record([found.delivery], attempt, make.at(99), retry, Condition())


def ids(page: browsing.LedgerPage) -> list[str]:
    return [one.delivery.alert.story.id for one in page.found]


def test_outlines_are_read_newest_first_without_what_is_gone_or_damaged(kept: RedisStore) -> None:
    tell(kept, "s_1", "s_2", "s_3", "s_4")
    client = redis.Redis.from_url(kept._url)
    client.delete(keys.story("s_2"))
    client.hset(keys.story("s_3"), "story", "{")
    assert kept.count_stories(make.NOW) == 4
    assert kept.count_stories(make.at(2)) == 2
    assert kept.story_ids(make.at(1), 2) == ["s_4", "s_3"]
    found = kept.outlines(kept.story_ids(make.NOW, 9))
    assert [one.id for one in found] == ["s_4", "s_1"]
    story = make.story("s_4", seen=make.at(3))
    assert (found[0].title, found[0].first_seen) == (story.title, story.first_seen)
    assert (found[0].carrier.source, found[0].carrier.country) == ("Sahel Daily", "Mali")
    assert (found[0].topics, found[0].severity) == (story.topics, story.severity)
    assert kept.outlines([]) == ()


def test_stories_come_back_in_the_order_they_were_asked_for(kept: RedisStore) -> None:
    tell(kept, "s_1", "s_2")
    assert list(kept.stories_by_id(["s_2", "s_gone", "s_1"])) == ["s_2", "s_1"]


def test_the_ledger_is_paged_by_state_and_receiver(kept: RedisStore) -> None:
    tell(kept, "s_1", "s_2", "s_3", "s_4", receivers=("desk", "hook"))
    names = [make.delivery(one).id for one in ("s_1", "s_2", "s_3", "s_4")]
    ends(kept, names[0], ok=True)
    ends(kept, names[1], ok=False)
    ends(kept, names[2], ok=False, retry=make.at(200))
    for state, told in (
        (DeliveryState.SENT, ["s_1"]),
        (DeliveryState.DEAD, ["s_2"]),
        (DeliveryState.FAILED, ["s_3"]),
        (DeliveryState.PENDING, ["s_4"]),
        (None, ["s_4", "s_3", "s_2", "s_1"]),
    ):
        page = kept.ledger_page(state, "desk", 0, 9)
        assert (ids(page), page.further) == (told, None)
    assert ids(kept.ledger_page(DeliveryState.PENDING, None, 0, 9)) == [
        *("s_4", "s_1", "s_2", "s_3", "s_4")
    ]
    first = kept.ledger_page(None, "hook", 0, 3)
    assert len(first.found) == 3
    assert first.further
    assert ids(kept.ledger_page(None, "hook", first.further, 3)) == ["s_1"]


def test_one_page_looks_at_so_many_deliveries_at_most(
    kept: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "_LOOKED_AT", 3)
    tell(kept, "s_1", "s_2", "s_3", "s_4", "s_5")
    page = kept.ledger_page(None, "nobody", 0, 9)
    assert (page.found, page.further) == ((), 3)
    assert kept.ledger_page(None, "nobody", 3, 9).further is None


def test_alerts_are_counted_by_time(kept: RedisStore) -> None:
    tell(kept, "s_1", "s_2", "s_3")
    bounds = [make.at(seconds).timestamp() for seconds in (0, 1, 3, 9)]
    assert kept.decided(bounds) == [1, 2, 0]


def test_updates_of_a_story_are_found_though_their_names_say_nothing(kept: RedisStore) -> None:
    tell(kept, "s_1", "s_2")
    story: Story = make.story("s_1")
    alert = replace(make.delivery("s_1").alert, kind="story.update", news=("a higher toll",))
    assert kept.put([Delivery("d_update", alert, make.at(20))])
    found = kept.told_of(story, [make.delivery("s_1").id, "d_nothing"])
    assert [one.delivery.id for one in found] == [make.delivery("s_1").id, "d_update"]
    late = replace(story, first_seen=make.NOW + timedelta(days=1))
    assert kept.told_of(late, []) == ()
