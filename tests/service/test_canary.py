"""The canary on its way: alone, noted when it arrives, told of when it does not."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.core.canary import Canary, apart, document
from monitor.core.models import (
    Attempt,
    Cadence,
    Delivery,
    Document,
    Earlier,
    Failure,
    Feed,
    NotModified,
    Outcome,
    Parsed,
    PollOutcome,
    Silence,
    Validators,
)
from monitor.core.parse import parse
from monitor.core.polling import Polling
from monitor.edges.fetch import FetchLimits
from monitor.edges.net import AllowList, parse_allow, parse_proxy
from monitor.edges.rulebook import load_rulebook
from monitor.edges.settings import load_settings
from monitor.edges.store.counts import counter
from monitor.edges.store.memory import MemoryStore
from monitor.edges.store.redis import RedisStore
from monitor.service.canary import CanaryFetcher, CanaryWatch
from monitor.service.committing import Polled
from monitor.service.counting import Counting
from monitor.service.desk import Desk
from monitor.service.pipeline import Fetched, Pipeline
from monitor.service.sending import Sent
from monitor.service.shadowing import Shadow
from tests import make
from tests.feed_server import FeedServer, raw, reply
from tests.service.fakes import ALL, Clock

RULEBOOK = load_rulebook(None)
HOURLY = Canary("ops", timedelta(hours=1))
FEED = HOURLY.feed
APART = apart(HOURLY, RULEBOOK)
QUIET = Cadence(quiet=(time(0, 0), time(23, 59)))
# A policy for news by which a real story may say what a canary says, word for word.
NEWS = replace(
    APART[FEED.url].policy, apart="", routes=(make.route("desk", "ops"),), cadences={"ops": QUIET}
)


class Reads:
    """The real parser, without its child."""

    def parse(self, feed: Feed, document: Document, earlier: Earlier = ALL) -> Parsed | Failure:
        return parse(feed, document)


class Bench:
    """A pipeline with the canary's feed and that of an outlet."""

    def __init__(self) -> None:
        self.store, self.clock = MemoryStore(), Clock()
        self.store.register({FEED.key: make.NOW, make.FEED.key: make.NOW})
        self.pipeline = Pipeline(
            store=self.store,
            parser=Reads(),
            hasty=Reads(),
            policy=NEWS,
            polling=Polling(),
            clock=self.clock,
            jitter=lambda: 0.5,
            apart=APART,
        )

    def poll(self, feed: Feed, answer: Document | Failure) -> Polled:
        state = self.store.feed_state(feed.key)
        fetched = Fetched(feed, state, self.pipeline.approach(feed, state), answer, self.clock())
        step = self.pipeline.read if fetched.brings else self.pipeline.settle
        (polled,) = step([fetched])
        return polled

    def canary(self) -> Polled:
        self.clock.move(3_600)
        return self.poll(FEED, Document(FEED.url, document(self.clock())))

    def outlet(self) -> Polled:
        """The canary's own words, as an outlet might publish them, at the same time."""
        return self.poll(make.FEED, Document(make.FEED.url, document(self.clock())))

    def put_out(self) -> list[tuple[str, str]]:
        return [(one.alert.receiver, one.alert.kind) for one in self.store._deliveries.values()]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_each_canary_is_put_out_for_its_receiver_at_once_and_the_next_is_planned(
    bench: Bench,
) -> None:
    for number in range(1, 4):
        polled = bench.canary()
        assert [one.outcome for one in polled.verdicts] == [Outcome.ALERTED]
        assert polled.state.next_poll == bench.clock() + HOURLY.every
        assert bench.put_out() == [("ops", "canary")] * number
    assert len(bench.store.due("ops", bench.clock(), 9)) == 3


def test_it_is_remembered_as_no_story_and_archived_nowhere(bench: Bench) -> None:
    bench.canary()
    assert bench.store.stories(make.at(-9)) == ()
    assert bench.store.gauges(make.NOW, ()).stories == 0


