"""The running service takes up what is changed in its files, and refuses what is broken."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.edges.rulebook import SHIPPED
from tests.service.running import Newsroom, newsroom, service, title, wait_until, write_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

# Seconds within which a change is to be in force, on a busy machine.
_SOON = 30.0


class Desk:
    """A configuration of several files, for a newsroom some of whose feeds are not in it yet."""

    def __init__(self, folder: Path, room: Newsroom, feeds: int) -> None:
        self.folder, self.room = folder, room
        self.config = write_config(folder, room)
        text = self.config.read_text(encoding="utf-8")
        head, _, tail = text.partition("[[feeds]]")
        tail = tail[tail.index("[[receivers]]") :]
        top = 'feeds = ["feeds.toml"]\nrulebook = "rules"\n[deliveries]\nnotices = ["ops"]\n'
        self.text = f"{top}{head}{tail}"
        for name in ("ops", "second"):
            self.text += f'[[receivers]]\nname = "{name}"\ntype = "file"\npath = "{name}.jsonl"\n'
        shutil.copytree(SHIPPED, folder / "rules")
        self.write(self.text)
        self.watch(*range(feeds))

    def write(self, text: str) -> None:
        """Replace the configuration, as editors do."""
        new = self.folder / "new"
        new.write_text(text, encoding="utf-8")
        new.rename(self.config)

    def watch(self, *feeds: int) -> None:
        """Have these feeds in the feeds file."""
        tables = [
            f'[[feeds]]\nurl = "{self.room.host(n).url(f"/feed/{n}")}"\nname = "Outlet {n}"\n'
            for n in feeds
        ]
        (self.folder / "feeds.toml").write_text("\n".join(tables), encoding="utf-8")

    def told(self, receiver: str) -> list[dict[str, Any]]:
        """What a receiver's file holds."""
        path = self.folder / f"{receiver}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line)["data"] for line in lines]

    def titles(self, receiver: str) -> list[str]:
        """The titles in a receiver's file."""
        return [one["title"] for one in self.told(receiver)]


def _lines(log: str, event: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [row for row in rows if row["event"] == event]


def test_feeds_rules_and_routes_are_taken_up_without_a_restart(folder: Path) -> None:
    with newsroom(3) as room:
        desk = Desk(folder, room, 2)
        with service(desk.config) as running:
            wait_until(lambda: len(room.server.asked("/feed/1")) > 1, 40, "two polls of a feed")
            below = running.pids("celery")
            room.publish(0, title(0))
            wait_until(lambda: title(0) in room.titles(), 30, "an alert")

            began = time.monotonic()
            desk.watch(0, 2)
            room.publish(2, title(1))
            wait_until(lambda: title(1) in room.titles(), _SOON, "the story of a new feed")
            took = time.monotonic() - began
            print(f"a new feed's story alerts after {took:.1f} s")
            gone = len(room.server.asked("/feed/1"))

            rules = folder / "rules" / "rules.toml"
            with rules.open("a", encoding="utf-8") as file:
                file.write(
                    '\n[[rules]]\nid = "herons"\ntopic = "sahel"\nseverity = "low"\n'
                    'why = "about herons"\nquery = "heron"\n'
                    'must_match.en = ["A heron lands on the harbour board"]\n'
                )
            wait_until(lambda: "rulebook" in running.log(), _SOON, "a line about the rulebook")
            wait_until(lambda: _loaded(running.log()), _SOON, "the rulebook by all")
            time.sleep(3)
            room.publish(0, "A heron lands on the harbour board")
            wait_until(lambda: "A heron lands on the harbour board" in room.titles(), 30, "a rule")

            desk.write(desk.text.replace('receivers = ["hook", "log"]', 'receivers = ["second"]'))
            wait_until(lambda: "routes" in running.log(), _SOON, "a line about the routes")
            time.sleep(3)
            room.publish(2, title(3))
            wait_until(lambda: title(3) in desk.titles("second"), 30, "the other receiver")

            assert title(3) not in room.titles()
            assert len(room.server.asked("/feed/1")) <= gone + 1
            assert set(room.titles().values()) == {1}
            assert running.pids("celery") == below
            status = running.status()
            assert len(status["feeds"]) == 2
            said = _lines(running.log(), "configuration reloaded")
            assert [one for one in said if one.get("feeds") == "+1 -1"], said
            assert len(said) == 3, said
            assert "Traceback" not in running.log()


def _loaded(log: str) -> bool:
    return any("rulebook" in one for one in _lines(log, "configuration reloaded"))


def test_what_is_broken_is_refused_and_told_once_until_it_is_mended(folder: Path) -> None:
    with newsroom(2) as room:
        desk = Desk(folder, room, 1)
        with service(desk.config) as running:
            wait_until(lambda: len(room.server.asked("/feed/0")) > 1, 40, "two polls of a feed")
            desk.write(desk.text[: len(desk.text) // 2] + '\nname = "half')
            refused = "configuration refused; the one before stays in force"
            wait_until(lambda: refused in running.log(), _SOON, "the refusal")
            wait_until(lambda: len(desk.told("ops")) == 1, _SOON, "a notice")
            polls = len(room.server.asked("/feed/0"))
            room.publish(0, title(0))
            wait_until(lambda: title(0) in room.titles(), 30, "an alert all the same")
            time.sleep(6)
            assert len(room.server.asked("/feed/0")) > polls + 2
            (notice,) = desk.told("ops")
            assert notice["title"] == "Configuration refused: a fault"
            assert "monitor.toml" in notice["text"] if "text" in notice else True
            assert len(_lines(running.log(), refused)) == 1

            desk.watch(0, 1)
            desk.write(desk.text)
            room.publish(1, title(1))
            wait_until(lambda: title(1) in room.titles(), _SOON, "the story of a new feed")
            (said,) = _lines(running.log(), "configuration reloaded")
            assert said["feeds"] == "+1"
            assert said["mended"] is True
            assert set(room.titles().values()) == {1}
            assert len(desk.told("ops")) == 1
            assert "Traceback" not in running.log()
