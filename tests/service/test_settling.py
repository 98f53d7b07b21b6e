"""Documents that take long to read hold up none but their like."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import pytest

from monitor.core.models import Document, Entry, Failure, PollOutcome
from monitor.service import settling
from tests import make
from tests.service.visits import Rig, hosts, rig

_BROKEN = Failure(PollOutcome.PARSE_ERROR, "used more than 8 s of CPU time", overran=True)


def say(it: Rig, bodies: Iterable[bytes], read: tuple[Entry, ...] | Failure = ()) -> list[str]:
    """Each host answers with one of these bodies, which the patient parser reads like this."""
    urls = hosts(len(it.keys))
    for url, body in zip(urls, bodies, strict=True):
        it.web.answers[url] = partial(Document, url, body)
        it.parser.entries.setdefault(body, read)
    return urls


def outcomes(it: Rig) -> dict[str, str]:
    return {one.feed.url: str(one.state.outcome) for one in it.done}


def test_a_document_that_takes_long_is_read_after_all_and_the_others_do_not_wait() -> None:
    with rig(*hosts(6)) as it:
        it.hasty.slow = {b"slow"}
        it.parser.seconds = 0.1
        urls = say(it, [b"slow", *(b"news %d" % n for n in range(5))])
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 6)
        assert outcomes(it) == dict.fromkeys(urls, "ok")
        assert it.hasty.tried == [b"slow"]


def test_its_feed_is_not_tried_in_passing_again() -> None:
    with rig(*hosts(1)) as it:
        it.hasty.slow = {b"slow", b"slower"}
        for number, body in enumerate((b"slow", b"slower")):
            say(it, [body])
            it.again()
            it.visitor.poll(it.batch())
            it.until(lambda number=number: len(it.done) == number + 1)  # type: ignore[misc]
        assert it.hasty.tried == [b"slow"]
        assert it.parser.parsed == [b"slow", b"slower"]


def test_what_takes_too_long_even_so_goes_behind_others_the_next_time() -> None:
    with rig(*hosts(2)) as it:
        it.hasty.slow = {b"bad", b"slow"}
        it.parser.entries[b"bad"] = _BROKEN
        bad, slow = say(it, [b"bad", b"slow"])
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 2)
        assert outcomes(it) == {bad: "parse_error", slow: "ok"}


def test_more_of_them_than_can_be_read_in_time_are_failures_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settling, "_WAITING", 1)
    with rig(*hosts(6)) as it:
        it.hasty.slow = {b"slow %d" % n for n in range(6)}
        it.parser.seconds = 0.3
        say(it, sorted(it.hasty.slow))
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 6)
        reasons = [one.state.reason for one in it.done if one.state.failures]
        assert reasons
        assert set(reasons) == {"it takes long to read, and others that do are before it"}
        assert len(reasons) < 6


def test_a_huge_document_is_left_to_patience_and_small_ones_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settling, "_HUGE", 5)
    with rig(*hosts(2)) as it:
        say(it, [b"short", b"not short"])
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 2)
        assert sorted(it.parser.parsed) == [b"not short", b"short"]


def test_feeds_remembered_for_their_documents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_REMEMBERED", 1)
    with rig(*hosts(2)) as it:
        it.hasty.slow = {b"a", b"b"}
        say(it, [b"a", b"b"])
        for count in (2, 4):
            it.again()
            it.visitor.poll(it.batch())
            it.until(lambda count=count: len(it.done) == count)  # type: ignore[misc]
        assert {one.state.outcome for one in it.done} == {PollOutcome.OK}


def test_large_documents_are_read_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_LARGE", 3)
    with rig(*hosts(5)) as it:
        it.parser.seconds = 0.05
        say(it, [b"a", b"large", b"b", b"larger", b"c"])
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 5)
        assert not it.troubles


def test_a_bug_over_a_document_is_told_and_the_next_is_read() -> None:
    with rig(*hosts(2)) as it:
        say(it, [b"a", b"b"], (make.entry(),))
        del it.parser.entries[b"a"]
        it.visitor.poll(it.batch())
        it.until(lambda: len(it.done) == 1 and len(it.troubles) == 1)
        assert isinstance(it.troubles[0], KeyError)
