"""The readers that polling.py compares ours with: how each is told its feeds, and polls them once.

Each works in a folder of its own and keeps there what it keeps. All run as whole commands, the way
cron or a user runs them; `idle` is the same command with nothing to fetch, so that what merely
starting costs can be seen (and is taken off by polling.py).

pycurl      no reader: the multi interface fetching conditionally, 50 at a time; what is beneath.
reader      make_reader, update_feeds(workers=8), all feeds whenever they are scheduled; SQLite.
newsboat    `newsboat -x reload` with reload-threads 8; SQLite. Debian's package. It keeps
            validators from the second fetch of a feed on only, hence the round `again`.
rss2email   `r2e run --no-send`: messages are made, but not delivered.

Run inside .bench (`make bench-polling`): python -m benchmarks.peers pycurl|reader FOLDER [--idle]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[1] / ".bench" / "bin"


@dataclass(frozen=True)
class Peer:
    """A reader. Both take its folder, which holds the `urls`; the command also whether to idle."""

    prepare: Callable[[Path], None]
    command: Callable[[Path, bool], list[str]]


def _ourselves(name: str) -> Callable[[Path, bool], list[str]]:
    def command(folder: Path, idle: bool) -> list[str]:
        words = [str(BENCH / "python"), "-m", "benchmarks.peers", name, str(folder)]
        return [*words, "--idle"] if idle else words

    return command


def _nothing(_: Path) -> None:
    """There is nothing to prepare."""


def _set_up_reader(folder: Path) -> None:
    import subprocess

    subprocess.run([*_ourselves("reader-add")(folder, False)], check=True)


def _set_up_newsboat(folder: Path) -> None:
    (folder / "config").write_text("reload-threads 8\nauto-reload no\n")


def _newsboat(folder: Path, idle: bool) -> list[str]:
    names = [("-u", "urls"), ("-c", "cache.db"), ("-C", "config")]
    places = [word for flag, name in names for word in (flag, str(folder / name))]
    return ["newsboat", "-q", *places, "-x", "print-unread" if idle else "reload"]


def _set_up_rss2email(folder: Path) -> None:
    urls = (folder / "urls").read_text().split()
    parts = ["[DEFAULT]", "to = a@b.invalid", "verbose = error", "use-8bit = True"]
    parts += [f"[feed.f{number}]\nurl = {one}" for number, one in enumerate(urls)]
    (folder / "rss2email.cfg").write_text("\n".join(parts) + "\n")
    (folder / "rss2email.json").write_text('{"version": 2, "feeds": []}')


def _rss2email(folder: Path, idle: bool) -> list[str]:
    places = ["-c", str(folder / "rss2email.cfg"), "-d", str(folder / "rss2email.json")]
    return [str(BENCH / "r2e"), *places, *(["list"] if idle else ["run", "--no-send"])]


PEERS = {
    "pycurl": Peer(_nothing, _ourselves("pycurl")),
    "reader": Peer(_set_up_reader, _ourselves("reader")),
    "newsboat": Peer(_set_up_newsboat, _newsboat),
    "rss2email": Peer(_set_up_rss2email, _rss2email),
}


# -- run inside .bench -------------------------------------------------------------------


def add_to_reader(folder: Path) -> None:
    """Tell `reader` its feeds."""
    from reader import make_reader

    with make_reader(str(folder / "reader.db")) as reader:
        for one in (folder / "urls").read_text().split():
            reader.add_feed(one)


def poll_with_reader(folder: Path, idle: bool) -> None:
    """One round of `reader`."""
    from reader import make_reader

    with make_reader(str(folder / "reader.db")) as reader:
        if idle:
            sum(1 for _ in reader.get_feeds())
        else:
            reader.update_feeds(workers=8, scheduled=False)


class Loop:
    """pycurl's multi interface over some URLs; `known` is their ETag and Last-Modified."""

    def __init__(self, known: dict[str, dict[str, str]]) -> None:
        import pycurl

        self.curl, self.known = pycurl, known
        self.multi = pycurl.CurlMulti()

    def run(self, urls: list[str], at_once: int = 50) -> None:
        """Fetch each once."""
        free = [self.curl.Curl() for _ in range(at_once)]
        waiting, flying = list(reversed(urls)), 0
        while waiting or flying:
            while waiting and free:
                self._start(free.pop(), waiting.pop())
                flying += 1
            while self.multi.perform()[0] == self.curl.E_CALL_MULTI_PERFORM:
                pass
            left, good, bad = self.multi.info_read()
            for one in (*good, *(failed[0] for failed in bad)):
                self.multi.remove_handle(one)
                self.known[one.url] = one.kept or self.known.get(one.url, {})
                free.append(one)
                flying -= 1
            if not left and not good:
                self.multi.select(1.0)

    def _start(self, one: Any, url: str) -> None:
        had = self.known.get(url, {})
        asked = [("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")]
        one.url, one.kept, one.parts = url, {}, []
        one.setopt(one.URL, url)
        one.setopt(one.ACCEPT_ENCODING, "gzip")
        one.setopt(one.NOSIGNAL, 1)
        one.setopt(one.TIMEOUT, 30)
        one.setopt(one.HTTPHEADER, [f"{name}: {had[key]}" for name, key in asked if key in had])
        one.setopt(one.WRITEFUNCTION, one.parts.append)
        one.setopt(one.HEADERFUNCTION, lambda line: _keep(one.kept, line))
        self.multi.add_handle(one)


def _keep(kept: dict[str, str], line: bytes) -> None:
    name, _, value = line.decode("latin-1").partition(":")
    if name.lower() in ("etag", "last-modified"):
        kept[name.lower()] = value.strip()


def poll_with_pycurl(folder: Path, idle: bool) -> None:
    """One round of bare fetching."""
    path = folder / "known.json"
    loop = Loop(json.loads(path.read_text()) if path.exists() else {})
    urls = [] if idle else (folder / "urls").read_text().split()
    loop.run(urls)
    path.write_text(json.dumps(loop.known))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("pycurl", "reader", "reader-add"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--idle", action="store_true")
    chosen = parser.parse_args()
    if chosen.what == "reader-add":
        add_to_reader(chosen.folder)
    elif chosen.what == "reader":
        poll_with_reader(chosen.folder, chosen.idle)
    else:
        poll_with_pycurl(chosen.folder, chosen.idle)
    return 0


if __name__ == "__main__":
    sys.exit(main())
