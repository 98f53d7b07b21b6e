"""Editing the `feeds` of a TOML file: what people wrote around them stays byte for byte.

Tables under headers, `[[feeds]]`, are lines put in and taken out, for there may be ten thousand;
a list within a line, `feeds = [{...}]`, is edited by tomlkit. Whatever was done, the new text is
read again: it must say what the old one did, and differ in nothing but these feeds.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Array

from monitor.core.errors import BadInput, Fault

_FEEDS = re.compile(r"""\s*\[\[\s*(?:feeds|"feeds"|'feeds')\s*\]\]\s*(?:#.*)?""")
_HEADER = re.compile(r"\s*\[")
# A line without a value: blank, or a comment alone.
_BLANK, _COMMENT = re.compile(r"\s*"), re.compile(r"\s*#.*")
_INDENT = re.compile(r"\n([ \t]*)(?=\S)")

# What a feed's table holds: texts and truths.
FeedWords = Mapping[str, str | bool]


def table_lines(text: str) -> list[int]:
    """The lines (from 1) of the headers `[[feeds]]`."""
    lines = text.split("\n")
    return [number for number, line in enumerate(lines, 1) if _FEEDS.fullmatch(line)]


def with_feeds(path: Path, text: str, feeds: Sequence[FeedWords]) -> str:
    """The text with more feeds behind those that stand there; raises BadInput, under the file's
    name, for one that is no TOML or cannot be edited.
    """
    before = _read(path, text)
    if isinstance(before.get("feeds"), list) and not table_lines(text):
        after = _in_the_list(path, text, feeds)
    else:
        after = _below_the_tables(text, feeds)
    return _checked(path, text, after, [*before.get("feeds", []), *map(dict, feeds)])


def without_feeds(
    path: Path, text: str, numbers: Collection[int], names: Mapping[int, Collection[str]]
) -> str:
    """The text without the feeds of these numbers (from 0); raises BadInput as `with_feeds`.

    `names`: what else a feed is called. A comment right above its table goes with it where it
    names the feed; all others stay, apart from the table that then follows.
    """
    before = _read(path, text).get("feeds", [])
    if len(table_lines(text)) == len(before):
        after = _without_tables(text, numbers, names)
    else:
        after = _out_of_the_list(path, text, numbers)
    left = [one for number, one in enumerate(before) if number not in numbers]
    return _checked(path, text, after, left)


def _read(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        # Loading the configuration says the same with a hint; this is for files that it skips.
        raise BadInput([Fault(str(path), f"is not valid TOML: {error}")]) from None


def _checked(path: Path, before: str, after: str, feeds: Sequence[Any]) -> str:
    """The new text, if all that it says beside these feeds is what the old one did."""
    old, new = _read(path, before), _read(path, after)
    same = {**old, "feeds": list(feeds)} == {"feeds": [], **new}
    if not same:
        raise _odd(path)
    return after


def _odd(path: Path) -> BadInput:
    hint = "give each feed a [[feeds]] table, and nothing like it elsewhere"
    return BadInput([Fault(str(path), "is written in a way that cannot be edited here", hint)])


def quoted(text: str) -> str:
    """A text as TOML's basic string, which but for one character is JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(feed: FeedWords) -> list[str]:
    values = {name: quoted(one) if isinstance(one, str) else "true" for name, one in feed.items()}
    return ["[[feeds]]", *(f"{name} = {value}" for name, value in values.items())]


# -- tables under headers --------------------------------------------------------------


def _below_the_tables(text: str, feeds: Sequence[FeedWords]) -> str:
    """Behind the last of the tables; at the end where nothing follows it but remarks."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    headers = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    last = max((number for number in headers if _FEEDS.fullmatch(lines[number])), default=None)
    more = [line for feed in feeds for line in ("", *_table(feed))]
    if last is None or last == headers[-1]:
        while lines and not lines[-1].strip():
            lines.pop()
        return end.join([*lines, *more, ""] if lines else [*more[1:], ""])
    at = _body_end(lines, last, next(one for one in headers if one > last))
    return end.join([*lines[:at], *more, *lines[at:]])


def _without_tables(
    text: str, numbers: Collection[int], names: Mapping[int, Collection[str]]
) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    headers = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    tables = [number for number in headers if _FEEDS.fullmatch(lines[number])]
    follows = dict(zip(headers, [*headers[1:], len(lines)], strict=True))
    spans = [
        _span(lines, tables[number], follows[tables[number]], names.get(number, ()))
        for number in numbers
    ]
    for above, below in sorted(spans, reverse=True):
        _cut(lines, above, below)
    return end.join(lines)


def _span(
    lines: Sequence[str], header: int, following: int, names: Collection[str]
) -> tuple[int, int]:
    """From where to where (not with it) a table goes, and what belongs to it."""
    above = _comment_start(lines, header)
    named = _names(lines[above:header], names)
    return above if named else header, _body_end(lines, header, following)


def _cut(lines: list[str], above: int, below: int) -> None:
    """Take lines out; of blank lines on both sides one stays, and one comes where a comment that
    stood above would seem to speak of what comes next.
    """
    before = lines[above - 1] if above else ""
    after = lines[below] if below < len(lines) else ""
    if not before.strip() and below < len(lines) and not after.strip():
        below += 1
    apart = after.strip() and _COMMENT.fullmatch(before)
    lines[above:below] = [""] if apart else []


def _body_end(lines: Sequence[str], header: int, following: int) -> int:
    """Behind a table's last line: its last value, or the comment right below that, unless it
    stands right above the table that follows.
    """
    at = following
    while at > header + 1 and _silent(lines[at - 1]):
        at -= 1
    remark = at
    while remark < following and _COMMENT.fullmatch(lines[remark]):
        remark += 1
    return at if remark == following < len(lines) else remark


def _silent(line: str) -> bool:
    return bool(_BLANK.fullmatch(line) or _COMMENT.fullmatch(line))


def _comment_start(lines: Sequence[str], header: int) -> int:
    """Where the comment right above a header begins."""
    at = header
    while at and _COMMENT.fullmatch(lines[at - 1]):
        at -= 1
    return at


def _names(comment: Sequence[str], names: Collection[str]) -> bool:
    """Whether a comment speaks of what is called so; what is commented out is no comment on it."""
    said = "\n".join(comment).casefold()
    if any(_FEEDS.fullmatch(line.lstrip(" \t#")) for line in comment):
        return False
    return any(re.search(rf"(?<!\w){re.escape(one.casefold())}(?!\w)", said) for one in names)


# -- a list within a line ----------------------------------------------------------------


def _in_the_list(path: Path, text: str, feeds: Sequence[FeedWords]) -> str:
    document, array = _list(path, text)
    for feed in feeds:
        table = tomlkit.inline_table()
        table.update(feed)
        if found := _INDENT.search(array.as_string()):
            array.add_line(table, indent=found[1])
        else:
            array.append(table)
    return tomlkit.dumps(document)


def _out_of_the_list(path: Path, text: str, numbers: Collection[int]) -> str:
    document, array = _list(path, text)
    for number in sorted(numbers, reverse=True):
        del array[number]
    return tomlkit.dumps(document)


def _list(path: Path, text: str) -> tuple[tomlkit.TOMLDocument, Array]:
    document = tomlkit.parse(text)
    if not isinstance(array := document["feeds"], Array):
        raise _odd(path)
    return document, array
