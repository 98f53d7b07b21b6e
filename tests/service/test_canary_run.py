"""Canaries of the whole service: they arrive, keep apart from news, and are missed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.feed_server import reply
from tests.service.running import SECRET, Newsroom, newsroom, service, wait_until, write_config

PING = "/ping/0123456789abcdef0123456789"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

# The canary's receiver gets news too, hours of quiet, and all of them in digests.
OPS = """
[[receivers]]
name = "ops"
type = "webhook"
url = "{url}"
secret = "{secret}"
quiet = "00:00-23:59"
digest = "daily 00:00"

[canary]
receiver = "ops"
every = "1m"
ping = "{ping}"

[deliveries]
notices = ["log"]
"""


def configured(folder: Path, room: Newsroom) -> Path:
    config = write_config(folder, room)
    for path in ("/ops", PING):
        room.server.serve(path, reply(b"ok"))
    url, ping = room.server.url("/ops"), room.server.url(PING)
    text = config.read_text(encoding="utf-8")
    text = text.replace('receivers = ["hook", "log"]', 'receivers = ["hook", "ops"]')
    config.write_text(text + OPS.format(url=url, secret=SECRET, ping=ping), encoding="utf-8")
    return config


def arrived(room: Newsroom) -> list[dict[str, Any]]:
    """The canaries that the receiver got."""
    bodies = [json.loads(one.body) for one in room.server.asked("/ops")]
    assert {one["type"] for one in bodies} <= {"canary"}
    return [one["data"] for one in bodies]


def told(folder: Path) -> list[str]:
    """The titles of the notices on the other receiver."""
    log = folder / "alerts.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [json.loads(line)["data"]["title"] for line in lines]


def test_canaries_arrive_alone_are_missed_when_nobody_polls_and_are_told_to_be_back(
    folder: Path,
) -> None:
    with newsroom(1) as room, service(configured(folder, room)) as running:
        wait_until(lambda: len(arrived(room)) == 1, 40, "a first canary")
        (canary,) = arrived(room)
        assert canary["title"].endswith("the way from feed to receiver works")
        wait_until(lambda: len(room.server.asked(PING)) == 1, 9, "ping")
        room.publish(0, f"Mali: {canary['title']}")
        wait_until(lambda: len(room.titles()) == 1, 20, "a story of the same words")
        ((_, body),) = room.arrived
        assert (body["type"], body["data"]["others"]) == ("story.alert", [])
        stories = running.command("stories", "--format", "jsonl").stdout.splitlines()
        assert [json.loads(one)["title"] for one in stories] == [body["data"]["title"]]
        row = running.status()
        assert (row["canary"]["receiver"], row["canary"]["missing_since"]) == ("ops", None)
        assert row["canary"]["last"]
        assert len(row["feeds"]) == 1

        pollers = running.pids("poll@")
        for pid in pollers:
            os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: len(told(folder)) == 1, 200, "a notice that no canary arrives")
        assert told(folder)[0].startswith("No canary has arrived at ops since")
        assert running.status()["canary"]["missing_since"]
        assert "no canary arrives" in running.log()
        before = len(arrived(room))
        for pid in pollers:
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: len(arrived(room)) > before, 90, "another canary")
        wait_until(lambda: len(told(folder)) == 2, 20, "a notice that they arrive again")
        assert told(folder)[1] == "Canaries arrive at ops again"
        assert running.status()["canary"]["missing_since"] is None
        pings = len(room.server.asked(PING))
        assert len(arrived(room)) - 1 <= pings <= len(arrived(room))
        assert PING not in running.log()