def test_a_real_story_of_the_same_words_is_told_and_joined_with_no_canary(bench: Bench) -> None:
    bench.canary()
    told = bench.outlet()
    assert [one.outcome for one in told.verdicts] == [Outcome.ALERTED]
    assert told.receivers == ("desk", "ops")
    assert [one.story.carrier.source for one in bench.store.stories(make.NOW)] == ["Sahel Daily"]
    again = bench.poll(FEED, Document(FEED.url, document(bench.clock() + timedelta(seconds=1))))
    assert [one.outcome for one in again.verdicts] == [Outcome.ALERTED]
    (alert,) = again.verdicts[0].alerts
    assert (alert.others, alert.parent) == ((), "")


def test_neither_quiet_hours_nor_a_silence_hold_it_back(bench: Bench) -> None:
    bench.store.add_silence(Silence("s", make.at(9_999_999), topics=frozenset({"canary"})))
    bench.canary()
    bench.outlet()
    (due,) = bench.store.due("ops", bench.clock(), 9)
    assert due.alert.kind == "canary"


def test_a_poll_of_it_that_fails_is_made_anew_after_one_period(bench: Bench) -> None:
    polled = bench.poll(FEED, Failure(PollOutcome.CONNECT, "refused"))
    assert polled.state.next_poll == bench.clock() + HOURLY.every * 1.05


def fetch(feed: Feed, allow: AllowList) -> Document | NotModified | Failure:
    async def visit() -> Document | NotModified | Failure:
        async with CanaryFetcher(allow, FetchLimits(), lambda: make.NOW) as fetcher:
            return await fetcher.fetch(feed, Validators('"1"'))

    return asyncio.run(visit())


def test_its_feed_is_fetched_by_http_from_a_server_of_its_own_past_any_proxy() -> None:
    allow = replace(parse_allow([]), proxy=parse_proxy("http://127.0.0.1:9"))
    found = fetch(FEED, allow)
    assert isinstance(found, Document)
    assert (found.body, found.content_type) == (document(make.NOW), "application/atom+xml")


def test_other_feeds_are_fetched_as_ever() -> None:
    with FeedServer() as server:
        feed = Feed(server.serve("/feed", reply(b"<rss/>")))
        found = fetch(feed, parse_allow([f"127.0.0.1:{server.port}"]))
        assert isinstance(found, Document)
        assert found.body == b"<rss/>"
        blocked = fetch(feed, parse_allow([]))
        assert isinstance(blocked, Failure)
        assert blocked.outcome is PollOutcome.SSRF_BLOCKED


@dataclass
class Post:
    """A watch over a store, at a time that the test sets."""

    canary: Canary = HOURLY
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.watch = CanaryWatch(self.canary, self.store, ("ops", "desk"), make.NOW)

    def arrives(self, minutes: float, kind: str = "canary", *, ok: bool = True) -> None:
        alert = replace(make.delivery().alert, kind=kind)
        one = Delivery("d", alert, make.NOW)
        self.watch.sent(Sent(one, (one,), Attempt(ok, "", status=200), None), make.at(minutes * 60))

    def looks(self, minutes: float) -> list[str]:
        """What is told then, and to whom."""
        before = set(self.store._deliveries)
        self.watch.look(make.at(minutes * 60))
        new = [one for name, one in self.store._deliveries.items() if name not in before]
        return [f"{one.alert.receiver}: {one.alert.story.title}" for one in new]


def test_a_canary_that_is_missed_is_told_once_and_once_when_it_is_back() -> None:
    post = Post()
    post.arrives(10)
    with capture_logs() as logs:
        assert post.looks(159) == []
        missed = "No canary has arrived at ops since 14 Mar 12:10 UTC"
        assert post.looks(161) == [f"ops: {missed}", f"desk: {missed}"]
        assert post.looks(162) == []
        post.arrives(200)
        back = "Canaries arrive at ops again"
        assert post.looks(201) == [f"ops: {back}", f"desk: {back}"]
        assert post.looks(202) == []
        assert len(post.looks(400)) == 2
    said = [(one["event"], one["log_level"]) for one in logs]
    assert said == [
        ("no canary arrives", "error"),
        ("canaries arrive again", "info"),
        ("no canary arrives", "error"),
    ]


