"""What is missed, and what of it was told, in every store."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.commit import Commit
from monitor.core.models import Attempt, Condition, PollOutcome
from tests import make
from tests.edges.test_store import Store
from tests.edges.test_turns import claim


def test_a_feed_that_is_silent_is_noted_until_it_speaks(store: Store) -> None:
    claim(store, "a", "b")
    silent = replace(make.state(1), silent=make.NOW)
    down = replace(make.state(1), silent=make.NOW, failures=1, outcome=PollOutcome.DNS)
    store.commit_each([Commit("a", "u", silent), Commit("b", "u", down)])
    assert store.failing() == {"a": "silent", "b": "dns"}
    assert store.health(["a", "b"]) == ({"silent": 1, "dns": 1}, 2)
    store.commit_each([Commit("a", "u", make.state(2)), Commit("b", "u", make.state(2))])
    assert store.failing() == {}


def test_what_was_told_of_silent_feeds_is_noted_and_forgotten(store: Store) -> None:
    store.note_hushed({"a": 5.5, "b": 6.0}, ())
    assert store.hushed() == {"a": 5.5, "b": 6.0}
    store.note_hushed({"c": 7.0}, ("a", "never"))
    assert store.hushed() == {"b": 6.0, "c": 7.0}
    store.note_hushed({}, ("b", "c"))
    assert store.hushed() == {}


def test_it_is_known_when_a_canary_arrived_and_since_when_one_is_missed(store: Store) -> None:
    assert store.canary() == (0.0, 0.0)
    store.mark_alive("canary", make.NOW)
    assert store.note_missed(make.at(9))
    assert not store.note_missed(make.at(99))
    assert store.canary() == (make.NOW.timestamp(), make.at(9).timestamp())
    assert store.gauges(make.NOW, ()).missed == make.at(9).timestamp()
    assert store.note_missed(None)
    assert not store.note_missed(None)
    assert store.canary() == (make.NOW.timestamp(), 0.0)
    assert store.gauges(make.NOW, ()).missed == 0.0


def test_a_canary_is_no_measure_of_how_fast_news_come(store: Store) -> None:
    one = make.delivery()
    canary = replace(one, id="d_canary", alert=replace(one.alert, kind="canary"))
    store.put((one, canary))
    for each in (one, canary):
        store.record((each,), Attempt(ok=True, detail="200"), make.at(2), None, Condition())
    assert store.gauges(make.NOW, ()).latency == (2.0,)
