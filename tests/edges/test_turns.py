"""Whose turn it is, in every store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from monitor.core.commit import Commit
from monitor.core.digest import digest
from monitor.core.models import Claimed, Freed, Move, PollOutcome
from tests import make
from tests.edges.test_store import Store


def claim(store: Store, *feeds: str, host: str = "h", seconds: float = 60) -> list[Claimed]:
    """Registered and claimed at NOW, for so many seconds."""
    store.register(dict.fromkeys(feeds, make.NOW), prune=False)
    store.claim_feeds(make.NOW, make.at(seconds), 99)
    return [Claimed(one, host, make.at(seconds)) for one in feeds]


def taken(store: Store, claimed: Sequence[Claimed], now: float, until: float) -> list[str]:
    """The feeds whose turn it is."""
    return [one.feed for one in store.take_turns(claimed, make.at(now), make.at(until))]


def test_a_lease_is_renewed_only_by_who_holds_it(store: Store) -> None:
    first, second = claim(store, "a", "b")
    assert taken(store, [first], 1, 90) == ["a"]
    assert taken(store, [first, second], 2, 99) == []
    assert taken(store, [Claimed("unheard-of", "x", make.at(60))], 1, 99) == []
    assert taken(store, [], 1, 99) == []


def test_a_feed_is_taken_before_its_time_unless_its_turn_changed_since_it_was_looked_at(
    store: Store,
) -> None:
    later = make.at(500)
    store.register({"a": later, "b": later, "c": later}, prune=False)
    store.claim_feeds(make.at(600), make.at(660), 1)
    seen = {"a": later.timestamp(), "b": later.timestamp(), "c": None, "new": None}
    assert store.claim_these(seen, make.at(90)) == ("b", "new")
    assert store.claim_these(seen, make.at(95)) == ()
    assert store.claim_these({}, make.at(95)) == ()
    left = make.at(660).timestamp(), make.at(90).timestamp(), later.timestamp()
    assert store.due_times(["a", "b", "c"]) == dict(zip("abc", left, strict=True))
    begun = [Claimed(one, "h", make.at(90)) for one in ("b", "new")]
    assert taken(store, begun, 1, 99) == ["b", "new"]


def test_a_turn_brings_what_is_remembered_of_the_feed(store: Store) -> None:
    claimed = claim(store, "a", "b")
    store.commit(Commit("a", "u", make.state(1)))
    store.register({"a": make.NOW, "b": make.NOW})
    store.claim_feeds(make.at(700), make.at(760), 9)
    again = [replace(one, lease=make.at(760)) for one in claimed]
    begun = store.take_turns(again, make.at(701), make.at(800))
    assert [(one.feed, one.host, one.state.revision) for one in begun] == [
        ("a", "h", 1),
        ("b", "h", 0),
    ]


def test_all_feeds_of_a_host_that_are_taken_together_may_be_polled(store: Store) -> None:
    assert taken(store, claim(store, "a", "b"), 1, 90) == ["a", "b"]


def test_a_host_in_other_hands_is_left_alone_and_its_feed_comes_back_soon(store: Store) -> None:
    one, other = claim(store, "a", "b")
    assert taken(store, [one], 1, 90) == ["a"]
    assert taken(store, [other], 1, 90) == []
    assert store.due_times(["b"]) == {"b": make.at(2).timestamp()}


def test_who_holds_a_host_may_go_on_with_it(store: Store) -> None:
    one, other = claim(store, "a", "b")
    taken(store, [one], 1, 90)
    assert taken(store, [replace(other, held=make.at(90))], 2, 95) == ["b"]


def test_a_host_that_was_let_go_of_may_be_asked_again_after_its_gap(store: Store) -> None:
    one, other = claim(store, "a", "b")
    taken(store, [one], 1, 90)
    store.free_hosts([Freed("h", make.at(90), make.at(30))])
    assert taken(store, [other], 2, 90) == []
    assert store.due_times(["b"]) == {"b": make.at(30).timestamp()}
    store.claim_feeds(make.at(30), make.at(80), 9)
    assert taken(store, [replace(other, lease=make.at(80))], 31, 99) == ["b"]


def test_who_lost_a_host_does_not_free_it_but_may_ask_for_patience(store: Store) -> None:
    (one,) = claim(store, "a")
    taken(store, [one], 1, 90)
    store.free_hosts([Freed("h", make.at(55), make.at(1))])
    assert taken(store, claim(store, "b", seconds=70), 1, 99) == []
    store.free_hosts([])


def test_feeds_that_are_left_are_due_when_their_host_is(store: Store) -> None:
    one, other = claim(store, "a", "b")
    taken(store, [one], 1, 90)
    lost = replace(one, lease=make.at(3))
    store.free_hosts([Freed("h", make.at(90), make.at(40), (other, lost))])
    assert store.due_times(["a", "b"]) == {
        "a": make.at(90).timestamp(),
        "b": make.at(40).timestamp(),
    }


@pytest.mark.parametrize("ahead", [86_400 * 2, 86_400 * 400])
def test_a_host_put_off_by_a_clock_that_ran_ahead_is_not_waited_for(
    store: Store, ahead: float
) -> None:
    (one,) = claim(store, "a")
    taken(store, [one], ahead - 60, ahead)
    store.free_hosts([Freed("h", make.at(1), make.at(ahead))])
    assert taken(store, claim(store, "b", seconds=70), 1, 99) == ["b"]


def test_a_clock_set_back_moves_what_hosts_wait_for(store: Store) -> None:
    (one,) = claim(store, "a")
    taken(store, [one], 1, 90)
    store.free_hosts([Freed("h", make.at(90), make.at(3_602))])
    store.set_back(3_600)
    store.register({"b": make.at(-10)}, prune=False)
    store.claim_feeds(make.at(3), make.at(70), 9)
    assert taken(store, [Claimed("b", "h", make.at(70))], 4, 99) == ["b"]


def test_a_process_that_starts_waits_for_no_host(store: Store) -> None:
    taken(store, claim(store, "a"), 1, 90)
    store.register({"b": make.NOW})
    assert taken(store, claim(store, "b", seconds=70), 2, 99) == ["b"]


def test_a_feed_that_moved_is_polled_under_its_new_host(store: Store) -> None:
    (one,) = claim(store, "a")
    moved = replace(make.state(1), move=Move("https://new.example/feed"), next_poll=make.at(5))
    store.commit(Commit("a", "u", moved))
    store.claim_feeds(make.at(6), make.at(70), 9)
    begun = store.take_turns([replace(one, lease=make.at(70))], make.at(7), make.at(80))
    assert [one.host for one in begun] == ["new.example"]


def test_a_feed_given_up_takes_no_turns_until_a_process_starts(store: Store) -> None:
    claim(store, "a", "b")
    gone = replace(make.state(1), failures=9, dead=make.NOW, next_poll=None)
    store.commit(Commit("a", "u", gone))
    store.register({"a": make.NOW, "b": make.NOW}, prune=False)
    assert set(store.due_times(["a", "b"])) == {"b"}
    store.register({"a": make.NOW, "b": make.NOW})
    assert set(store.due_times(["a", "b"])) == {"a", "b"}


def test_what_concerns_a_feed_alone_is_written_in_one_go_each_for_itself(store: Store) -> None:
    claim(store, "a", "b")
    late = Commit("b", "u", make.state(2))
    assert store.commit_each([Commit("a", "u", make.state(1)), late]) == (True, False)
    assert store.commit_each([]) == ()
    states = store.feed_states(["a", "b"])
    assert {name: one.revision for name, one in states.items()} == {"a": 1}


def test_of_two_polls_of_one_feed_in_one_go_the_first_is_written(store: Store) -> None:
    first, second = (replace(make.state(1), next_poll=make.at(at)) for at in (50, 70))
    claim(store, "a")
    assert store.commit_each([Commit("a", "u", first), Commit("a", "u", second)]) == (True, False)
    assert store.due_times(["a"]) == {"a": make.at(50).timestamp()}


def test_health_counts_the_polled_and_those_that_cannot_be_read(store: Store) -> None:
    claim(store, "a", "b", "c")
    failing = replace(make.state(1), failures=1, outcome=PollOutcome.DNS)
    store.commit_each([Commit("a", "u", failing), Commit("b", "u", make.state(1))])
    assert store.health(["a", "b", "c"]) == ({"dns": 1}, 2)
    store.commit(Commit("a", "u", make.state(2)))
    assert store.health(["a", "b", "c"]) == ({}, 2)


def test_two_feeds_are_not_read_at_one_address(store: Store) -> None:
    store.register({digest("https://b.example/"): make.NOW})
    assert store.take_home("https://new.example/", "a") == ""
    assert store.take_home("https://new.example/", "a") == ""
    assert store.take_home("https://new.example/", "b") == "a"
    assert store.take_home("https://b.example/", "a") == digest("https://b.example/")


def test_a_feed_that_is_taken_out_takes_no_turn_and_comes_back_as_a_new_one(store: Store) -> None:
    claim(store, "a", "b")
    dead = make.state(dead=make.NOW, outcome=PollOutcome.HTTP_410, failures=9)
    store.commit(Commit("a", "u", replace(dead, next_poll=None)))
    store.take_out(["a", "unheard-of"])
    store.take_out([])
    store.register({"a": make.at(7)}, prune=False)
    assert store.due_times(["a", "b"]) == {
        "a": make.at(7).timestamp(),
        "b": make.at(60).timestamp(),
    }


def test_a_feed_is_let_go_of_without_its_host(store: Store) -> None:
    (one,) = claim(store, "a")
    store.free_hosts([Freed("", one.lease, make.at(5), (replace(one, host=""),))])
    assert store.due_times(["a"]) == {"a": make.at(5).timestamp()}
