"""What feedparser finds in an element, as Raw."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.core.parse.dates import from_struct
from monitor.core.parse.entry import Raw, primary_language


def language_of(feed: Mapping[str, Any]) -> str | None:
    """The language that a document says it is in, by what feedparser found around the entries."""
    return primary_language(_text(feed, "language"))


def raw_of(found: Mapping[str, Any]) -> Raw:
    """One entry; a plain dict is read, for feedparser's own answers for a missing key with
    another's value. An element that is called like one of its keys (`links`, `tags`,
    `title_detail`) leaves a text there.
    """
    one = dict(found)
    title = one.get("title_detail")
    content = _parts(one, "content") or [{}]
    return Raw(
        id=_text(one, "id"),
        title=_text(one, "title"),
        summary=_text(one, "summary"),
        content=_text(content[0], "value"),
        link=_link(one),
        published=_date(one),
        language=_text(one, "language")
        or _text(title if isinstance(title, Mapping) else {}, "language"),
        author=_text(one, "author"),
        categories=[_text(tag, "term") for tag in _parts(one, "tags")],
    )


def _link(one: Mapping[str, Any]) -> str:
    """Where the entry's text stands.

    FeedBurner's own element goes first, since its links lead through a counter. An id
    passes for a link unless it says it is none; but only one that looks like a URL is.
    """
    own = [_text(each, "href") for each in _parts(one, "links") if each.get("rel") == "alternate"]
    link = _text(one, "feedburner_origlink") or _text(one, "link")
    if not link or (link == _text(one, "id") and not link.startswith(("http", "/"))):
        return next(iter(own), "")
    return link


def _date(one: Mapping[str, Any]) -> datetime | None:
    """When the entry was published, else changed; None where nothing is a date."""
    for name in ("published", "updated", "created"):
        parsed = one.get(f"{name}_parsed")
        known = parsed if isinstance(parsed, tuple) else None
        if found := from_struct(known, _text(one, name)):
            return found
    return None


def _parts(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
