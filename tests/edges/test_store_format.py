"""A store that another version, or another program, wrote is neither read nor written."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis

from monitor.core.errors import Unavailable, Unusable
from monitor.edges.store import connection, keys
from monitor.edges.store.redis import RedisStore
from tests import make
from tests.servers import debian_redis, embedded_store, short_folder
from tests.service.running import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(params=["embedded", "debian"])
def url(urls: dict[str, str], request: pytest.FixtureRequest) -> str:
    found = urls[request.param]
    redis.Redis.from_url(found).flushall()
    return found


def mark(url: str) -> str | None:
    client = redis.Redis.from_url(url, decode_responses=True)
    found: str | None = client.get(keys.FORMAT)  # type: ignore[assignment]
    client.close()
    return found


def put(url: str, value: str | bytes) -> None:
    client = redis.Redis.from_url(url)
    client.set(keys.FORMAT, value)
    client.close()


def refusal(url: str) -> str:
    store, client = RedisStore(url), redis.Redis.from_url(url)
    before = (client.dbsize(), client.lastsave())
    for use in (store.ping, lambda: store.register({"a": make.NOW}), store.outboxes):
        with pytest.raises(Unusable) as refused:
            use()
    assert (client.dbsize(), client.lastsave()) == before
    store.close()
    client.close()
    return str(refused.value)


def test_a_new_store_is_marked_when_it_is_first_used_and_known_from_then_on(url: str) -> None:
    for _ in range(2):
        store = RedisStore(url)
        store.ping()
        assert mark(url) == str(connection.FORMAT) == "1"
        store.close()


def test_one_from_before_the_mark_is_read_and_marked(url: str) -> None:
    first = RedisStore(url)
    first.register({"a": make.NOW})
    redis.Redis.from_url(url).delete(keys.FORMAT)
    second = RedisStore(url)
    assert second.due_times(["a"])
    assert mark(url) == "1"
    first.close()
    second.close()


def test_a_newer_one_is_refused_in_a_sentence_that_says_what_to_do(url: str) -> None:
    put(url, "3")
    assert refusal(url).endswith(
        "this store was written by a newer monitor (format 3; this one knows up to 1): "
        "upgrade, or restore the backup"
    )
    assert mark(url) == "3"


@pytest.mark.parametrize("value", ["", "banana", "0", "-1", "1.0", "9" * 30, b"\xff\xfe"])
def test_a_mark_that_is_no_version_is_refused(url: str, value: str | bytes) -> None:
    put(url, value)
    assert "its key monitor:format holds no version" in refusal(url)


def test_a_mark_that_is_no_text_is_refused(url: str) -> None:
    redis.Redis.from_url(url).rpush(keys.FORMAT, "1")
    assert "holds no version" in refusal(url)


def test_the_mark_is_asked_for_once_and_not_at_each_use(url: str) -> None:
    store, client = RedisStore(url), redis.Redis.from_url(url)
    store.ping()
    before = client.info("commandstats").get("cmdstat_get", {}).get("calls", 0)
    for _ in range(5):
        store.ping()
        store.outboxes()
    assert client.info("commandstats").get("cmdstat_get", {}).get("calls", 0) == before
    store.close()
    client.close()


def test_a_replica_that_takes_no_mark_can_be_looked_at() -> None:
    with short_folder() as folder, debian_redis(folder, "--replicaof", "127.0.0.1", "9") as url:
        store = RedisStore(url)
        assert store.outboxes() == ()
        with pytest.raises(Unavailable, match="read-only replica"):
            store.register({"a": make.NOW})
        store.close()


def test_what_speaks_no_redis_is_told_from_what_is_away() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        store = RedisStore(f"redis://127.0.0.1:{server.server_port}/0")
        with pytest.raises(Unusable, match="is no Redis or Valkey"):
            store.ping()
        store.close()
        server.shutdown()
    away = RedisStore("redis://127.0.0.1:9/0")
    with pytest.raises(Unavailable) as told:
        away.ping()
    assert not isinstance(told.value, Unusable)


@pytest.fixture
def newer() -> Iterator[tuple[Path, str]]:
    with short_folder() as folder, embedded_store(folder / "var") as url:
        put(url, "2")
        config = folder / "monitor.toml"
        config.write_text(
            f'[store]\nurl = "{url}"\n[[feeds]]\nurl = "https://a.example/"\n'
            '[[receivers]]\nname = "desk"\ntype = "console"\n'
        )
        yield folder, url


WORKER = ("celery", "--quiet", "-A", "monitor", "worker", "--pool")


@pytest.mark.parametrize(
    "words",
    [
        ("monitor", "run"),
        ("monitor", "status"),
        ("monitor", "silence", "add", "--topic", "sahel", "--for", "1h"),
        ("monitor", "redeliver", "--dead"),
        (*WORKER, "solo"),
        (*WORKER, "prefork", "--concurrency", "1"),
        ("celery", "--quiet", "-A", "monitor", "beat"),
    ],
    ids=lambda words: " ".join(words[:2] + words[-2:-1]),
)
def test_no_process_and_no_command_touches_a_newer_store(
    newer: tuple[Path, str], words: tuple[str, ...]
) -> None:
    folder, url = newer
    done = _run(folder, *words)
    assert done.returncode == 1, done
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    assert lines[0].endswith("upgrade, or restore the backup")
    assert redis.Redis.from_url(url).keys() == [keys.FORMAT.encode()]


def test_the_embedded_store_ends_with_the_run_that_cannot_use_it(newer: tuple[Path, str]) -> None:
    folder, url = newer
    config = folder / "monitor.toml"
    redis.Redis.from_url(url).shutdown(nosave=True)
    config.write_text(config.read_text().partition("\n")[2].partition("\n")[2])
    done = _run(folder, "monitor", "run")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("upgrade, or restore the backup")
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(url).ping()


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
