"""The files that `monitor feeds` edits: whole or not at all, and as they should be."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.errors import Unavailable
from monitor.edges.files import alone, replace_text
from tests.cli.shell import Shell
from tests.cli.shelves import TABLE, add, sentence, text
from tests.servers import short_folder


@pytest.mark.parametrize(
    "words", [("add", "--no-check", "https://c.example/"), ("remove", "The A")]
)
def test_a_half_written_file_is_named_with_its_line_and_left_as_it_is(
    files: Shell, words: tuple[str, ...]
) -> None:
    broken = TABLE + '[[feeds]]\nurl = "https://half\n'
    (files.folder / "feeds.toml").write_text(broken)
    said = files("feeds", *words)
    assert (said.code, said.out) == (2, "")
    assert "feeds.toml" in said.err
    assert text(files) == broken


def test_a_fault_anywhere_in_the_configuration_keeps_all_files_as_they_are(files: Shell) -> None:
    files.config('feeds = ["feeds.toml"]\n[polling]\ninterval = "never"\n')
    line = sentence(add(files, "https://c.example/"), 2)
    assert line.startswith(f"{files.folder}/monitor.toml:3: polling.interval is not a duration")
    assert text(files) == TABLE


@pytest.mark.parametrize("config", ['feeds = ["feeds.toml"]\n', TABLE])
def test_the_last_feed_of_all_is_not_removed(files: Shell, config: str) -> None:
    files.config(config)
    assert "there would be none left" in sentence(files("feeds", "remove", "The A"), 2)
    assert (text(files), text(files, "monitor.toml")) == (TABLE, config)


def test_what_is_no_regular_file_is_neither_read_nor_replaced(files: Shell) -> None:
    (files.folder / "feeds.toml").unlink()
    os.mkfifo(files.folder / "feeds.toml")
    assert "is not a regular file" in add(files, "https://c.example/").err
    for path in ("feeds.toml", "/dev/zero"):
        assert "is not a regular file" in sentence(files("feeds", "import", path), 2)
    (files.folder / "feeds.toml").unlink()
    (files.folder / "feeds.toml").write_text(TABLE)
    assert "is not a regular file" in sentence(files("feeds", "export", "/dev/full"), 2)


def test_rights_and_links_stay_as_they_are(files: Shell) -> None:
    real = files.folder / "else" / "real.toml"
    real.parent.mkdir()
    (files.folder / "feeds.toml").rename(real)
    (files.folder / "feeds.toml").symlink_to("else/real.toml")
    real.chmod(0o640)
    assert add(files, "https://c.example/").code == 0
    assert (files.folder / "feeds.toml").is_symlink()
    assert (real.stat().st_mode & 0o777, len(list(real.parent.iterdir()))) == (0o640, 1)
    assert "c.example" in real.read_text()


def run(files: Shell, code: str) -> subprocess.CompletedProcess[str]:
    """Some Python, in a process of its own, where the shell is."""
    # What measures coverage would be short of room as well, and say so.
    environ = {**os.environ, "COVERAGE_PROCESS_CONFIG": ""}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=files.folder, env=environ, text=True, capture_output=True, check=False
    )


@pytest.mark.slow
def test_a_full_disk_leaves_the_file_as_it_was(files: Shell) -> None:
    size = max(len(TABLE), 40)
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {resource.RLIM_INFINITY}))
sys.argv = ["monitor", "feeds", "add", "--no-check", "https://c.example/"]
from monitor.cli.main import main
main()
"""
    ended = run(files, code)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"monitor: {files.folder}/feeds.toml stays as it was: File too large\n"
    assert text(files) == TABLE
    assert sorted(one.name for one in files.folder.iterdir()) == [
        "feeds.toml",
        "monitor.toml",
        "more.opml",
    ]


@pytest.fixture
def open_folder(files: Shell) -> Iterator[Path]:
    """Another folder with a feeds file, which everybody can reach, and we are in it."""
    with short_folder() as folder:
        folder.chmod(0o755)
        (folder / "monitor.toml").write_text('feeds = ["feeds.toml"]\n')
        (folder / "feeds.toml").write_text(TABLE)
        assert add(files, "https://c.example/").code == 0
        files.patch.chdir(folder)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(("folder", "file"), [(0o755, 0o666), (0o777, 0o644)])
def test_a_file_or_folder_that_may_not_be_written_to_is_named(
    files: Shell, open_folder: Path, folder: int, file: int
) -> None:
    path = open_folder / "feeds.toml"
    path.chmod(file)
    open_folder.chmod(folder)
    os.seteuid(65_534)
    try:
        said = add(files, "https://d.example/")
    finally:
        os.seteuid(0)
    assert sentence(said, 1) == f"{path} may not be written to, or its folder may not"
    assert path.read_text() == TABLE


def test_what_somebody_changed_meanwhile_is_not_overwritten(files: Shell) -> None:
    path = files.folder / "feeds.toml"
    with pytest.raises(Unavailable, match="was changed meanwhile: nothing was written"):
        replace_text(path, "mine", before=TABLE + "# theirs\n")
    with pytest.raises(Unavailable, match="was changed meanwhile"):
        replace_text(path, "mine", before=None)
    assert text(files) == TABLE


def test_two_who_edit_at_the_same_time_do_so_one_after_the_other(files: Shell) -> None:
    place = os.open(files.folder, os.O_RDONLY)
    fcntl.flock(place, fcntl.LOCK_EX)
    began = time.monotonic()
    ender = threading.Timer(0.3, os.close, [place])
    ender.start()
    assert add(files, "https://c.example/").code == 0
    assert time.monotonic() - began >= 0.3
    ender.join()


def test_who_edits_without_an_end_is_not_waited_for(files: Shell) -> None:
    files.patch.setattr("monitor.edges.files._PATIENCE", 0.1)
    with alone(files.folder):
        line = sentence(add(files, "https://c.example/"), 1)
    assert line == f"another command edits the files of {files.folder}"
    assert text(files) == TABLE


@pytest.mark.slow
def test_of_many_commands_at_once_each_adds_its_feed(files: Shell) -> None:
    command = [sys.executable, "-m", "monitor", "feeds", "add", "--no-check"]
    started = [
        subprocess.Popen([*command, f"https://{n}.example/"], cwd=files.folder) for n in range(4)
    ]
    assert [one.wait(60) for one in started] == [0, 0, 0, 0]
    assert all(f"https://{n}.example/" in text(files) for n in range(4))
