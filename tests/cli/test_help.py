"""`--help` tells all there is; shells complete it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from monitor.cli.main import cli
from tests.cli.shell import Shell


def every(command: click.Command, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with the words that lead to it."""
    yield words, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from every(below, *words, name)


COMMANDS = dict(every(cli))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_says_in_one_whole_line_what_it_does(
    words: tuple[str, ...], shell: Shell
) -> None:
    said = shell(*words, "--help")
    assert said.code == 0
    assert "..." not in said.out.partition("Commands:")[2]
    assert COMMANDS[words].get_short_help_str(200).endswith(".")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_option_says_what_it_is_for(words: tuple[str, ...]) -> None:
    for one in COMMANDS[words].params:
        if isinstance(one, click.Option):
            named = one.name in {"since", "form", "limit", "until", "seconds"}
            assert one.help or named, f"{' '.join(words)} {one.opts}"


def test_the_exit_status_is_told(shell: Shell) -> None:
    assert "0 fine, 1 failed, 2 bad use or configuration" in shell("--help").out.replace("\n ", "")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(name: str, shell: Shell) -> None:
    said = shell("completion", name)
    assert (said.code, "_MONITOR_COMPLETE" in said.out) == (0, True)


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("monitor sta", ["plain,status"]),
        ("monitor deliveries --st", ["plain,--state"]),
        ("monitor send-test de", ["plain,desk"]),
    ],
)
def test_commands_options_and_names_are_completed(
    line: str, completed: list[str], shell: Shell
) -> None:
    shell.config('[[receivers]]\nname = "desk"\ntype = "console"\n')
    assert _completed(line) == completed


def test_a_broken_configuration_completes_no_names(shell: Shell) -> None:
    shell.config("[[receivers")
    assert _completed("monitor send-test de") == []


def _completed(line: str) -> list[str]:
    asked = {"_MONITOR_COMPLETE": "bash_complete", "COMP_WORDS": line}
    asked["COMP_CWORD"] = str(len(line.split()) - 1)
    code = "import sys; sys.argv = ['monitor']; from monitor.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()
