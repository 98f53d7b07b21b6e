"""Alerts under injected faults: none lost, none under two ids, and what Slack can see twice.

Real workers, the embedded store, and receivers on loopback that misbehave. A send may take two
seconds here, so that leases run out in four instead of thirty and minutes see dozens of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
import redis
from celery import Celery

from monitor.edges.store import embedded
from tests.feed_server import Reply, Request, reply
from tests.servers import wait_for
from tests.service import desks
from tests.service.desks import Desk, headlines
from tests.service.kill_points import DELIVERY, POLL
from tests.service.running import (
    ROOT,
    SECRET,
    Newsroom,
    Service,
    kill,
    newsroom,
    service,
    wait_until,
    write_config,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

_HOOK = """
[[receivers]]
name = "{name}"
type = "webhook"
url = "{url}"
secret = "{secret}"
"""
_SLACK = """
[[receivers]]
name = "slack"
type = "slack"
url = "{url}"
pace = "off"
storm = "off"
"""
_TAIL = """
[deliveries]
timeout = "2s"
"""


def configure(folder: Path, room: Newsroom, *names: str) -> Path:
    """Routes to these receivers; "slack" is one, all others are webhooks."""
    config = write_config(folder, room)
    text = config.read_text(encoding="utf-8")
    # A batch of one feed: a poller that dies takes no other feed's turn with it.
    text = text[: text.index("[[receivers]]")].replace("[polling]", "[polling]\nbatch = 1")
    for name in names:
        form = _SLACK if name == "slack" else _HOOK
        text += form.format(name=name, url=room.server.url(f"/{name}"), secret=SECRET)
    named = ", ".join(f'"{name}"' for name in names)
    text += f'[[routes]]\ntopics = ["sahel"]\nreceivers = [{named}]\n' + _TAIL
    config.write_text(text, encoding="utf-8")
    return config


@contextmanager
def faulty(config: Path, **environ: str) -> Iterator[Service]:
    """The service, its workers with the kill points."""
    (config.parent / "kills").mkdir(exist_ok=True)
    wished = {"KILLS": str(config.parent / "kills"), **environ}
    with service(config, "tests.service.faulty_run", wished) as running:
        yield running


def wish(folder: Path, *points: str, times: int = 1) -> None:
    """Let a worker die at each of these points, so many times."""
    for point in points:
        for number in range(times):
            (folder / "kills" / f"{point}.{number}").touch()


def killed(folder: Path) -> Counter[str]:
    """How often a worker died at each point so far."""
    log = folder / "kills" / "killed"
    return Counter(log.read_text().split()) if log.exists() else Counter()


@contextmanager
def another(config: Path, words: str) -> Iterator[None]:
    """One more process of the service's Celery, beside those that run."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "monitor", *words.split()]
    environ = {"PATH": "/usr/bin:/bin", "MONITOR_CONFIG": str(config), "PYTHONPATH": str(ROOT)}
    with (config.parent / "log").open("a") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=config.parent)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def old_messages(folder: Path) -> None:
    """What an older or newer version left in the queues: a task unknown here, and known ones
    with arguments of another form.
    """
    app = Celery(broker=f"redis+socket://{embedded.socket_path(folder / 'var')}")
    app.conf.broker_transport_options = {"global_keyprefix": "monitor:celery:"}
    app.send_task("monitor.of_another_version", ["x"], queue="deliver", ignore_result=True)
    app.send_task("monitor.deliver", [], queue="deliver", ignore_result=True)
    app.send_task("monitor.poll", [["nobody's"], 1.0, "more"], queue="poll", ignore_result=True)
    app.send_task("monitor.deliver", ["nobody"], queue="deliver", ignore_result=True)
    app.close()


