"""Feeds are handed out by the clock on the wall, whatever becomes of it, and of the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from monitor.core.commit import Commit
from monitor.core.errors import Unavailable
from monitor.core.models import Feed, FeedState, Origin, Sheet
from monitor.edges.settings import Settings
from monitor.edges.store.redis import RedisStore
from monitor.service.checking import read_settings
from monitor.service.wiring import Service
from tests.servers import embedded_store, short_folder

pytestmark = pytest.mark.slow

FEEDS = 3
DAY = timedelta(days=1)


@pytest.fixture
def settings() -> Iterator[Settings]:
    with short_folder() as folder, embedded_store(folder) as url:
        yield configured(folder, url)


def configured(folder: Path, url: str) -> Settings:
    config = folder / "monitor.toml"
    feeds = "".join(f'[[feeds]]\nurl = "https://h{n}.example/"\n' for n in range(FEEDS))
    config.write_text(f'[store]\nurl = "{url}"\n[polling]\ninterval = "10m"\n{feeds}')
    return read_settings(str(config))


def poll_all(service: Service) -> None:
    """As if all had been polled just now, and were to be polled in ten minutes."""
    now = datetime.now(UTC)
    for batch in service.claim_batches():
        for key in batch.feeds:
            state = FeedState(revision=1, last_poll=now, next_poll=now + timedelta(minutes=10))
            assert service.store.commit(Commit(key, "u", state))


def first_wait(service: Service) -> timedelta:
    """How long until the first feed is due, once what is due is handed out."""
    service.claim_batches()
    times = service.store.due_times(list(service.feeds)).values()
    assert len(times) == FEEDS
    return datetime.fromtimestamp(max(times), UTC) - datetime.now(UTC)


@pytest.mark.parametrize("step", [-DAY, -timedelta(hours=1), timedelta(), DAY])
def test_a_clock_that_was_set_while_the_service_was_down_hides_no_feed(
    settings: Settings, step: timedelta
) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now + timedelta(seconds=1)):
        before = Service(settings)
        before.claim_batches()
        poll_all(before)
        before.close()
    with time_machine.travel(now + step + timedelta(minutes=1)):
        after = Service(settings)
        assert first_wait(after) <= timedelta(minutes=11)
        after.close()


def test_of_a_host_that_is_always_behind_each_feed_may_be_the_first(settings: Settings) -> None:
    """In a fixed order, the same ones would find the host in other hands again and again."""
    one_host = tuple(Feed(f"https://one.example/{n}") for n in range(9))
    service, first = Service(replace(settings, batch=1, feeds=one_host)), []
    with time_machine.travel(datetime.now(UTC)) as clock:
        for _ in range(14):
            clock.shift(100)
            first += [batch.feeds[0] for batch in service.claim_batches()[:1]]
    # The first two times they are new, and come due one after the other.
    assert len(set(first[2:])) > 1
    service.close()


def test_a_store_that_is_away_at_first_hears_of_the_feeds_as_soon_as_it_is_back(
    settings: Settings,
) -> None:
    class Away(RedisStore):
        def register(self, *given: object, **more: object) -> None:
            if self.away:
                raise Unavailable("away")
            super().register(*given, **more)  # type: ignore[arg-type]

        away = True

    service = Service(settings)
    store = vars(service)["store"] = Away(settings.store_url)
    with pytest.raises(Unavailable):
        service.claim_batches()
    store.away = False
    assert sum(len(one.feeds) for one in service.claim_batches()) > 0
    service.close()


def test_a_sweep_seals_what_was_archived_and_gives_up_what_is_too_old(settings: Settings) -> None:
    service, now = Service(replace(settings, archive_keep=timedelta(hours=12))), datetime.now(UTC)
    for revision, hours in enumerate((30, 2), start=1):
        at = now - timedelta(hours=hours)
        sheet = Sheet(at, Origin("h0", "r", "v"), (), ("AAAAAAAAAAA",))
        state = FeedState(revision=revision, last_poll=at)
        assert service.store.commit(Commit("f", "u", state, sheet=sheet))
    service.desk.waiting()
    sealed = service.store.archive_extent()
    assert sealed.bytes > 0
    assert sealed.oldest
    assert sealed.oldest < now - timedelta(hours=29)
    service.desk.waiting()
    kept = service.store.archive_extent()
    assert kept.oldest
    assert kept.oldest > now - timedelta(hours=4)
    service.close()
