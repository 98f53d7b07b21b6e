"""A feed farm on loopback: many distinct feeds on many hosts, from one cheap process.

    python -m benchmarks.farm serve --feeds 1000 [--delay 0.1] [--hanging 0.01] [--rounds 0.05,1]
    python -m benchmarks.farm serve --feeds 100000 --period 600 --share 0.02 [--log FILE]
    python -m benchmarks.farm config --feeds 1000 --out DIR

Feed N is at http://127.a.b.c:PORT/feed/N; benchmarks/published.py says what is in it. An answer
has ETag and Last-Modified, is 304 where either is met, and is gzipped, made beforehand, where
that is accepted. `--delay`: seconds until each answer. `--hanging`: the share of hosts that take
requests and never answer. It ends when its standard input is closed, so it outlives nobody.

GET /counts: what was asked so far (JSON), `served` being how many different feeds were answered
since the last round. GET /advance?share=0.05: the next round; that share of feeds gets a new entry.
With --period feeds change by themselves instead. `--log`: a line for each request of every
`--every`-th feed: time, feed, status, how often it had changed and when last (epoch seconds).

`config` writes feeds.opml, urls (newsboat), and monitor.toml into a folder.
Only loopback is listened on (SO_BINDTODEVICE), on all of 127.0.0.0/8.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.published import Clock, body, chance, form_of, host_of, language, url
from benchmarks.serving import Loop

PORT = 18_080
TOPICAL = 0.03

CONFIG = """\
feeds = ["feeds.opml"]

[polling]
interval = "{interval}"
min_interval = "{interval}"
max_interval = "{interval}"

[network]
allow = ["127.0.0.0/8"]

[store]
url = ""
max_memory = "2gb"

[[receivers]]
name = "log"
type = "file"
path = "alerts.jsonl"

[[routes]]
topics = ["sahel", "russia-sahel"]
receivers = ["log"]
"""


@dataclass
class Farm:
    """Answers requests, and counts them."""

    feeds: int
    clock: Clock
    hanging: float = 0.0
    log: Callable[[str], object] | None = None
    every: int = 50
    counts: Counter[str] = field(default_factory=Counter)
    flying: Counter[int] = field(default_factory=Counter)
    last: dict[int, float] = field(default_factory=dict)
    most: int = 0
    gap: float = float("inf")
    served: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.served = bytearray(self.feeds)
        self.bake()

    def bake(self) -> None:
        """Make all bodies before they are asked for, where they can be kept."""
        if self.feeds <= 20_000 and not self.clock.period:
            for number in range(self.feeds):
                changes = tuple(self.clock.changes(number, 0.0))
                body(number, changes, self.clock.base, TOPICAL)

    def begin(self, number: int, now: float) -> int:
        """A feed is asked for; its host."""
        host = host_of(number)
        self.counts["requests"] += 1
        self.flying[host] += 1
        self.most = max(self.most, self.flying[host])
        if host in self.last:
            self.gap = min(self.gap, now - self.last[host])
        self.last[host] = now
        return host

    def end(self, host: int) -> None:
        """An answer is out, or its asker gone."""
        self.flying[host] -= 1
        if not self.flying[host]:
            del self.flying[host]

    def hangs(self, host: int) -> bool:
        """Whether a host never answers."""
        return self.hanging > 0 and chance(8, host) < self.hanging

    def answer(self, number: int, head: bytes) -> bytes:
        """The answer to a request for a feed."""
        now = time.time()
        changes = tuple(self.clock.changes(number, now))
        changed = changes[-1] if changes else self.clock.base
        etag, modified = f'"{number}-{len(changes)}"', formatdate(changed, usegmt=True)
        common = f"ETag: {etag}\r\nLast-Modified: {modified}\r\nServer: farm\r\n"
        self.served[number] = 1
        status = 304 if _met(head, etag.encode(), modified.encode()) else 200
        self.counts[str(status)] += 1
        if self.log and not number % self.every:
            self.log(f"{now:.3f} {number} {status} {len(changes)} {changed:.3f}\n")
        if status == 304:
            return f"HTTP/1.1 304 Not Modified\r\n{common}\r\n".encode()
        content = body(number, changes, self.clock.base, TOPICAL)
        if b"gzip" in _header(head, b"accept-encoding"):
            common += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
        else:
            content = gzip.decompress(content)
        self.counts["bytes"] += len(content)
        kind = form_of(number).content_type
        return (
            f"HTTP/1.1 200 OK\r\n{common}Content-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )

    def control(self, target: str) -> bytes:
        """The answer to one of us who asks for counts or for the next round."""
        parts = urlsplit(target)
        if parts.path == "/advance":
            self.clock.rounds.append(float(parse_qs(parts.query)["share"][0]))
            self.served = bytearray(self.feeds)
            self.bake()
        used = resource.getrusage(resource.RUSAGE_SELF)
        said = {
            **self.counts,
            "served": sum(self.served),
            "most_in_flight": self.most,
            "shortest_gap": None if self.gap == float("inf") else round(self.gap, 4),
            "rounds": self.clock.rounds,
            "cpu": round(used.ru_utime + used.ru_stime, 2),
        }
        text = json.dumps(said).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)


def _header(head: bytes, name: bytes) -> bytes:
    """A header's value, b"" if it is not there; the head as it came."""
    lower = head.lower()
    start = lower.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()