def test_two_thousand_alerts_survive_every_fault_at_once_and_none_comes_under_two_ids(
    folder: Path,
) -> None:
    """Kills at each point, a store killed and frozen, six kinds of bad answers, two beats, ten
    pollers and two senders, a flushed queue, and messages of another version.
    """
    titles, names = headlines(), ("hook", "steady", "third", "fourth")
    assert len(titles) * len(names) >= 2_000
    with newsroom(8, hosts=8) as room:
        receivers = [Desk(room.server, name) for name in names]
        config = configure(folder, room, *names)
        with crowd(config) as running:
            wait_until(room.polled, 60, "a poll of each feed")
            old_messages(folder)
            points = [one for one in (*POLL, *DELIVERY) if not one.startswith("slack")]
            wish(folder, *points)
            misbehave(room, receivers[0], running, folder, titles)
            for one in receivers[1:]:
                wait_for_all(one, titles, 180)
            bring_home(running, receivers[0], titles)
            assert set(points) == set(killed(folder))
            wait_until(lambda: all_sent(running, names, len(titles)), 60, "all recorded")
        for one in receivers:
            assert one.counts().keys() == set(titles), one.name
            assert {len(found) for found in one.names().values()} == {1}, one.name
        assert not room.server.asked("/canary")


@contextmanager
def crowd(config: Path) -> Iterator[Service]:
    """The service with a second beat, ten pollers in all and a second sender."""
    with (
        faulty(config, POLL_PROCESSES="4") as running,
        another(config, "beat"),
        another(config, "worker --queues poll --concurrency 6 -n second@%h"),
        another(config, "worker --queues deliver --pool threads --concurrency 8 -n other@%h"),
    ):
        yield running


def misbehave(
    room: Newsroom, hook: Desk, running: Service, folder: Path, titles: list[str]
) -> None:
    """Publish all, while one receiver goes through all ways to misbehave, and the store dies,
    is frozen, and has its queues flushed.
    """
    left = enumerate(titles)
    upsets: dict[desks.Behaviour, Callable[[], None]] = {
        desks.fails: lambda: kill_store(running),
        desks.is_busy: lambda: flush_queues(folder),
        desks.moves: lambda: freeze(running, 60),
    }
    for behaves in (desks.fails, desks.is_busy, desks.resets, desks.moves, desks.answers_late):
        hook.behaves = behaves
        publish(room, left, 80)
        hook.behaves = None
        if behaves in upsets:
            upsets[behaves]()
        publish(room, left, 15)
    hook.behaves = desks.hangs
    publish(room, left, len(titles))
    hook.behaves = None


def publish(room: Newsroom, left: Iterator[tuple[int, str]], count: int) -> None:
    """The next headlines, a moment apart."""
    for number, title in islice(left, count):
        room.publish(number % room.feeds, title)
        time.sleep(0.04)


def kill_store(running: Service) -> None:
    for pid in running.pids("valkey-server"):
        kill(pid)


def flush_queues(folder: Path) -> None:
    """All of Celery's messages are gone, as after a `redis-cli del`; once the store is there."""
    url = embedded.url(folder / "var")
    wait_for(url)
    store = redis.Redis.from_url(url)
    store.delete(*(f"monitor:celery:{queue}" for queue in ("poll", "deliver", "tick")))
    store.close()


def freeze(running: Service, seconds: float) -> None:
    """The store answers nothing for a while, as a machine that swaps."""
    pids = running.pids("valkey-server")
    for number, pause in ((signal.SIGSTOP, seconds), (signal.SIGCONT, 0.0)):
        for pid in pids:
            os.kill(pid, number)
        time.sleep(pause)


def wait_for_all(desk: Desk, titles: list[str], seconds: float) -> None:
    wanted = set(titles)
    wait_until(lambda: wanted <= desk.counts().keys(), seconds, f"all at {desk.name}")


def bring_home(running: Service, desk: Desk, titles: list[str]) -> None:
    """What was given up, and what waits for a later try, is sent at once by hand."""

    def home() -> bool:
        for state in ("dead", "failed"):
            listed = ("deliveries", "--receiver", desk.name, "--state", state, "--limit", "999")
            rows = running.command(*listed, "--format", "jsonl").stdout.splitlines()
            if names := [json.loads(row)["delivery"] for row in rows]:
                running.command("redeliver", *names)
        return set(titles) <= desk.counts().keys()

    wait_until(home, 120, f"all at {desk.name}")


