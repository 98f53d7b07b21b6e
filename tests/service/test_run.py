"""The running service, from feeds on loopback to a signed webhook."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.feed_server import raw
from tests.servers import debian_redis, short_folder
from tests.service.running import (
    SECRET,
    Newsroom,
    kill,
    newsroom,
    service,
    title,
    wait_until,
    write_config,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_what_is_published_arrives_once_signed_and_a_restart_repeats_nothing(folder: Path) -> None:
    """Seeding, conditional requests, delivery, clean end, and memory across a restart."""
    with newsroom(3) as room:
        room.publish(0, "Harbour board approves new ferry timetable")
        config = write_config(folder, room)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/2")) > 1, 40, "two polls of a feed")
            for number in range(6):
                room.publish(number % 3, title(number))
            wait_until(lambda: len(room.titles()) == 6, 30, "six alerts")
            wait_until(lambda: running.status()["deliveries"]["hook"]["sent"] == 6, 10, "six sent")
            status = running.status()
            assert {one["health"] for one in status["feeds"]} == {"healthy"}
            assert status["deliveries"]["hook"]["sent"] == 6
            assert status["latency"]["p95"] < 10
            hooks = room.server.asked("/hook")
            for hook in hooks:
                Webhook(SECRET).verify(hook.body, hook.headers)
            assert any("if-none-match" in one.headers for one in room.server.asked("/feed/0"))
            assert running.stop() < 10
            assert running.process.returncode == 0
        assert _dead(folder)
        room.publish(1, title(7))
        with service(config):
            wait_until(lambda: title(7) in room.titles(), 40, "what came while we were down")
            time.sleep(3)
        assert set(room.titles().values()) == {1}
        lines = (folder / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
        assert sorted(json.loads(line)["data"]["title"] for line in lines) == sorted(
            title(n) for n in (0, 1, 2, 3, 4, 5, 7)
        )


def _arrived(room: Newsroom, count: int) -> bool:
    return len(room.titles()) == count


def _dead(folder: Path) -> bool:
    import redis

    try:
        redis.Redis.from_url(f"unix://{folder}/var/store/valkey.sock").ping()
    except redis.exceptions.ConnectionError:
        return True
    return False


def test_killing_workers_and_store_again_and_again_loses_and_repeats_nothing(folder: Path) -> None:
    """kill -9 at odd moments: each story arrives, always under one and the same id."""
    chance = random.Random(20260314)
    with newsroom(6) as room:
        config = write_config(folder, room)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/5")) > 0, 40, "a poll of each feed")
            marks = ("poll@", "send@", "valkey-server", "poll@", "parse_child", "beat")
            number = 0
            for mark in marks:
                for _ in range(5):
                    room.publish(number % 6, title(number))
                    number += 1
                    time.sleep(chance.uniform(0.05, 0.4))
                for pid in running.pids(mark):
                    kill(pid)
                time.sleep(chance.uniform(1.0, 2.0))
            # What was in the hands of the killed comes back when its lease ends (32 s).
            wait_until(lambda: len(room.titles()) == number, 120, f"{number} stories")
            ids = room.ids()
            assert {len(names) for names in ids.values()} == {1}
            assert len({name for names in ids.values() for name in names}) == number
            wait_until(
                lambda: running.status()["deliveries"]["hook"]["sent"] == number,
                60,
                "all recorded as sent",
            )


def test_a_receiver_that_fails_gets_everything_when_it_comes_back(folder: Path) -> None:
    with newsroom(1) as room:
        room.hook_status = 503
        config = write_config(folder, room)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/0")) > 0, 40, "a poll")
            room.publish(0, title(1))
            wait_until(lambda: len(room.server.asked("/hook")) > 0, 20, "a first attempt")
            wait_until(
                lambda: running.status()["deliveries"]["hook"]["failed"] == 1, 10, "it failed"
            )
            room.hook_status = 200
            wait_until(lambda: len(room.titles()) == 1, 30, "the second attempt")
        first, second = room.server.asked("/hook")[:2]
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body


def test_two_receivers_that_hang_delay_neither_a_third_nor_the_polling(folder: Path) -> None:
    with newsroom(2) as room:
        config = write_config(folder, room)
        text = config.read_text(encoding="utf-8")
        for name in ("slow1", "slow2"):
            room.server.serve(f"/{name}", raw(60.0))
            text += f'[[receivers]]\nname = "{name}"\ntype = "webhook"\nsecret = "{SECRET}"\n'
            text += f'url = "{room.server.url(f"/{name}")}"\n'
        text = text.replace('["hook", "log"]', '["slow1", "slow2", "hook", "log"]')
        config.write_text(text, encoding="utf-8")
        with service(config):
            wait_until(lambda: len(room.server.asked("/feed/1")) > 0, 40, "a poll")
            for number in range(3):
                room.publish(number % 2, title(number))
                wait_until(partial(_arrived, room, number + 1), 12, "the healthy one")
            polls = len(room.server.asked("/feed/0"))
            wait_until(lambda: len(room.server.asked("/feed/0")) >= polls + 3, 20, "three polls")
            assert room.server.asked("/slow1")


def test_over_a_real_redis_no_store_is_started_and_all_works(folder: Path) -> None:
    with short_folder() as other, debian_redis(other) as url, newsroom(1) as room:
        config = write_config(folder, room, store=url)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/0")) > 0, 40, "a poll")
            room.publish(0, title(1))
            wait_until(lambda: len(room.titles()) == 1, 20, "an alert")
            assert running.pids("valkey-server") == []


def test_two_whole_instances_on_one_store_tell_each_story_once(folder: Path) -> None:
    with short_folder() as other, debian_redis(other) as url, newsroom(2) as room:
        one, two = folder / "one", folder / "two"
        for place in (one, two):
            place.mkdir()
        first = write_config(one, room, store=url)
        second = write_config(two, room, store=url)
        with service(first), service(second):
            wait_until(lambda: len(room.server.asked("/feed/1")) > 1, 40, "polls")
            for number in range(10):
                room.publish(number % 2, title(number))
                time.sleep(0.2)
            wait_until(lambda: len(room.titles()) == 10, 40, "ten stories")
            time.sleep(3)
        assert set(room.titles().values()) == {1}


def test_copies_that_come_at_once_through_several_workers_alert_once(folder: Path) -> None:
    """Every feed shows the same text within one second; each has a link of its own."""
    with newsroom(6) as room:
        config = write_config(folder, room)
        with service(config):
            wait_until(lambda: len(room.server.asked("/feed/5")) > 1, 40, "two polls of a feed")
            for number in range(4):
                for feed in range(6):
                    room.publish(feed, title(number))
                wait_until(lambda: sum(room.titles().values()) > number, 30, "an alert")  # noqa: B023
            time.sleep(8)
        assert set(room.titles().values()) == {1}
        assert len(room.titles()) == 4


def test_a_second_service_on_the_same_folder_is_refused_in_one_sentence(folder: Path) -> None:
    with newsroom(1) as room:
        config = write_config(folder, room)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/0")) > 0, 40, "a poll")
            again = running.command("run")
            assert again.returncode == 1
            assert again.stderr.count("\n") == 1
            assert "another monitor already runs on" in again.stderr
            store = running.command("store")
            assert store.returncode == 1
            assert "another store already runs on" in store.stderr


def test_when_the_supervisor_is_killed_nothing_is_left_running(folder: Path) -> None:
    with newsroom(1) as room:
        config = write_config(folder, room)
        with service(config) as running:
            wait_until(lambda: len(room.server.asked("/feed/0")) > 0, 40, "a poll")
            below = [pid for mark in ("celery", "valkey") for pid in running.pids(mark)]
            assert len(below) > 4
            running.process.kill()
            wait_until(lambda: not any(_lives(pid) for pid in below), 25, "all are gone")
        with service(config):
            room.publish(0, title(1))
            wait_until(lambda: len(room.titles()) == 1, 40, "a new start works")


def _lives(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_without_a_reachable_feed_it_says_so_and_keeps_trying(folder: Path) -> None:
    config = folder / "monitor.toml"
    config.write_text(
        '[polling]\ninterval = "2s"\nmin_interval = "1s"\nmax_interval = "3s"\n'
        '[network]\nallow = ["127.0.0.1:9"]\n'
        '[[feeds]]\nurl = "http://127.0.0.1:9/feed"\nname = "Nobody"\n',
        encoding="utf-8",
    )
    with service(config) as running:
        wait_until(lambda: "feed cannot be read" in running.log(), 40, "a line about the feed")
        wait_until(lambda: running.status()["feeds"][0]["failures"] > 1, 20, "another try")
        (feed,) = running.status()["feeds"]
        assert (feed["health"], feed["outcome"]) == ("failing", "connect")
        assert feed["next_poll"]
        running.process.send_signal(signal.SIGINT)
        running.process.wait(timeout=10)
        assert "Traceback" not in running.log()


def test_a_store_that_cannot_be_reached_is_told_in_one_line_until_it_can(folder: Path) -> None:
    with newsroom(1) as room:
        config = write_config(folder, room, store="redis://127.0.0.1:9/0")
        with service(config) as running:
            wait_until(lambda: "waiting for the store" in running.log(), 20, "the line")
            status = running.command("status")
            assert status.returncode == 1
            assert status.stderr.count("\n") == 1
            assert "cannot be reached" in status.stderr
            assert running.process.poll() is None
            assert running.stop() < 10


def test_the_demo_shows_every_alert_and_no_trap() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--seconds", "60"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "All 3 alerts came" in done.stdout
    assert done.stdout.count("Slack would show") == 3
    assert "New: *31 killed (12 before)*" in done.stdout