def _met(head: bytes, etag: bytes, modified: bytes) -> bool:
    """Whether a request's conditions say that it has this already (RFC 9110, 13.2.2)."""
    if tags := _header(head, b"if-none-match"):
        return etag in tags
    return _header(head, b"if-modified-since") == modified


def write_config(folder: Path, feeds: int, port: int = PORT, interval: str = "24h") -> None:
    """The lists of feeds that readers take, and a monitor.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    urls = [url(number, port) for number in range(feeds)]
    outlines = "\n".join(
        f'<outline type="rss" text="Outlet {number}" xmlUrl="{one}" language="{language(number)}"/>'
        for number, one in enumerate(urls)
    )
    opml = f'<opml version="2.0"><head/><body>\n{outlines}\n</body></opml>\n'
    (folder / "feeds.opml").write_text(opml, encoding="utf-8")
    (folder / "urls").write_text("\n".join(urls) + "\n", encoding="utf-8")
    (folder / "monitor.toml").write_text(CONFIG.format(interval=interval), encoding="utf-8")


def serve(chosen: argparse.Namespace) -> None:
    """Serve until standard input is closed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    rounds = [float(share) for share in chosen.rounds.split(",") if share]
    clock = Clock(chosen.base or time.time() - 600, rounds, chosen.period, chosen.share)
    with Path(chosen.log or os.devnull).open("a", buffering=1) as log:
        write = log.write if chosen.log else None
        farm = Farm(chosen.feeds, clock, chosen.hanging, write, chosen.every)
        loop = Loop(farm, chosen.port, chosen.delay)
        print("ready", flush=True)
        loop.run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving, writing = commands.add_parser("serve"), commands.add_parser("config")
    for one in (serving, writing):
        one.add_argument("--feeds", type=int, default=1_000)
        one.add_argument("--port", type=int, default=PORT)
    for name in ("delay", "hanging", "base", "period", "share"):
        serving.add_argument(f"--{name}", type=float, default=0.0)
    serving.add_argument("--rounds", default="")
    serving.add_argument("--log", default="")
    serving.add_argument("--every", type=int, default=50)
    writing.add_argument("--out", type=Path, required=True)
    writing.add_argument("--interval", default="24h")
    chosen = parser.parse_args()
    if chosen.command == "config":
        write_config(chosen.out, chosen.feeds, chosen.port, chosen.interval)
    else:
        serve(chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
