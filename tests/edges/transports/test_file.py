"""Alerts as JSON Lines."""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
from pathlib import Path

import httpx
import pytest

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges import transports
from monitor.edges.transports.body import body
from tests.edges.transports.sending import HOSTILE, hostile_delivery
from tests.make import NOW, delivery


def _send(path: Path, *deliveries: Delivery) -> list[Attempt]:
    receiver = Receiver("log", "file", {"path": str(path)})

    async def run() -> list[Attempt]:
        transport = transports.build(receiver, httpx.AsyncClient(), out=io.StringIO())
        return await asyncio.gather(*(transport.send(one, NOW) for one in deliveries))

    return asyncio.run(run())


def test_each_alert_is_one_line_with_the_bytes_of_the_webhook(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    first, second = delivery("s_1"), delivery("s_2")
    assert all(one.ok for one in [*_send(path, first), *_send(path, second)])
    assert path.read_bytes() == body(first) + b"\n" + body(second) + b"\n"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_makes_no_second_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "alerts.jsonl"
    _send(path, hostile_delivery(text))
    (line,) = path.read_bytes().split(b"\n")[:-1]
    assert json.loads(line)["type"] == "story.alert"


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    _send(path, delivery())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lines_written_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    sent = [delivery(f"s_{number}") for number in range(40)]
    assert all(one.ok for one in _send(path, *sent))
    stories = {json.loads(line)["data"]["story"] for line in path.read_text().splitlines()}
    assert stories == {f"s_{number}" for number in range(40)}


def test_an_unfinished_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"type": "story.al')
    _send(path, delivery())
    broken, whole = path.read_bytes().splitlines()
    assert broken == b'{"type": "story.al'
    assert json.loads(whole)["data"]["story"] == "s_1"


def test_a_full_disk_is_a_failed_attempt() -> None:
    (attempt,) = _send(Path("/dev/full"), delivery())
    assert attempt == Attempt(ok=False, detail="/dev/full: is not a regular file")


def test_a_line_that_fits_in_part_is_a_failed_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda to, line: whole(to, line[:10]))
    (attempt,) = _send(tmp_path / "alerts.jsonl", delivery())
    assert not attempt.ok
    assert attempt.detail.endswith("was written only in part: the disk may be full")


def test_a_pipe_without_a_reader_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    (attempt,) = _send(path, delivery())
    assert not attempt.ok


@pytest.mark.parametrize("place", ["", "missing/alerts.jsonl"])
def test_a_place_that_cannot_be_written_is_a_failed_attempt(tmp_path: Path, place: str) -> None:
    (attempt,) = _send(tmp_path / place, delivery())
    assert not attempt.ok
    assert not attempt.permanent
    assert "cannot be written: " in attempt.detail
