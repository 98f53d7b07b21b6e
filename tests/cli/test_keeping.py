"""`monitor backup` and `monitor restore` where they cannot do what they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell

WHOLE = b"REDIS0011" + bytes(50) + b"\xff" + bytes(8)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "saved.rdb"
    file.write_bytes(WHOLE)
    return file


def test_a_store_of_ones_own_is_left_to_its_own_means(shell: Shell, saved: Path) -> None:
    shell.config('[store]\nurl = "redis://:s3cret@127.0.0.1:9/0"\n')
    for command in ("backup", "restore"):
        done = shell(command, str(saved))
        assert done.code == 2
        assert "store.url: is a server of your own" in done.err
        assert "s3cret" not in done.err


def test_without_a_running_store_nothing_is_saved_and_it_is_said(shell: Shell) -> None:
    done = shell("backup", str(shell.folder / "out.rdb"))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "cannot be reached" in done.err
    assert not list(shell.folder.glob("out.rdb*"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no whole backup of a store"),
        (b"not a backup, but long enough", "is no whole backup of a store"),
        (WHOLE[:-3], "is no whole backup of a store"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_whole_backup_is_not_restored(
    shell: Shell, saved: Path, content: bytes | None, said: str
) -> None:
    saved.unlink() if content is None else saved.write_bytes(content)
    done = shell("restore", str(saved))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert said in done.err
    assert not (shell.folder / "var").exists()


def test_a_folder_that_has_a_store_keeps_it(shell: Shell, saved: Path) -> None:
    first, second = shell("restore", str(saved)), shell("restore", str(saved))
    assert first.code == 0
    assert "start monitor run" in first.out
    assert (second.code, second.err.count("\n")) == (1, 1)
    assert "there is a store in" in second.err
    base = shell.folder / "var/store/appendonlydir/appendonly.aof.1.base.rdb"
    assert base.read_bytes() == WHOLE
