"""Feeds files: TOML tables of our own form, and OPML as other readers export it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from lxml import etree
from pydantic import ValidationError

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed
from monitor.core.parse.entry import primary_language
from monitor.edges.files import read_text
from monitor.edges.settings.document import Reader, read_toml
from monitor.edges.settings.schema import FeedsFile, FeedTable

# Characters of a name; others write whole sentences there.
_NAME = 200


class Place(NamedTuple):
    """Where a feed stands: in which file, as which of its feeds (from 0), and of an OPML file in
    which line (from 1).
    """

    file: Path
    number: int
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else f"{self.file}: feeds[{self.number}]"


def is_opml(path: Path) -> bool:
    """Whether a feeds file is an OPML file: its name says so."""
    return path.suffix.lower() in {".opml", ".xml"}


def read_feeds(
    path: Path, environ: Mapping[str, str], read: Reader = read_text
) -> Iterator[tuple[Place, Feed]]:
    """The feeds of a file, each with the place it stands at; in the end raises BadInput if some
    are none.

    One by one, for there may be a hundred thousand.
    """
    if is_opml(path):
        yield from _opml(path, read(path))
        return
    for number, table in enumerate(read_toml(path, FeedsFile, environ, read).feeds):
        yield Place(path, number), make_feed(table)


def make_feed(table: FeedTable) -> Feed:
    """A feed ready to be polled, its credentials apart from its URL."""
    parts = urlsplit(table.url)
    host = parts.hostname or ""
    netloc = f"[{host}]" if ":" in host else host
    netloc = f"{netloc}:{parts.port}" if parts.port else netloc
    return Feed(
        url=urlunsplit(parts._replace(netloc=netloc, fragment="")),
        name=table.name,
        language=_shared(table.language),
        country=_shared(table.country),
        kind=_shared(table.kind) or "",
        state_media=table.state_media,
        priority=table.priority,
        credentials=_credentials(parts),
    )


def _shared(text: str | None) -> str | None:
    """The one copy of a text that many feeds have in common."""
    return sys.intern(text) if text else text


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _opml(path: Path, text: str) -> Iterator[tuple[Place, Feed]]:
    faults: list[Fault] = []
    for number, (line, table) in enumerate(read_opml(text, str(path), faults)):
        yield Place(path, number, line), make_feed(table)
    if faults:
        raise BadInput(faults)


def read_opml(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[int, FeedTable]]:
    """The feeds of an OPML document, each with its line (from 1); headings are passed over.

    What is wrong is added to `faults`, under the file's name; a document that is none ends there.
    """
    try:
        for line, outline in _outlines(text):
            try:
                table = _outline(outline)
            except ValidationError as error:
                said = error.errors()[0]["msg"].partition(", ")[2]
                faults.append(Fault(f"{name}:{line}: xmlUrl", said or "is too long"))
                continue
            if table:
                yield line, table
    except etree.XMLSyntaxError as error:
        deep = "depth" in str(error)
        what = "is nested too deeply" if deep else "is not well-formed XML"
        faults.append(Fault(f"{name}:{error.lineno}", what, "an OPML file?"))


def _outlines(text: str) -> Iterator[tuple[int, etree._Element]]:
    """The outlines of a document, each with its line; what was read is let go of."""
    events = etree.iterparse(
        io.BytesIO(text.encode()),
        events=("start",),
        tag="outline",
        resolve_entities=False,
        no_network=True,
    )
    for _, outline in events:
        yield outline.sourceline or 0, outline
        while (earlier := outline.getprevious()) is not None:
            outline.getparent().remove(earlier)


def _outline(outline: etree._Element) -> FeedTable | None:
    """The feed of an outline; None for a mere heading."""
    url = outline.get("xmlUrl")
    name = outline.get("title") or outline.get("text") or ""
    # Text is wanted of every outline; who has no name writes the address.
    name = "" if name == url else name[:_NAME]
    # Others write "en-us" there, or "unknown"; what is none leaves it to the documents.
    language = primary_language(outline.get("language") or "")
    return FeedTable(url=url, name=name, language=language) if url else None
