"""A long run under random faults: python -m benchmarks.soak [--minutes 60] [--seed 1]

The running service, with the time-outs it ships with, polls feeds that publish some 500
stories and empties outboxes into which alerts are put all the while. Every few seconds something
goes wrong: a worker dies at a named point, the store is killed or frozen, queues are flushed, a
receiver fails, hangs, resets, redirects or asks for patience. At the end all is well again, what
was given up is sent anew, and each alert is counted: lost, or come under two ids, is a failure.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from monitor.core.digest import delivery_id
from monitor.core.models import Alert, Delivery
from monitor.edges.store import embedded
from monitor.edges.store.redis import RedisStore
from monitor.service.clockwork import utc_now
from tests import make
from tests.servers import short_folder
from tests.service import desks
from tests.service.desks import Desk, headlines
from tests.service.kill_points import DELIVERY, POLL
from tests.service.running import Newsroom, Service, newsroom
from tests.service.test_faults import configure, faulty, flush_queues, freeze, kill_store, wish

NAMES = ("hook", "steady")
_POINTS = [one for one in (*POLL, *DELIVERY) if not one.startswith("slack")]
_UPSETS = (desks.fails, desks.is_busy, desks.resets, desks.moves, desks.answers_late, desks.hangs)


class Soak:
    """One run: what was put out, and what goes wrong next."""

    def __init__(self, folder: Path, room: Newsroom, running: Service, chance: random.Random):
        self.folder, self.room, self.running, self.chance = folder, room, running, chance
        self.receivers = {name: Desk(room.server, name) for name in NAMES}
        self.wanted: set[str] = set()
        self.faults: Counter[str] = Counter()
        self._stories: Iterator[tuple[int, str]] = enumerate(headlines())

    def step(self) -> None:
        """Some alerts, a story, and perhaps a fault."""
        self._put(self.chance.randrange(40))
        if found := next(self._stories, None):
            self.room.publish(found[0] % self.room.feeds, found[1])
            self.wanted.add(found[1])
        if self.chance.random() < 0.2:
            self._break()
        time.sleep(1)

    def _put(self, count: int) -> None:
        """Alerts past the polls, as if they had been decided just now."""
        made = [self._alert(name, title) for title in self._titles(count) for name in NAMES]
        store = RedisStore(embedded.url(self.folder / "var"))
        try:
            store.put(made)
            self.wanted |= {one.alert.story.title for one in made}
        except Exception as away:  # noqa: BLE001 - the store is away just now: nothing was promised
            self.faults[f"put: {type(away).__name__}"] += 1
            self.wanted |= {one.alert.story.title for one in made if self._is_there(one.id)}
        finally:
            store.close()

    def _is_there(self, name: str) -> bool:
        """Whether a delivery was put all the same; waits for the store."""
        for _ in range(90):
            try:
                store = RedisStore(embedded.url(self.folder / "var"))
                return store.entered(name) is not None
            except Exception:  # noqa: BLE001 - still away
                time.sleep(1)
        raise AssertionError("the store did not come back in 90 s")

    def _titles(self, count: int) -> list[str]:
        return [f"Alert {len(self.wanted)} {number} {time.time()}" for number in range(count)]

    def _alert(self, receiver: str, title: str) -> Delivery:
        story = replace(make.story(f"s_{title}"), title=title, first_seen=utc_now())
        name = delivery_id(story.id, receiver)
        return Delivery(name, Alert(receiver, "soak", story), utc_now())

    def _break(self) -> None:
        what, does = self.chance.choice(self._ways())
        self.faults[what] += 1
        does()

    def _ways(self) -> list[tuple[str, Callable[[], None]]]:
        hook = self.receivers["hook"]
        point, upset = self.chance.choice(_POINTS), self.chance.choice(_UPSETS)

        def misbehave() -> None:
            hook.behaves = upset

        def behave() -> None:
            hook.behaves = None

        return [
            (f"death at {point}", lambda: wish(self.folder, point)),
            ("store killed", lambda: kill_store(self.running)),
            ("store frozen", lambda: freeze(self.running, self.chance.uniform(2, 30))),
            ("queues flushed", lambda: flush_queues(self.folder)),
            (f"hook {upset.__name__}", misbehave),
            ("hook well", behave),
            ("hook well", behave),
        ]

    def heal(self, seconds: float) -> None:
        """All is well again; what was given up is sent anew, until all came or time is up."""
        self.receivers["hook"].behaves = None
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.lost():
            self.running.command("redeliver", "--dead")
            time.sleep(10)

    def lost(self) -> list[tuple[str, str]]:
        """What did not come to whom."""
        counts = {name: one.counts() for name, one in self.receivers.items()}
        return [(name, one) for name, found in counts.items() for one in self.wanted - found.keys()]

    def doubled(self) -> list[tuple[str, str]]:
        """What came under more than one id."""
        return [
            (name, title)
            for name, one in self.receivers.items()
            for title, ids in one.names().items()
            if len(ids) > 1
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with short_folder() as folder, newsroom(4, hosts=4) as room:
        config = configure(folder, room, *NAMES)
        # The time-outs that are shipped.
        config.write_text(config.read_text().partition("[deliveries]")[0])
        with faulty(config, POLL_PROCESSES="4") as running:
            soak = Soak(folder, room, running, random.Random(chosen.seed))
            while not room.polled():
                time.sleep(1)
            end = time.monotonic() + chosen.minutes * 60
            while time.monotonic() < end:
                soak.step()
            soak.heal(2_400)
    lost, doubled = soak.lost(), soak.doubled()
    print(
        f"{len(soak.wanted) * len(NAMES)} alerts in {chosen.minutes:g} minutes, seed {chosen.seed}"
    )
    for what, count in soak.faults.most_common():
        print(f"  {count:4} {what}")
    print(f"lost {len(lost)}, under two ids {len(doubled)}")
    for one in (*lost[:20], *doubled[:20]):
        print(f"  {one}")
    return 1 if lost or doubled else 0


if __name__ == "__main__":
    sys.exit(main())
