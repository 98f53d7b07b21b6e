"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from monitor.core.models import Document, Entry, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse.entry import Raw, make_entry, primary_language
from monitor.core.parse.limits import ParseLimits

_VERSION = "jsonfeed.org/version/"


def parse_json(feed: Feed, document: Document, limits: ParseLimits) -> Parsed | Failure:
    """The entries of a JSON Feed; any other JSON is not a feed."""
    try:
        root = json.loads(document.body)
    except (ValueError, RecursionError) as error:
        said = f"the JSON is broken: {type(error).__name__}"
        return Failure(PollOutcome.PARSE_ERROR, said)
    if not isinstance(root, dict) or _VERSION not in _text(root.get("version")):
        return Failure(PollOutcome.NOT_A_FEED, "this is JSON, but not a JSON Feed")
    found = root.get("items")
    if not isinstance(found, list):
        return Failure(PollOutcome.PARSE_ERROR, "this JSON Feed has no list of items")
    language = primary_language(_text(root.get("language")))
    raws = [_raw(one) for one in found[: limits.entries] if isinstance(one, dict)]
    entries = [make_entry(feed, document.url, raw, limits, language) for raw in raws]
    return Parsed(_kept(entries), note=_note(found, limits), language=language)


def _kept(entries: list[Entry | None]) -> tuple[Entry, ...]:
    return tuple(one for one in entries if one)


def _note(found: list[Any], limits: ParseLimits) -> str:
    surplus = len(found) - limits.entries
    return f"{len(found)} entries, the first {limits.entries} were read" if surplus > 0 else ""


def _raw(one: dict[str, Any]) -> Raw:
    authors = one.get("authors") or [one.get("author")]
    first = authors[0] if isinstance(authors, list) and authors else None
    tags = one.get("tags")
    return Raw(
        id=_text(one.get("id")),
        title=_text(one.get("title")),
        summary=_text(one.get("summary")),
        content=_text(one.get("content_html")) or _text(one.get("content_text")),
        link=_text(one.get("url")) or _text(one.get("external_url")),
        published=_date(_text(one.get("date_published")) or _text(one.get("date_modified"))),
        language=_text(one.get("language")),
        author=_text(first.get("name")) if isinstance(first, dict) else "",
        categories=[_text(tag) for tag in tags] if isinstance(tags, list) else [],
    )


def _date(text: str) -> datetime | None:
    """RFC 3339, as the specification asks; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
