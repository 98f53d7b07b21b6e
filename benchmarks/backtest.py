"""How long `monitor backtest` takes over a full archive, and what it takes in memory.

    python -m benchmarks.backtest [--entries 100000] [--topical 10] [--file ENTRIES.jsonl.gz]

An archive of so many entries of 200 feeds over 27 days is written into an embedded Valkey:
everyday news (benchmarks/prose.py), and of a hundred so many of eval/gold.jsonl, a number in the
title making each new; or the entries of a file (as `replay` reads them) again and again.
What is timed is the command as a user types it, with a copy of the shipped rulebook as candidate,
from start to exit: both processes, reading the archive, and printing JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from benchmarks import prose
from benchmarks.tagging import read
from monitor.core.identity import identify
from monitor.core.models import Entry, Feed, Origin, Outcome, Sameness, Sheet, Verdict
from monitor.edges.rulebook import SHIPPED
from monitor.edges.store.archive import archive_commands
from monitor.edges.store.redis import RedisStore
from tests.servers import embedded_store, short_folder

GOLD = Path(__file__).parents[1] / "eval" / "gold.jsonl"
FEEDS = [Feed(f"https://outlet{n}.example/feed", f"Outlet {n}", "en") for n in range(200)]
DAYS, TOGETHER = 27, 3
CONFIG = """
feeds = [{feeds}]
receivers = [{{ name = "desk", type = "console" }}]
[store]
url = "{store}"
[archive]
max_size = "1gb"
"""


def everyday(number: int) -> Entry:
    """An entry about nobody in particular."""
    language = prose.LANGUAGES[number % 4]
    text = ". ".join(prose.sentence(language, number * 37 + step * 101) for step in range(3))
    return Entry("", "", prose.title(language, number), text, language=language)


def entries(count: int, topical: int, file: Path | None) -> Iterator[Entry]:
    """So many entries, each with a name, a link and a title of its own."""
    chance = random.Random(7)
    known = read(file or GOLD)
    for number in range(count):
        if file:
            one = known[number % len(known)]
        else:
            about = chance.randrange(100) < topical
            one = chance.choice(known) if about else everyday(number)
        link = f"https://outlet.example/{number}"
        yield replace(one, id=f"g-{number}", link=link, title=f"{one.title} {number}")


def fill(url: str, given: Iterator[Entry], count: int) -> None:
    """Archive them, some a poll, evenly over the days."""
    client, store = redis.Redis.from_url(url), RedisStore(url)
    client.config_set("maxmemory", 0)
    start = datetime.now(UTC) - timedelta(days=DAYS)
    pipe = client.pipeline(transaction=False)
    for number in range(0, count, TOGETHER):
        at = start + timedelta(days=DAYS) * number / count
        feed = FEEDS[number // TOGETHER % len(FEEDS)]
        verdicts = []
        for _, one in zip(range(TOGETHER), given, strict=False):
            dated = replace(one, published=at - timedelta(minutes=5))
            outcome = (Sameness.NEW, Outcome.NO_TOPIC, "no rule matched")
            verdicts.append(Verdict(dated, identify([dated])[0], *outcome))
        sheet = Sheet(at, Origin(feed.source, "0", "0"), tuple(verdicts))
        for command in archive_commands(feed.key, sheet):
            pipe.execute_command(*command)
    pipe.execute()
    while store.seal(datetime.now(UTC)):
        pass


def measure(folder: Path, url: str) -> None:
    """Run the command, and print what it took."""
    tables = ", ".join(f'{{ url = "{one.url}", name = "{one.name}" }}' for one in FEEDS)
    config = folder / "monitor.toml"
    config.write_text(CONFIG.format(feeds=tables, store=url), encoding="utf-8")
    shutil.copytree(SHIPPED, folder / "next")
    words = ["--config", str(config), "backtest", "--rulebook", "next", "--json"]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "REDIS_URL": ""},
        check=True,
    )
    took = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    row = json.loads(done.stdout)
    print(
        f"{row['entries']:,} entries, {row['now']['alerts']:,} alerts on each side: {took:.1f} s, "
        f"{row['entries'] / took:,.0f} entries/s; CPU {used.ru_utime + used.ru_stime:.0f} s in two "
        f"processes, the larger had {used.ru_maxrss / 1024:.0f} MB"
    )


def main() -> None:
    """Fill an archive and measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--topical", type=int, default=10)
    parser.add_argument("--file", type=Path)
    given = parser.parse_args()
    with short_folder() as folder, embedded_store(folder) as url:
        fill(url, entries(given.entries, given.topical, given.file), given.entries)
        measure(folder, url)


if __name__ == "__main__":
    main()
