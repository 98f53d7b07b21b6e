"""Real store servers for tests: started on a unix socket in a temporary folder, and stopped."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from monitor.edges.store import embedded

_PATIENCE = 15.0


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="mt-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(url: str) -> None:
    """Until a store answers; fails loudly when it does not."""
    client = redis.Redis.from_url(url)
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            client.ping()
        except redis.exceptions.RedisError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            client.close()
            return


@contextmanager
def running(command: list[str], url: str) -> Iterator[str]:
    """A server while it is needed, from when it answers; its URL."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def embedded_store(data_dir: Path) -> Iterator[str]:
    """The embedded Valkey, started the way the service starts it; its URL."""
    code = "import sys, pathlib; from monitor.edges.store import embedded;"
    code += "embedded.serve(pathlib.Path(sys.argv[1]))"
    with running([sys.executable, "-c", code, str(data_dir)], embedded.url(data_dir)) as url:
        yield url


PASSWORD = "store-password-of-a-test"


def least_rights(folder: Path) -> Path:
    """The shipped users of a server, beside one who may do all, for the tests' own doings."""
    text = (Path(__file__).parents[1] / "deploy/redis/users.acl").read_text(encoding="utf-8")
    text = text.replace("default off", "default on nopass ~* &* +@all")
    (folder / "users.acl").write_text(text.replace("CHANGE-ME", PASSWORD), encoding="utf-8")
    return folder / "users.acl"


@contextmanager
def debian_redis(folder: Path, *more: str, url: str = "") -> Iterator[str]:
    """Debian's redis-server; its URL. `more`: further options, with which `url` leads to it."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise AssertionError("redis-server is not installed; run tests/services.sh")
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder)]
    options += ["--save", "", "--appendonly", "yes", *more]
    with running([binary, *options], url or f"unix://{socket}") as reached:
        yield reached
