"""Choosing, counting and ordering stories in memory, and keeping up with the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.core.models import Feed, FeedState, PollOutcome, Severity
from monitor.edges.store.browsing import Outlet, Outline
from monitor.web.index import Index, Wanted
from monitor.web.watch import Watch
from tests import make

MONTH = timedelta(days=30)


def outline(number: int, **more: object) -> Outline:
    one = Outline(
        id=f"s_{number}",
        event=f"e_{number // 2}",
        title=f"Story {number}",
        first_seen=make.at(number),
        carrier=Outlet("Sahel Daily", "en", "Mali"),
        topics=frozenset({"sahel"}),
        severity=Severity.HIGH,
    )
    return replace(one, **more)  # type: ignore[arg-type]


def ids(index: Index, **wanted: object) -> list[str]:
    return [row.id for row in index.find(Wanted(**wanted))]  # type: ignore[arg-type]


def test_what_is_found_comes_newest_first_in_whatever_order_it_was_added() -> None:
    index = Index().grown([outline(2), outline(0)]).grown([outline(1)])
    assert ids(index) == ["s_2", "s_1", "s_0"]
    assert len(index) == 3


def test_each_condition_must_hold() -> None:
    carrier = Outlet("Невский вестник", "ru", "Russia")
    other = outline(2, carrier=carrier, topics=frozenset({"russia"}), severity=Severity.LOW)
    index = Index().grown([outline(1), other])
    for wanted in (
        {"topic": "russia"},
        {"source": "ВЕСТНИК"},
        {"language": "ru"},
        {"country": "Russia"},
        {"words": ("story", "2")},
        {"since": make.at(2).timestamp()},
    ):
        assert ids(index, **wanted) == ["s_2"], wanted
    assert ids(index, severity=Severity.MEDIUM) == ["s_1"]
    assert ids(index, until=make.at(2).timestamp()) == ["s_1"]
    assert ids(index, topic="russia", country="Mali") == []


def test_it_says_what_can_be_chosen() -> None:
    rare = outline(3, carrier=Outlet("a rare one"))
    index = Index().grown([outline(1), outline(2), rare])
    assert (index.languages(), index.countries()) == (["en"], ["Mali"])
    assert index.sources(1) == ["Sahel Daily"]
    assert index.sources(9) == ["a rare one", "Sahel Daily"]


def test_an_events_stories_are_found() -> None:
    index = Index().grown([outline(1), outline(2), outline(3)])
    assert index.of_event("e_1") == ["s_2", "s_3"]


def test_what_is_too_old_or_too_much_goes_and_its_kinds_with_it() -> None:
    many = [outline(n, carrier=Outlet(f"source {n}")) for n in range(1_500)]
    index = Index().grown(many)
    kept = index.since(make.at(1_400).timestamp(), 50)
    assert ids(kept)[-1] == "s_1450"
    assert len(kept.sources(9_999)) == 50
    assert len(kept.kinds) == 50
    assert kept.since(0.0, 50) is kept


@dataclass
class Kept:
    """A store that says what it was asked for."""

    stories: dict[str, Outline] = field(default_factory=dict)
    states: dict[str, FeedState] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def add(self, *outlines: Outline) -> None:
        self.stories.update({one.id: one for one in outlines})

    def count_stories(self, since: datetime) -> int:
        self.asked.append("count")
        return sum(one.first_seen >= since for one in self.stories.values())

    def story_ids(self, since: datetime, most: int) -> list[str]:
        self.asked.append("ids")
        found = sorted(self.stories.values(), key=lambda one: one.first_seen, reverse=True)
        return [one.id for one in found if one.first_seen >= since][:most]

    def outlines(self, ids: Sequence[str]) -> tuple[Outline, ...]:
        self.asked.append(f"{len(ids)} outlines")
        return tuple(self.stories[one] for one in ids if one not in self.unreadable)

    def feed_states(self, feeds: Sequence[str]) -> dict[str, FeedState]:
        return {one: self.states[one] for one in feeds if one in self.states}


def watch(store: Kept, **more: object) -> Watch:
    feeds: dict[str, Feed] = dict.fromkeys(("a", "b"), make.FEED)
    made = Watch(store, lambda: feeds, MONTH, 10_000, lambda: make.at(5_000), lambda _: None)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_all_is_read_at_first_the_newest_before_the_others_and_then_only_what_came() -> None:
    store = Kept()
    store.add(*(outline(n) for n in range(2_500)))
    kept = watch(store)
    before = kept.filling
    kept.look()
    assert (before, kept.filling) == (True, False)
    assert len(kept.index) == 2_500
    assert store.asked == ["count", "ids", "1000 outlines", "1000 outlines", "500 outlines"]
    store.asked.clear()
    kept.look()
    assert store.asked == ["count"]
    store.add(outline(2_600), outline(2_450, id="s_late"))
    kept.look()
    assert store.asked == ["count", "count", "ids", "2 outlines"]
    assert ids(kept.index)[:2] == ["s_2600", "s_2499"]


def test_what_is_far_behind_or_gone_is_seen_when_all_is_compared() -> None:
    store = Kept()
    store.add(outline(1), outline(2))
    kept = watch(store)
    kept.look()
    store.add(outline(3, first_seen=make.at(-86_400)))
    del store.stories["s_1"]
    store.add(outline(4, first_seen=make.at(-86_401)))
    kept._whole.every = 0.0
    kept.look()
    assert ids(kept.index) == ["s_2", "s_3", "s_4"]


def test_a_story_that_cannot_be_read_is_not_looked_for_for_ever() -> None:
    store = Kept(unreadable={"s_1"})
    store.add(outline(1), outline(2))
    kept = watch(store)
    kept.look()
    store.asked.clear()
    kept.look()
    assert store.asked == ["count"]
    assert ids(kept.index) == ["s_2"]


def test_only_so_many_and_so_old_stories_are_kept() -> None:
    store = Kept()
    store.add(*(outline(n) for n in range(20)))
    kept = watch(store, most=5)
    kept.look()
    assert ids(kept.index) == ["s_19", "s_18", "s_17", "s_16", "s_15"]
    kept.clock = lambda: make.at(17) + MONTH
    kept.look()
    assert ids(kept.index) == ["s_19", "s_18", "s_17"]


def test_feeds_are_looked_at_now_and_then() -> None:
    late = make.state(outcome=PollOutcome.TIMEOUT, failures=1)
    store = Kept(states={"a": late})
    kept = watch(store)
    kept.look_at_feeds()
    assert (kept.health, kept.late) == ({"a": "failing"}, 1)
    store.states["b"] = make.state()
    kept.look_at_feeds()
    assert "b" not in kept.health
