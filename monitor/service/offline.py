"""The same triage without network and service: files in, verdicts out.

State lives in memory only. Each entry is judged as if it had been seen the moment it was
published, so that old material is judged like new.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from monitor.core.commit import gather
from monitor.core.errors import Fault
from monitor.core.identity import identify
from monitor.core.models import Document, Entry, Failure, Feed, FeedState, Identity, Verdict
from monitor.core.triage import Policy
from monitor.edges.store.memory import MemoryStore
from monitor.service.deciding import decide
from monitor.service.ports import Parser

# How gzip begins (RFC 1952).
_GZIP = b"\x1f\x8b"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Never read a feed's whole memory: replaying a year through one feed stays linear.
_NEVER = 1 << 62


class Bench:
    """Triage in memory: what was judged is known to all that comes after it."""

    def __init__(self) -> None:
        self._store = MemoryStore(full_read=_NEVER)

    def judge(
        self,
        feed: Feed,
        entries: Sequence[tuple[Entry, Identity]],
        policy: Policy,
        now: datetime,
        *,
        first_poll: bool = False,
    ) -> tuple[Verdict, ...]:
        """The verdicts on the entries of one poll, decided on at `now`."""
        decided = decide(self._store, feed, entries, policy, now, first_poll=first_poll)
        state = FeedState(revision=self._store.feed_state(feed.key).revision + 1)
        verdicts, known = decided.verdicts, decided.known
        commit = gather(feed.key, feed.url, state, verdicts, known, now=now)
        if commit.stories:
            # Nothing is sent, and no story's text or evidence is read again: they only take room.
            lean = (replace(one, summary="", matches=(), reasons=()) for one in commit.stories)
            commit = replace(commit, stories=tuple(lean), deliveries=())
        if not self._store.commit(commit):
            raise AssertionError("memory has one writer, yet a commit was refused")
        return verdicts


@dataclass
class Replay:
    """Entries through triage, one after the other, in memory.

    `feeds` gives what is known of a feed by its URL; others are made up as they come.
    """

    policy: Policy
    parser: Parser
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    _bench: Bench = field(default_factory=Bench)
    _now: datetime = _EPOCH

    def read(self, name: str, stream: BinaryIO) -> Iterator[Verdict | Fault]:
        """A verdict for each entry of a feed document or of JSON lines; a fault for each
        line, or the document, that cannot be read.
        """
        buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
        first = _first_line(buffered)
        if _is_entry(first):
            yield from self._lines(name, _chain(first, buffered))
        else:
            yield from self._document(name, first + buffered.read())

    def _lines(self, name: str, lines: Iterable[bytes]) -> Iterator[Verdict | Fault]:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                feed, entry = read_entry(line)
            except ValueError as error:
                yield Fault(f"{name}:{number}", f"is not an entry: {error}")
                continue
            yield self.judge(self.feeds.get(feed.url, feed), entry)

    def _document(self, name: str, body: bytes) -> Iterator[Verdict | Fault]:
        feed = self.feeds.get(name, Feed(url=name))
        parsed = self.parser.parse(feed, Document(url=name, body=body))
        if isinstance(parsed, Failure):
            yield Fault(name, f"{parsed.outcome.value}: {parsed.reason}")
            return
        for entry in parsed.entries:
            yield self.judge(feed, entry)

    def judge(self, feed: Feed, entry: Entry) -> Verdict:
        """The verdict on one entry, remembered for the ones to come."""
        self._now = entry.published or self._now
        entries = tuple(zip((entry,), identify([entry]), strict=True))
        return self._bench.judge(feed, entries, self.policy, self._now)[0]


def open_input(path: str, stdin: BinaryIO) -> BinaryIO:
    """A file to read, unpacked on the way where it is gzip; `-` is standard input."""
    raw = io.BufferedReader(cast(io.RawIOBase, stdin if path == "-" else Path(path).open("rb")))  # noqa: SIM115
    packed = raw.peek(2)[:2] == _GZIP
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw


def _first_line(stream: BinaryIO) -> bytes:
    """The first line that is not blank, or b"" at the end."""
    return next((line for line in iter(stream.readline, b"") if line.strip()), b"")


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _is_entry(line: bytes) -> bool:
    """Whether a line is a JSON object that could be an entry (a JSON Feed is not)."""
    try:
        value = json.loads(line)
    except ValueError:
        # A spoilt first line of JSON lines must not turn the whole file into a document.
        return line.lstrip().startswith(b'{"') and line.rstrip().endswith(b"}")
    return isinstance(value, dict) and "version" not in value


def read_entry(line: bytes) -> tuple[Feed, Entry]:
    """The entry of a JSON line and the feed it names; raises ValueError saying what is wrong."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    texts = {key: _text(value, key) for key in ("id", "feed", "lang", "title", "summary", "link")}
    if not texts["title"] and not texts["summary"]:
        raise ValueError("neither title nor summary")
    feed = Feed(url=texts["feed"] or "replay", language=texts["lang"] or None)
    entry = Entry(
        feed=feed.url,
        id=texts["id"],
        title=texts["title"],
        summary=texts["summary"],
        link=texts["link"],
        published=_when(_text(value, "published")),
        language=texts["lang"] or None,
    )
    return feed, entry


def _text(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str | int):
        raise ValueError(f"{key} is not a text")
    return str(found)


def _when(text: str) -> datetime | None:
    """A date in ISO 8601 or in the form of RFC 5322; None for anything else."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
