"""What the archive keeps of a poll, written as one line of JSON: lists, for there are many.

    [at, feed, source, rulebook, version, skimmed, [entry, ...]]

A newer version may add members at the end of each list; an older one does not read them.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from monitor.core.digest import digest
from monitor.core.identity import canonical_url
from monitor.core.models import (
    SKIMMED,
    Archived,
    Entry,
    Outcome,
    Sameness,
    Severity,
    Sheet,
    Verdict,
)

# Entries in one line at most: lines are read by the dozen, and each entry has some kB at most.
_ENTRIES = 50
# Of a digest's eleven characters those that an entry is looked up by, and their bytes: with 48
# bits, two of a million entries are confused once in a hundred years of asking.
_CHARACTERS, NAME = 8, 6


_WHOLE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_ASCII = json.JSONEncoder(separators=(",", ":"))


def write_sheet(feed: str, sheet: Sheet) -> list[str]:
    """The lines of a poll of the feed of this key."""
    origin = sheet.origin
    head = [sheet.at.timestamp(), feed, origin.source, origin.rulebook, origin.version]
    rows = [_row(one) for one in sheet.verdicts]
    skimmed = "".join([name[:_CHARACTERS] for name in sheet.skimmed])
    lines = [_written([*head, skimmed, rows[:_ENTRIES]])]
    for at in range(_ENTRIES, len(rows), _ENTRIES):
        lines.append(_written([*head, "", rows[at : at + _ENTRIES]]))
    return lines


def _written(sheet: list[Any]) -> str:
    line = _WHOLE.encode(sheet)
    try:
        line.encode()
    except UnicodeEncodeError:
        # A lone surrogate, which a feed's guid may hold, must not spoil the commit.
        return _ASCII.encode(sheet)
    return line


def _row(one: Verdict) -> list[Any]:
    entry, tagging = one.entry, one.tagging
    return [
        entry.id,
        entry.title,
        entry.summary,
        entry.link,
        entry.published.timestamp() if entry.published else None,
        entry.language,
        entry.author,
        entry.categories,
        one.outcome,
        one.reason,
        one.sameness,
        one.of,
        one.story_id,
        one.event_id,
        sorted(tagging.topics),
        tagging.severity,
        [(alert.receiver, alert.kind) for alert in one.alerts],
        one.placed,
        [each.delivery for each in one.alerts],
    ]


def names(line: str) -> tuple[bytes, int]:
    """The names that the entries of a line are found by, and how many it tells of without those
    that were only skimmed.
    """
    sheet = _sheet(line)
    if sheet is None:
        return b"", 0
    found = b"".join(name for row in sheet[6] for name in _names(row))
    return found + urlsafe_b64decode(sheet[5]), len(sheet[6])


def sought(asked: str) -> frozenset[bytes]:
    """The names under which an entry with this link or this id is found."""
    return frozenset((_name(canonical_url(asked)), _name(asked)))


def _names(row: list[Any]) -> Iterator[bytes]:
    """What an entry is found by: its id, and its link in the form that links are compared in."""
    if row[0]:
        yield _name(row[0])
    if row[3]:
        yield _name(canonical_url(row[3]))


def _name(text: str) -> bytes:
    return urlsafe_b64decode(digest(text)[:_CHARACTERS])


def read_sheets(lines: Iterable[str]) -> Iterator[Archived]:
    """The entries of lines, in their order, but those that were only skimmed."""
    for line in lines:
        if sheet := _sheet(line):
            yield from _entries(sheet, sheet[6])


def pick(lines: Iterable[str], wanted: frozenset[bytes]) -> Iterator[Archived]:
    """The entries that have one of these names."""
    for line in lines:
        if sheet := _sheet(line):
            rows = [row for row in sheet[6] if not wanted.isdisjoint(_names(row))]
            yield from _entries(sheet, rows)
            marks = urlsafe_b64decode(sheet[5])
            if any(marks[at : at + NAME] in wanted for at in range(0, len(marks), NAME)):
                yield _skimmed(sheet)


def count(lines: Iterable[str]) -> int:
    """How many entries lines tell of."""
    return sum(len(sheet[6]) for line in lines if (sheet := _sheet(line)))


def _sheet(line: str) -> list[Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, list) and len(found) > 6 else None


def _entries(sheet: list[Any], rows: Iterable[list[Any]]) -> Iterator[Archived]:
    for row in rows:
        try:
            yield _archived(sheet, row)
        except (ValueError, TypeError):
            # An outcome that only a newer version knows.
            continue


def _archived(sheet: list[Any], row: list[Any]) -> Archived:
    at, feed, source, rulebook, version = sheet[:5]
    name, title, summary, link, published, language, author, categories = row[:8]
    outcome, reason, sameness, of, story, event, topics, severity = row[8:16]
    alerts, placed, deliveries = row[16:19]
    return Archived(
        _time(at),
        feed,
        source,
        Entry(
            "",
            name,
            title,
            summary,
            link,
            None if published is None else _time(published),
            language,
            author,
            tuple(categories),
        ),
        Outcome(outcome),
        reason,
        Sameness(sameness),
        of,
        story,
        event,
        tuple(topics),
        Severity(severity),
        tuple((receiver, kind) for receiver, kind in alerts),
        placed,
        rulebook,
        version,
        tuple(deliveries),
    )


def _skimmed(sheet: list[Any]) -> Archived:
    at, feed, source, rulebook, version = sheet[:5]
    entry = Entry("", "", "", skimmed=True)
    return Archived(
        *(_time(at), feed, source, entry, Outcome.TOO_OLD, SKIMMED, Sameness.NEW),
        rulebook=rulebook,
        version=version,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
