"""What docs/production.md says of saving and restoring: carried out, with a machine lost."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
import redis

from monitor.core.errors import Unavailable
from monitor.edges.store import backup, embedded
from monitor.edges.store.redis import RedisStore
from tests import make
from tests.servers import debian_redis, embedded_store, running, short_folder
from tests.service.running import (
    ROOT,
    Newsroom,
    Service,
    descendants,
    kill,
    newsroom,
    service,
    title,
    wait_until,
    write_config,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def work(room: Newsroom, running: Service) -> None:
    """Four alerts are sent, two wait for a receiver that is down, and a topic is silenced."""
    wait_until(lambda: len(room.server.asked("/feed/1")) > 0, 40, "a poll of each feed")
    for number in range(4):
        room.publish(number % 2, title(number))
    wait_until(partial(told, running, "sent", 4), 40, "four sent")
    # Too fast, it says: that uses up no try, and is tried again soon.
    room.hook_status = 429
    for number in range(4, 6):
        room.publish(number % 2, title(number))
    wait_until(partial(waits, running, 2), 40, "two that wait")
    done = running.command("silence", "add", "--for", "2h", "--topic", "russia")
    assert done.returncode == 0, done.stderr


def told(running: Service, state: str, count: int) -> bool:
    return bool(running.status()["deliveries"]["hook"][state] == count)


def waits(running: Service, count: int) -> bool:
    found = running.status()["deliveries"]["hook"]
    return bool(found["pending"] + found["failed"] == count)


def kept(running: Service) -> list[str]:
    """What must be the same afterwards: stories, what was sent, silences."""
    words = ("stories --format jsonl", "deliveries --state sent", "silence list")
    done = [running.command(*one.split()) for one in words]
    assert {one.returncode for one in done} == {0}
    return [one.stdout for one in done]


def goes_on(room: Newsroom, config: Path, before: list[str]) -> None:
    """A service over what was restored sends what waits, repeats nothing, and takes what is new."""
    polls = len(room.server.asked("/feed/1"))
    with service(config) as running:
        wait_until(lambda: len(room.server.asked("/feed/1")) > polls, 40, "a poll")
        assert kept(running) == before
        room.hook_status = 200
        wait_until(lambda: len(room.titles()) == 6, 60, "what waited")
        room.publish(0, title(7))
        wait_until(lambda: len(room.titles()) == 7, 40, "what is new")
        time.sleep(4)
    assert set(room.titles().values()) == {1}
    assert {len(names) for names in room.ids().values()} == {1}


def lose(running: Service) -> None:
    """The machine: all that runs on it at once."""
    below = [pid for pid, _ in descendants(running.process.pid)]
    for pid in (running.process.pid, *below):
        kill(pid)
    running.process.wait()


def test_a_backup_taken_while_it_runs_is_restored_elsewhere_and_nothing_is_told_twice(
    folder: Path,
) -> None:
    saved = folder / "saved.rdb"
    with newsroom(2) as room:
        config = write_config(folder, room)
        with service(config) as running:
            work(room, running)
            before = kept(running)
            done = running.command("backup", str(saved))
            assert done.returncode == 0, done.stderr
            assert "MB saved to" in done.stdout
            assert stat.S_IMODE(saved.stat().st_mode) == 0o600
            assert not list((folder / "var/store").glob("dump.rdb"))
            assert list(folder.glob("saved.rdb*")) == [saved]
            lose(running)
        shutil.rmtree(folder / "var")
        with short_folder() as other:
            config = write_config(other, room)
            with service(config) as refused:
                wait_until(lambda: "store is ready" in refused.log(), 40, "a store of its own")
                again = refused.command("restore", str(saved))
                assert again.returncode == 1
                assert "end it first" in again.stderr
                lose(refused)
            shutil.rmtree(other / "var")
            done = refused.command("restore", str(saved))
            assert done.returncode == 0, done.stderr
            goes_on(room, config, before)


def test_a_copy_of_the_folder_of_what_was_stopped_goes_on_elsewhere(folder: Path) -> None:
    with newsroom(2) as room, short_folder() as other:
        with service(write_config(folder, room)) as running:
            work(room, running)
            before = kept(running)
            running.stop()
        shutil.copytree(folder / "var", other / "var")
        shutil.rmtree(folder / "var")
        goes_on(room, write_config(other, room), before)


def _written(folder: Path) -> int:
    """How many of the test's own keys a store has."""
    client = redis.Redis.from_url(embedded.url(folder))
    return sum(1 for _ in client.scan_iter("key:*", count=10_000))


def test_a_backup_during_a_rewrite_waits_for_it_and_has_all_that_was_written(folder: Path) -> None:
    with embedded_store(folder) as url:
        client = redis.Redis.from_url(url)
        with client.pipeline() as pipe:
            for number in range(100_000):
                pipe.set(f"key:{number}", "x" * 100)
            pipe.execute()
        client.bgrewriteaof()
        size = backup.save(folder, folder / "saved.rdb")
        assert size > 500_000
    with short_folder() as other:
        backup.restore(other, folder / "saved.rdb")
        with embedded_store(other):
            assert _written(other) == 100_000
        # What it makes of it is a whole append-only file: it starts from that again.
        with embedded_store(other):
            assert _written(other) == 100_000


def test_where_no_snapshot_can_be_written_nothing_is_replaced_and_it_is_said(folder: Path) -> None:
    saved = folder / "saved.rdb"
    saved.write_bytes(b"the one before")
    with embedded_store(folder):
        (folder / "store/dump.rdb").mkdir()
        with pytest.raises(Unavailable, match="could not write a snapshot"):
            backup.save(folder, saved)
        (folder / "store/dump.rdb").rmdir()
        with pytest.raises(Unavailable, match="cannot be written: No such file"):
            backup.save(folder, folder / "nowhere" / "saved.rdb")
    assert saved.read_bytes() == b"the one before"
    assert list(folder.glob("saved.rdb*")) == [saved]


def test_a_server_of_ones_own_is_saved_and_restored_by_the_words_of_the_guide(folder: Path) -> None:
    guide = (ROOT / "docs/production.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh template\n(redis-cli -u .*?)```", guide, flags=re.DOTALL)
    *copying, starting = block.splitlines()
    with short_folder() as lost, debian_redis(lost) as url:
        socket = url.removeprefix("unix://")
        assert RedisStore(url).commit(make.commit(stories=(make.story(),)))
        text = "\n".join(copying).replace('-u "$STORE_URL"', f"-s {socket}")
        subprocess.run(["sh", "-ec", text], cwd=folder, check=True, capture_output=True)
    socket = f"{folder}/s"
    command = [*starting.replace("--dir .", f"--dir {folder}").split(), "--port", "0"]
    for _ in range(2):
        with running([*command, "--unixsocket", socket], f"unix://{socket}") as url:
            assert [one.story.id for one in RedisStore(url).stories(make.at(-1))] == ["s_1"]
