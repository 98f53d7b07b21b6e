"""The whole service as a subprocess, with feeds and receivers on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from tests.feed_server import FeedServer, Reply, Request, reply

SECRET = "whsec_" + "bW9uaXRvci10ZXN0LXNlY3JldC0wMDAwMDAwMQ=="

CONFIG = """\
[polling]
interval = "2s"
min_interval = "1s"
max_interval = "3s"
host_gap = "0s"
deadline = "{deadline}"

[network]
allow = [{allowed}]

[store]
url = "{store}"

{feeds}
[[receivers]]
name = "hook"
type = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret = "{secret}"
allow_http = true

[[receivers]]
name = "log"
type = "file"
path = "{log}"

[[routes]]
topics = ["sahel"]
receivers = ["hook", "log"]
"""


@dataclass
class Newsroom:
    """Feeds that publish on demand, and a receiver that counts what arrives.

    `hook_status` is what the receiver answers; `delay` how long it takes over it.
    """

    server: FeedServer
    feeds: int
    others: tuple[FeedServer, ...] = ()
    stories: dict[int, list[tuple[str, datetime]]] = field(default_factory=dict)
    arrived: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    published: dict[str, float] = field(default_factory=dict)
    hook_status: int = 200
    delay: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> None:
        """Start serving."""
        for number in range(self.feeds):
            self.host(number).serve(f"/feed/{number}", self._feed)
        self.server.serve("/hook", self._hook)

    def host(self, feed: int) -> FeedServer:
        """The server of a feed: another host each, as far as there are any."""
        hosts = (self.server, *self.others)
        return hosts[feed % len(hosts)]

    def polled(self) -> bool:
        """Whether each feed was polled."""
        return all(self.host(n).asked(f"/feed/{n}") for n in range(self.feeds))

    def publish(self, feed: int, title: str) -> None:
        """A new entry in a feed, as of now."""
        with self.lock:
            self.stories.setdefault(feed, []).insert(0, (title, datetime.now(UTC)))
            self.published[title] = time.time()

    def _feed(self, request: Request) -> Reply:
        number = int(request.path.rpartition("/")[2])
        with self.lock:
            shown = list(self.stories.get(number, []))
        etag = f'"{len(shown)}"'
        if request.headers.get("if-none-match") == etag:
            return Reply([f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode()], keep=True)
        parts = [
            f"<item><guid>{number}-{title}</guid><title>{title}</title>"
            f"<link>https://outlet{number}.example/{title.replace(' ', '-')}</link>"
            f"<pubDate>{format_datetime(at)}</pubDate></item>"
            for title, at in shown
        ]
        body = f"<rss version='2.0'><channel><title>F</title>{''.join(parts)}</channel></rss>"
        return reply(body.encode(), ETag=etag)

    def _hook(self, request: Request) -> Reply:
        self.server.pause(self.delay)
        if self.hook_status != 200:
            return reply(b"no", self.hook_status)
        with self.lock:
            self.arrived.append((request.headers["webhook-id"], json.loads(request.body)))
            self.times.append(time.time())
        return reply(b"ok")

    def titles(self) -> Counter[str]:
        """How often each title arrived, under how ever many ids."""
        with self.lock:
            return Counter(body["data"]["title"] for _, body in self.arrived)

    def ids(self) -> dict[str, set[str]]:
        """The webhook-ids under which each title arrived."""
        found: dict[str, set[str]] = {}
        with self.lock:
            for name, body in self.arrived:
                found.setdefault(body["data"]["title"], set()).add(name)
        return found


_PLACES = ("Gao", "Agadez", "Djibo", "Mopti", "Diffa", "Ségou", "Zinder")
_HAPPENINGS = (
    "Cholera outbreak spreads in {}",
    "Teachers of {} begin strike over unpaid wages",
    "Gold mine collapses near {}",
    "Airport of {} reopens to civilian flights",
    "Floods destroy hundreds of homes in {}",
    "Radio station of {} suspended by regulator",
    "Solar power plant opens in {}",
    "Gunmen ambush fuel convoy outside {}",
    "Court in {} tries former mayor for graft",
    "Measles vaccination starts around {}",
    "Lorry and bus collide on road to {}",
)


def title(number: int) -> str:
    """A headline about the Sahel that tells of another event than those of all other numbers
    up to some seventy.
    """
    place, happening = _PLACES[number % 7], _HAPPENINGS[number % 11]
    country = "Niger" if place in {"Agadez", "Diffa", "Zinder"} else "Mali"
    country = "Burkina Faso" if place == "Djibo" else country
    return f"{country}: {happening.format(place)}"


@dataclass
class Service:
    """`monitor run` as a process."""

    process: subprocess.Popen[str]
    config: Path
    environ: dict[str, str]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same configuration."""
        return subprocess.run(
            [sys.executable, "-m", "monitor", "--config", str(self.config), *words],
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=60,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """`monitor status --json`."""
        found: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return found

    def log(self) -> str:
        """All that was written to standard error so far."""
        return (self.config.parent / "log").read_text(encoding="utf-8")

    def pids(self, mark: str) -> list[int]:
        """The processes of this service whose command line holds a mark."""
        return [pid for pid, line in descendants(self.process.pid) if mark in line]

    def stop(self) -> float:
        """SIGTERM; how many seconds it took to end."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        return time.monotonic() - started


def descendants(root: int) -> list[tuple[int, str]]:
    """All processes below one, with their command lines (Linux)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = []
    for pid in parents:
        above = pid
        while above in parents and above != root:
            above = parents[above]
        if above == root and pid != root:
            found.append((pid, _command_line(pid)))
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextmanager
def newsroom(feeds: int, hosts: int = 1) -> Iterator[Newsroom]:
    """A newsroom with so many feeds, on so many hosts."""
    with ExitStack() as stack:
        addresses = [f"127.0.0.{number + 1}" for number in range(hosts)]
        servers = [stack.enter_context(FeedServer(address=one)) for one in addresses]
        room = Newsroom(servers[0], feeds, tuple(servers[1:]))
        room.open()
        yield room


def write_config(folder: Path, room: Newsroom, *, store: str = "", deadline: str = "2s") -> Path:
    """A configuration for a newsroom, its data below the folder."""
    tables = [
        f'[[feeds]]\nurl = "{room.host(n).url(f"/feed/{n}")}"\nname = "Outlet {n}"\n'
        for n in range(room.feeds)
    ]
    config = folder / "monitor.toml"
    text = CONFIG.format(
        allowed=", ".join(f'"{one.address}:{one.port}"' for one in (room.server, *room.others)),
        port=room.server.port,
        feeds="\n".join(tables),
        secret=SECRET,
        log=folder / "alerts.jsonl",
        store=store,
        deadline=deadline,
    )
    config.write_text(text, encoding="utf-8")
    return config


ROOT = Path(__file__).parents[2]


@contextmanager
def service(
    config: Path, module: str = "monitor", environ: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """`monitor run` on a configuration; ended, and all below it, at the end.

    `module`: what is run instead of `monitor`, taking the same words. `environ` comes on top.
    """
    inherited = {name: text for name, text in os.environ.items() if name != "REDIS_URL"}
    environ = {**inherited, "PYTHONPATH": str(ROOT), **(environ or {})}
    command = [sys.executable, "-m", module, "--config", str(config), "run"]
    with (config.parent / "log").open("a") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, text=True, env=environ, cwd=config.parent
        )
    running = Service(process, config, dict(environ))
    try:
        yield running
    finally:
        below = descendants(process.pid)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        for pid, _ in below:
            kill(pid)


def kill(pid: int) -> None:
    """SIGKILL, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Until something holds; fails with `what` when it does not in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
