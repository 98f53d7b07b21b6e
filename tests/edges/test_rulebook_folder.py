"""Reading a rulebook's folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.core.errors import BadInput
from monitor.edges.rulebook import SHIPPED, load_rulebook


def said(folder: Path) -> str:
    with pytest.raises(BadInput) as told:
        load_rulebook(folder)
    return str(told.value)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "rulebook"))


def test_the_shipped_rulebook_loads_and_knows_its_topics() -> None:
    rulebook = load_rulebook(None)
    assert set(rulebook.topics) >= {"sahel", "russia", "russia-sahel", "coup", "mali"}
    assert len(rulebook.gazetteer.entities) >= 780


def test_a_folder_that_is_not_there_or_lacks_files_is_named(tmp_path: Path) -> None:
    assert said(tmp_path / "none").endswith("none: No such file or directory")
    assert "rules.toml: is missing from the rulebook" in said(tmp_path)


def test_a_file_that_is_not_utf8_is_named_with_its_line(copy: Path) -> None:
    (copy / "blockers.txt").write_bytes(b"one\ntwo \xff\n")
    assert f"{copy}/blockers.txt:2: is not UTF-8 text" in said(copy)


def test_a_file_that_cannot_be_read_is_named(copy: Path) -> None:
    (copy / "blockers.txt").unlink()
    (copy / "blockers.txt").mkdir()
    assert "blockers.txt: is not a regular file" in said(copy)


def test_a_fault_names_folder_file_and_place(copy: Path) -> None:
    rules = (copy / "rules.toml").read_text(encoding="utf-8")
    (copy / "rules.toml").write_text(
        rules.replace('topic = "sahel"', 'topic = "sahl"'), encoding="utf-8"
    )
    assert f"{copy}/rules.toml: rule sahel.topic: there is no topic sahl" in said(copy)
