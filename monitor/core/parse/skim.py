"""Entries too old to be told: only what they are known by, and only where that is certain.

What is read here is what feedparser would have read; an entry with anything in it that could
make a difference is left to feedparser.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.core.parse.dates import from_certain
from monitor.core.parse.entry import Raw
from monitor.core.parse.layout import Element, Span
from monitor.core.parse.strict import own_prefix

_RDF_ABOUT = "http://www.w3.org/1999/02/22-rdf-syntax-ns# about"
# In lower case, as feedparser compares names.
_XML = "http://www.w3.org/xml/1998/namespace "
# Elements that say nothing of id, title, link and time, by feedparser's own prefix.
_IDLE = {
    "": frozenset(
        (
            *("description", "summary", "content", "category", "author", "comments"),
            *("enclosure", "source"),
        )
    ),
    "dc": frozenset(("creator", "subject")),
    "content": frozenset(("encoded",)),
    "slash": frozenset(("comments", "section", "department", "hit_parade")),
    "wfw": frozenset(("commentrss",)),
    "thr": frozenset(("total",)),
    "media": frozenset(
        ("content", "group", "thumbnail", "credit", "description", "keywords", "copyright")
    ),
}
# Those that may have elements in them, and which.
_NESTING = frozenset((("", "author"), ("media", "content"), ("media", "group")))
_NESTED = {"": frozenset(("name", "uri", "email")), "media": _IDLE["media"]}
_DATES = {
    ("", "pubdate"): "published",
    ("", "published"): "published",
    ("", "updated"): "updated",
    ("dc", "date"): "updated",
}
_LINK = re.compile(r"https?://[^/\s;][^\s;]*")
_PLAIN_TYPES = frozenset(("text", "html", "text/plain", "text/html"))
_LINK_ATTRIBUTES = frozenset(("rel", "type", "href", "title", "hreflang", "length"))
# What feedparser takes for characters of Windows-1252 and changes.
_C1 = re.compile("[\x80-\x9f]")

_Parts = dict[str, list[Element]]


def inherited(path: Iterable[Element]) -> str | None:
    """The language of the elements that entries stand in, "" for none; None where these have a
    base, by which feedparser would resolve links and ids.
    """
    language = ""
    for one in path:
        attrs = {name.lower(): value for name, value in one.attrs.items()}
        if f"{_XML}base" in attrs or "base" in attrs:
            return None
        language = attrs.get(f"{_XML}lang", attrs.get("lang", language))
    return language


def skim(span: Span, old: datetime, language: str) -> Raw | None:
    """What an entry published before `old` is known by; None where it is to be read in full."""
    parts = _sorted(span.elements)
    if parts is None:
        return None
    dates = [_date(parts[name]) for name in ("published", "updated") if parts[name]]
    known = [one for one in dates if one is not None and one < old]
    if not dates or len(known) < len(dates):
        return None
    found = _id(span, parts["id"]), _title(parts["title"]), _link(parts["link"])
    if not all(found):
        return None
    return Raw(*found[:2], link=found[2], published=known[0], language=language)


def _sorted(elements: Sequence[Element]) -> _Parts | None:
    """The elements that matter; None where there are others than those known here."""
    parts: _Parts = defaultdict(list)
    above = ("", "")
    for one in elements:
        prefix = own_prefix(one.space) if one.space else ""
        name = prefix or "", one.name
        if prefix is None or not (_fits(one, name, above) if one.level > 1 else True):
            return None
        if one.level > 1:
            continue
        above, part = name, _part(name)
        if part:
            parts[part].append(one)
        elif one.name not in _IDLE.get(prefix, ()):
            return None
    return parts


def _fits(one: Element, name: tuple[str, str], above: tuple[str, str]) -> bool:
    return above in _NESTING and one.name in _NESTED.get(name[0], ())


def _part(name: tuple[str, str]) -> str:
    if name in _DATES:
        return _DATES[name]
    own = {"guid": "id", "id": "id", "title": "title", "link": "link"}
    return own.get(name[1], "") if not name[0] else ""


def _date(elements: list[Element]) -> datetime | None:
    return from_certain(elements[0].text.strip()) if len(elements) == 1 else None


def _id(span: Span, elements: list[Element]) -> str:
    if span.attrs:
        about = span.attrs.get(_RDF_ABOUT, "")
        return about if len(span.attrs) == 1 and not elements else ""
    if len(elements) != 1 or not all(name.lower() == "ispermalink" for name in elements[0].attrs):
        return ""
    found = _settled(elements[0].text)
    return "" if ":///" in found else found


def _title(elements: list[Element]) -> str:
    if len(elements) != 1:
        return ""
    (one,) = elements
    kind = one.attrs.get("type", "text").lower()
    marked = "<" in one.text or "&" in one.text
    if marked or kind not in _PLAIN_TYPES or not one.attrs.keys() <= {"type"}:
        return ""
    return _settled(one.text)


def _link(elements: list[Element]) -> str:
    """RSS has it as text, Atom as an attribute of the one that says it is the alternate."""
    found = []
    for one in elements:
        if not one.attrs:
            found.append(one.text)
        elif not one.attrs.keys() <= _LINK_ATTRIBUTES or "href" not in one.attrs:
            return ""
        elif one.attrs.get("rel", "alternate").lower() == "alternate":
            found.append(one.attrs["href"])
            if one.attrs.get("type", "text/html").lower() != "text/html":
                return ""
    link = _settled(found[0]) if len(found) == 1 else ""
    return link if _LINK.fullmatch(link) else ""


def _settled(text: str) -> str:
    """The text without blanks around it; "" where feedparser would repair its characters."""
    text = text.strip()
    if text.isascii():
        return text
    try:
        text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return "" if _C1.search(text) else text
    return ""
