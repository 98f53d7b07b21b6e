"""Polling by the running service while hosts hang, pollers die and the clock is set."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.feed_server import Reply, Request, raw
from tests.service.running import (
    Newsroom,
    newsroom,
    service,
    title,
    wait_until,
    write_config,
)
from tests.service.test_faults import faulty

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def hang(room: Newsroom, feed: int) -> None:
    """From now on the feed's host accepts and says nothing."""
    room.host(feed).serve(f"/feed/{feed}", raw(60.0))


def asked(room: Newsroom, feed: int) -> int:
    return len(room.host(feed).asked(f"/feed/{feed}"))


def test_hosts_that_hang_delay_no_other_nor_the_end_and_are_asked_soon_after_a_restart(
    folder: Path,
) -> None:
    """With 30 s for an answer; what is in hand at the end waits for no lease (90 s)."""
    with newsroom(8, hosts=8) as room:
        for feed in range(6):
            hang(room, feed)
        config = write_config(folder, room, deadline="30s")
        with service(config) as running:
            wait_until(lambda: all(asked(room, n) for n in range(8)), 40, "a poll of each feed")
            polls = asked(room, 7)
            wait_until(lambda: asked(room, 7) >= polls + 3, 15, "others are polled")
            assert running.stop() < 10
            assert running.process.returncode == 0
            assert "Traceback" not in running.log()
        before = [asked(room, n) for n in range(8)]
        assert before[:6] == [1] * 6
        with service(config):
            wait_until(lambda: all(asked(room, n) > before[n] for n in range(8)), 45, "all again")


def test_a_clock_that_leaps_by_a_day_stops_no_polling(folder: Path) -> None:
    clock = folder / "clock"
    clock.write_text("0")
    with newsroom(2, hosts=2) as room:
        config = write_config(folder, room)
        with faulty(config, CLOCK=str(clock)) as running:
            wait_until(room.polled, 40, "a poll of each feed")
            for offset in (-86_400, 0):
                clock.write_text(str(offset))
                time.sleep(1)
                before = [asked(room, n) for n in range(2)]
                wait_until(
                    lambda: all(asked(room, n) > before[n] + 1 for n in range(2)),  # noqa: B023
                    30,
                    f"two polls of each at {offset}",
                )
            room.publish(0, title(0))
            wait_until(lambda: title(0) in room.titles(), 20, "an alert")
            assert "Traceback" not in running.log()
        assert set(room.titles().values()) == {1}


def test_one_host_has_one_request_at_a_time_and_its_gap_whoever_asks(folder: Path) -> None:
    """Many feeds of one host, due at different times, so that all pollers are at it."""
    times: list[tuple[float, float]] = []
    with newsroom(12) as room:

        def slowly(request: Request) -> Reply:
            started = time.monotonic()
            room.server.pause(0.05)
            answer = room._feed(request)
            times.append((started, time.monotonic()))
            return answer

        for feed in range(12):
            room.server.serve(f"/feed/{feed}", slowly)
        config = write_config(folder, room)
        text = config.read_text().replace('host_gap = "0s"', 'host_gap = "200ms"')
        config.write_text(text)
        with service(config):
            wait_until(lambda: all(asked(room, n) > 1 for n in range(12)), 60, "two polls of each")
    times.sort()
    gaps = [later - end for (_, end), (later, _) in pairwise(times)]
    assert min(gaps) > 0.15
