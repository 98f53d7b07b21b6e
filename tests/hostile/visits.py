"""One poll after the other, in a process of its own, so that its memory can be told.

    python -m tests.hostile.visits < URLS      one URL a line; a line of JSON each

What a poll came to, the titles and links of its entries, the seconds it took, and how many
megabytes this process and its parser needed more than before.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.core.models import Document, Failure, Feed, Parsed, Validators
from monitor.edges.fetch import Fetcher, FetchLimits
from monitor.edges.net import parse_allow
from monitor.edges.parsing import ParserProcess
from tests.hostile import names
from tests.hostile.site import ALLOWED
from tests.service.running import descendants

DEADLINE = 3.0


@dataclass(frozen=True)
class Came:
    """What a poll came to."""

    outcome: str
    reason: str
    titles: list[str]
    links: list[str]
    seconds: float
    megabytes: float


class _Memory:
    """How much more memory these processes have had since a moment, at most (Linux)."""

    def __init__(self) -> None:
        self._before = {}
        for pid in _ours():
            # Resets the peak (proc_pid_clear_refs(5)).
            Path(f"/proc/{pid}/clear_refs").write_text("5")
            self._before[pid] = _kilobytes(pid, "VmRSS")

    def megabytes(self) -> float:
        grown = [_kilobytes(pid, "VmHWM") - self._before.get(pid, 0) for pid in _ours()]
        return sum(max(one, 0) for one in grown) / 1024


def _ours() -> list[int]:
    return [os.getpid(), *(pid for pid, line in descendants(os.getpid()) if "parse_child" in line)]


def _kilobytes(pid: int, what: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(what)), 0)


async def _visit(url: str, parser: ParserProcess) -> Came:
    parser.start()
    memory, begun = _Memory(), time.monotonic()
    feed = Feed(url)
    limits = FetchLimits(deadline=DEADLINE, connect=2.0)
    async with Fetcher(parse_allow(ALLOWED), limits, lambda: datetime.now(UTC), names.look_up) as f:
        answer = await f.fetch(feed, Validators())
    if isinstance(answer, Document):
        found = await asyncio.to_thread(parser.parse, feed, answer)
    else:
        assert isinstance(answer, Failure)
        found = answer
    took, grown = time.monotonic() - begun, memory.megabytes()
    if isinstance(found, Parsed):
        titles, links = [e.title for e in found.entries], [e.link for e in found.entries]
        return Came("ok", found.note, titles, links, took, grown)
    return Came(str(found.outcome), found.reason, [], [], took, grown)


def main() -> None:
    """Poll what standard input names."""
    parser = ParserProcess()
    for line in sys.stdin:
        came = asyncio.run(_visit(line.strip(), parser))
        print(json.dumps(asdict(came)), flush=True)
    parser.close()


if __name__ == "__main__":
    main()
