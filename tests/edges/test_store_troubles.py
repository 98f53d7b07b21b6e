"""What a store in trouble comes to: one sentence, and nothing half written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from monitor.core.errors import Unavailable
from monitor.core.models import Attempt, Condition
from monitor.edges.store import connection, embedded
from monitor.edges.store.connection import without_password
from monitor.edges.store.redis import RedisStore
from tests import make
from tests.servers import debian_redis, embedded_store, short_folder, wait_for

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with short_folder() as folder, embedded_store(folder) as made:
        yield made


@pytest.fixture
def admin(url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(url)
    client.flushall()
    yield client
    client.config_set("maxmemory", "256mb")
    client.close()


def test_a_url_is_shown_without_its_password() -> None:
    for url in ("redis://me:s3cret@h:1/0", "redis://me:s3@cret@h:1", "redis://h:1?password=s3c"):
        assert without_password(url) == "redis://h:1"
    for url in ("redis://:s3/cret@h", "redis://:s3?cret@h", "redis://:s3#cret@h"):
        assert "cret" not in without_password(url)
    two = "sentinel://u:s3cret@[::1],h:2/0?master=m&sentinel_password=s3@cret"
    assert without_password(two) == "sentinel://[::1]:26379,h:2"
    assert without_password("unix:///a/b?password=s3cret") == "unix:///a/b"


def test_a_url_that_is_none_is_said_plainly() -> None:
    with pytest.raises(Unavailable, match="cannot be used"):
        RedisStore("nonsense://x")


def test_a_server_that_is_not_there_is_said_plainly() -> None:
    with pytest.raises(Unavailable, match=r"redis://127\.0\.0\.1:9: cannot be reached"):
        RedisStore("redis://127.0.0.1:9").ping()


@slow
def test_a_full_store_saves_a_poll_whole_or_not_at_all(url: str, admin: redis.Redis) -> None:
    store = RedisStore(url)
    told = make.commit(stories=(make.story(),), deliveries=(make.delivery(),))
    admin.config_set("maxmemory", "1mb")
    with pytest.raises(Unavailable, match="is full"):
        store.commit(told)
    admin.config_set("maxmemory", "256mb")
    assert store.feed_state(make.FEED.key).revision == 0
    assert store.due_receivers(make.at(9)) == ()
    assert store.commit(told)
    assert store.due_receivers(make.at(9)) == ("desk",)


@slow
def test_a_frozen_server_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.PATIENCE, "socket_timeout", 0.3)
    with short_folder() as folder, embedded_store(folder) as url:
        store = RedisStore(url)
        pid = int(redis.Redis.from_url(url).info()["process_id"])
        subprocess.run(["kill", "-STOP", str(pid)], check=True)
        try:
            started = time.monotonic()
            with pytest.raises(Unavailable, match=r"does not answer|cannot be reached"):
                store.ping()
            assert time.monotonic() - started < 10
        finally:
            subprocess.run(["kill", "-CONT", str(pid)], check=True)
        store.ping()


@slow
def test_a_wrong_password_and_a_read_only_replica_are_said_plainly() -> None:
    with short_folder() as folder, debian_redis(folder) as url:
        admin = redis.Redis.from_url(url)
        admin.replicaof("127.0.0.1", 9)
        with pytest.raises(Unavailable, match=r"read-only replica|disk"):
            RedisStore(url).mark_alive("x", make.NOW)
        admin.replicaof("NO", "ONE")
        admin.config_set("requirepass", "s3cret")
        with pytest.raises(Unavailable, match="refuses our user or password") as told:
            RedisStore(url).ping()
        assert "s3cret" not in str(told.value)


@slow
def test_a_bug_of_ours_is_no_trouble_of_the_stores(url: str, admin: redis.Redis) -> None:
    admin.set("monitor:due", "not a sorted set")
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        RedisStore(url).due_times(["x"])


@slow
def test_a_delivery_that_left_the_ledger_is_taken_off_the_outbox(
    url: str, admin: redis.Redis
) -> None:
    store = RedisStore(url)
    first, second = make.delivery(), make.delivery("s_2")
    store.commit(make.commit(deliveries=(first, second)))
    admin.delete(f"monitor:delivery:{first.id}")
    assert store.due("desk", make.NOW, 9) == (second,)
    assert store.record([second], Attempt(ok=True, detail="200"), make.NOW, None, Condition())
    assert store.due("desk", make.NOW, 9) == ()
    assert store.gauges(make.NOW, []).outboxes == {"desk": 0}


@slow
def test_a_story_that_expired_is_not_known_any_more(url: str, admin: redis.Redis) -> None:
    store = RedisStore(url)
    store.commit(make.commit(stories=(make.story(),), claims={"text:t": "s_1"}))
    admin.delete("monitor:story:s_1")
    assert store.stories(make.at(-1)) == ()
    assert store.story_of("text:t") is None


@slow
def test_what_was_written_outlives_a_kill_of_the_embedded_server() -> None:
    with short_folder() as folder:
        with embedded_store(folder) as url:
            store = RedisStore(url)
            assert store.commit(make.commit(stories=(make.story(),)))
            pid = int(redis.Redis.from_url(url).info()["process_id"])
            subprocess.run(["kill", "-KILL", str(pid)], check=True)
        with embedded_store(folder) as url:
            assert RedisStore(url).feed_state(make.FEED.key).revision == 1


@slow
def test_only_its_owner_may_enter_the_embedded_stores_folder() -> None:
    with short_folder() as folder, embedded_store(folder):
        assert (folder / "store").stat().st_mode & 0o777 == 0o700
        assert embedded.socket_path(folder).stat().st_mode & 0o777 == 0o700


@slow
def test_a_folder_too_deep_for_a_socket_gets_a_short_one_elsewhere() -> None:
    with short_folder() as folder:
        deep = folder / ("d" * 120)
        assert len(str(embedded.socket_path(deep))) < 100
        with embedded_store(deep) as url:
            RedisStore(url).ping()
        embedded.socket_path(deep).unlink(missing_ok=True)
        embedded.socket_path(deep).parent.rmdir()


def serve(folder: Path) -> subprocess.CompletedProcess[str]:
    """`monitor store` on a folder, expected to end by itself."""
    config = folder / "monitor.toml"
    config.write_text('[store]\nurl = ""\ndata_dir = "var"\n', encoding="utf-8")
    command = [sys.executable, "-m", "monitor", "--config", str(config), "store"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@slow
def test_a_folder_that_cannot_be_one_is_said_plainly() -> None:
    with short_folder() as folder:
        (folder / "var").write_text("a file")
        done = serve(folder)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "cannot be used" in done.stderr


@slow
def test_a_socket_left_by_a_dead_server_is_no_hindrance() -> None:
    with short_folder() as folder:
        with embedded_store(folder) as url:
            pid = int(redis.Redis.from_url(url).info()["process_id"])
            subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(pid)], check=True)
        assert embedded.socket_path(folder).exists()
        with embedded_store(folder) as url:
            wait_for(url)
