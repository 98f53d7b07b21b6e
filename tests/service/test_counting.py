"""What a process counts, and when it hands that over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from monitor.core.errors import Unavailable
from monitor.core.models import (
    Document,
    Entry,
    Failure,
    Identity,
    NotModified,
    Outcome,
    PollOutcome,
    Sameness,
    Validators,
    Verdict,
)
from monitor.core.polling import Approach
from monitor.edges.store.counts import counter, labelled
from monitor.service.counting import Counted, Counting
from monitor.service.pipeline import Fetched, Polled
from tests import make
from tests.service.fakes import Parser
from tests.service.visits import rig

WELL = Polled(make.FEED, make.state(), make.state())


class Ledger:
    """Takes counts, unless it is away; a clock beside it."""

    def __init__(self) -> None:
        self.taken: list[dict[str, int]] = []
        self.away, self.seconds = False, 100.0
        self.counting = Counting(self.take, lambda: self.seconds)

    def take(self, counted: Mapping[str, int]) -> None:
        if self.away:
            raise Unavailable("away")
        self.taken.append(dict(counted))


def verdict(sameness: Sameness, outcome: Outcome, *, story: bool = False) -> Verdict:
    told = make.story() if story else None
    return Verdict(make.entry(), Identity("i", None, "t"), sameness, outcome, "", story=told)


def test_polls_and_new_entries_are_counted_by_outcome_and_stories_where_they_begin() -> None:
    ledger = Ledger()
    brought = (
        verdict(Sameness.NEW, Outcome.ALERTED, story=True),
        verdict(Sameness.SAME_LINK, Outcome.DUPLICATE, story=True),
        verdict(Sameness.SAME_ID, Outcome.DUPLICATE),
        verdict(Sameness.NEW, Outcome.NO_TOPIC),
    )
    ledger.counting.polled(replace(WELL, verdicts=brought))
    failed = make.state(outcome=PollOutcome.DNS, failures=1)
    ledger.counting.polled(replace(WELL, state=failed))
    ledger.counting.polled(replace(WELL, verdicts=brought, committed=False))
    ledger.counting.hand_over()
    assert ledger.taken == [
        {
            "polls|ok": 1,
            "polls|dns": 1,
            "polls|overtaken": 1,
            "entries|alerted": 1,
            "entries|duplicate": 1,
            "entries|no-topic": 1,
            "stories": 1,
        }
    ]


def test_counts_are_handed_over_every_few_seconds_and_only_if_there_are_any() -> None:
    ledger = Ledger()
    ledger.counting.hand_over()
    assert ledger.taken == []
    for _ in range(7):
        ledger.counting.add("polls", "ok")
        ledger.counting.hand_over()
        ledger.seconds += 1
    assert ledger.taken == [{"polls|ok": 1}, {"polls|ok": 5}]
    ledger.counting.close()
    assert ledger.taken[2:] == [{"polls|ok": 1}]


def test_what_cannot_be_handed_over_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger()
    ledger.away = True
    ledger.counting.add("polls", "ok")
    with pytest.raises(Unavailable):
        ledger.counting.hand_over()
    ledger.counting.close()
    ledger.counting.add("polls", "ok", by=2)
    ledger.away = False
    ledger.seconds += 5
    ledger.counting.hand_over()
    assert ledger.taken == [{"polls|ok": 3}]


def test_documents_are_counted_by_what_came_of_reading_them_and_by_their_bytes() -> None:
    ledger, entries = Ledger(), dict[bytes, tuple[Entry, ...] | Failure]()
    entries[b"good"] = ()
    entries[b"bad"] = Failure(PollOutcome.PARSE_ERROR, "")
    entries[b"slow"] = Failure(PollOutcome.PARSE_ERROR, "", overran=True)
    parser = Counted(Parser(entries), "quick", ledger.counting)
    for body in entries:
        document = Document(make.FEED.url, body)
        parser.parse(make.FEED, document)
        approach = Approach(make.FEED.url, Validators())
        for answer in (document, NotModified()):
            fetched = Fetched(make.FEED, make.state(), approach, answer, make.NOW)
            ledger.counting.fetched(fetched)
    ledger.counting.hand_over()
    (taken,) = ledger.taken
    assert labelled(taken, "parses") == {
        ("quick", "ok"): 1,
        ("quick", "failed"): 1,
        ("quick", "overran"): 1,
    }
    assert taken[counter("fetched_bytes")] == 11


def test_a_visitor_hands_over_what_was_counted_without_another_poll() -> None:
    url = "https://one.example/feed"
    with rig(url) as running:
        running.web.answers[url] = lambda: Document(url, b"news")
        running.visitor.poll(running.batch())
        running.until(lambda: bool(running.done))
        running.until(lambda: "fetched_bytes" in running.store.gauges(make.NOW, ()).counted)