def all_sent(running: Service, names: Sequence[str], count: int) -> bool:
    found = running.status()["deliveries"]
    # Notices of the troubled receiver are sent to the others too.
    return all(found[name]["sent"] >= count for name in names)


def stands_still(running: Service, name: str) -> bool:
    """Whether nothing waits for a receiver any more."""
    found = running.status()["deliveries"][name]
    return bool(found["pending"] == found["failed"] == 0)


def test_slack_sees_a_message_twice_only_where_the_sender_dies_between_answer_and_record(
    folder: Path,
) -> None:
    points = (
        "receiver-held",
        "delivery-claimed",
        "slack-sending",
        "slack-answered",
        "delivery-recorded",
    )
    titles = headlines()[: 3 * len(points)]
    with newsroom(1) as room:
        slack = Desk(room.server, "slack")
        config = configure(folder, room, "slack")
        with faulty(config) as running:
            wait_until(room.polled, 60, "a poll")
            twice = set()
            for number, point in enumerate(points):
                before = slack.counts()
                wish(folder, point)
                for title in titles[3 * number : 3 * number + 3]:
                    room.publish(0, title)
                wanted = set(titles[: 3 * number + 3])
                wait_until(lambda: killed(folder)[point] == 1, 30, f"a death at {point}")  # noqa: B023
                wait_until(lambda: wanted <= slack.counts().keys(), 60, f"all after {point}")  # noqa: B023
                wait_until(lambda: stands_still(running, "slack"), 20, "all recorded")
                if any(n > 1 and title not in before for title, n in slack.counts().items()):
                    twice.add(point)
            assert twice == {"slack-answered"}
            assert slack.counts().total() == len(titles) + 1


def test_whoever_is_told_to_end_finishes_the_message_in_hand_and_repeats_nothing(
    folder: Path,
) -> None:
    titles = headlines()[:12]
    with newsroom(2) as room:
        slack = Desk(room.server, "slack")

        def slowly(desk: Desk, request: Request) -> Reply:
            room.server.pause(1.0)
            desk.take(request)
            return reply(b"ok")

        config = configure(folder, room, "slack")
        with faulty(config) as running:
            wait_until(room.polled, 60, "a poll of each feed")
            slack.behaves = slowly
            for number, title in enumerate(titles):
                room.publish(number % 2, title)
            wait_until(lambda: len(room.server.asked("/slack")) > 2, 30, "sending")
            assert running.stop() < 10
            assert running.process.returncode == 0
        slack.behaves = None
        with faulty(config):
            wait_until(lambda: set(titles) <= slack.counts().keys(), 60, "the rest")
            time.sleep(2)
        assert set(slack.counts().values()) == {1}


def test_a_clock_that_jumps_stops_neither_polling_nor_alerts_and_repeats_nothing(
    folder: Path,
) -> None:
    """An hour back, then two ahead, as when somebody sets the clock of the machine."""
    titles, clock = headlines()[:9], folder / "clock"
    clock.write_text("0")
    with newsroom(2, hosts=2) as room:
        hook = Desk(room.server, "hook")
        config = configure(folder, room, "hook")
        with faulty(config, CLOCK=str(clock)) as running:
            wait_until(room.polled, 60, "a poll of each feed")
            for number, offset in enumerate((0, -3_600, 3_600)):
                clock.write_text(str(offset))
                told = titles[3 * number : 3 * number + 3]
                for place, title in enumerate(told):
                    room.publish(place % 2, title)
                wait_for_all(hook, told, 45)
                assert "Traceback" not in running.log()
        assert set(hook.counts().values()) == {1}
        assert {len(found) for found in hook.names().values()} == {1}
