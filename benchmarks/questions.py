"""How soon the command line answers, with a month's news in the store.

    python -m benchmarks.questions [--entries 100000] [--feeds 1000] [--runs 5]

An embedded Valkey of its own is filled through the service's own committer: polls of 25 entries
over thirty days, sealed hour by hour as the sweep does it. Everyday entries are words of
benchmarks/prose.py in random order and made-up ones between them, so that they pack no better than
written texts; one in ten has a headline on the Sahel. Their alerts are recorded as sent,
every sixth as given up. Then each question is asked as a person asks it: a process of its own, from
its start to its end, and its CPU time beside it (which counts where the machine has other work).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.prose import LANGUAGES, WORDS, sahel
from monitor.core.identity import identify
from monitor.core.models import (
    Attempt,
    Condition,
    Entry,
    Feed,
    FeedState,
    Parsed,
    PollOutcome,
)
from monitor.edges.settings import Settings
from monitor.edges.store import keys
from monitor.edges.store.redis import RedisStore
from monitor.service.checking import check, read_settings
from monitor.service.clockwork import utc_now
from monitor.service.committing import Committer, Reading
from monitor.service.wiring import policy_of
from tests.servers import embedded_store, short_folder

SYLLABLES = [f"{first}{then}" for first in "bdfgklmnprstvz" for then in "aeiou"]
POLL, DAYS, TELLING, DEAD = 25, 30, 10, 6
CONFIG = """\
feeds = ["feeds.toml"]
[store]
url = "{url}"
"""
RECEIVERS = [f"desk{n}" for n in range(5)]


class Writer:
    """Makes entries up, the same ones each time."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self._words = {
            language: [word for said in (*of.who, *of.does, *of.why) for word in said.split()]
            for language, of in WORDS.items()
        }

    def entry(self, feed: Feed, number: int, at: datetime) -> Entry:
        """One more entry of a feed, published within the hour before."""
        language = feed.language or "en"
        link = f"{feed.url.removesuffix('rss')}{at:%Y/%m/%d}/{self._chance.getrandbits(48):012x}"
        telling = number % TELLING == 0
        return Entry(
            feed=feed.url,
            id=link,
            title=sahel(language, number // TELLING) if telling else self._text(language, 6, 14),
            summary=self._text(language, 20, 55),
            link=link,
            published=at - timedelta(seconds=self._chance.randrange(3_600)),
            language=language,
            author=self._text(language, 2, 3),
        )

    def _text(self, language: str, least: int, most: int) -> str:
        """Words in random order, every third of them made up."""
        words, many = self._words[language], self._chance.randrange(least, most)
        return " ".join(
            self._chance.choice(words) if n % 3 else "".join(self._chance.choices(SYLLABLES, k=3))
            for n in range(many)
        )


def feeds_file(many: int) -> str:
    """So many feeds, in four languages."""
    tables = (
        f'[[feeds]]\nurl = "https://outlet{n}.example/news/rss"\nname = "Outlet {n}"\n'
        f'language = "{LANGUAGES[n % 4]}"\n'
        for n in range(many)
    )
    return "\n".join(tables)


def fill(store: RedisStore, settings: Settings, entries: int) -> tuple[str, str]:
    """A month's news; the link of an entry that was told, and of one that was not."""
    rulebook, _ = check(settings)
    now, writer = utc_now(), Writer()
    clock = [now]
    committer = Committer(store, policy_of(settings, rulebook), lambda: clock[0])
    store.register({feed.key: now + timedelta(hours=1) for feed in settings.feeds})
    polls, links = entries // POLL, {True: "", False: ""}
    for number in range(polls):
        clock[0] = now - timedelta(days=DAYS) * (1 - (number + 1) / (polls + 1))
        store.seal(clock[0])
        feed = settings.feeds[number % len(settings.feeds)]
        fresh = [writer.entry(feed, number * POLL + n, clock[0]) for n in range(POLL)]
        (polled,) = committer.decide_each([reading(store, feed, fresh, clock[0])])
        assert polled.committed
        if number <= polls // 2:
            links |= {bool(one.alerts): one.entry.link for one in polled.verdicts}
        if number % 50 == 0:
            deliver(store, clock[0])
    deliver(store, clock[0])
    return links[True], links[False]


def reading(store: RedisStore, feed: Feed, entries: list[Entry], now: datetime) -> Reading:
    """A document of these entries, read an hour's interval after the last."""
    before = replace(store.feed_state(feed.key), body="b")

    def after(state: FeedState, new: tuple[datetime, ...]) -> FeedState:
        again = now + timedelta(hours=1)
        good = replace(state, body="b", outcome=PollOutcome.OK, interval=3_600.0, last_new=max(new))
        return replace(good, revision=state.revision + 1, last_poll=now, next_poll=again)

    return Reading(feed, before, Parsed(tuple(entries)), identify(entries), now, after)


def deliver(store: RedisStore, now: datetime) -> None:
    """Whatever is due is sent, or given up."""
    until = now + timedelta(seconds=30)
    for receiver in RECEIVERS:
        while due := store.due(receiver, now, 100):
            for one in due:
                good = zlib.crc32(one.id.encode()) % DEAD > 0
                attempt = Attempt(ok=good, detail="200" if good else "410 Gone", permanent=not good)
                assert store.claim([one], now, until, "")
                assert store.record([one], attempt, now, None, Condition())


def questions(came: str, stayed: str) -> Iterator[tuple[str, list[str], int]]:
    """Each question: its name, its words and the exit status that is right."""
    yield "explain URL (came)", ["explain", came], 0
    yield "explain URL (did not come)", ["explain", stayed], 0
    yield "explain URL (never seen)", ["explain", "https://outlet7.example/news/x"], 1
    yield "feeds list", ["feeds", "list"], 0
    yield "status", ["status"], 0
    yield "stories --since 24h", ["stories"], 0
    yield "deliveries --state dead", ["deliveries", "--state", "dead"], 0
    yield "backtest --since 24h", ["backtest", "--since", "24h"], 0
    yield "redeliver --dead", ["redeliver", "--dead"], 0


def timed(words: list[str], folder: Path) -> tuple[float, float, int]:
    """Seconds that a command takes as a process, seconds of CPU time, and its exit status."""
    command = [sys.executable, "-m", "monitor", "--config", str(folder / "monitor.toml"), *words]
    begun, before = time.perf_counter(), children()
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - begun, children() - before, done.returncode


def children() -> float:
    """Seconds of CPU time that the processes which we started and which ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ask(folder: Path, links: tuple[str, str], runs: int) -> None:
    """Ask all of it, and print how long each took."""
    print(f"{'question':28} {'median':>8} {'slowest':>8} {'CPU':>8}")
    for name, words, right in questions(*links):
        took = [timed(words, folder) for _ in range(1 if name.startswith("redeliver") else runs)]
        if {status for _, _, status in took} != {right}:
            print(f"{name:28} ended with {took[0][2]}")
            continue
        walls, busy = [one for one, _, _ in took], statistics.median(one for _, one, _ in took)
        print(f"{name:28} {statistics.median(walls):6.2f} s {max(walls):6.2f} s {busy:6.2f} s")


def holds(store: RedisStore) -> str:
    """What the store holds, in a line."""
    extent, raw = store.archive_extent(), store._redis
    stories, ended, dead = (raw.zcard(key) for key in (keys.STORIES, keys.ENDED, keys.DEAD))
    used = raw.info("memory")["used_memory"]
    return (
        f"{extent.entries} entries archived in {extent.bytes / 1e6:.1f} MB, "
        f"{extent.bytes / max(1, extent.entries):.0f} bytes each; {stories} stories, "
        f"{ended} deliveries, {dead} of them given up; store {used / 1e6:.0f} MB in all"
    )


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    with short_folder() as folder, embedded_store(folder / "var") as url:
        (folder / "feeds.toml").write_text(feeds_file(asked.feeds), encoding="utf-8")
        config = folder / "monitor.toml"
        named = [f'[[receivers]]\nname = "{one}"\ntype = "console"\n' for one in RECEIVERS]
        config.write_text(CONFIG.format(url=url) + "".join(named), encoding="utf-8")
        store = RedisStore(url)
        begun = time.perf_counter()
        links = fill(store, read_settings(str(config)), asked.entries)
        store.seal(utc_now() + timedelta(hours=1))
        print(f"{holds(store)}; filled in {time.perf_counter() - begun:.0f} s", flush=True)
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")
        ask(folder, links, asked.runs)
        store.close()


if __name__ == "__main__":
    main()
