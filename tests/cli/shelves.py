"""Feeds files to be edited by commands, and what is looked at afterwards."""

from __future__ import annotations

from tests.cli.shell import Said, Shell

TABLE = '[[feeds]]\nurl = "https://a.example/feed"\nname = "The A"\n'
UP = "a service that runs takes it up within seconds\n"


def fill(shell: Shell) -> Shell:
    """A config that names two files, of which the second is OPML."""
    shell.config('feeds = ["feeds.toml", "more.opml"]\n')
    (shell.folder / "feeds.toml").write_text(TABLE)
    outline = '<outline text="The B" xmlUrl="https://b.example/feed"/>'
    (shell.folder / "more.opml").write_text(f"<opml><body>\n{outline}\n</body></opml>\n")
    return shell


def text(shell: Shell, name: str = "feeds.toml") -> str:
    return (shell.folder / name).read_text(encoding="utf-8")


def add(shell: Shell, *words: str) -> Said:
    return shell("feeds", "add", "--no-check", *words)


def sentence(said: Said, code: int) -> str:
    """What was said as the only line, on standard error."""
    assert (said.code, said.out) == (code, "")
    (line,) = said.err.splitlines()
    return line.removeprefix("monitor: ")
