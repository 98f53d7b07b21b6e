"""From publication to the signed webhook: the running service on loopback.

    python -m benchmarks.latency [--entries 200] [--feeds 20]

Publishes entries one by one in feeds that are polled every one to three seconds, and takes
the time until each arrives at the webhook. The limit named beside it is what polling alone
costs: half the mean gap between two polls, as the feed server saw them in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from tests.servers import short_folder
from tests.service.desks import headlines
from tests.service.running import newsroom, service, wait_until, write_config


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--feeds", type=int, default=20)
    chosen = parser.parse_args()
    with short_folder() as folder, newsroom(chosen.feeds) as room:
        config = write_config(folder, room)
        with service(config) as running:
            last = f"/feed/{chosen.feeds - 1}"
            wait_until(lambda: len(room.server.asked(last)) > 1, 60, "two polls of each feed")
            started, before = time.monotonic(), len(room.server.requests)
            for number, title in enumerate(headlines()[: chosen.entries]):
                room.publish(number % chosen.feeds, title)
                time.sleep(0.2)
            wait_until(lambda: len(room.titles()) == chosen.entries, 60, "all entries")
            seconds = time.monotonic() - started
            status = running.status()
    hooks = len(room.server.asked("/hook"))
    gap = seconds * chosen.feeds / (len(room.server.requests) - before - hooks)
    first = {}
    for (_, body), at in zip(room.arrived, room.times, strict=True):
        first.setdefault(body["data"]["title"], at)
    waits = sorted(first[name] - at for name, at in room.published.items())
    p50, p95 = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
    mean, limit = statistics.mean(waits), gap / 2
    inside = status["latency"]
    print(f"{len(waits)} entries in {chosen.feeds} feeds, mean gap between polls {gap:.2f} s")
    print(f"published to webhook: p50 {p50:.2f} s, p95 {p95:.2f} s, mean {mean:.2f} s")
    print(f"polling alone (half a gap): {limit:.2f} s; the mean is {mean / limit:.2f} times that")
    print(f"of it seen to delivered: p50 {inside['p50']} s, p95 {inside['p95']} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
