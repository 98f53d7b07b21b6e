"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from monitor.core.models import Failure, Feed, Hub, Parsed, PollOutcome
from monitor.core.parse.dates import from_iso
from monitor.core.parse.entry import Raw, make_entries, primary_language, remarks
from monitor.core.parse.head import hub_url
from monitor.core.parse.limits import ParseLimits

_VERSION = "jsonfeed.org/version/"
# What some write instead of the URL that the specification asks for.
_BARE_VERSIONS = frozenset({"1", "1.0", "1.1"})
_HEAD = 1_000


def parse_json(feed: Feed, url: str, text: str, limits: ParseLimits) -> Parsed | Failure:
    """The entries of a JSON Feed; any other JSON is not a feed."""
    try:
        root = json.loads(text)
    except (ValueError, RecursionError) as error:
        return _broken(text, type(error).__name__)
    if not isinstance(root, dict) or not _is_feed(root):
        return Failure(PollOutcome.NOT_A_FEED, "this is JSON, but not a JSON Feed")
    found = root.get("items")
    if not isinstance(found, list):
        return Failure(PollOutcome.PARSE_ERROR, "this JSON Feed has no list of items")
    language = primary_language(_text(root.get("language")))
    objects = [one for one in found if isinstance(one, dict)]
    raws = [_raw(one, _author(root)) for one in objects[: limits.entries]]
    entries = make_entries(feed, url, raws, limits, language)
    ended = "it says that it has ended" if root.get("expired") is True else ""
    notes = (ended, remarks(len(objects), len(raws), len(entries)))
    note = "; ".join(filter(None, notes))
    return Parsed(entries, note, language, hub=_hub(root))


def _is_feed(root: dict[str, Any]) -> bool:
    """Whether it says so: by its version's URL, else by the bare number of one and a list."""
    version = _text(root.get("version"))
    bare = version in _BARE_VERSIONS and isinstance(root.get("items"), list)
    return bare or _VERSION in version


def _hub(root: dict[str, Any]) -> Hub:
    """The WebSub hub among its hubs, if there is one."""
    hubs = [one for one in _list(root.get("hubs")) if isinstance(one, dict)]
    urls = (hub_url(one.get("url")) for one in hubs if _text(one.get("type")).lower() == "websub")
    url = next(filter(None, urls), "")
    return Hub(url, hub_url(root.get("feed_url"))) if url else Hub()


def _broken(text: str, error: str) -> Failure:
    if _VERSION in text[:_HEAD].replace("\\/", "/"):
        return Failure(PollOutcome.PARSE_ERROR, f"the JSON is broken ({error})")
    return Failure(PollOutcome.NOT_A_FEED, "this is no RSS, Atom or JSON feed")


def _raw(one: dict[str, Any], author: str) -> Raw:
    """One entry; without an author of its own it has the feed's."""
    return Raw(
        id=_text(one.get("id")),
        title=_text(one.get("title")),
        summary=_text(one.get("summary")),
        content=_text(one.get("content_html")) or _text(one.get("content_text")),
        link=_text(one.get("url")) or _text(one.get("external_url")),
        published=_date(one),
        language=_text(one.get("language")),
        author=_author(one) or author,
        categories=[_text(tag) for tag in _list(one.get("tags"))],
    )


def _date(one: dict[str, Any]) -> datetime | None:
    """When it was published, else changed; RFC 3339 allows "t" and "z" too."""
    found = (from_iso(_text(one.get(f"date_{name}")).upper()) for name in ("published", "modified"))
    return next(filter(None, found), None)


def _author(one: dict[str, Any]) -> str:
    """The first author's name: a list since 1.1, one object before."""
    authors = [*_list(one.get("authors")), one.get("author")]
    names = (_text(each.get("name") if isinstance(each, dict) else each) for each in authors)
    return next(filter(None, names), "")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text; a number is read as one, as the specification asks for ids."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number or isinstance(value, str) else ""
