"""The archive: every entry that was decided on, and where it ended, for as long as there is room.

A poll pushes its lines (sheets.py) to one open list, in the transaction of its commit. The sweep
seals what is there: lines of an hour are packed together and moved, in one step, to the sealed
chunks of that hour, each with the names that its entries are found by. The oldest hours go first.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from redis.client import NEVER_DECODE

from monitor.core.models import Archived, Sheet
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected
from monitor.edges.store.sheets import (
    count,
    names,
    pick,
    read_sheets,
    sought,
    write_sheet,
)

if sys.version_info >= (3, 14):  # pragma: no cover - the tests run on one Python
    from compression import zstd
else:
    from backports import zstd

# Bytes of lines that are packed together, and how many such chunks at one sweep at most.
_CHUNK, _CHUNKS = 1_000_000, 16
# Lines read in one go; hours looked through in one go.
_LINES, _HOURS = 16, 100
# How hard is packed, from 1 to 22: level 15 takes four times as long for a tenth less.
_LEVEL = 9
# Entries that one question finds at most: a feed may change a text at each poll.
_SIGHTINGS = 100

# KEYS[1]: the open list. The first of what stands in its first line, and about how many bytes its
# lines have: by three of them, for MEMORY USAGE is a right that not everybody is given.
_PEEK = """
local many, size = redis.call('LLEN', KEYS[1]), 0
if many == 0 then return {'', 0} end
for _, at in ipairs({0, math.floor(many / 2), many - 1}) do
  size = size + #redis.call('LINDEX', KEYS[1], at)
end
return {string.sub(redis.call('LINDEX', KEYS[1], 0), 1, 32), size / 3 * many}
"""

# KEYS: the open list, bytes by hour, entries by hour, then for each hour its chunks and its names.
# ARGV: the SHA-1 of the first line, how many lines; then for each hour its name, chunk, names and
# entries. Moves nothing where others have moved these lines meanwhile.
_SEAL = """
local first = redis.call('LINDEX', KEYS[1], 0)
if not first or redis.sha1hex(first) ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 4 do
  local k = 4 + (i - 3) / 2
  redis.call('RPUSH', KEYS[k], ARGV[i + 1])
  redis.call('RPUSH', KEYS[k + 1], ARGV[i + 2])
  redis.call('HINCRBY', KEYS[2], ARGV[i], #ARGV[i + 1] + #ARGV[i + 2])
  redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 3])
