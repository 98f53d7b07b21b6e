"""Two pollers that hold copies of one story at the same moment, over a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitor.core.commit import gather
from monitor.core.identity import identify
from monitor.core.models import Entry, Feed, FeedState, Verdict
from monitor.core.triage import Policy
from monitor.edges.rulebook import load_rulebook
from monitor.edges.store.redis import RedisStore
from monitor.service.deciding import decide
from tests import make
from tests.servers import embedded_store, short_folder
from tests.service.running import title

pytestmark = pytest.mark.slow
ROUNDS = 25
TRIES = 6


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with short_folder() as folder, embedded_store(folder) as served:
        yield served


def copies(number: int) -> tuple[tuple[Feed, Entry], ...]:
    """One text in two feeds, edited a little, under two links; each number another happening."""
    lead = f"{title(number)}, officials said on Monday after the governor had been there."
    texts = ((title(number), lead), (f"{title(number)}, officials say", f"(AP) - {lead}"))
    return tuple(
        (
            Feed(f"https://outlet{n}-{number}.example/feed", f"Outlet {n}", "en"),
            make.entry(text, summary=summary, id=f"{n}", link=f"https://o{n}.example/{number}"),
        )
        for n, (text, summary) in enumerate(texts)
    )


def test_two_copies_at_the_same_moment_end_as_one_story_and_one_alert(url: str) -> None:
    """Both look before either writes: the commit of the slower one is refused and taken anew."""
    policy = Policy(load_rulebook(None), (make.route("desk"),))
    stores = [RedisStore(url), RedisStore(url)]
    refused = []

    def poll(store: RedisStore, feed: Feed, entry: Entry, gate: threading.Barrier) -> Verdict:
        entries = tuple(zip([entry], identify([entry]), strict=True))
        for attempt in range(TRIES):
            decided = decide(store, feed, entries, policy, make.NOW)
            if attempt == 0:
                gate.wait(10)
            state = FeedState(revision=store.feed_state(feed.key).revision + 1)
            commit = gather(
                feed.key, feed.url, state, decided.verdicts, decided.known, now=make.NOW
            )
            if store.commit(commit):
                return decided.verdicts[0]
            refused.append(feed.url)
        raise AssertionError("refused again and again")

    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            gate = threading.Barrier(2)
            waiting = [
                pool.submit(poll, store, feed, entry, gate)
                for store, (feed, entry) in zip(stores, copies(number), strict=True)
            ]
            one, two = (each.result(30) for each in waiting)
            assert one.story_id == two.story_id
            assert len(one.alerts) + len(two.alerts) == 1
            assert {one.outcome.value, two.outcome.value} == {"alerted", "duplicate"}
    assert len(refused) >= ROUNDS
    told = stores[0].stories(make.at(-9))
    assert len(told) == ROUNDS
    assert all(len(each.carriers) == 2 for each in told)
