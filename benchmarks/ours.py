"""`monitor run` over the feeds of a farm: started, made to poll all feeds now, and looked at.

Only the command, the configuration and the sorted set `monitor:due` (feed key -> epoch seconds) are
relied on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from benchmarks.farm import PORT
from benchmarks.meter import cpu
from benchmarks.published import url
from monitor.core.models import Feed
from monitor.edges.store import embedded
from tests.servers import embedded_store
from tests.service.running import Service, service

DUE = "monitor:due"
_HOUR = 3_600


class Farm:
    """A running farm, asked over its control addresses."""

    def __init__(self, port: int) -> None:
        self.port = port

    def counts(self) -> dict[str, Any]:
        """What it counted so far."""
        return self._get("counts")

    def advance(self, share: float) -> None:
        """The next round."""
        self._get(f"advance?share={share}")

    def _get(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{what}", timeout=300) as came:
            found: dict[str, Any] = json.load(came)
        return found


@contextmanager
def farm(feeds: int, *words: str, port: int = PORT) -> Iterator[Farm]:
    """A farm with so many feeds, told these words more; it ends with the `with`."""
    command = [sys.executable, "-m", "benchmarks.farm", "serve", "--feeds", str(feeds)]
    with subprocess.Popen(
        [*command, "--port", str(port), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdin
        if process.stdout.readline() != "ready\n":
            raise SystemExit("the farm did not start; is its port in use?")
        yield Farm(port)
        process.stdin.close()


def keys(feeds: int, port: int = PORT) -> list[str]:
    """The keys of the farm's feeds, in order."""
    return [Feed(url(number, port)).key for number in range(feeds)]


def seed(folder: Path, due: dict[str, float]) -> None:
    """Say when feeds are due before the service starts, so that starting is no part of a round."""
    with embedded_store(folder / "var") as place:
        client = redis.Redis.from_url(place)
        client.zadd(DUE, due)
        client.close()


class Ours:
    """The running service, and its store."""

    def __init__(self, running: Service, store: redis.Redis) -> None:
        self.pid, self.store = running.process.pid, store

    def poll_all(self, feeds: list[str], seconds: float) -> float:
        """Make all feeds due now; wall seconds until each was polled and saved.

        Their interval must be a day: whatever is due within an hour is due or claimed still.
        """
        began, clock = time.time(), time.monotonic()
        for start in range(0, len(feeds), 10_000):
            self.store.zadd(DUE, dict.fromkeys(feeds[start : start + 10_000], began), xx=True)
        wait(lambda: not self.store.zcount(DUE, "-inf", began + _HOUR), seconds, "all feeds polled")
        return time.monotonic() - clock

    def sent(self) -> bool:
        """Whether nothing waits to be sent."""
        return not any(self.store.zcard(name) for name in self.store.keys("monitor:outbox:*"))

    def settle(self, seconds: float = 120) -> None:
        """Wait until next to nothing is done any more."""
        last = [cpu(self.pid)]

        def calm() -> bool:
            time.sleep(3)
            last.append(cpu(self.pid))
            return last[-1] - last[-2] < 0.5

        wait(calm, seconds, "the service is calm")


@contextmanager
def ours(config: Path, workers: int) -> Iterator[Ours]:
    """The service on a configuration, up and taking ticks; ended with the `with`."""
    place = embedded.url(config.parent / "var")
    environ = {"POLL_PROCESSES": str(workers), "PYTHONUNBUFFERED": "1", "PATH": os.environ["PATH"]}
    with service(config, environ=environ) as running:
        client = redis.Redis.from_url(place)
        wait(lambda: _answers(client), 60, "the store is up")
        # Its processes have come up when ticks are taken.
        wait(lambda: bool(client.hexists("monitor:alive", "poll_due")), 180, "the first tick")
        yield Ours(running, client)
        client.close()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.RedisError:
        return False


def wait(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Until something holds; ends the run when it does not in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)
