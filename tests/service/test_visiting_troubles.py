"""What goes wrong on the way of a poll costs nobody else theirs, and never ends the polling."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from monitor.core.commit import Commit
from monitor.core.errors import Unavailable
from monitor.core.models import Document, Feed
from monitor.core.polling import Polling
from monitor.edges.store.memory import MemoryStore
from monitor.service import visiting
from monitor.service.pipeline import Polled
from monitor.service.visiting import ROOM, Batch
from tests import make
from tests.service.visits import Answer, hosts, rig


def host(count: int, name: str = "one") -> list[str]:
    """So many feeds of one host."""
    return [f"https://{name}.example/{n:03}" for n in range(count)]


def test_a_host_with_many_feeds_takes_no_room_for_those_that_are_not_in_hand() -> None:
    big = [url for n in range(ROOM // 200) for url in host(200, f"big{n}")]
    with rig(*big, *hosts(1)) as it:
        it.web.hanging.update(big)
        last = it.keys[-1]
        full = it.batch()
        started = time.monotonic()
        for at in range(0, len(big), 200):
            it.visitor.poll(Batch(full.feeds[at : at + 200], full.lease))
        it.visitor.poll(Batch((last,), full.lease))
        it.until(lambda: len(it.done) == 1)
        assert time.monotonic() - started < 1


def test_no_feed_of_a_host_that_cannot_be_asked_often_enough_is_put_off_for_ever() -> None:
    urls = host(60)
    with rig(*urls, polling=Polling(0.01, 0.01, 0.01)) as it:
        it.visitor.gap, it.web.seconds = timedelta(milliseconds=1), 0.001
        for _ in range(12):
            before = len(it.done)
            if (batch := it.batch()).feeds:
                it.visitor.poll(batch)
                it.until(lambda: len(it.done) == before + 20)  # noqa: B023
            time.sleep(0.15)
        assert set(it.web.urls()) == set(urls)


def test_hosts_that_hang_leave_their_places_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visiting, "_PROMPT", 0.2)
    with rig(*hosts(400)) as it:
        it.web.hanging.update(hosts(399))
        started = time.monotonic()
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 1)
        assert time.monotonic() - started < 3


def test_a_lease_that_ran_out_while_a_feed_waited_for_its_place_is_noticed() -> None:
    """Whoever has it by then asks; nobody asks the host twice at the same time."""
    with rig(*hosts(101)) as it:
        it.visitor.lease = timedelta(seconds=0.6)
        it.web.seconds = 1.0
        it.visitor.poll(it.batch())
        time.sleep(0.7)
        assert len(it.batch().feeds) == 101
        time.sleep(0.8)
        assert it.web.begun == 100


def test_a_host_stays_held_though_one_of_its_feeds_is_anothers_by_now() -> None:
    urls = host(3)
    with rig(*urls) as it:
        it.visitor.lease, it.web.seconds = timedelta(seconds=1), 0.6
        it.visitor.poll(it.batch())
        it.until(lambda: it.web.begun == 1)
        it.store.commit(make.commit(Feed(urls[1])))
        it.until(lambda: it.web.begun == 2)
        time.sleep(0.4)
        assert not it.free("one.example")
        it.until(lambda: len(it.done) == 2)
        assert it.web.urls() == [urls[0], urls[2]]


def test_one_poll_that_cannot_be_settled_costs_no_other_its_own() -> None:
    """A bug that one feed's state brings out must not come back with all others for ever."""

    class Choosy(MemoryStore):
        def commit_each(self, commits: Sequence[Commit]) -> tuple[bool, ...]:
            if any(one.feed == Feed(hosts(1)[0]).key for one in commits):
                raise KeyError("a bug")
            return super().commit_each(commits)

    with rig(*hosts(5), store=Choosy()) as it:
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 4)
        assert [type(one) for one in it.troubles] == [KeyError]
        it.until(lambda: it.free("host0.example"))


def test_whoever_cannot_be_told_of_a_poll_does_not_keep_others_from_being_told() -> None:
    told: list[Polled] = []

    def tell(polled: Polled) -> None:
        told.append(polled)
        if len(told) == 1:
            raise KeyError("a bug")

    with rig(*hosts(3)) as it:
        it.visitor.done = tell
        it.visitor.poll(it.batch())
        it.until(lambda: len(told) == 3)
        assert len(it.troubles) == 1
        it.until(lambda: it.free("host0.example"))


def test_an_end_gives_back_what_a_host_that_hangs_keeps() -> None:
    """So that a process that starts after this one need not wait for any lease."""
    urls = host(2)
    with rig(*urls) as it:
        it.web.hanging.update(urls)
        it.visitor.poll(it.batch())
        it.until(lambda: it.web.begun == 1)
        it.visitor.close()
        assert max(it.store.due_times(it.keys).values()) < time.time() + 1
        it.until(lambda: it.free("one.example"))


def test_a_visitor_whose_thread_died_says_so_once_and_goes_on_with_another() -> None:
    class Away(MemoryStore):
        def commit_each(self, commits: Sequence[Commit]) -> tuple[bool, ...]:
            raise Unavailable("away")

    def cannot(_: Exception) -> None:
        raise OSError("the log is full")

    with rig(*hosts(3), store=Away()) as it:
        it.visitor.trouble = cannot
        it.visitor.poll(it.batch())
        it.until(lambda: it.web.entered == 0)
        with pytest.raises(OSError, match="the log is full"):
            it.visitor.poll(Batch((), 0.0))
        it.visitor.trouble = it.troubles.append
        it.again()
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.troubles) == 1)


def test_a_visitor_that_cannot_begin_says_so_and_does_not_wait_for_ever() -> None:
    with rig(*hosts(1)) as it:
        connect, it.visitor.connect = it.visitor.connect, lambda: 1 / 0  # type: ignore[assignment, return-value]
        with pytest.raises(ZeroDivisionError):
            it.visitor.poll(it.batch())
        it.visitor.connect = connect
        it.again()
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 1)


def test_whoever_begins_to_read_need_not_stay_until_all_is_read() -> None:
    first, second = host(2, "a")
    read: list[int] = []

    def news() -> Answer:
        return Document("u", b"news")

    def more() -> Answer:
        read.append(len(it.done))
        return news()

    with rig(first, second, *hosts(40)) as it:
        it.web.answers = dict.fromkeys((first, *hosts(40)), news) | {second: more}
        it.parser.seconds = 0.02
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 42)
        assert read[0] < 41


def test_documents_are_read_on_though_nobody_can_be_told_what_went_wrong_with_one() -> None:
    def cannot(_: Exception) -> None:
        raise OSError("the log is full")

    with rig(*hosts(2)) as it:
        it.visitor.trouble = cannot
        it.web.answers[hosts(1)[0]] = lambda: Document("u", b"unheard of")
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 1)
        it.again()
        it.web.answers[hosts(1)[0]] = lambda: Document("u", b"news")
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 3)
