"""Polling side by side: ours, three other readers, and bare fetching, over one feed farm.

    make bench-polling                                      1,000 feeds, everything
    python -m benchmarks.polling --feeds 10000 --out DIR [--contenders ours,reader] [--rounds warm]
    python -m benchmarks.polling --out DIR --table          only prints what was measured so far

Rounds, in this order: cold (first poll of every feed), again (nothing changed), warm (5 % changed,
the others answer 304), changed (each feed has 1 new entry of 30). What is measured goes into
DIR/results.json, and each contender keeps its state in a folder of its own, so that contenders and
rounds can be run in several goes (a cold round begins anew). Needs .bench (requirements/peers.txt)
and newsboat (apt).

CPU is user and system time of all processes of a contender, those that ended too; the farm's is
nobody's. From a peer's is taken what the same command needs when it has nothing to fetch (`start`:
the program and what it remembers are loaded); ours runs already, and nothing is taken off. A round
of ours ends when all feeds are saved (feeds/s); its CPU is read when all alerts are out. Memory is
the most that all processes had together: RSS, and PSS, which counts what they share once.

Ratios are of polls per CPU second: to the best peer's without starting, to the best peer's with
it, and to bare fetching.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.farm import PORT, write_config
from benchmarks.meter import Peak, cpu
from benchmarks.ours import Farm, farm, keys, ours, seed, wait
from benchmarks.peers import PEERS

# The share of feeds that has changed since the round before.
ROUNDS = {"cold": 0.0, "again": 0.0, "warm": 0.05, "changed": 1.0}
CONTENDERS = ("pycurl", "reader", "newsboat", "rss2email", "ours")
# Bare fetching is no reader, so it is not among those that the best is taken from.
_BARE = "pycurl"
Measured = dict[str, Any]


def measure_peer(name: str, folder: Path) -> Measured:
    """One round of another reader."""
    start = _run(PEERS[name].command(folder, True))
    seconds, used, peak = _run(PEERS[name].command(folder, False))
    return {
        "seconds": seconds,
        "cpu": max(used - start[1], 0.01),
        "start_cpu": start[1],
        "rss": peak.rss,
        "pss": peak.pss,
    }


def _run(command: list[str]) -> tuple[float, float, Peak]:
    """Wall seconds, CPU seconds and memory of a command, with all that it waited for."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with Peak(process.pid) as peak:
        assert process.stderr
        try:
            said = process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed: {said.decode(errors='replace')[-500:]}")
    return time.monotonic() - began, used.ru_utime + used.ru_stime, peak


class Bench:
    """One go: some rounds of some contenders."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.chosen, self.out = chosen, chosen.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.rounds = [name for name in ROUNDS if name in chosen.rounds.split(",")]
        self.port, self.feeds = chosen.port, chosen.feeds

    def run(self, name: str) -> None:
        """All rounds of a contender, with a farm of its own."""
        folder = self.out / name
        earlier = list(ROUNDS)[1 : list(ROUNDS).index(self.rounds[0])]
        before = ",".join(str(ROUNDS[one]) for one in earlier)
        words = ("--rounds", before, "--base", str(self.base()), "--delay", str(self.chosen.delay))
        if self.rounds[0] == "cold":
            shutil.rmtree(folder, ignore_errors=True)
            write_config(folder, self.feeds, self.port)
        with farm(self.feeds, *words, port=self.port) as field:
            if name.startswith("ours"):
                self._run_ours(name, folder, field)
            else:
                self._run_peer(name, folder, field)

    def base(self) -> float:
        """When the farm's world began; the same for all goes."""
        path = self.out / "base"
        if not path.exists():
            path.write_text(str(round(time.time()) - 600))
        return float(path.read_text())

    def _run_peer(self, name: str, folder: Path, field: Farm) -> None:
        if self.rounds[0] == "cold":
            PEERS[name].prepare(folder)
        for one in self.rounds:
            before = self._begin(one, field)
            self._keep(name, one, measure_peer(name, folder), field, before)

    def _run_ours(self, name: str, folder: Path, field: Farm) -> None:
        feeds = keys(self.feeds, self.port)
        if self.rounds[0] == "cold":
            seed(folder, dict.fromkeys(feeds, time.time() + 12 * 3_600))
        with ours(folder / "monitor.toml", self.chosen.workers) as running:
            for one in self.rounds:
                running.settle()
                before = self._begin(one, field)
                used = cpu(running.pid)
                with Peak(running.pid) as peak:
                    seconds = running.poll_all(feeds, self.chosen.patience)
                    wait(running.sent, 60, "all alerts sent")
                found = {
                    "seconds": seconds,
                    "cpu": cpu(running.pid) - used,
                    "start_cpu": 0.0,
                    "rss": peak.rss,
                    "pss": peak.pss,
                    "workers": self.chosen.workers,
                    "store": running.store.info("memory")["used_memory"],
                }
                self._keep(name, one, found, field, before)

    def _begin(self, one: str, field: Farm) -> Measured:
        """The next round in the farm, unless it stands there already; its counts before."""
        wanted = list(ROUNDS).index(one)
        if len(field.counts()["rounds"]) < wanted:
            field.advance(ROUNDS[one])
        return field.counts()

    def _keep(self, name: str, one: str, found: Measured, field: Farm, before: Measured) -> None:
        after = field.counts()
        for key in ("requests", "200", "304"):
            found[key] = after.get(key, 0) - before.get(key, 0)
        found |= {"served": after["served"], "feeds": self.feeds, "delay": self.chosen.delay}
        if after["served"] < self.feeds:
            print(f"{name} {one}: only {after['served']} of {self.feeds} feeds were polled")
        results = _read(self.out)
        results.setdefault(one, {})[name + self.chosen.label] = found
        (self.out / "results.json").write_text(json.dumps(results, indent=1))
        print(f"{name} {one}: {found}", flush=True)


