"""The command `monitor web` as a process, and what of it is installed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import embedded_store, short_folder
from tests.service.endpoints import free_port
from tests.service.running import wait_until
from tests.web import world
from tests.web.pages import Browser

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@contextmanager
def process(config: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "monitor", "--config", str(config), *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=config.parent) as made:
        try:
            yield made
        finally:
            made.kill()


def answers(port: int) -> bool:
    try:
        return Browser(port)("/healthz").status == 200
    except OSError:
        return False


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with process(world.config(tmp_path, "unix:///nowhere", port), "web") as one:
            _, said = one.communicate(timeout=60)
    assert one.returncode == 1
    assert said == f"monitor: cannot listen on 127.0.0.1:{port}: address already in use\n"


def test_a_listener_for_others_without_a_token_is_refused_by_check(tmp_path: Path) -> None:
    config = world.config(tmp_path, "unix:///nowhere")
    config.write_text(config.read_text().replace("127.0.0.1:8790", "0.0.0.0:8790"))
    with process(config, "check") as one:
        _, said = one.communicate(timeout=60)
    assert one.returncode == 2
    assert said.count("\n") == 1
    assert "monitor.toml:3: web listens where others can reach it, and has no token" in said


def test_it_waits_for_the_store_takes_up_a_new_configuration_and_ends_at_once() -> None:
    port = free_port()
    with short_folder() as folder:
        config = world.config(folder, f"unix://{folder}/s/store/valkey.sock", port)
        with process(config, "web") as one:
            ask = Browser(port)
            wait_until(lambda: answers(port), 60, "pages")
            assert ask("/").status == 503
            with embedded_store(folder / "s"):
                wait_until(lambda: ask("/").status == 200, 20, "the store")
                wait_until(lambda: "No story" in ask("/stories").text, 20, "an index")
                more = '[[feeds]]\nurl = "https://added.example/"\n[[receivers]]\nname = "late"\n'
                config.write_text(f'{config.read_text()}\n{more}type = "console"\n')
                wait_until(lambda: "added.example" in ask("/feeds").text, 20, "a feed")
                assert "late" in ask("/deliveries").text
            with socket.create_connection(("127.0.0.1", port)) as slow:
                slow.sendall(b"GET / HTTP/1.1\r\n")
                began = time.monotonic()
                one.send_signal(signal.SIGTERM)
                assert one.wait(20) == 0
                assert time.monotonic() - began < 5
            assert one.stderr
            said = one.stderr.read()
    assert "Traceback" not in said
    assert said.count("waiting for the store") <= 2


def test_run_starts_the_pages_where_it_is_told_to() -> None:
    port = free_port()
    with short_folder() as folder:
        config = world.config(folder, "", port, "run = true")
        with process(config, "run") as one:
            wait_until(lambda: answers(port), 60, "pages")
            wait_until(lambda: Browser(port)("/").status == 200, 30, "the store")
            one.send_signal(signal.SIGINT)
            one.communicate(timeout=30)
        assert one.returncode == 0


def test_templates_and_style_are_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=dict(os.environ))
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "static"):
        for one in (ROOT / "monitor" / "web" / folder).iterdir():
            assert f"monitor/web/{folder}/{one.name}" in packed
