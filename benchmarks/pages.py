"""How soon the pages of `monitor web` begin to arrive when much is remembered.

    python -m benchmarks.pages [--stories 100000] [--feeds 10000] [--json]

An embedded Valkey of its own is filled through the store's own commits with stories made of the
entries of eval/groups.jsonl, and with deliveries and feeds; `monitor web` runs beside it as a
process. Told are, for each page, the median and the slowest of so many first bytes, one after
another on connections of their own; how long the index took to fill and how a page did meanwhile;
and what memory the process has, without stories and with.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.tagging import read as entries_of
from monitor.core.digest import digest
from monitor.core.models import Carrier, Delivery, Feed, Match, Severity, Story
from monitor.edges.store.redis import RedisStore
from tests import make
from tests.servers import embedded_store, short_folder
from tests.service.endpoints import free_port

GROUPS = Path(__file__).parents[1] / "eval" / "groups.jsonl"
TIMES, BATCH, DELIVERIES = 20, 250, 20_000
TOPICS = ("russia-sahel", "sahel", "russia", "mali", "niger", "chad", "attack", "arms", "troops")
PAGES = {
    "overview": "/",
    "stories": "/stories?within=30d",
    "stories, filtered": "/stories?topic=russia-sahel&language=ru&severity=high&within=30d",
    "stories, by words": "/stories?q=mali&within=30d",
    "stories, page 1,000": "/stories?within=30d&page=1000",
    "one story": "/stories/{story}",
    "alerts, 30 days": "/alerts?span=30d",
    "deliveries": "/deliveries",
    "deliveries, one receiver": "/deliveries?receiver=night-desk&state=sent",
    "feeds": "/feeds",
    "feeds, searched": "/feeds?q=outlet+7",
}


def stories(count: int, now: datetime) -> Iterator[Story]:
    """So many stories over 29 days, of a few hundred outlets."""
    entries = entries_of(GROUPS)
    gap = timedelta(days=29) / count
    for number in range(count):
        entry = entries[number % len(entries)]
        at, outlet = now - (count - number) * gap, number % 300
        title = f"{entry.title} {number}"
        carrier = Carrier(
            f"Outlet {outlet}",
            f"https://outlet{outlet}.example/feed",
            f"https://outlet{outlet}.example/{number}",
            at,
            entry.language,
            ("Mali", "Niger", "Chad", "Russia", "France")[outlet % 5],
        )
        named = {TOPICS[number % 9], TOPICS[number % 7], TOPICS[outlet % 4]}
        yield Story(
            id=f"s_{digest(str(number))}",
            event=f"e_{digest(str(number // 3))}",
            entry=f"guid-{number}",
            title=title,
            summary=entry.summary or title,
            link=carrier.link,
            published=at,
            first_seen=at,
            carrier=carrier,
            topics=frozenset(named),
            severity=Severity(1 + number % 4),
            matches=(
                Match("sahel", "states", "title", 0, 4, title[:4], "Q912", "Mali"),
                Match("sahel", "states", "title", 5, 9, title[5:9], "Q1032", "Niger"),
            ),
            reasons=('sahel: a Sahel state: "Mali" (Mali), "Niger" (Niger)',),
        )


def fill(store: RedisStore, count: int, now: datetime) -> str:
    """All of it; the id of the last story."""
    batch: list[Story] = []
    last = ""
    for number, story in enumerate(stories(count, now)):
        batch.append(story)
        last = story.id
        if len(batch) == BATCH or number == count - 1:
            feed = Feed(f"{story.carrier.feed}?{number}", story.carrier.source)
            told = batch if number >= count - DELIVERIES else []
            made = tuple(_delivery(one, n) for n, one in enumerate(told))
            assert store.commit(make.commit(feed, stories=tuple(batch), deliveries=made))
            batch.clear()
    return last


def _delivery(story: Story, number: int) -> Delivery:
    receiver = "desk" if number % 10 else "night-desk"
    one = make.delivery(story.id, receiver, story.first_seen)
    return replace(one, alert=replace(one.alert, story=story))


def config(folder: Path, url: str, port: int, feeds: int) -> Path:
    """A configuration with so many feeds."""
    path = folder / "monitor.toml"
    tables = "\n".join(
        f'[[feeds]]\nurl = "https://outlet{n}.example/feed"\nname = "Outlet {n}"'
        for n in range(feeds)
    )
    path.write_text(
        f'[store]\nurl = "{url}"\n[web]\nlisten = "127.0.0.1:{port}"\n{tables}\n'
        '[[receivers]]\nname = "desk"\ntype = "console"\n[[routes]]\nreceivers = ["desk"]\n',
        encoding="utf-8",
    )
    return path


def first_byte(port: int, path: str) -> float:
    """Seconds from the request to the first byte of a good answer, the connection included."""
    began = time.perf_counter()
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    link.request("GET", path)
    answer = link.getresponse()
    taken = time.perf_counter() - began
    body = answer.read()
    link.close()
    assert answer.status == 200, (path, answer.status)
    first_byte.body = body  # type: ignore[attr-defined]
    return taken


def filling(port: int) -> bool:
    """Whether stories are still being read; how long the question took is of interest too."""
    first_byte(port, "/stories")
    return b"still being read" in first_byte.body  # type: ignore[attr-defined]


@contextmanager
def web(path: Path, port: int) -> Iterator[int]:
    """`monitor web` as a process; its id."""
    environ = {**os.environ, "MONITOR_CONFIG": str(path)}
    command = [sys.executable, "-m", "monitor", "web"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 60
            while True:
                try:
                    first_byte(port, "/healthz")
                    break
                except OSError:
                    assert time.monotonic() < end
                    time.sleep(0.02)
            yield process.pid
        finally:
            process.terminate()


def memory(pid: int) -> int:
    """What a process has in memory, in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure(store: RedisStore, folder: Path, url: str, count: int, feeds: int) -> dict[str, object]:
    """All figures."""
    port, now = free_port(), datetime.now(UTC)
    path = config(folder, url, port, feeds)
    with web(path, port) as pid:
        time.sleep(4)
        empty = memory(pid)
    last = fill(store, count, now)
    meanwhile: list[float] = []
    with web(path, port) as pid:
        began, going = time.perf_counter(), True
        while going:
            asked = time.perf_counter()
            going = filling(port)
            meanwhile.append(time.perf_counter() - asked)
            time.sleep(0.1)
        filled = time.perf_counter() - began
        time.sleep(3)
        full = memory(pid)
        times = {
            name: sorted(first_byte(port, place.format(story=last)) for _ in range(TIMES))
            for name, place in PAGES.items()
        }
    return {
        "stories": count,
        "feeds": feeds,
        "deliveries": min(count, DELIVERIES),
        "filled_seconds": round(filled, 1),
        "slowest_while_filling_ms": round(1e3 * max(meanwhile)),
        "memory_without_mb": round(empty / 1e6),
        "memory_with_mb": round(full / 1e6),
        "bytes_a_story": round((full - empty) / count),
        "first_byte_ms": {
            name: {"p50": round(1e3 * statistics.median(one), 1), "max": round(1e3 * one[-1], 1)}
            for name, one in times.items()
        },
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=100_000)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with short_folder() as folder, embedded_store(folder / "store") as url:
        store = RedisStore(url)
        store._redis.config_set("maxmemory", 0)
        found = measure(store, folder, url, given.stories, given.feeds)
        store.close()
    if given.json:
        print(json.dumps(found, indent=1))
        return
    times = found.pop("first_byte_ms")
    assert isinstance(times, dict)
    for name, value in found.items():
        print(f"{name:26} {value}")
    for name, one in times.items():
        print(f"{name:26} p50 {one['p50']:6.1f} ms   max {one['max']:6.1f} ms")


if __name__ == "__main__":
    main()
