"""Feeds files: TOML tables of our own form, and OPML as other readers export it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from lxml import etree
from pydantic import ValidationError

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed
from monitor.edges.settings.document import read_text, read_toml
from monitor.edges.settings.schema import FeedsFile, FeedTable


def read_feeds(path: Path, environ: Mapping[str, str]) -> list[tuple[str, FeedTable]]:
    """The feeds of a file, each with the place it stands at; raises BadInput."""
    if path.suffix.lower() in {".opml", ".xml"}:
        return _opml(path)
    tables = read_toml(path, FeedsFile, environ).feeds
    return [(f"{path}: feeds[{number}]", table) for number, table in enumerate(tables)]


def make_feed(table: FeedTable) -> Feed:
    """A feed ready to be polled, its credentials apart from its URL."""
    parts = urlsplit(table.url)
    host = parts.hostname or ""
    netloc = f"[{host}]" if ":" in host else host
    netloc = f"{netloc}:{parts.port}" if parts.port else netloc
    return Feed(
        url=urlunsplit(parts._replace(netloc=netloc, fragment="")),
        name=table.name,
        language=table.language,
        country=table.country,
        kind=table.kind,
        state_media=table.state_media,
        credentials=_credentials(parts),
    )


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _opml(path: Path) -> list[tuple[str, FeedTable]]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(read_text(path).encode(), parser)
    except etree.XMLSyntaxError as error:
        where = f"{path}:{error.lineno}"
        raise BadInput([Fault(where, "is not well-formed XML", "an OPML file?")]) from None
    feeds: list[tuple[str, FeedTable]] = []
    faults: list[Fault] = []
    for outline in root.iter("outline"):
        where = f"{path}:{outline.sourceline}"
        try:
            table = _outline(outline)
        except ValidationError as error:
            faults += [Fault(f"{where}: xmlUrl", error.errors()[0]["msg"].partition(", ")[2])]
            continue
        if table:
            feeds.append((where, table))
    if faults:
        raise BadInput(faults)
    return feeds


def _outline(outline: etree._Element) -> FeedTable | None:
    """The feed of an outline; None for a mere heading."""
    url = outline.get("xmlUrl")
    name = outline.get("title") or outline.get("text") or ""
    return FeedTable(url=url, name=name, language=outline.get("language")) if url else None
