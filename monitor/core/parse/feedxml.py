"""RSS and Atom by feedparser. Only this module knows it.

feedparser's sanitising and resolving of links are off: they take most of its time and are
no security boundary; the few texts that are kept are cleaned by our own `plain`.
"""

from __future__ import annotations

import calendar
import codecs
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser

from monitor.core.models import Document, Entry, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse.entry import Raw, make_entry, primary_language
from monitor.core.parse.limits import ParseLimits

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]+)", re.IGNORECASE)
# Byte order marks, the longer first: UTF-32's begins like UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Roots of documents that people take for feeds.
_OTHERS = (
    (re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE), "an HTML page"),
    (re.compile(rb"<opml\b", re.IGNORECASE), "an OPML list of feeds"),
    (re.compile(rb"<(urlset|sitemapindex)\b", re.IGNORECASE), "a sitemap"),
)
_FEED_ROOT = re.compile(rb"<(rss|feed|rdf|atom:feed|\w+:rdf|channel)\b", re.IGNORECASE)
_HEAD = 4_096
# What feedparser is known to raise on odd input (kurtmckee/feedparser#576, #599 and our own
# finds: character references out of range, GML srsName, deep nesting).
_RAISES = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    LookupError,
    AssertionError,
    RecursionError,
    OverflowError,
    re.error,
)


def parse_xml(feed: Feed, document: Document, limits: ParseLimits) -> Parsed | Failure:
    """The entries of an RSS or Atom document; damaged ones as far as they can be read."""
    try:
        found = _feedparser(document)
    except _RAISES as error:
        said = f"the parser gave up on it ({type(error).__name__})"
        return Failure(PollOutcome.PARSE_ERROR, said)
    trouble = _trouble(found)
    if not found.get("version") and not found["entries"]:
        return _no_feed(document, trouble)
    language = primary_language(_text(found["feed"], "language"))
    made = [
        _entry(feed, document, one, limits, language) for one in found["entries"][: limits.entries]
    ]
    entries = tuple(one for one in made if one)
    if trouble and not entries:
        return Failure(PollOutcome.PARSE_ERROR, f"not well-formed: {trouble}")
    return Parsed(entries, _note(len(found["entries"]), limits, trouble), language)


def _feedparser(document: Document) -> Any:
    """Always from a byte stream: a text could be taken for a path or a URL."""
    headers = {"content-type": _content_type(document), "content-location": document.url}
    return feedparser.parse(
        io.BytesIO(document.body),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _content_type(document: Document) -> str:
    """The charset to go by: bytes that are valid UTF-8 are UTF-8, whatever is declared.

    (Text in another charset is hardly ever valid UTF-8 by chance; this also keeps UTF-7
    from becoming markup.) Else what the server said goes first, then the document.
    """
    for mark, charset in _MARKS:
        if document.body.startswith(mark):
            return f"application/xml; charset={charset}"
    named = _CHARSET.search(document.content_type)
    if b"\0" not in document.body[:_HEAD] and _is_utf8(document.body):
        return "application/xml; charset=utf-8"
    if named is None or named[1].lower() in {"utf-8", "utf8", "utf-7", "us-ascii"}:
        return "application/xml"
    return f"application/xml; charset={named[1]}"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _trouble(found: Any) -> str:
    """Why the document is not well-formed; "" where it is, or where it is of no account."""
    error = found.get("bozo_exception")
    harmless = (feedparser.NonXMLContentType, feedparser.CharacterEncodingOverride)
    if not found.get("bozo") or isinstance(error, harmless):
        return ""
    where = getattr(error, "getLineNumber", lambda: None)()
    line = f" in line {where}" if where else ""
    return f"{type(error).__name__}{line}"


def _no_feed(document: Document, trouble: str) -> Failure:
    head = document.body[:_HEAD]
    for pattern, name in _OTHERS:
        if pattern.search(head):
            return Failure(PollOutcome.NOT_A_FEED, f"this is {name}, not a feed")
    if trouble and _FEED_ROOT.search(head):
        return Failure(PollOutcome.PARSE_ERROR, f"not well-formed: {trouble}")
    return Failure(PollOutcome.NOT_A_FEED, "this is no RSS, Atom or JSON feed")


def _note(count: int, limits: ParseLimits, trouble: str) -> str:
    notes = [f"not well-formed ({trouble}), read as far as possible"] if trouble else []
    if count > limits.entries:
        notes.append(f"{count} entries, the first {limits.entries} were read")
    return "; ".join(notes)


def _entry(
    feed: Feed, document: Document, one: Any, limits: ParseLimits, language: str | None
) -> Entry | None:
    title = one.get("title_detail") or {}
    content = one.get("content") or [{}]
    base = _text(title, "base") or document.url
    raw = Raw(
        id=_text(one, "id"),
        title=_text(one, "title"),
        summary=_text(one, "summary"),
        content=_text(content[0], "value"),
        link=_text(one, "link"),
        published=_date(one),
        language=_text(title, "language"),
        author=_text(one, "author"),
        categories=[_text(tag, "term") for tag in one.get("tags") or []],
    )
    return make_entry(feed, base, raw, limits, language)


def _date(one: Any) -> datetime | None:
    """When the entry was published, else changed; None where that is no date."""
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        if found := one.get(name):
            try:
                return _EPOCH + timedelta(seconds=calendar.timegm(found))
            except (ValueError, OverflowError):
                continue
    return None


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
