"""Starting, restarting and ending processes; with real ones."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from monitor.service import supervisor
from monitor.service.supervisor import Supervisor, read_procfile

pytestmark = pytest.mark.slow


def run(commands: Mapping[str, str], seconds: float, last: tuple[str, ...] = ()) -> float:
    """Run commands, then tell the supervisor to end; how long ending took."""

    async def play() -> float:
        one = Supervisor(commands, os.environ)
        task = asyncio.create_task(one.run(lambda: True, last))
        await asyncio.sleep(seconds)
        started = time.monotonic()
        one._ending.set()
        await task
        return time.monotonic() - started

    return asyncio.run(play())


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"_FIRST_PAUSE": 0.05, "_FINISH": 0.3, "_DROP": 0.3}.items():
        monkeypatch.setattr(supervisor, name, seconds)


def test_the_procfile_names_store_worker_sender_and_beat() -> None:
    assert list(read_procfile()) == ["store", "worker", "sender", "ticker", "beat"]


def test_a_process_that_ends_by_itself_is_started_again(tmp_path: Path, hurried: None) -> None:
    mark = tmp_path / "starts"
    assert run({"a": f"sh -c 'echo x >> {mark}'"}, 0.6) < 2
    assert len(mark.read_text().split()) >= 2


def test_the_ones_named_last_outlive_the_others(tmp_path: Path, hurried: None) -> None:
    mark = tmp_path / "ended"
    script = "sh -c 'trap \"echo {0} >> {1}; exit\" TERM; sleep 30 & wait'"
    commands = {"store": script.format("store", mark), "worker": script.format("worker", mark)}
    run(commands, 0.5, last=("store",))
    assert mark.read_text().split() == ["worker", "store"]


def test_a_process_that_will_not_end_is_killed_with_its_children(
    tmp_path: Path, hurried: None
) -> None:
    mark = tmp_path / "alive"
    stubborn = f"sh -c 'trap \"\" TERM QUIT; while :; do echo x >> {mark}; sleep 0.1; done'"
    assert run({"a": stubborn}, 0.4) < 3
    size = mark.stat().st_size
    time.sleep(0.3)
    assert mark.stat().st_size == size


def test_nothing_but_the_store_starts_before_it_is_ready(tmp_path: Path, hurried: None) -> None:
    async def play() -> None:
        one = Supervisor({"store": "sleep 9", "worker": f"touch {tmp_path / 'w'}"}, os.environ)
        task = asyncio.create_task(one.run(lambda: False, ("store",)))
        await asyncio.sleep(0.5)
        assert not (tmp_path / "w").exists()
        one._ending.set()
        await task

    asyncio.run(play())
