"""How many signed webhooks a second one receiver gets, every attempt recorded.

    python -m benchmarks.delivery [--alerts 6000]

The running service with an embedded store empties an outbox of alerts to a receiver on loopback
that only counts (a process of its own). Beside it, in the same run, httpx alone posts the same
bodies to the same receiver: one after the other with one reused client, asynchronous as ours and
synchronous, and with eight in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from monitor.core.digest import delivery_id
from monitor.core.models import Alert, Delivery
from monitor.edges.store import embedded
from monitor.edges.store.redis import RedisStore
from monitor.edges.transports.body import body
from monitor.service.clockwork import utc_now
from tests import make
from tests.servers import embedded_store, short_folder
from tests.service.running import SECRET, service, wait_until

_CONFIG = """\
[[feeds]]
url = "http://127.0.0.1:{port}/feed"

[network]
allow = ["127.0.0.1:{port}"]

[store]
url = ""

[[receivers]]
name = "hook"
type = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret = "{secret}"
"""


@contextmanager
def receiver() -> Iterator[int]:
    """The counting receiver's port."""
    command = [sys.executable, "-m", "benchmarks.counting_receiver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def counted(port: int) -> tuple[int, int, float]:
    """Posts, different ids and seconds from the first to the last, since this was asked last."""
    posts, ids, first, last = httpx.get(f"http://127.0.0.1:{port}/").json()
    return posts, ids, last - first


def alerts(count: int) -> list[Delivery]:
    """Alerts as they come, each on a story of its own."""
    found = []
    for number in range(count):
        story = make.story(f"s_{number}")
        name = delivery_id(story.id, "hook")
        found.append(Delivery(name, Alert("hook", "route 1: russia-sahel", story), utc_now()))
    return found


def ours(folder: Path, port: int, waiting: list[Delivery]) -> tuple[float, int]:
    """Alerts a second, and how many the ledger has as sent."""
    with embedded_store(folder / "var"):
        store = RedisStore(embedded.url(folder / "var"))
        for at in range(0, len(waiting), 1_000):
            store.commit(
                make.commit(make.FEED, at // 1_000 + 1, deliveries=tuple(waiting[at : at + 1_000]))
            )
        store.close()
    config = folder / "monitor.toml"
    config.write_text(_CONFIG.format(port=port, secret=SECRET), encoding="utf-8")
    with service(config) as running:
        wait_until(lambda: _sent(running) == len(waiting), 300, "all sent")
        posts, ids, seconds = counted(port)
    assert posts == ids == len(waiting), (posts, ids)
    return len(waiting) / seconds, len(waiting)


def _sent(running: object) -> int:
    time.sleep(1)
    status = running.status()  # type: ignore[attr-defined]
    return int(status["deliveries"]["hook"]["sent"])


def peers(port: int, bodies: list[bytes]) -> dict[str, float]:
    """Posts a second of httpx alone, by the way it is used."""
    url, found = f"http://127.0.0.1:{port}/hook", {}
    counted(port)
    with httpx.Client() as client:
        for number, one in enumerate(bodies):
            client.post(url, content=one, headers={"webhook-id": str(number)})
    found["httpx, one sync client"] = len(bodies) / counted(port)[2]
    for flight in (1, 8):
        asyncio.run(_flying(url, bodies, flight))
        found[f"httpx, AsyncClient, {flight} in flight"] = len(bodies) / counted(port)[2]
    return found


async def _flying(url: str, bodies: list[bytes], flight: int) -> None:
    async with httpx.AsyncClient() as client:
        gate = asyncio.Semaphore(flight)

        async def one(number: int, content: bytes) -> None:
            async with gate:
                await client.post(url, content=content, headers={"webhook-id": str(number)})

        await asyncio.gather(*(one(number, content) for number, content in enumerate(bodies)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=6_000)
    chosen = parser.parse_args()
    waiting = alerts(chosen.alerts)
    with short_folder() as folder, receiver() as port:
        rate, recorded = ours(folder, port, waiting)
        others = peers(port, [body(one) for one in waiting[:3_000]])
    print(f"{chosen.alerts} signed webhooks, {recorded} recorded as sent: {rate:.0f}/s")
    for name, other in others.items():
        print(f"{name}: {other:.0f}/s; ours is {rate / other:.2f} of it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