def test_one_that_never_arrived_is_missed_too_and_by_two_that_watch_told_once() -> None:
    post, other = Post(), Post()
    other.store, other.watch = post.store, CanaryWatch(HOURLY, post.store, ("ops",), make.at(60))
    assert post.looks(149) == []
    assert post.looks(151)[0] == "ops: No canary has arrived at ops yet"
    assert other.looks(160) == []


def test_what_was_missed_before_a_restart_is_told_when_it_is_back_and_not_again() -> None:
    post = Post()
    post.arrives(10)
    post.looks(161)
    post.watch = CanaryWatch(HOURLY, post.store, ("ops",), make.at(170 * 60))
    assert post.looks(171) == []
    assert post.looks(999) == []
    post.arrives(1_000)
    assert post.looks(1_001) == ["ops: Canaries arrive at ops again"]


def test_only_a_canary_that_arrived_counts() -> None:
    post = Post()
    post.arrives(10, ok=False)
    post.arrives(11, "story.alert")
    assert post.store.canary() == (0.0, 0.0)
    post.arrives(12)
    assert post.store.canary() == (make.at(720).timestamp(), 0.0)


def test_the_ping_follows_each_canary_that_arrived_and_nothing_else() -> None:
    with FeedServer() as server:
        server.serve("/ping", reply(b"ok"))
        allow = parse_allow([f"127.0.0.1:{server.port}"])
        post = Post(replace(HOURLY, ping=server.url("/ping")))
        post.watch.tell_outside(allow, "us/1")
        assert server.requests == []
        post.arrives(1)
        for _ in range(2):
            post.watch.tell_outside(allow, "us/1")
        (asked,) = server.requests
        assert (asked.method, asked.headers["user-agent"]) == ("GET", "us/1")


def test_a_ping_that_fails_is_one_line_in_an_hour_and_shows_no_address() -> None:
    with FeedServer() as server, capture_logs() as logs:
        for path, answer in (("/500", reply(b"no", 500)), ("/reset", raw(b"HT", reset=True))):
            server.serve(path, answer)
            post = Post(replace(HOURLY, ping=server.url(path)))
            for minutes in (1, 2):
                post.arrives(minutes)
                post.watch.tell_outside(parse_allow([f"127.0.0.1:{server.port}"]), "us/1")
        post = Post(replace(HOURLY, ping=server.url("/blocked")))
        post.arrives(1)
        post.watch.tell_outside(parse_allow([]), "us/1")
    assert [one["event"] for one in logs] == ["the ping after a canary failed"] * 3
    assert logs[0]["why"] == "it answered 500"
    assert "/500" not in str(logs)


def test_without_a_ping_nobody_is_asked() -> None:
    post = Post()
    post.arrives(1)
    post.watch.tell_outside(parse_allow([]), "us/1")


def test_it_is_counted_as_no_entry_and_no_story(bench: Bench) -> None:
    taken: dict[str, int] = {}
    counting = Counting(taken.update)
    counting.polled(bench.canary())
    counting.close()
    assert list(taken) == [counter("polls", "ok")]


def test_it_is_compared_with_no_candidate_rulebook(bench: Bench) -> None:
    counted: list[str] = []
    shadow = Shadow(RULEBOOK, (), lambda *given: counted.append(given[0]))
    shadow(bench.canary())
    assert counted == []
    shadow(bench.outlet())
    assert counted == [RULEBOOK.version]


def test_a_canary_that_a_reload_brings_is_not_missed_before_its_time(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text('[[feeds]]\nurl = "https://a.example/"\n')
    settings = load_settings(None, {}, tmp_path)
    store = RedisStore(f"unix://{tmp_path}/none")
    desk = Desk(settings, store, parse_allow([]), io.StringIO(), begun=make.NOW)
    assert desk.canary is None
    assert desk.successor(settings, desk.allow).begun == make.NOW
    after = desk.successor(replace(settings, canary=HOURLY), desk.allow)
    assert after.canary
    assert after.canary.begun > make.NOW
