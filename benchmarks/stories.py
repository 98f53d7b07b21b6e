"""How fast tagged entries go through identity, copies and events, and what remembering costs.

    python -m benchmarks.stories [--remembered 100000] [--url redis://...]

Stories are made of the entries of eval/gold.jsonl and eval/groups.jsonl with other words and
names, so that each is new; they are remembered in an embedded Valkey of its own (or the server
given, whose data is left alone but for our keys). What is timed is everything that a poll does
with a tagged entry after tagging: looking up what may be like it, deciding, and the commit;
batches of 25 entries a poll, round trips included. The same with a few stories remembered
stands beside it: the cost must not grow with what is remembered.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import redis

from benchmarks.tagging import read as entries_of
from monitor.core.commit import gather
from monitor.core.identity import identify
from monitor.core.models import Feed, FeedState, Fingerprint, Known, Route
from monitor.core.triage import Case, Policy, lookup, place, read, tell
from monitor.edges.rulebook import load_rulebook
from monitor.edges.store.redis import RedisStore
from tests.make import NOW
from tests.servers import embedded_store, short_folder

HERE = Path(__file__).parents[1] / "eval"
BATCH, TIMED, FEW = 25, 4_000, 500
FEED = Feed("https://bench.example/feed", "Bench", "en")


def cases(policy: Policy) -> Iterator[Case]:
    """Tagged cases without end, each with words and a place or person of its own."""
    rows = [*entries_of(HERE / "gold.jsonl")[:1_000], *entries_of(HERE / "groups.jsonl")[:600]]
    paired = [(one, identify([one])[0]) for one in rows]
    known = [one for one in read(FEED, paired, {}, policy.rulebook) if one.fingerprint]
    chance = random.Random(5)
    names = sorted({n for one in known if one.fingerprint for n in one.fingerprint.names})
    number = 0
    while True:
        one = chance.choice(known)
        assert one.fingerprint
        number += 1
        yield replace(
            one,
            entry=replace(one.entry, id=f"guid-{number}", title=f"{one.entry.title} {number}"),
            identity=replace(one.identity, id=f"id-{number}", link=None, text=f"text-{number}"),
            fingerprint=varied(one.fingerprint, names, chance, NOW + timedelta(seconds=number)),
        )


def varied(
    one: Fingerprint, names: Sequence[str], chance: random.Random, at: datetime
) -> Fingerprint:
    """A fingerprint with half of its words and one of its names exchanged."""
    words = tuple(
        w if chance.random() < 0.5 else f"{chance.getrandbits(24):06x}"[:4] for w in one.words
    )
    kept = set(one.names) - {chance.choice(sorted(one.names))} if one.names else set()
    return replace(
        one,
        words=words,
        names=frozenset(kept | {chance.choice(names)}),
        at=at.timestamp(),
    )


def poll(store: RedisStore, batch: Sequence[Case], policy: Policy, number: int) -> None:
    """What a poll does with entries that were read."""
    feed = Feed(f"{FEED.url}/{number}", FEED.name, "en")
    mine = [replace(one, feed=feed) for one in batch]
    known = store.known(feed.key, [one.identity for one in mine])
    near = store.near([lookup(one, known) for one in mine], NOW.date())
    places = place(mine, known, near, policy)
    stories, events = store.recall(
        sorted({one.story for one in places if one and one.story}),
        sorted({one.event for one in places if one and one.event}),
    )
    known = Known(known.seen, {**known.stories, **stories}, events, near.count)
    verdicts = tell(mine, places, known, policy, NOW)
    commit = gather(feed.key, feed.url, FeedState(revision=1), verdicts, known, now=NOW)
    if not store.commit(commit):
        sys.exit("a commit was refused with one writer")


def run(store: RedisStore, source: Iterator[Case], policy: Policy, count: int, start: int) -> float:
    """Wall seconds that so many entries take."""
    batches = [[next(source) for _ in range(BATCH)] for _ in range(count // BATCH)]
    began = time.perf_counter()
    for number, batch in enumerate(batches, start):
        poll(store, batch, policy, number)
    return time.perf_counter() - began


def used(url: str) -> int:
    """Bytes that the server uses."""
    return int(redis.Redis.from_url(url).info("memory")["used_memory"])


def measure(url: str, remembered: int) -> None:
    """Time few and many remembered stories, and weigh them."""
    rulebook = load_rulebook(None)
    policy = Policy(rulebook, (Route(("desk",), topics=frozenset({"none"})),))
    source, store = cases(policy), RedisStore(url)
    redis.Redis.from_url(url).config_set("maxmemory", 0)
    run(store, source, policy, FEW, 0)
    few = run(store, source, policy, TIMED, 1_000_000)
    print(f"{FEW + TIMED:,} remembered: {TIMED / few:,.0f} tagged entries/s")
    before, had = used(url), FEW + TIMED
    run(store, source, policy, remembered - had, 2_000_000)
    each = (used(url) - before) / (remembered - had)
    print(f"memory: {each:,.0f} bytes a story, {each / 10:,.0f} MB for 100,000")
    cpu = time.process_time()
    many = run(store, source, policy, TIMED, 3_000_000)
    ours = (time.process_time() - cpu) / TIMED * 1e6
    print(
        f"{remembered:,} remembered: {TIMED / many:,.0f} tagged entries/s ({few / many:.0%} of the"
        f" speed with few; our own CPU {ours:.0f} us an entry, the server has a core of its own)"
    )


def main() -> None:
    """Run against an embedded store, or the one given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--remembered", type=int, default=100_000)
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    if given.url:
        measure(given.url, given.remembered)
        return
    with short_folder() as folder, embedded_store(folder) as url:
        measure(url, given.remembered)


if __name__ == "__main__":
    main()
