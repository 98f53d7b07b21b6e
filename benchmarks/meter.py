"""What a tree of processes has used: CPU seconds, and memory (Linux)."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(root: int) -> dict[int, list[str]]:
    """A process and all below it: its fields of /proc/PID/stat from the third on."""
    stats: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            stats[int(entry.name)] = text.rpartition(")")[2].split()
    found = {root} & stats.keys()
    grown = True
    while grown:
        below = {pid for pid, one in stats.items() if int(one[1]) in found} - found
        found |= below
        grown = bool(below)
    return {pid: stats[pid] for pid in found}


def cpu(root: int) -> float:
    """CPU seconds, user and system, of a tree and of all that ended in it."""
    # utime, stime, cutime and cstime are fields 14 to 17 of proc(5), counted from 1.
    return sum(sum(map(int, one[11:15])) for one in tree(root).values()) / _TICKS


def memory(root: int) -> tuple[int, int]:
    """Resident bytes of a tree: all added up (RSS), and shared pages by their share (PSS)."""
    rss = pss = 0
    for pid, one in tree(root).items():
        rss += int(one[21]) * _PAGE
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        pss += sum(int(line.split()[1]) * 1_024 for line in lines if line.startswith("Pss:"))
    return rss, pss


@dataclass
class Peak:
    """The most memory of a tree, looked at five times a second in the `with`."""

    root: int
    rss: int = 0
    pss: int = 0
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Peak:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.2):
            rss, pss = memory(self.root)
            self.rss, self.pss = max(self.rss, rss), max(self.pss, pss)
