"""Many hosts at the same time, the feeds of one host one after the other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from monitor.core.errors import Unavailable
from monitor.core.models import Claimed, Document, Feed, Freed
from monitor.edges.store.memory import MemoryStore
from monitor.service.visiting import ROOM, Batch
from tests import make
from tests.service.visits import BUSY, GAP, Answer, hosts, rig


def test_all_feeds_of_a_batch_are_polled_and_take_their_next_turn() -> None:
    with rig(*hosts(5)) as it:
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 5)
        assert all(one.committed for one in it.done)
        assert min(it.store.due_times(it.keys).values()) > time.time() + 500


def test_a_document_is_read_and_the_poll_told_when_it_is_written() -> None:
    with rig(*hosts(2)) as it:
        it.web.answers[hosts(1)[0]] = lambda: Document(hosts(1)[0], b"news")
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 2)
        assert sorted(one.new for one in it.done) == [0, 1]


def test_a_host_that_hangs_holds_up_nobody() -> None:
    with rig(*hosts(ROOM // 2 + 1)) as it:
        it.store.register(dict.fromkeys(it.keys[:-1], it.start))
        it.web.hanging.add(hosts(1)[0])
        started = time.monotonic()
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == ROOM // 2 - 1)
        it.store.register({it.keys[-1]: it.start}, prune=False)
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == ROOM // 2)
        assert time.monotonic() - started < 4


def test_a_batch_waits_until_there_is_room_for_it() -> None:
    with rig(*hosts(ROOM)) as it:
        it.web.hanging.update(hosts(ROOM))
        full, more = it.batch(), Batch(it.keys[:1], 0.0)

        def poll(batch: Batch) -> None:
            with suppress(CancelledError):
                it.visitor.poll(batch)

        waiting = [threading.Thread(target=poll, args=(one,)) for one in (full, more)]
        for one in waiting:
            one.daemon = True
            one.start()
            time.sleep(0.2)
        assert all(one.is_alive() for one in waiting)
        it.visitor.close()


def test_feeds_of_one_host_are_asked_one_at_a_time_with_a_gap_in_between() -> None:
    urls = [f"https://one.example/{n}" for n in range(3)]
    with rig(*urls) as it:
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 3)
        times = sorted((start, end) for _, start, end in it.web.asked)
        gaps = [later - end for (_, end), (later, _) in pairwise(times)]
        assert min(gaps) >= GAP.total_seconds() - 0.005


def test_a_host_in_other_hands_is_not_asked() -> None:
    with rig(*hosts(1)) as it:
        other = Claimed(it.keys[0], "host0.example", it.start)
        it.store.register({"x": it.start}, prune=False)
        now = datetime.now(UTC)
        taken = it.store.take_turns([other], now, now + timedelta(seconds=60))
        assert len(taken) == 1
        it.store.free_hosts([Freed("y", now, now)])
        it.visitor.poll(Batch(it.keys, it.start.timestamp()))
        time.sleep(0.3)
        assert it.web.asked == []


def test_a_host_that_has_too_much_to_do_is_left_alone_with_all_its_feeds() -> None:
    urls = [f"https://one.example/{n}" for n in range(4)]
    with rig(*urls) as it:
        for url in urls:
            it.web.answers[url] = lambda: BUSY
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 1)
        it.until(lambda: min(it.store.due_times(it.keys).values()) > time.time() + 590)
        assert len(it.web.asked) == 1


def test_more_feeds_of_a_host_than_fit_in_a_row_are_due_again_right_after() -> None:
    urls = [f"https://one.example/{n}" for n in range(25)]
    with rig(*urls) as it:
        it.visitor.gap = timedelta(milliseconds=1)
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 20)
        it.until(lambda: sum(at < time.time() for at in it.store.due_times(it.keys).values()) == 5)


def test_a_feed_that_somebody_else_has_by_now_is_left_to_them() -> None:
    urls = [f"https://one.example/{n}" for n in range(2)]
    with rig(*urls) as it:
        batch = it.batch()
        it.visitor.gap, it.visitor.lease = timedelta(seconds=0.3), timedelta(seconds=0.5)
        it.visitor.poll(batch)
        it.until(lambda: len(it.web.asked) == 1)
        (rest,) = set(it.keys) - {Feed(it.web.urls()[0]).key}
        it.store.commit(make.commit(Feed(next(u for u in urls if Feed(u).key == rest))))
        time.sleep(0.6)
        assert len(it.web.asked) == 1


def test_a_lease_that_is_half_over_is_renewed_before_the_next_feed() -> None:
    urls = [f"https://one.example/{n}" for n in range(2)]
    with rig(*urls) as it:
        it.visitor.gap, it.visitor.lease = timedelta(seconds=0.3), timedelta(seconds=0.5)
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 2)


def test_what_goes_wrong_with_one_feed_is_told_and_stops_no_other() -> None:
    urls = [f"https://one.example/{n}" for n in range(3)]

    def bug() -> Answer:
        raise KeyError("a bug")

    more = hosts(3)
    with rig(*urls, *more) as it:
        it.web.answers[urls[0]] = bug
        it.web.answers[urls[1]] = lambda: Document(urls[1], b"unheard of")
        for url in more:
            it.web.answers[url] = lambda: Document("u", b"news")
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 4 and len(it.troubles) == 2)
        assert {type(one) for one in it.troubles} == {KeyError}


class Away(MemoryStore):
    """A store that goes away after so many turns were taken."""

    left = 0

    def take_turns(self, *given: object, **more: object) -> tuple[object, ...]:  # type: ignore[override]
        self._check()
        return super().take_turns(*given, **more)  # type: ignore[arg-type]

    def commit_each(self, *given: object) -> tuple[bool, ...]:
        self._check()
        return super().commit_each(*given)  # type: ignore[arg-type]

    def _check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Unavailable("the store is away")


def test_a_batch_that_cannot_be_begun_is_said_to_whoever_brought_it() -> None:
    with rig(*hosts(1), store=Away()) as it:
        with pytest.raises(Unavailable):
            it.visitor.poll(it.batch())
        assert it.web.asked == []


def test_a_store_that_goes_away_meanwhile_is_told_and_room_is_made() -> None:
    store = Away()
    store.left = 1
    urls = [f"https://one.example/{n}" for n in range(2)]
    with rig(*urls, store=store) as it:
        it.visitor.gap, it.visitor.lease = timedelta(seconds=0.3), timedelta(seconds=0.5)
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.troubles) == 2)
        store.left = 99
        it.store.register(dict.fromkeys(it.keys, it.start))
        assert it.web.entered == 1


def test_an_end_lets_what_is_in_hand_come_to_its_end_and_is_no_hurdle_for_more() -> None:
    with rig(*hosts(3)) as it:
        it.visitor.poll(it.batch())
        it.visitor.close()
        assert len(it.done) == 3
        assert it.web.entered == 0
        it.visitor.close()
        it.store.register({"unheard-of": it.start}, prune=False)
        it.visitor.poll(it.batch())
        it.until(lambda: it.web.entered == 1)


def test_who_is_retired_settles_what_is_in_hand_gives_back_the_rest_and_takes_nothing() -> None:
    feeds = [f"https://one.example/{n}" for n in range(4)]
    with rig(*feeds, *hosts(1)) as it:
        it.web.seconds = 0.3
        batch = it.batch()
        assert it.visitor.poll(batch)
        it.until(lambda: it.web.begun == 2)
        it.visitor.retire()
        assert len(it.done) == 2
        assert it.web.entered == 0
        assert it.free("one.example")
        due = it.store.due_times(it.keys).values()
        assert sum(at < time.time() + 5 for at in due) == 3
        assert not it.visitor.poll(batch)
        assert not [one for one in threading.enumerate() if one.name.startswith("reader")]


def test_batches_that_wait_for_room_are_given_back_where_another_takes_over() -> None:
    with rig(*hosts(ROOM)) as it:
        it.web.hanging.update(hosts(ROOM))
        full = it.batch()
        taken: list[bool] = []
        threads = [
            threading.Thread(target=lambda one=one: taken.append(it.visitor.poll(one)))
            for one in (full, Batch(full.feeds[:3], full.lease))
        ]
        for one in threads:
            one.start()
        it.until(lambda: it.web.begun == 100)
        it.visitor.lease = timedelta(seconds=0.5)
        it.visitor.retire()
        for one in threads:
            one.join(5)
        assert it.web.entered == 0
        assert min(it.store.due_times(it.keys).values()) < time.time() + 5


def test_a_feed_that_is_not_known_here_yet_comes_again_soon() -> None:
    with rig(*hosts(1)) as it:
        it.store.register({"new": it.start}, prune=False)
        it.visitor.poll(it.batch())
        it.until(lambda: it.store.due_times(["new"])["new"] < time.time() + 6)
