"""Whether a load is held: 100,000 feeds on a 10-minute interval, 2 % changing per poll.

    nohup python -m benchmarks.holding --out DIR [--feeds 100000] [--minutes 20] > DIR.log &

The farm's feeds change by themselves as time goes. In the first interval the feeds come due one
after another and are polled for the first time (`warm-up`); once all were polled and nobody waits,
the load is held for so many minutes. DIR/holding.jsonl gets a line every ten seconds: feeds due
(`backlog`), and due for ten seconds already (`late`), polls a second, CPU of all processes of ours
in percent of one core, their memory (RSS; PSS counts what they share once), the store's. The last
line, printed too, sums up:

- `lag`: from the time a feed was due by the store to the request that the farm saw.
- `commit`: from the request until the store had the poll saved (its next due time written), for
  answers with news, to 50 ms; `publish`: the same from the moment the feed changed.
- `keys`: what the store holds, by kind of key: how many, and bytes.

Lag and commit are taken from some 2,000 of the feeds. All is ended with it, also by SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import redis

from benchmarks.farm import PORT, write_config
from benchmarks.meter import cpu, memory
from benchmarks.ours import DUE, Farm, Ours, farm, keys, ours, seed

_SAMPLED = 2_000
# Seconds between two looks at feeds in hand, and between two lines.
_LOOK, _LINE = 0.05, 10.0
# Seconds until the first feed is due, so that the service is up by then.
_UP = 30.0


class Watch:
    """Follows some feeds from outside: requests from the farm's log, due times from the store.

    `interval`: seconds. A feed that is due more than half of it after a request was saved since;
    a lease is shorter.
    """

    def __init__(self, log: TextIO, store: redis.Redis, names: Sequence[str], interval: float):
        self.log, self.store, self.names, self.interval = log, store, names, interval
        self.asked: dict[int, tuple[float, float]] = {}
        self.due: dict[int, float] = {}
        self.shown: dict[int, int] = {}
        self.clear()

    def clear(self) -> None:
        """Measure from now on."""
        self.lags: list[float] = []
        self.commits: list[float] = []
        self.published: list[float] = []

    def look(self) -> None:
        """Take in what happened since the last look."""
        while line := self.log.readline():
            at, feed, _, changes, changed = line.split()
            self._request(int(feed), float(at), int(changes), float(changed))
        waiting = list(self.asked)
        if not waiting:
            return
        scores = self.store.zmscore(DUE, [self.names[number] for number in waiting])
        now = time.time()
        for number, score in zip(waiting, scores, strict=True):
            if score is not None and score > self.asked[number][0] + self.interval / 2:
                self._saved(number, score, now)

    def _request(self, number: int, at: float, changes: int, changed: float) -> None:
        """A feed was asked for; `changed` is kept where that brings news, 0.0 where not."""
        if (due := self.due.pop(number, None)) is not None:
            self.lags.append(max(0.0, at - due))
        news = number in self.shown and changes > self.shown[number]
        self.shown[number] = changes
        self.asked.setdefault(number, (at, changed if news else 0.0))

    def _saved(self, number: int, due: float, now: float) -> None:
        at, changed = self.asked.pop(number)
        self.due[number] = due
        if changed:
            self.commits.append(now - at)
            self.published.append(now - changed)


class Holding:
    """One run."""

    def __init__(self, chosen: argparse.Namespace, field: Farm, running: Ours, watch: Watch):
        self.chosen, self.field, self.running, self.watch = chosen, field, running, watch
        self.path = chosen.out / "holding.jsonl"
        self.last = (time.monotonic(), cpu(running.pid), 0)

    def steps(self, seconds: float, stage: str) -> Iterator[dict[str, Any]]:
        """Watch for so long; a line every ten seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            line = time.monotonic() + _LINE
            while time.monotonic() < line:
                self.watch.look()
                time.sleep(_LOOK)
            yield self._line(stage)

    def _line(self, stage: str) -> dict[str, Any]:
        now, at, store = time.time(), time.monotonic(), self.running.store
        used, counts = cpu(self.running.pid), self.field.counts()
        asked = counts.get("requests", 0)
        passed = at - self.last[0]
        rss, pss = memory(self.running.pid)
        found = {
            "stage": stage,
            "time": round(now, 1),
            "backlog": store.zcount(DUE, "-inf", now),
            "late": store.zcount(DUE, "-inf", now - 10),
            "polls": round((asked - self.last[2]) / passed, 1),
            "cpu": round(100 * (used - self.last[1]) / passed, 1),
            "rss": rss,
            "pss": pss,
            "store": store.info("memory")["used_memory"],
            "served": counts["served"],
            "farm_cpu": counts["cpu"],
        }
        self.last = (at, used, asked)
        self.write(found)
        return found

    def write(self, found: dict[str, Any]) -> None:
        """One line more."""
        with self.path.open("a") as out:
            out.write(json.dumps(found) + "\n")

    def run(self) -> dict[str, Any]:
        """Warm up, hold, sum up."""
        for line in self.steps(60 * self.chosen.warm_up, "warm-up"):
            if line["served"] == self.chosen.feeds and not line["late"]:
                break
        else:
            raise SystemExit(f"not warm in {self.chosen.warm_up:g} minutes: see {self.path}")
        self.watch.clear()
        before = self.field.counts()
        lines = list(self.steps(60 * self.chosen.minutes, "held"))
        after = self.field.counts()
        asked = {one: after.get(one, 0) - before.get(one, 0) for one in ("requests", "200", "304")}
        found = {"stage": "summary", **vars(self.chosen), **asked, **_most(lines)}
        found["hosts"] = {one: after[one] for one in ("most_in_flight", "shortest_gap")}
        for name in ("lags", "commits", "published"):
            found[name] = quantiles(getattr(self.watch, name))
        found["keys"] = kinds(self.running.store)
        found["out"] = str(self.chosen.out)
        self.write(found)
        return found


