"""One suite for every store: the embedded Valkey, Debian's Redis, and the one in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.core.commit import Commit
from monitor.core.models import (
    EventRef,
    Fingerprint,
    Identity,
    Indexed,
    Lookup,
    PollOutcome,
    Remembered,
    Seen,
    Validators,
)
from monitor.edges.store.memory import MemoryStore
from monitor.edges.store.redis import RedisStore
from tests import make

Store = RedisStore | MemoryStore
LEASE = timedelta(seconds=60)
ONE = Identity("id-1", "link-1", "text-1")
TWO = Identity("id-2", None, "text-2")


def told_commit(**more: object) -> Commit:
    """A commit with one story that is told to the desk."""
    given = make.commit(
        seen={"id-1": Seen("text-1", "s_1", 5.0)},
        stories=(make.story(),),
        claims={"link:link-1": "s_1", "text:text-1": "s_1"},
        settled={"s_1": frozenset({"desk"})},
        deliveries=(make.delivery(),),
    )
    return replace(given, **more)  # type: ignore[arg-type]


def test_a_registered_feed_is_handed_out_once_until_its_lease_ends(store: Store) -> None:
    store.register({"a": make.NOW, "b": make.at(100)})
    assert store.claim_feeds(make.NOW, make.at(60), 10) == ("a",)
    assert store.claim_feeds(make.at(59), make.at(120), 10) == ()
    assert store.claim_feeds(make.at(60), make.at(120), 10) == ("a",)


def test_the_longest_due_feeds_are_claimed_first_and_not_more_than_asked_for(store: Store) -> None:
    store.register({"a": make.at(-1), "b": make.at(-3), "c": make.at(-2)})
    assert store.claim_feeds(make.NOW, make.at(60), 2) == ("b", "c")


def test_registering_again_keeps_turns_adds_new_feeds_and_drops_old_ones(store: Store) -> None:
    store.register({"a": make.at(50), "b": make.at(50)})
    store.register({"a": make.NOW, "c": make.NOW})
    assert store.due_times(["a", "b", "c"]) == {
        "a": make.at(50).timestamp(),
        "c": make.NOW.timestamp(),
    }
    assert store.due_times([]) == {}


def test_without_pruning_others_keep_their_turns(store: Store) -> None:
    store.register({"a": make.NOW})
    store.register({"b": make.NOW}, prune=False)
    assert set(store.due_times(["a", "b"])) == {"a", "b"}


def test_nothing_is_known_of_a_feed_never_polled(store: Store) -> None:
    known = store.known("f", [ONE])
    assert (known.seen, known.stories) == ({}, {})
    assert store.feed_state("f").revision == 0
    assert store.known("f", []).seen == {}
    assert store.seen_each([("f", [])]) == [{}]


def test_a_commit_is_read_back_whole(store: Store) -> None:
    validators = Validators('"e"', "Sat, 14 Mar 2026 12:00:00 GMT")
    state = make.state(validators=validators)
    assert store.commit(told_commit(state=state))
    assert store.feed_state(make.FEED.key) == state
    known = store.known(make.FEED.key, [ONE, TWO])
    assert known.seen == {"id-1": Seen("text-1", "s_1", 5.0)}
    assert known.stories["s_1"].told == {"desk"}
    assert [one.source for one in known.stories["s_1"].carriers] == ["Sahel Daily"]
    elsewhere = store.known(make.OTHER.key, [replace(ONE, id="other-id")])
    assert elsewhere.stories["link:link-1"].entry == "guid-1"
    assert elsewhere.stories["text:text-1"].id == "s_1"


def test_a_commit_made_on_an_old_revision_writes_nothing(store: Store) -> None:
    assert store.commit(make.commit(revision=1))
    assert not store.commit(told_commit())
    assert store.feed_state(make.FEED.key).revision == 1
    assert store.known(make.FEED.key, [ONE]).seen == {}
    assert store.due_receivers(make.at(9)) == ()


def test_two_feeds_cannot_both_claim_the_same_text(store: Store) -> None:
    assert store.commit(told_commit())
    other = make.commit(make.OTHER, stories=(make.story("s_2"),), claims={"text:text-1": "s_2"})
    assert not store.commit(other)
    assert store.feed_state(make.OTHER.key).revision == 0


def test_a_claim_left_by_a_story_that_is_gone_is_free(store: Store) -> None:
    assert store.commit(make.commit(claims={"text:t": "s_gone"}))
    taken = make.commit(revision=2, stories=(make.story(),), claims={"text:t": "s_1"})
    assert store.commit(taken)
    found = store.story_of("text:t")
    assert found
    assert found.story.id == "s_1"


def test_a_copy_adds_its_outlet_and_keeps_the_first_telling(store: Store) -> None:
    assert store.commit(told_commit())
    later = make.story(feed=make.OTHER, seen=make.at(60))
    copy = make.commit(
        make.OTHER,
        stories=(replace(later, title="Another headline"),),
        settled={"s_1": frozenset({"hook"})},
    )
    assert store.commit(copy)
    (stored,) = store.stories(make.at(-1))
    assert stored.story.title == make.story().title
    assert [one.source for one in stored.carriers] == ["Sahel Daily", "The Wire"]
    assert stored.told == {"desk", "hook"}


def test_forgotten_entries_are_gone(store: Store) -> None:
    assert store.commit(make.commit(seen={"id-1": Seen("t"), "id-2": Seen("t")}))
    assert store.commit(make.commit(revision=2, forgotten=("id-1",)))
    assert set(store.known(make.FEED.key, [ONE, TWO]).seen) == {"id-2"}


def test_an_edited_entry_is_known_with_what_its_claims_hold(store: Store) -> None:
    assert store.commit(told_commit())
    unchanged = store.known(make.FEED.key, [ONE])
    assert set(unchanged.stories) == {"s_1"}
    edited = store.known(make.FEED.key, [replace(ONE, text="text-3")])
    assert set(edited.stories) == {"s_1", "link:link-1"}


def test_a_feed_with_a_very_long_memory_is_read_whole(store: Store) -> None:
    seen = {f"old-{n}": Seen("t", None, float(n)) for n in range(4_000)}
    assert store.commit(make.commit(seen=seen))
    assert len(store.known(make.FEED.key, [ONE]).seen) == 4_000


def test_a_commit_sets_the_next_turn_but_not_of_a_feed_taken_out(store: Store) -> None:
    store.register({make.FEED.key: make.NOW})
    store.commit(make.commit())
    store.commit(make.commit(make.OTHER))
    due = store.due_times([make.FEED.key, make.OTHER.key])
    assert due == {make.FEED.key: make.at(600).timestamp()}


def test_stories_are_listed_by_time_and_found_by_claim(store: Store) -> None:
    store.commit(told_commit())
    assert [one.story.id for one in store.stories(make.NOW)] == ["s_1"]
    assert store.stories(make.at(1)) == ()
    found = store.story_of("link:link-1")
    assert found
    assert found.story == make.story()
    assert store.story_of("link:unheard-of") is None


def test_states_and_gauges_tell_how_things_stand(store: Store) -> None:
    store.ping()
    store.register({make.FEED.key: make.at(-5), "other": make.at(50)})
    failed = replace(make.state(), outcome=PollOutcome.DNS, failures=1)
    store.commit(make.commit(state=replace(failed, next_poll=make.at(-5))))
    store.mark_alive("sweep", make.at(-2))
    store.trim(make.NOW, make.at(9_999))
    assert store.feed_states([make.FEED.key, "other"])[make.FEED.key].outcome is PollOutcome.DNS
    gauges = store.gauges(make.NOW, ["poll"])
    assert (gauges.reachable, gauges.due, gauges.overdue) == (True, 1, 5.0)
    assert gauges.alive == {"sweep": make.at(-2).timestamp()}
    assert gauges.broker == {"poll": 0}
    assert gauges.version


KIDAL = Fingerprint(
    language="en",
    at=1_700_000_000.0,
    words=("aaaa", "bbbb", "cccc", "dddd"),
    head=2,
    names=frozenset({"c:ML", "p:kidal"}),
    titled=frozenset({"c:ML"}),
    concepts=frozenset({"attack", "troops"}),
    headed=frozenset({"attack"}),
    subject="c:ML",
    numbers=frozenset({"12", "30"}),
    figures=frozenset({"12"}),
    counts=frozenset({"killing 12"}),
    kinds=frozenset({"attack"}),
    outlet="zzzz",
    wire="afp",
)
DAY = make.NOW.date()


def remembering(name: str, revision: int, count: int, **more: object) -> Commit:
    """A commit that remembers one story under the names "here" and "there"."""
    event = name.replace("s_", "e_")
    one = Indexed(Remembered(name, event, f"guid|{name}", KIDAL), ("here",), ("there",))
    given = make.commit(
        revision=revision,
        stories=(make.story(name),),
        events={event: EventRef(event, facts=frozenset({"killing 12"}))},
        indexed=(one,),
        count=count,
        day=DAY,
    )
    return replace(given, **more)  # type: ignore[arg-type]


def test_a_remembered_story_is_found_by_its_names_with_its_whole_fingerprint(store: Store) -> None:
    assert store.near([Lookup(("here",)), Lookup()], DAY).likes == ((), ())
    assert store.commit(remembering("s_1", 1, 0))
    near = store.near([Lookup(("there",), marks=frozenset({"p:kidal", "p:gao"})), Lookup()], DAY)
    assert near.likes == ((Remembered("s_1", "e_1", "guid|s_1", KIDAL),), ())
    assert (near.count, near.recent, near.told.get("p:kidal")) == (1, 1, 1)
    assert "p:gao" not in near.told
    assert store.near([Lookup(("x",))], DAY + timedelta(days=1)).recent == 1
    assert store.near([Lookup(("x",))], DAY + timedelta(days=2)).recent == 0
    assert store.near([Lookup(("x",), ("s_1", "s_9"))], DAY).likes[0][0].story == "s_1"


def test_those_under_most_names_come_first_and_no_more_than_a_few(store: Store) -> None:
    for number in range(20):
        assert store.commit(remembering(f"s_{number}", number + 1, number))
    both = replace(remembering("s_x", 21, 20).indexed[0], events=("there", "everywhere"))
    assert store.commit(remembering("s_x", 21, 20, indexed=(both,)))
    (found,) = store.near([Lookup(("there", "everywhere"))], DAY).likes
    assert found[0].story == "s_x"
    # Of those under one name only, a few, and the newest of them.
    assert len(found) == 4
    alike = Lookup(("here", "there"))
    assert len(store.near([alike], DAY).likes[0]) == 8


def test_a_story_remembered_meanwhile_under_one_of_our_names_refuses_the_commit(
    store: Store,
) -> None:
    looked = store.near([Lookup(("here",))], DAY).count
    assert store.commit(remembering("s_1", 1, looked))
    assert not store.commit(remembering("s_2", 2, looked))
    assert store.commit(remembering("s_2", 2, looked + 1))
    elsewhere = Indexed(Remembered("s_3", "e_3", "g", KIDAL), (), ("elsewhere",))
    assert store.commit(remembering("s_3", 3, looked, indexed=(elsewhere,)))


def test_an_event_grows_by_one_commit_at_a_time(store: Store) -> None:
    assert store.commit(remembering("s_1", 1, 0))
    _, events = store.recall(["s_1"], ["e_1", "e_9"])
    (event,) = events.values()
    assert (event.revision, event.facts) == (1, frozenset({"killing 12"}))
    story = make.story("s_1")
    second = replace(story.carrier, feed="https://b.example", seen=make.at(9))
    more = replace(
        event,
        told={"desk": "d_1"},
        facts=event.facts | {"#claim"},
        carriers=(story.carrier, second),
    )
    stories = (story, replace(make.story("s_2"), carrier=second))
    assert store.commit(make.commit(revision=2, stories=stories, events={"e_1": more}))
    assert not store.commit(make.commit(revision=3, events={"e_1": more}))
    (event,) = store.recall([], ["e_1"])[1].values()
    assert (event.revision, event.told) == (2, {"desk": "d_1"})
    assert event.facts == {"killing 12", "#claim"}
    assert [one.feed for one in event.carriers] == [make.FEED.url, "https://b.example"]
    assert set(store.recall(["s_1", "s_9"], [])[0]) == {"s_1"}


def test_a_changed_story_is_remembered_anew_under_its_old_names(store: Store) -> None:
    assert store.commit(remembering("s_1", 1, 0))
    changed = replace(KIDAL, at=None, numbers=frozenset(), counts=frozenset(), figures=frozenset())
    again = Indexed(Remembered("s_1", "e_1", "guid", changed))
    assert store.commit(make.commit(revision=2, indexed=(again,), count=1, day=DAY))
    (found,) = store.near([Lookup(("here",))], DAY).likes
    assert found == (Remembered("s_1", "e_1", "guid", changed),)
    assert store.near([Lookup(("here",))], DAY).recent == 1


def test_a_feeds_whole_memory_is_read_back_with_links(store: Store) -> None:
    store.commit(make.commit(seen={"a": Seen("t", "s_1", 5.0, "l"), "b": Seen("u", None, 6.0)}))
    assert store.memory(make.FEED.key) == {
        "a": Seen("t", "s_1", 5.0, "l"),
        "b": Seen("u", None, 6.0),
    }
    assert store.memory("unheard-of") == {}