end
redis.call('LTRIM', KEYS[1], ARGV[2], -1)
return 1
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is archived: entries, bytes of what is sealed, and the hour where it begins."""

    entries: int = 0
    bytes: int = 0
    oldest: datetime | None = None


def archive_commands(feed: str, sheet: Sheet) -> Iterator[list[str]]:
    """What a poll adds to the archive, as commands of the server."""
    yield ["RPUSH", keys.ARCHIVE, *write_sheet(feed, sheet)]


class Archive(Connected):
    """Every entry that was decided on."""

    def archive_extent(self, since: datetime | None = None) -> Extent:
        """How much there is; of the entries those of the hour of `since` and later."""
        with self.reached():
            sizes = self._redis.hvals(keys.ARCHIVE_BYTES)
            counts = self._redis.hgetall(keys.ARCHIVE_COUNTS)
            open_ = self._redis.lrange(keys.ARCHIVE, 0, -1)
        first = _hour(since) if since else ""
        entries = sum(int(n) for hour, n in counts.items() if hour >= first) + count(open_)
        begins = [_moment(min(counts))] if counts else [_at(one) for one in open_[:1]]
        return Extent(entries, sum(map(int, sizes)), begins[0] if begins else None)

    def archived(self, since: datetime, until: datetime | None = None) -> Iterator[Archived]:
        """What was decided on at `since` or later and before `until`, oldest first, a chunk in
        memory at a time; entries that were only skimmed are left out.
        """
        with self.reached():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hkeys(keys.ARCHIVE_BYTES)
            pipe.lrange(keys.ARCHIVE, 0, -1)
            hours, open_ = pipe.execute()
        last = _hour(until) if until else max([*hours, ""])
        known = frozenset(open_)
        for hour in sorted(one for one in hours if _hour(since) <= one <= last):
            for lines in self._chunks(hour):
                # What was open when we began stands at the end, sealed meanwhile or not.
                yield from _within([one for one in lines if one not in known], since, until)
        yield from _within(open_, since, until)

    def _chunks(self, hour: str) -> Iterator[list[str]]:
        with self.reached():
            many = self._redis.llen(keys.sealed(hour))
        return filter(None, (self._chunk(hour, at) for at in range(many)))

    def _chunk(self, hour: str, at: int) -> list[str]:
        """The lines of a chunk; none where it was given up meanwhile."""
        with self.reached():
            packed = self._raw("LINDEX", keys.sealed(hour), at)
        return zstd.decompress(packed).decode().split("\n") if packed else []

    def _raw(self, *command: Any) -> Any:
        """An answer as bytes: the connection makes texts of all others."""
        return self._redis.execute_command(*command, **{NEVER_DECODE: True})

    def archived_of(self, asked: str) -> tuple[Archived, ...]:
        """All entries with this link or id, in whichever feed, the latest first (a hundred at
        most); links are compared as deduplication does.
        """
        wanted = sought(asked)
        with self.reached():
            open_ = self._redis.lrange(keys.ARCHIVE, 0, -1)
            hours = sorted(self._redis.hkeys(keys.ARCHIVE_BYTES), reverse=True)
        found = list(pick(open_, wanted))
        known = frozenset(open_)
        for hour, at in self._where(hours, wanted):
            if len(found) >= _SIGHTINGS:
                break
            found += pick([one for one in self._chunk(hour, at) if one not in known], wanted)
        found.sort(key=lambda one: one.at, reverse=True)
        return tuple(found[:_SIGHTINGS])

    def _where(self, hours: Sequence[str], wanted: frozenset[bytes]) -> Iterator[tuple[str, int]]:
        """The chunks that may hold one of these names, the latest first."""
        for at in range(0, len(hours), _HOURS):
            part = hours[at : at + _HOURS]
            with self.reached():
                pipe = self._redis.pipeline(transaction=False)
                for hour in part:
                    pipe.execute_command("LRANGE", keys.names(hour), 0, -1, **{NEVER_DECODE: True})
                found = pipe.execute()
            for hour, indexes in zip(part, found, strict=True):
                for number in reversed(range(len(indexes))):
                    if any(name in indexes[number] for name in wanted):
                        yield hour, number

    def seal(self, now: datetime) -> int:
        """Pack what is open and of an hour that is over, or much; how many chunks were made."""
        made = 0
        with self.reached():
            first, size = self._redis.register_script(_PEEK)(keys=[keys.ARCHIVE])
            if not first or (size < _CHUNK / 2 and _of(first) == _hour(now)):
                return 0
            while made < _CHUNKS and (lines := self._ripe(now)) and self._seal(lines):
                made += 1
        return made

    def _ripe(self, now: datetime) -> list[str]:
        """The first lines that make a chunk; fewer where they are of hours that are over."""
        lines: list[str] = []
        size = 0
        while page := self._redis.lrange(keys.ARCHIVE, len(lines), len(lines) + _LINES - 1):
            for line in page:
                lines.append(line)
                size += len(line)
                if size >= _CHUNK:
                    return lines
        return list(takewhile(lambda one: _of(one) != _hour(now), lines))

    def _seal(self, lines: Sequence[str]) -> bool:
        """Move the first lines to their hours; False where others did."""
        by_hour: dict[str, list[str]] = {}
        for line in lines:
            by_hour.setdefault(_of(line), []).append(line)
        moved = [keys.ARCHIVE, keys.ARCHIVE_BYTES, keys.ARCHIVE_COUNTS]
        args: list[Any] = []
        for hour, these in by_hour.items():
            marks, counts = zip(*map(names, these), strict=True)
            moved += [keys.sealed(hour), keys.names(hour)]
            chunk = zstd.compress("\n".join(these).encode(), _LEVEL)
            args += [hour, chunk, b"".join(marks), sum(counts)]
        first = hashlib.sha1(lines[0].encode(), usedforsecurity=False).hexdigest()
        return bool(self._redis.register_script(_SEAL)(moved, [first, len(lines), *args]))

    def bound_archive(self, oldest: datetime, most: int) -> int:
        """Give up the hours before `oldest`, then the oldest ones until what is sealed has no more
        than `most` bytes and the server uses no more than four fifths of the memory it may: the
        archive goes before anything else does. How many hours were given up.
        """
        with self.reached():
            sizes = sorted(
                (hour, int(n)) for hour, n in self._redis.hgetall(keys.ARCHIVE_BYTES).items()
            )
            total, over = sum(size for _, size in sizes), self._over()
            surplus, gone, freed = max(total - most, over), [], 0
            for hour, size in sizes:
                if hour >= _hour(oldest) and freed >= surplus:
                    break
                gone.append(hour)
                freed += size
            if over > freed:
                self._redis.unlink(keys.ARCHIVE)
            if gone:
                self._give_up(gone)
        return len(gone)

    def _give_up(self, hours: Sequence[str]) -> None:
        with self._redis.pipeline() as pipe:
            for hour in hours:
                pipe.unlink(keys.sealed(hour), keys.names(hour))
            pipe.hdel(keys.ARCHIVE_BYTES, *hours)
            pipe.hdel(keys.ARCHIVE_COUNTS, *hours)
            pipe.execute()


def _within(lines: Sequence[str], since: datetime, until: datetime | None) -> Iterator[Archived]:
    found = sorted(read_sheets(lines), key=lambda one: one.at)
    return (one for one in found if since <= one.at and (until is None or one.at < until))


def _of(line: str) -> str:
    """The hour of a line, of which its beginning is enough."""
    return _hour(_at(line))


def _at(line: str) -> datetime:
    """When a line was written; one that cannot be read is as old as can be."""
    try:
        return datetime.fromtimestamp(float(line[1:32].partition(",")[0]), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H}"


def _moment(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour}:00+00:00")