def _most(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and most of what was measured every ten seconds; the store at both ends."""
    found: dict[str, Any] = {}
    for name in ("backlog", "late", "polls", "cpu", "rss", "pss"):
        all_of_it = [line[name] for line in lines]
        found[f"{name}_mean"] = round(sum(all_of_it) / len(all_of_it), 1)
        found[f"{name}_most"] = max(all_of_it)
    return {**found, "store_first": lines[0]["store"], "store_last": lines[-1]["store"]}


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """How many, and p50, p95 and the most of them."""
    if not seconds:
        return {"count": 0}
    row = sorted(seconds)
    p50, p95 = row[len(row) // 2], row[int(len(row) * 0.95)]
    return {"count": len(row), "p50": round(p50, 3), "p95": round(p95, 3), "max": round(row[-1], 3)}


def kinds(store: redis.Redis) -> dict[str, tuple[int, int]]:
    """Keys and bytes in the store by the second part of the name, the heaviest first."""
    count: Counter[str] = Counter()
    weight: Counter[str] = Counter()
    names = list(store.scan_iter(count=5_000))
    for start in range(0, len(names), 2_000):
        some = names[start : start + 2_000]
        pipe = store.pipeline(transaction=False)
        for name in some:
            pipe.memory_usage(name)
        for name, size in zip(some, pipe.execute(), strict=True):
            kind = name.decode(errors="replace").split(":")[1:2]
            count["".join(kind)] += 1
            weight["".join(kind)] += size or 0
    return {kind: (count[kind], size) for kind, size in weight.most_common()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=100_000)
    parser.add_argument("--interval", type=int, default=600, help="seconds")
    parser.add_argument("--share", type=float, default=0.02, help="that changes in an interval")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--warm-up", type=float, default=60.0, help="minutes at most")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--hanging", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    found = run(chosen)
    print(json.dumps(found, indent=1, default=str))
    return 0


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    """Start everything, hold the load, end everything."""
    shutil.rmtree(chosen.out, ignore_errors=True)
    write_config(chosen.out, chosen.feeds, chosen.port, f"{chosen.interval}s")
    names, gap = keys(chosen.feeds, chosen.port), chosen.interval / chosen.feeds
    log = chosen.out / "farm.log"
    log.touch()
    words = ["--period", chosen.interval, "--share", chosen.share, "--log", log]
    words += ["--every", max(1, chosen.feeds // _SAMPLED), "--delay", chosen.delay]
    words += ["--hanging", chosen.hanging]
    first = time.time() + _UP
    seed(chosen.out, {name: first + place * gap for place, name in enumerate(names)})
    config = chosen.out / "monitor.toml"
    with (
        log.open() as lines,
        farm(chosen.feeds, *map(str, words), port=chosen.port) as field,
        ours(config, chosen.workers) as running,
    ):
        watch = Watch(lines, running.store, names, chosen.interval)
        return Holding(chosen, field, running, watch).run()


if __name__ == "__main__":
    sys.exit(main())