def _read(out: Path) -> dict[str, dict[str, Measured]]:
    path = out / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def table(results: dict[str, dict[str, Measured]]) -> str:
    """All that was measured, with ratios of polls per CPU second."""
    lines = []
    for one in (name for name in ROUNDS if name in results):
        found = results[one]
        lines.append(f"\n{one:<16}{_HEAD}")
        peers = [row for name, row in found.items() if _is_peer(name)]
        least = min((_each(row) for row in peers), default=None)
        whole = min((_each(row) + _start(row) for row in peers), default=None)
        bare = _each(found[_BARE]) if _BARE in found else None
        for name, row in sorted(found.items(), key=lambda pair: _each(pair[1])):
            each = _each(row)
            mine = (each, each + _start(row), each)
            lines.append(f"{name:<16}{_row(row)}{_ratios((least, whole, bare), mine)}")
    return "\n".join(lines)


_HEAD = "feeds/s  CPU s/1,000 +start  RSS MB  PSS MB    200    304   x best  x whole x pycurl"


def _is_peer(name: str) -> bool:
    return name != _BARE and not name.startswith("ours")


def _each(row: Measured) -> float:
    """CPU seconds for 1,000 polls."""
    return 1_000 * float(row["cpu"]) / int(row["feeds"])


def _start(row: Measured) -> float:
    """CPU seconds of starting, for 1,000 polls."""
    return 1_000 * float(row["start_cpu"]) / int(row["feeds"])


def _row(row: Measured) -> str:
    speed = f"{row['feeds'] / row['seconds']:>7.0f}  {_each(row):>11.2f} {_start(row):>6.2f}"
    memory = f"{row['rss'] / 2**20:>8.0f}{row['pss'] / 2**20:>8.0f}"
    return f"{speed}{memory}{row['200']:>7}{row['304']:>7}"


def _ratios(others: Sequence[float | None], mine: Sequence[float]) -> str:
    paired = zip(others, mine, strict=True)
    return "".join(f"{one / each:>9.2f}" if one else f"{'-':>9}" for one, each in paired)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--out", type=Path, default=Path("var/polling"))
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--rounds", default=",".join(ROUNDS))
    parser.add_argument("--workers", type=int, default=2, help="polling processes of ours")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds until each answer")
    parser.add_argument("--label", default="", help="put behind the contender's name in the table")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--patience", type=float, default=3_000, help="for a round of ours, s")
    parser.add_argument("--table", action="store_true")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not chosen.table:
        bench = Bench(chosen)
        for name in chosen.contenders.split(","):
            bench.run(name)
    print(table(_read(chosen.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
