"""One poll, from fetch to commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor import __version__
from monitor.core.commit import Commit, gather
from monitor.core.identity import identify
from monitor.core.models import (
    Budget,
    Document,
    Entry,
    Failure,
    Feed,
    Hub,
    Lag,
    Move,
    NotModified,
    Origin,
    Outcome,
    PollOutcome,
    Sameness,
    Sheet,
    Validators,
)
from monitor.core.polling import Approach, Polling
from monitor.core.triage import Policy
from monitor.edges.rulebook import load_rulebook
from monitor.edges.store.memory import MemoryStore
from monitor.service.deciding import decide
from monitor.service.pipeline import Fetched, Pipeline, Polled
from tests import make
from tests.service.fakes import Clock, Overtaken, Parser

RULEBOOK = load_rulebook(None)
LAVROV = make.entry()
PUTIN = make.entry(
    "Putin calls Goïta", id="guid-2", link="https://sahel.example/2", summary="On grain."
)
BROKEN = Failure(PollOutcome.PARSE_ERROR, "not well-formed")
BODIES: dict[bytes, tuple[Entry, ...] | Failure] = {
    b"one": (LAVROV,),
    b"two": (PUTIN, LAVROV),
    b"none": (),
    b"bad": BROKEN,
}


class Bench:
    """A pipeline over fakes, with one registered feed."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store, self.clock = store or MemoryStore(), Clock()
        self.parser = Parser(dict(BODIES))
        self.store.register({make.FEED.key: make.NOW})
        self.pipeline = Pipeline(
            store=self.store,
            parser=self.parser,
            hasty=self.parser,
            policy=Policy(RULEBOOK, (make.route("desk"),)),
            polling=Polling(),
            clock=self.clock,
            jitter=lambda: 0.0,
            notices=("ops",),
        )

    def fetched(self, answer: Answer, feed: Feed = make.FEED) -> Fetched:
        state = self.store.feed_state(feed.key)
        return Fetched(feed, state, self.pipeline.approach(feed, state), answer, self.clock())

    def poll(self, answer: Answer) -> Polled:
        fetched = self.fetched(answer)
        self.asked = fetched.approach
        settle = self.pipeline.read if fetched.brings else self.pipeline.settle
        (polled,) = settle([fetched])
        self.clock.now = polled.state.next_poll or self.clock.now
        return polled


Answer = Document | NotModified | Failure


def document(body: bytes, etag: str = '"1"') -> Document:
    return Document(make.FEED.url, body, validators=Validators(etag))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_new_story_is_put_out_for_its_receiver_with_the_feeds_validators(bench: Bench) -> None:
    polled = bench.poll(document(b"one"))
    assert polled.receivers == ("desk",)
    state = bench.store.feed_state(make.FEED.key)
    assert (state.validators.etag, state.outcome, state.revision) == ('"1"', PollOutcome.OK, 1)
    assert bench.store.due_receivers(make.at(9)) == ("desk",)


