"""Whatever is asked wrongly, and wherever, is answered by a sentence and an exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis

from monitor.edges.store import keys
from tests.cli.shell import Said, Shell
from tests.servers import debian_redis, embedded_store, short_folder
from tests.service.running import ROOT

AWAY = "redis://127.0.0.1:9/0"
CONFIG = """\
[store]
url = "{url}"
[[feeds]]
url = "https://a.example/feed"
[[receivers]]
name = "desk"
type = "console"
"""
ENTRY = (
    '{"id":"1","feed":"https://a.example/","lang":"ar",'
    '"title":"\u0645\u0627\u0644\u064a: \u041c\u0430\u043b\u0438 \U0001f600","summary":"x"}\n'
)


def is_a_sentence(said: Said) -> bool:
    """Whether it says what is wrong, and not how the program is made."""
    return "Traceback" not in said.err and "monitor: " in said.err and len(said.err) < 3_000


WRONG: list[tuple[str, int, str]] = [
    ("nonsense", 2, "No such command"),
    ("--nonsense", 2, "No such option"),
    ("--config", 2, "requires an argument"),
    ("--config= check", 2, "needs the name of a file"),
    ("--config nofile check", 2, "No such file"),
    ("--config . check", 2, "is not a regular file"),
    ("--config /dev/zero check", 2, "is not a regular file"),
    ("check extra", 2, "unexpected extra argument"),
    ("run --nonsense", 2, "No such option"),
    ("replay", 2, "Missing argument"),
    ("replay nofile", 1, "No such file"),
    ("replay .", 1, "directory"),
    ("explain", 2, "Missing argument"),
    ("route", 2, "Missing argument"),
    ("route nofile", 1, "No such file"),
    ("eval", 2, "Missing argument"),
    ("eval nofile", 2, "No such file"),
    ("backtest --rulebook nofolder", 2, "No such file"),
    ("backtest --since banana", 2, "is not a duration"),
    ("stories --since banana", 2, "is not a duration"),
    ("stories --format xml", 2, "Invalid value"),
    ("deliveries --limit 0", 2, "not in the range"),
    ("deliveries --state gone", 2, "Invalid value"),
    ("redeliver", 2, "name deliveries by their IDs"),
    ("redeliver x --dead", 2, "name deliveries by their IDs"),
    ("send-test", 2, "Missing argument"),
    ("send-test nobody", 2, "there is no such receiver"),
    ("silence add --for 1h", 2, "say what to silence"),
    ("silence add --topic sahel", 2, "a silence needs an end"),
    ("silence add --topic nothing --for 1h", 2, "there is no topic nothing"),
    ("silence add --entity Q0 --for 1h", 2, "no entity has the id Q0"),
    ("silence add --topic sahel --until 2001-01-01", 2, "has passed already"),
    ("silence end", 2, "Missing argument"),
    ("feeds add x", 2, "starts with neither http"),
    ("feeds remove x", 2, "no feed has this"),
    ("feeds poll x", 2, "no feed has this"),
    ("feeds import nofile", 2, "No such file"),
    ("feeds discover", 2, "Missing argument"),
    ("feeds discover x", 2, "is not an http or https address"),
    ("websub", 2, "websub.callback: is not set"),
    ("demo --seconds x", 2, "is not a valid integer"),
    ("status --watch --json", 2, "one of them"),
]
# What needs the store, and says so where it cannot be used.
ASKING = [
    "status",
    "stories",
    "stories --topic nothing",
    "deliveries",
    "deliveries nothing",
    "redeliver nothing",
    "silence list",
    "silence end nothing",
    "metrics",
    "explain https://nobody.example/",
    "backtest",
]
UNKNOWN = [
    ("stories --topic nothing", 2, "there is no topic nothing"),
    ("deliveries nothing", 2, "there is no such delivery"),
    ("deliveries --receiver nobody", 2, "there is no such receiver"),
    ("redeliver nothing", 1, "there is no such delivery"),
    ("silence end nothing", 2, "there is no such silence"),
]


@pytest.mark.parametrize(("words", "code", "why"), WRONG, ids=[one[0] for one in WRONG])
def test_wrong_use_is_told_in_a_sentence(shell: Shell, words: str, code: int, why: str) -> None:
    shell.config(CONFIG.format(url=AWAY))
    said = shell(*words.split())
    assert (said.code, said.out) == (code, "")
    assert why in said.err
    assert is_a_sentence(said)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"[store", b"x\0y", b"[[receivers]]\nname = ", os.urandom(999), b"a" * 9_999],
    ids=["not UTF-8", "half a table", "NUL", "half a line", "binary", "one long word"],
)
@pytest.mark.parametrize("words", ["check", "run", "status", "replay -", "send-test desk"])
def test_a_file_that_is_no_configuration_is_named(shell: Shell, content: bytes, words: str) -> None:
    (shell.folder / "monitor.toml").write_bytes(content)
    said = shell(*words.split())
    assert said.code == 2
    assert f"monitor: {shell.folder}/monitor.toml" in said.err
    assert is_a_sentence(said)


@pytest.mark.parametrize("words", ASKING)
def test_a_store_that_is_away_is_named_with_what_is_wrong(shell: Shell, words: str) -> None:
    shell.config(CONFIG.format(url=AWAY))
    said = shell(*words.split())
    assert said.code == 1
    assert "store redis://127.0.0.1:9: cannot be reached" in said.err
    assert is_a_sentence(said)


@pytest.fixture(scope="module")
def stores() -> Iterator[dict[str, str]]:
    """Stores of which none can be used as it is."""
    with ExitStack() as stack:
        folders = [stack.enter_context(short_folder()) for _ in range(4)]
        web = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler))
        threading.Thread(target=web.serve_forever, daemon=True).start()
        stack.callback(web.shutdown)
        locked = f"unix://:right-password@{folders[0]}/redis.sock"
        stack.enter_context(debian_redis(folders[0], "--requirepass", "right-password", url=locked))
        newer = stack.enter_context(embedded_store(folders[2]))
        redis.Redis.from_url(newer).set(keys.FORMAT, "9")
        yield {
            "refuses our user or password": locked.replace("right", "wrong"),
            "is no Redis or Valkey": f"redis://127.0.0.1:{web.server_port}/0",
            "written by a newer monitor (format 9": newer,
            "": stack.enter_context(embedded_store(folders[3])),
        }


@pytest.mark.slow
@pytest.mark.parametrize("words", [*ASKING, "silence add --topic sahel --for 1h"])
@pytest.mark.parametrize(
    "why",
    [
        "refuses our user or password",
        "is no Redis or Valkey",
        "written by a newer monitor (format 9",
    ],
)
def test_a_store_that_cannot_be_used_is_told_from_one_that_is_away(
    shell: Shell, stores: dict[str, str], why: str, words: str
) -> None:
    shell.config(CONFIG.format(url=stores[why]))
    said = shell(*words.split())
    assert said.code == 1
    assert why in said.err
    assert is_a_sentence(said)
    assert "password@" not in said.err


@pytest.mark.slow
@pytest.mark.parametrize(("words", "code", "why"), UNKNOWN, ids=[one[0] for one in UNKNOWN])
def test_what_is_not_there_is_told(
    shell: Shell, stores: dict[str, str], words: str, code: int, why: str
) -> None:
    shell.config(CONFIG.format(url=stores[""]))
    said = shell(*words.split())
    assert said.code == code
    assert why in said.err
    assert is_a_sentence(said)


# -- terminals, and what stands in for them -------------------------------------------

PLACES: list[tuple[str, str, int, str]] = [
    ("no standard output", "{} check >&-", 0, ""),
    ("no standard output, by a pipe", "{} replay e.jsonl >&-", 0, ""),
    ("no standard error", "{} nonsense 2>&-", 2, ""),
    ("no standard input", "{} replay - <&-", 1, "the document is empty"),
    ("nothing at all", "{} check <&- >&- 2>&-", 0, ""),
    ("a full disk", "{} check >/dev/full", 1, "cannot be written: No space left on device"),
    ("a full disk, JSON", "{} replay e.jsonl >/dev/full", 1, "No space left on device"),
    ("a full disk, help", "{} --help >/dev/full", 1, "No space left on device"),
    ("a full disk for errors", "{} nonsense 2>/dev/full", 2, ""),
    ("ASCII, JSON", "PYTHONIOENCODING=ascii {} replay e.jsonl", 0, ""),
    ("ASCII, text", "LC_ALL=C PYTHONIOENCODING=ascii {} explain e.jsonl", 0, ""),
    ("C without UTF-8", "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {} route e.jsonl", 0, ""),
    ("an encoding of old", "PYTHONIOENCODING=koi8-r {} replay e.jsonl", 0, ""),
    ("an encoding of old, text", "PYTHONIOENCODING=latin-1 {} explain e.jsonl", 0, ""),
    ("no colours", "NO_COLOR=1 {} status", 1, "cannot be reached"),
    ("a dumb terminal", "TERM=dumb {} status", 1, "cannot be reached"),
    ("a narrow one", "COLUMNS=20 {} --help", 0, ""),
    ("one of no width", "COLUMNS=0 {} check", 0, ""),
    ("one of nonsense", "COLUMNS=banana LINES=-1 {} check", 0, ""),
    ("no home", "env -u HOME {} check", 0, ""),
    ("a reader that has seen enough", "{} --help | true", 0, ""),
    ("one that cannot write here", "cd ro && {} --config ../monitor.toml check", 0, ""),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "monitor.toml").write_text(CONFIG.format(url=AWAY), encoding="utf-8")
    (tmp_path / "e.jsonl").write_text(ENTRY, encoding="utf-8")
    (tmp_path / "ro").mkdir(mode=0o500)
    return tmp_path


MONITOR = f"{sys.executable} -m monitor"


def environ(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/", "PYTHONPATH": str(ROOT), **more}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code", "why"), [one[1:] for one in PLACES], ids=[one[0] for one in PLACES]
)
def test_wherever_it_is_asked_it_answers_without_a_traceback(
    place: Path, line: str, code: int, why: str
) -> None:
    done = subprocess.run(
        ["bash", "-c", line.format(MONITOR)],
        cwd=place,
        env=environ(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert why in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    if "replay e.jsonl" in line and code == 0 and ">&-" not in line:
        assert b'"entry"' in done.stdout


@pytest.fixture
def nobody(shell: Shell) -> Iterator[None]:
    """Somebody without rights, who has loaded all there is to load."""
    shell("check")
    ours = os.geteuid()
    for one in (shell.folder, *shell.folder.parents):
        if one.stat().st_mode & 0o011 != 0o011:
            one.chmod(one.stat().st_mode | 0o011)
    if ours == 0:
        os.seteuid(65534)
    yield
    os.seteuid(ours)


def test_a_file_that_we_may_not_read_is_named(shell: Shell, nobody: None) -> None:
    config = shell.folder / "monitor.toml"
    ours = os.geteuid()
    os.seteuid(os.getuid())
    shell.config(CONFIG.format(url=AWAY))
    config.chmod(0o000)
    os.seteuid(ours)
    for words in ("check", "run", "status", "replay -"):
        said = shell(*words.split())
        assert (said.code, said.out) == (2, "")
        assert said.err == f"monitor: {config}: Permission denied\n"


@pytest.mark.slow
def test_an_interrupt_ends_it_without_a_traceback(place: Path) -> None:
    process = subprocess.Popen(
        [*MONITOR.split(), "replay", "-"],
        cwd=place,
        env=environ(PYTHONUNBUFFERED="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # Less than a pipe holds, or both would wait for each other.
    process.stdin.write(ENTRY.encode() * 300)
    process.stdin.flush()
    assert process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.decode().strip() == "monitor: aborted"


def test_a_folder_that_we_may_not_look_into_is_not_taken_for_one_without_a_file(
    shell: Shell, nobody: None
) -> None:
    ours = os.geteuid()
    os.seteuid(os.getuid())
    shell.folder.chmod(0o700 if os.getuid() == 0 else 0o000)
    os.seteuid(ours)
    said = shell("check")
    os.seteuid(os.getuid())
    shell.folder.chmod(0o711)
    assert said.code == 2
    assert said.err == f"monitor: {shell.folder}/monitor.toml: Permission denied\n"
