"""The documentation is run: what it tells people to type works as they type it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import click
import pytest

from monitor.cli.main import cli
from monitor.core.dedupe import claims
from monitor.core.errors import BadInput
from monitor.core.identity import identify
from monitor.core.models import (
    Attempt,
    Condition,
    Origin,
    Outcome,
    Sameness,
    Seen,
    Sheet,
    Verdict,
)
from monitor.edges.settings import load_settings
from monitor.edges.store.redis import RedisStore
from monitor.service.clockwork import utc_now
from tests import make
from tests.docs.blocks import PAGES, ROOT, Block, blocks, commands, missing, mistakes
from tests.servers import embedded_store, short_folder

# What people have set before they begin; the addresses answer nobody.
SET = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.example/services/T0/B0/x",
    "WEBHOOK_SECRET": "whsec_bW9uaXRvci10ZXN0LXNlY3JldC0wMDAwMDAwMQ==",
    "MONITOR_WEB_TOKEN": "a-token-that-is-long-enough",
    "CANARY_PING": "https://ping.example/1",
    "EXAMPLE_KEY": "a-key-of-yours",
}
_LINK = re.compile(r"\[[^\]]*\]\(([^)#: ]+)(?:#[^)]*)?\)")
RUN = [page for page in PAGES if any(one.language == "sh" for one in blocks(page))]
TABLES = [one for page in PAGES for one in blocks(page) if one.language == "toml"]


@dataclass
class Bench:
    """A folder as somebody has it who uses the service, with a store that holds something."""

    folder: Path
    environ: dict[str, str]

    def run(self, block: Block) -> str:
        """Run a block as it says; what it printed."""
        if block.mark == "serve":
            return self._serve(block)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", block.text],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=100,
            stdin=subprocess.DEVNULL,
        )
        said = f"{block} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert done.returncode == int(block.mark.removeprefix("exit=") or 0), said
        assert "Traceback" not in done.stderr, said
        return done.stdout

    def _serve(self, block: Block) -> str:
        """Start it, let it come up, end it as Ctrl-C does."""
        with (self.folder / "log").open("w") as log:
            running = subprocess.Popen(
                ["bash", "-c", f"exec {block.text}"],
                cwd=self.folder,
                env=self.environ,
                stdout=log,
                stderr=log,
            )
            end = time.monotonic() + 40
            while not self._up() and running.poll() is None and time.monotonic() < end:
                time.sleep(0.2)
            up = self._up() and running.poll() is None
            running.send_signal(signal.SIGINT)
            ended = running.wait(timeout=20)
        said = (self.folder / "log").read_text()
        assert (up, ended) == (True, 0), f"{block}: {said}"
        return said

    def _up(self) -> bool:
        said = (self.folder / "log").read_text()
        return any(word in said for word in ("delivered", "watching", "listening", "ready"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    """The shipped feeds, one story that was told to `desk`, one alert that was given up."""
    with short_folder() as folder, embedded_store(folder / "var") as url:
        (folder / "monitor.toml").write_text(_config(url), encoding="utf-8")
        (folder / "entry.json").write_text(_ENTRY, encoding="utf-8")
        (folder / "monitor").symlink_to(ROOT / "monitor")
        _fill(RedisStore(url))
        bin_ = folder / "bin"
        bin_.mkdir()
        for name, module in (("monitor", "monitor"), ("celery", "celery"), ("python", "")):
            target = f"-m {module}" if module else ""
            (bin_ / name).write_text(f'#!/bin/sh\nexec {sys.executable} {target} "$@"\n')
            (bin_ / name).chmod(0o755)
        environ = {**os.environ, **SET, "PATH": f"{bin_}:{os.environ['PATH']}"}
        yield Bench(folder, environ | {"PYTHONPATH": str(ROOT), "REDIS_URL": url})


_ENTRY = '{"id": "1", "title": "Moscow promises Mali arms and instructors", "lang": "en"}\n'


def _config(url: str) -> str:
    return (
        f'[store]\nurl = "{url}"\n'
        '[[receivers]]\nname = "desk"\ntype = "console"\n'
        '[[routes]]\ntopics = ["sahel"]\nreceivers = ["desk"]\n'
    )


def _fill(store: RedisStore) -> None:
    now = utc_now()
    store.register({make.FEED.key: now + timedelta(hours=9), make.OTHER.key: now})
    sent, dead = (replace(make.delivery(id_, created=now), id=id_) for id_ in ("d_1", "d_2"))
    story = make.story(seen=now - timedelta(hours=1))
    store.commit(
        make.commit(
            seen={"id": Seen("t", "s_1")},
            stories=(story,),
            claims=dict.fromkeys(claims(identify([make.entry()])[0]), "s_1"),
            deliveries=(sent, dead),
            sheet=Sheet(now, Origin("Sahel Daily", "r", "v"), _verdicts()),
        )
    )
    store.claim([sent, dead], now, now + timedelta(seconds=9), "")
    store.record([sent], Attempt(ok=True, detail="200"), now, None, Condition())
    gone = Attempt(ok=False, detail="410 Gone", status=410, permanent=True)
    store.record([dead], gone, now, None, Condition())
    store.close()


def _verdicts() -> tuple[Verdict, ...]:
    entry = make.entry()
    (identity,) = identify([entry])
    return (Verdict(entry, identity, Sameness.NEW, Outcome.ALERTED, "told"),)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_what_a_page_tells_to_type_works_in_its_order(page: Path, bench: Bench) -> None:
    printed = ""
    for block in blocks(page):
        if block.language == "toml" and block.mark:
            (bench.folder / block.mark).write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and block.mark != "template":
            printed += bench.run(block)
        elif (block.language, block.mark) == ("text", "output"):
            assert missing(block, printed) == [], block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_command_or_option_that_is_not_there(page: Path) -> None:
    wrong = [
        f"{page.name}:{line}: {said}: {call}"
        for line, call in commands(page)
        for said in mistakes(call, cli)
    ]
    assert wrong == []


@pytest.mark.parametrize("block", TABLES, ids=str)
def test_a_configuration_that_is_shown_loads(block: Block, tmp_path: Path) -> None:
    path = tmp_path / (block.mark or "monitor.toml")
    path.write_text(block.text, encoding="utf-8")
    if path.name != "monitor.toml":
        return
    # What a part of a file names may stand in another part.
    parts = ("no receiver", "cannot be read", "is missing", "No such file")
    assert [one for one in _faults(path) if not any(part in one for part in parts)] == []


def _faults(path: Path) -> list[str]:
    try:
        load_settings(path, SET, path.parent)
    except BadInput as bad:
        return [str(fault) for fault in bad.faults]
    return []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_what_is_to_be_made_is_in_the_makefile() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
        assert set(named) <= known, page.name


def test_each_block_says_what_it_is() -> None:
    marks = re.compile(r"|exit=\d|serve|template")
    for page in PAGES:
        for block in blocks(page):
            assert block.language, f"{block}: no language"
            assert block.language != "sh" or marks.fullmatch(block.mark), f"{block}: {block.mark}"


def test_every_command_stands_on_its_page_with_what_it_is_for() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `monitor ([a-z -]+?)(?: [^`a-z-][^`]*)?` \| (.+) \|$", page, re.M))
    assert told == {" ".join(words): said for words, said in every(cli)}


def every(group: click.Group, *words: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each command that does something, and its help in short."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every(command, *words, name)
        else:
            yield (*words, name), command.get_short_help_str(200)
