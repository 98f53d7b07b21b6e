"""What is told of feeds that fall silent, and how often."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.commit import Commit
from monitor.core.models import Feed, FeedState, PollOutcome
from monitor.edges.store.memory import MemoryStore
from monitor.service.absences import tell_silence
from tests import make

FEEDS = {feed.key: feed for feed in (make.FEED, make.OTHER)}


class Store(MemoryStore):
    """In memory; its leases end when a test says so."""

    revision = 0

    def now_is(self, feed: Feed, state: FeedState) -> None:
        self.revision += 1
        before = self.feed_state(feed.key).revision
        self.commit(Commit(feed.key, feed.url, replace(state, revision=before + 1)))

    def told(self, minutes: float = 0) -> list[str]:
        """The titles that are told, so many minutes after the start."""
        before = set(self._deliveries)
        tell_silence(self, FEEDS, ("ops",), make.at(minutes * 60))
        new = [one for name, one in self._deliveries.items() if name not in before]
        return [one.alert.story.title for one in new]

    def an_hour_passes(self) -> None:
        self._leases.clear()


SILENT = make.state(silent=make.NOW, last_new=make.at(-90_000))


def test_a_silence_and_its_end_are_told_once_each() -> None:
    store = Store()
    assert store.told() == []
    store.now_is(make.FEED, SILENT)
    assert store.told() == ["Feed is silent: Sahel Daily"]
    store.an_hour_passes()
    assert store.told(60) == []
    store.now_is(make.FEED, make.state())
    assert store.told(61) == ["Feed speaks again: Sahel Daily"]
    store.an_hour_passes()
    assert store.told(120) == []
    store.now_is(make.FEED, replace(SILENT, silent=make.at(9_999)))
    assert store.told(130) == ["Feed is silent: Sahel Daily"]


def test_what_falls_silent_within_an_hour_of_another_is_told_together_after_it() -> None:
    store = Store()
    store.now_is(make.FEED, SILENT)
    store.told()
    store.now_is(make.OTHER, SILENT)
    store.now_is(make.FEED, make.state())
    assert store.told(5) == []
    store.an_hour_passes()
    assert store.told(61) == ["Feed is silent: The Wire", "Feed speaks again: Sahel Daily"]


def test_a_feed_that_fails_after_it_fell_silent_does_not_speak() -> None:
    store = Store()
    store.now_is(make.FEED, SILENT)
    store.told()
    store.an_hour_passes()
    store.now_is(make.FEED, replace(SILENT, failures=1, outcome=PollOutcome.DNS))
    assert store.told(61) == []
    store.now_is(make.FEED, SILENT)
    assert store.told(62) == []
