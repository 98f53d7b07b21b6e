"""Lists of feeds from elsewhere: OPML, a feeds file of our form, or addresses, one a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed
from monitor.core.shown import plain
from monitor.edges.settings.document import faults_of, read_toml
from monitor.edges.settings.editing import FeedWords, table_lines
from monitor.edges.settings.feeds import make_feed, read_opml
from monitor.edges.settings.schema import FeedsFile, FeedTable
from monitor.edges.settings.table import Priority

_TOML = re.compile(r"^\s*(\[\[\s*feeds\s*\]\]|feeds\s*=)", re.MULTILINE)
_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_NAME = 200


def read_listing(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[str, FeedWords]]:
    """The feeds of a list, each with its place ("name:line"); what is wrong is added to `faults`.

    What kind of list it is, its text tells. A list from elsewhere may not ask for variables of
    our environment: they hold secrets, and an address would carry them away.
    """
    for line, table in _tables(text, name, faults):
        where = f"{name}:{line}"
        if any("${" in one for one in (table.url, table.kind, table.country or "")):
            faults.append(Fault(where, "holds a variable (${...})", "add it with `feeds add`"))
            continue
        yield where, words_of(table)


def words_of(table: FeedTable) -> dict[str, str | bool]:
    """What is written of a feed: its address, and what differs from the usual."""
    words = table.model_dump(exclude_defaults=True)
    named = {"url": table.url, "name": harmless(table.name)}
    return {key: one for key, one in (named | {**words, **named}).items() if one}


def feed_of(words: FeedWords, where: str, fill: Callable[[str], str]) -> Feed:
    """The feed that such words make, each text filled in; raises BadInput, with this place, for
    what cannot be one.
    """
    filled = {name: fill(one) if isinstance(one, str) else one for name, one in words.items()}
    try:
        return make_feed(FeedTable.model_validate(filled))
    except ValidationError as error:
        raise BadInput(faults_of(where, "", error, FeedTable)) from None


def written(feed: Feed, url: str) -> dict[str, str | bool]:
    """What is written of a feed that is known, under this address."""
    return words_of(
        FeedTable(
            url=url,
            name=feed.name,
            language=feed.language,
            country=feed.country,
            kind=feed.kind,
            state_media=feed.state_media,
            priority=cast(Priority, feed.priority),
        )
    )


def harmless(name: str) -> str:
    """A name by a stranger: one line, no longer than one may be, and without our variables."""
    return plain(name).replace("${", "$ {").strip()[:_NAME]


def _tables(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[int, FeedTable]]:
    if text.lstrip().startswith("<"):
        return _opml(text, name, faults)
    return _toml(text, name, faults) if _TOML.search(text) else _lines(text, name, faults)


def _opml(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[int, FeedTable]]:
    head, opml, _ = text.partition("<opml")
    if found := _DOCTYPE.search(head):
        where = f"{name}:{head.count(chr(10), 0, found.start()) + 1}"
        faults.append(Fault(where, "has a document type, which OPML does without", "take it out"))
    elif not opml:
        faults.append(Fault(f"{name}:1", "is XML, but no OPML"))
    else:
        yield from read_opml(text, name, faults)


class _Themselves(Mapping[str, str]):
    """An environment in which each variable stands for itself."""

    def __getitem__(self, name: str) -> str:
        return f"${{{name}}}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _toml(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[int, FeedTable]]:
    lines = table_lines(text)
    try:
        tables = read_toml(Path(name), FeedsFile, _Themselves(), lambda _: text).feeds
    except BadInput as bad:
        faults += bad.faults
        return
    for number, table in enumerate(tables):
        yield (lines[number] if number < len(lines) else 1), table


def _lines(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[int, FeedTable]]:
    for number, line in enumerate(text.splitlines(), 1):
        url = line.strip()
        if not url or url.startswith("#"):
            continue
        try:
            yield number, FeedTable(url=url)
        except ValidationError as error:
            said = error.errors()[0]["msg"].partition(", ")[2]
            faults.append(Fault(f"{name}:{number}", said or "is too long for an address"))
