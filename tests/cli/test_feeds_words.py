"""What the documentation tells people to type."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

import monitor
from monitor.cli.main import cli

PAGE = Path(monitor.__file__).parents[1] / "docs" / "feeds.md"
LINES = re.findall(
    r"^(?:.* \| )?monitor (.+?)(?: >.*)?$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)


def test_the_page_on_feeds_shows_every_command() -> None:
    group = cli.commands["feeds"]
    assert isinstance(group, click.Group)
    shown = {line.split()[1] for line in LINES}
    assert shown == set(group.commands) - {"discover"}


@pytest.mark.parametrize("line", LINES)
def test_each_line_on_the_page_can_be_typed(line: str) -> None:
    command: click.Command = cli
    words, above = shlex.split(line), click.Context(cli)
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(above, words)
        assert found is not None
        command = found
    command.make_context(line, words, parent=above)
