"""What the documentation tells people to type, and the place where it stands.

A fenced block says in its first line what it is:
  sh             run, in the order of the page, in one folder; each must end with 0
  sh exit=1      the same, ending with that
  sh serve       runs until it is ended: started, seen to come up, ended
  sh template    needs another machine or a network: its commands are only checked to exist
  text output    what the commands before print: each line is in it, but for what ... stands for
  toml           a monitor.toml, or a part of one: must load
  toml FILE      written to that file of the folder, for the commands below it
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
_TOP = ("README.md", "SECURITY.md", "CONTRIBUTING.md")
PAGES = sorted([*ROOT.glob("docs/*.md"), *(ROOT / name for name in _TOP)])
_FENCE = re.compile(r"^```(\S*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(monitor [^`]+)`")
# What ends a command in a line of a shell.
_ENDS = re.compile(r"\s*(?:\||&&|;|>|<|#|\$\(|\)).*")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, what it says of itself, its text."""

    page: Path
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, *found.groups())
        for found in _FENCE.finditer(text)
    ]


def missing(block: Block, printed: str) -> list[str]:
    """What a block shows as printed and is not."""
    said = " ".join(printed.split())
    parts = [part for line in block.text.splitlines() for part in line.split("...")]
    return [part for part in parts if " ".join(part.split()) not in said]


def commands(page: Path) -> Iterator[tuple[int, str]]:
    """Each call of `monitor` that a page names, in its text or in a block, with its line."""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        for span in _SPAN.findall(line):
            yield number, span.replace("\\|", "|")
    for block in blocks(page):
        if block.language == "sh":
            for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
                if (start := line.find("monitor ")) >= 0 and not line.lstrip().startswith("#"):
                    yield number, line[start:]


def mistakes(call: str, root: click.Group) -> Iterator[str]:
    """What a call names that is not there: a command, or an option of it."""
    command: click.Command = root
    words = iter(_words(call)[1:])
    for word in words:
        if word.startswith("-") and word != "-":
            option = _option(command, word.partition("=")[0])
            if option is None:
                yield f"{command.name} has no option {word}"
            elif not option.is_flag and "=" not in word:
                next(words, None)
        elif word.isupper():
            # Stands for whatever people put there.
            return
        elif isinstance(command, click.Group):
            if any(one not in command.commands for one in word.split("|")):
                yield f"there is no command {word}"
                return
            command = command.commands[word.split("|")[0]]


_HELP = click.Option(["-h", "--help"], is_flag=True)


def _option(command: click.Command, name: str) -> click.Option | None:
    options = [one for one in command.params if isinstance(one, click.Option)]
    named = (one for one in (*options, _HELP) if name in (*one.opts, *one.secondary_opts))
    return next(named, None)


def _words(call: str) -> list[str]:
    """The words of a call, without optional marks and what comes after it in a shell."""
    bare = _ENDS.sub("", re.sub(r"(?<=\w)\|(?=[\w-])", "\x00", call)).replace("\x00", "|")
    try:
        words = shlex.split(bare.replace("[", "").replace("]", ""))
    except ValueError:
        words = bare.split()
    return [part for word in words for part in ([word] if "|--" not in word else word.split("|"))]
