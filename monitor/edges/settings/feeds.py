"""Feeds files: TOML tables of our own form, and OPML as other readers export it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from lxml import etree
from pydantic import ValidationError

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed
from monitor.core.parse.entry import primary_language
from monitor.edges.files import read_text
from monitor.edges.settings.document import read_toml
from monitor.edges.settings.schema import FeedsFile, FeedTable


def read_feeds(path: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, Feed]]:
    """The feeds of a file, each with the place it stands at; in the end raises BadInput if some
    are none.

    One by one, for there may be a hundred thousand.
    """
    if path.suffix.lower() in {".opml", ".xml"}:
        yield from _opml(path)
        return
    for number, table in enumerate(read_toml(path, FeedsFile, environ).feeds):
        yield f"{path}: feeds[{number}]", make_feed(table)


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


def _opml(path: Path) -> Iterator[tuple[str, Feed]]:
    faults: list[Fault] = []
    try:
        for where, outline in _outlines(path):
            try:
                table = _outline(outline)
            except ValidationError as error:
                said = error.errors()[0]["msg"].partition(", ")[2]
                faults.append(Fault(f"{where}: xmlUrl", said))
                continue
            if table:
                yield where, make_feed(table)
    except etree.XMLSyntaxError as error:
        where = f"{path}:{error.lineno}"
        faults = [Fault(where, "is not well-formed XML", "an OPML file?")]
    if faults:
        raise BadInput(faults)


def _outlines(path: Path) -> Iterator[tuple[str, etree._Element]]:
    """The outlines of a file, each with its place; what was read is let go of."""
    source = io.BytesIO(read_text(path).encode())
    events = etree.iterparse(
        source, events=("start",), tag="outline", resolve_entities=False, no_network=True
    )
    for _, outline in events:
        yield f"{path}:{outline.sourceline}", outline
        while (earlier := outline.getprevious()) is not None:
            outline.getparent().remove(earlier)


def _outline(outline: etree._Element) -> FeedTable | None:
    """The feed of an outline; None for a mere heading."""
    url = outline.get("xmlUrl")
    name = outline.get("title") or outline.get("text") or ""
    # Others write "en-us" there, or "unknown"; what is none leaves it to the documents.
    language = primary_language(outline.get("language") or "")
    return FeedTable(url=url, name=name, language=language) if url else None
