"""Editing and writing OPML (opml.org, version 2.0), the feeds files that all readers exchange."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.parsers import expat

from lxml import etree

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed

# To the end of a tag: what stands in quotes may hold its sign.
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_CLOSED = re.compile(rb"\s*</outline\s*>")


class _Span(NamedTuple):
    """An outline of a feed: its first byte, its line (from 1), and whether it holds others."""

    start: int
    line: int
    holds: bool = False


def without_outlines(path: Path, text: str, numbers: Collection[int]) -> str:
    """The text of an OPML file without the feeds of these numbers (from 0); all the rest stays
    byte for byte. Raises BadInput, under the file's name, where that cannot be.
    """
    body = text.encode()
    found = _spans(path, body)
    for number in sorted(numbers, reverse=True):
        start, line, holds = found[number]
        if holds:
            raise BadInput([Fault(f"{path}:{line}", "holds outlines of others", "edit it by hand")])
        start, end = _whole_lines(body, start, _end(body, start))
        body = body[:start] + body[end:]
    return body.decode()


def _spans(path: Path, body: bytes) -> list[_Span]:
    """The outlines with a feed. expat tells the byte that an element begins with; lxml does not."""
    parser = expat.ParserCreate("utf-8")
    found: list[_Span] = []
    stack: list[int | None] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "outline" and stack and (above := stack[-1]) is not None:
            found[above] = found[above]._replace(holds=True)
        feed = name == "outline" and bool(attributes.get("xmlUrl"))
        if feed:
            found.append(_Span(parser.CurrentByteIndex, parser.CurrentLineNumber))
        stack.append(len(found) - 1 if feed else None)

    def end(_: str) -> None:
        stack.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        where = f"{path}:{error.lineno}"
        raise BadInput([Fault(where, "is not well-formed XML", "an OPML file?")]) from None
    return found


def _end(body: bytes, start: int) -> int:
    """Behind the last byte of an outline that holds nothing."""
    tag = _TAG.match(body, start)
    if tag is None:
        raise ValueError("expat and we read XML differently")
    closed = None if tag[0].endswith(b"/>") else _CLOSED.match(body, tag.end())
    return closed.end() if closed else tag.end()


def _whole_lines(body: bytes, start: int, end: int) -> tuple[int, int]:
    """The same with the blanks and the end of its line, where nothing else stands in it."""
    first = body.rfind(b"\n", 0, start) + 1
    last = body.find(b"\n", end)
    if last >= 0 and not (body[first:start] + body[end:last]).strip():
        return first, last + 1
    return start, end


def write_opml(feeds: Iterable[Feed], url_of: dict[str, str] | None = None) -> str:
    """An OPML 2.0 document with an outline for each feed, in their order.

    A feed without a name has its address as text, for OPML wants one. `url_of`: other addresses
    for some, by key.
    """
    out = io.BytesIO()
    _write(out, feeds, url_of or {})
    return out.getvalue().decode()


def _write(out: BinaryIO, feeds: Iterable[Feed], url_of: dict[str, str]) -> None:
    with etree.xmlfile(out, encoding="utf-8") as document:
        document.write_declaration()
        with document.element("opml", version="2.0"):
            document.write("\n  ")
            with document.element("head"), document.element("title"):
                document.write("Feeds of monitor")
            document.write("\n  ")
            with document.element("body"):
                for feed in feeds:
                    url = url_of.get(feed.key, feed.url)
                    document.write("\n    ", etree.Element("outline", _attributes(feed, url)))
                document.write("\n  ")
            document.write("\n")


def _attributes(feed: Feed, url: str) -> dict[str, str]:
    named = {"text": feed.name or url, "title": feed.name, "type": "rss", "xmlUrl": url}
    named["language"] = feed.language or ""
    return {name: value for name, value in named.items() if value}