class Keeping(MemoryStore):
    """A store that keeps what it is given for the archive."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[Sheet | None] = []

    def commit(self, commit: Commit) -> bool:
        self.sheets.append(commit.sheet)
        return super().commit(commit)


def test_what_is_new_is_archived_with_who_decided_and_what_is_known_is_not() -> None:
    store = Keeping()
    bench = Bench(store)
    bench.poll(document(b"one"))
    bench.poll(document(b"two"))
    bench.poll(NotModified())
    first, second, none = store.sheets
    assert first
    assert second
    assert first.origin == Origin("Sahel Daily", RULEBOOK.version, __version__)
    assert [one.entry.id for one in (*first.verdicts, *second.verdicts)] == ["guid-1", "guid-2"]
    assert none is None


def test_the_next_request_carries_the_validators_and_304_changes_nothing_else(
    bench: Bench,
) -> None:
    bench.poll(document(b"one"))
    polled = bench.poll(NotModified())
    assert bench.asked == Approach(make.FEED.url, Validators('"1"'))
    assert (polled.state.outcome, polled.verdicts) == (PollOutcome.NOT_MODIFIED, ())
    assert polled.state.last_new == make.NOW


def test_an_unchanged_body_is_not_parsed_again_but_its_new_validators_count(bench: Bench) -> None:
    bench.poll(document(b"one"))
    polled = bench.poll(document(b"one", etag='"2"'))
    assert bench.parser.parsed == [b"one"]
    assert polled.state.validators.etag == '"2"'


def test_an_alert_says_where_its_time_went_but_for_what_a_first_reading_found(
    bench: Bench,
) -> None:
    bench.poll(document(b"one"))
    last = bench.store.feed_state(make.FEED.key)
    assert last.lag == Lag()
    assert last.last_poll
    late = last.last_poll + timedelta(seconds=200)
    bench.parser.entries[b"two"] = (replace(PUTIN, published=late), LAVROV)
    fetched = replace(bench.fetched(document(b"two")), at=late + timedelta(seconds=30))
    bench.clock.now = late + timedelta(seconds=31)
    (polled,) = bench.pipeline.read([fetched])
    due = bench.store.due("desk", bench.clock(), 9)
    assert {one.budget for one in due} == {None, Budget(0.0, 30.0, 1.0)}
    assert polled.state.lag == Lag(0.0, 30.0)
    bench.clock.move(60)
    assert bench.poll(NotModified()).state.lag == Lag(0.0, 30.0)


def test_after_a_failure_nobody_knows_since_when_a_feed_shows_what_it_shows(bench: Bench) -> None:
    bench.poll(document(b"one"))
    bench.poll(BROKEN)
    bench.poll(document(b"two"))
    due = bench.store.due("desk", bench.clock(), 9)
    (told,) = [one.budget for one in due if one.budget]
    assert told.feed is None
    assert told.wait > 3_600


def test_only_what_is_new_alerts_at_a_later_poll(bench: Bench) -> None:
    bench.poll(document(b"one"))
    polled = bench.poll(document(b"two"))
    assert [one.outcome for one in polled.verdicts] == [Outcome.ALERTED, Outcome.DUPLICATE]


def test_the_first_poll_after_failures_still_seeds(bench: Bench) -> None:
    bench.poll(Failure(PollOutcome.DNS, "no such name"))
    bench.clock.move(40 * 3600)
    polled = bench.poll(document(b"one"))
    assert polled.verdicts[0].outcome is Outcome.SEEDED


def test_an_empty_first_document_ends_the_seeding(bench: Bench) -> None:
    bench.poll(document(b"none"))
    bench.clock.move(40 * 3600)
    assert bench.poll(document(b"one")).verdicts[0].outcome is Outcome.ALERTED


def test_a_failed_fetch_is_that_feeds_outcome_and_keeps_the_validators(bench: Bench) -> None:
    bench.poll(document(b"one"))
    polled = bench.poll(Failure(PollOutcome.TIMEOUT, "too slow"))
    assert (polled.state.outcome, polled.state.failures) == (PollOutcome.TIMEOUT, 1)
    assert polled.state.validators.etag == '"1"'


def test_a_document_that_cannot_be_parsed_does_not_vouch_for_its_validators(bench: Bench) -> None:
    polled = bench.poll(document(b"bad"))
    assert polled.state.outcome is PollOutcome.PARSE_ERROR
    assert polled.state.validators == Validators()


def test_a_copy_committed_meanwhile_by_another_feed_keeps_this_one_silent() -> None:
    def meanwhile(store: MemoryStore) -> None:
        other = Bench(store)
        other.store.register({make.FEED.key: make.NOW, make.OTHER.key: make.NOW})
        other.pipeline.read([other.fetched(document(b"one"), make.OTHER)])

    bench = Bench(Overtaken(1, meanwhile))
    polled = bench.poll(document(b"one"))
    assert polled.verdicts[0].outcome is Outcome.DUPLICATE
    (story,) = bench.store.stories(make.NOW)
    assert [one.source for one in story.carriers] == ["The Wire", "Sahel Daily"]


def test_the_same_feed_polled_twice_at_once_alerts_once() -> None:
    def meanwhile(store: MemoryStore) -> None:
        other = Bench(store)
        other.pipeline.read([other.fetched(document(b"one"))])

    bench = Bench(Overtaken(1, meanwhile))
    polled = bench.poll(document(b"one"))
    assert [one.outcome for one in polled.verdicts] == [Outcome.DUPLICATE]
    assert bench.store.gauges(make.NOW, []).outboxes == {"desk": 1}


def test_a_poll_that_is_always_overtaken_gives_up_without_writing() -> None:
    def meanwhile(store: MemoryStore) -> None:
        revision = store.feed_state(make.FEED.key).revision + 1
        assert MemoryStore.commit(store, make.commit(revision=revision))

    bench = Bench(Overtaken(99, meanwhile))
    polled = bench.poll(document(b"one"))
    assert not polled.committed
    lost = bench.poll(NotModified())
    assert not lost.committed


def fickle(salt: str) -> tuple[Entry, ...]:
    """The same entries under new guids."""
    texts = ("Lavrov lands in Bamako", "Wagner leaves Timbuktu", "Ferry timetable changes")
    return tuple(
        make.entry(text, id=f"{text}{salt}", link=f"https://sahel.example/{n}", summary=text * 2)
        for n, text in enumerate(texts)
    )


def test_a_feed_that_names_its_entries_anew_each_time_is_known_by_their_links_from_then_on(
    bench: Bench,
) -> None:
    bench.parser.entries |= {b"1": fickle("a"), b"2": fickle("b"), b"3": fickle("c")}
    first = bench.poll(document(b"1"))
    assert [one.outcome.value for one in first.verdicts] == ["alerted", "alerted", "no-topic"]
    second = bench.poll(document(b"2"))
    assert (second.before.key, second.state.key) == ("", "link")
    assert {one.sameness for one in second.verdicts} == {Sameness.SAME_ID}
    third = bench.poll(document(b"3"))
    assert third.state.key == "link"
    assert third.receivers == second.receivers == ()
    assert len(bench.store.memory(make.FEED.key)) == 3


def test_a_copy_that_came_in_between_is_noticed_and_the_decision_taken_anew() -> None:
    """Another feed commits a copy after we looked and before we commit."""
    other = make.entry(id="o", feed=make.OTHER.url, link="", title="Lavrov in Bamako for talks")

    def meanwhile(store: MemoryStore) -> None:
        entries = tuple(zip([other], identify([other]), strict=True))
        policy = Policy(RULEBOOK, (make.route("desk"),))
        decided = decide(store, make.OTHER, entries, policy, make.NOW)
        commit = gather(
            make.OTHER.key,
            make.OTHER.url,
            make.state(1),
            decided.verdicts,
            decided.known,
            now=make.NOW,
        )
        assert MemoryStore.commit(store, commit)

    bench = Bench(Overtaken(1, meanwhile))
    polled = bench.poll(document(b"one"))
    (verdict,) = polled.verdicts
    assert polled.committed
    assert (verdict.outcome, verdict.alerts) == (Outcome.DUPLICATE, ())
    assert len(bench.store.stories(make.at(-9))) == 1


def test_polls_that_bring_nothing_are_written_together_each_for_itself(bench: Bench) -> None:
    bench.poll(document(b"one"))
    good, late = bench.fetched(NotModified()), bench.fetched(Failure(PollOutcome.DNS, "no name"))
    written = bench.pipeline.settle([good, late])
    assert [one.committed for one in written] == [True, False]
    assert bench.pipeline.settle([]) == []


def test_what_a_feed_showed_last_time_may_be_left_out_and_is_not_forgotten(bench: Bench) -> None:
    bench.poll(document(b"one"))
    bench.parser.marks = "m"
    bench.parser.unchanged = 1
    bench.parser.entries[b"two"] = (PUTIN,)
    polled = bench.poll(document(b"two"))
    assert [one.outcome for one in polled.verdicts] == [Outcome.ALERTED]
    assert len(bench.store.memory(make.FEED.key)) == 2
    bench.poll(document(b"one"))
    assert [one.marks for one in bench.parser.earlier] == ["", "", "m"]


def test_only_the_first_reading_may_skim_what_is_too_old_to_be_told(bench: Bench) -> None:
    bench.poll(document(b"one"))
    bench.poll(document(b"two"))
    fresh = make.NOW - timedelta(hours=24)
    assert [one.old for one in bench.parser.earlier] == [fresh, None]


def test_once_a_day_a_feed_is_read_in_full(bench: Bench) -> None:
    bench.parser.marks = "m"
    bench.poll(document(b"one"))
    bench.clock.move(31 * 3_600)
    bench.poll(document(b"two"))
    assert bench.asked == Approach(make.FEED.url, Validators(), full=True)
    assert bench.parser.earlier[-1].marks == ""


def test_a_feed_that_dies_and_comes_back_is_told_once_each(bench: Bench) -> None:
    bench.poll(document(b"one"))
    gone = Failure(PollOutcome.HTTP_410, "HTTP 410 Gone")
    told = [bench.poll(gone).receivers for _ in range(5)]
    assert told == [(), (), ("ops",), (), ()]
    assert bench.poll(document(b"two")).receivers == ("desk", "ops")
    assert bench.poll(NotModified()).receivers == ()


def test_a_feed_that_moved_to_where_another_is_read_is_marked_as_its_twin(bench: Bench) -> None:
    bench.store.register({make.FEED.key: make.NOW, make.OTHER.key: make.NOW})
    bench.poll(document(b"one"))
    for _ in range(60):
        bench.poll(NotModified(moved=make.OTHER.url))
    state = bench.store.feed_state(make.FEED.key)
    assert state.move == Move(url=make.OTHER.url, twin=make.OTHER.key)
    assert bench.asked.url == make.OTHER.url


def test_a_push_is_decided_like_a_poll_and_leaves_the_next_poll_as_it_is(bench: Bench) -> None:
    before = bench.poll(document(b"one")).state
    polled = bench.pipeline.push(
        make.FEED, replace(document(b"two"), hub=Hub("h", "t")), bench.clock()
    )
    assert (polled.new, polled.receivers) == (1, ("desk",))
    after = bench.store.feed_state(make.FEED.key)
    kept = ("validators", "body", "marks", "next_poll")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.push.last == bench.clock()
    assert bench.poll(document(b"two")).receivers == ()


@pytest.mark.parametrize("body", [b"bad", b"one"])
def test_a_push_that_cannot_be_read_or_comes_before_the_first_poll_changes_nothing(
    bench: Bench, body: bytes
) -> None:
    assert not bench.pipeline.push(make.FEED, document(body), bench.clock()).committed
    assert bench.store.feed_state(make.FEED.key).revision == 0


def test_what_is_no_document_is_not_read(bench: Bench) -> None:
    with pytest.raises(TypeError):
        bench.pipeline.read([bench.fetched(NotModified())])
