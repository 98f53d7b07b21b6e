"""From what a format gives to an Entry: plain text, absolute link, one language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.models import Entry, Feed
from monitor.core.parse.limits import ParseLimits
from monitor.core.parse.links import absolute
from monitor.core.parse.plain import clean, plain, shorten

_LANGUAGE = re.compile(r"[a-z]{2,3}")
# A title made of the summary: long enough to tell stories apart.
_MADE_TITLE = 120


@dataclass(frozen=True, slots=True)
class Raw:
    """One element as its format gives it: markup, relative link and all."""

    id: str = ""
    title: str = ""
    summary: str = ""
    content: str = ""
    link: str = ""
    published: datetime | None = None
    language: str = ""
    author: str = ""
    categories: list[str] = field(default_factory=list)


def make_entry(
    feed: Feed, base: str, raw: Raw, limits: ParseLimits, language: str | None
) -> Entry | None:
    """The entry, or None where there is neither text nor link to tell.

    `base` resolves relative links; `language` is the document's own. What was configured
    for the feed goes before what a document says of itself, for many publishing systems
    say "en" whatever they carry.
    """
    summary = plain(raw.summary, limits.summary) or plain(raw.content, limits.summary)
    title = plain(raw.title, limits.title) or shorten(summary, _MADE_TITLE)
    link = absolute(raw.link, base, limits.link) or absolute_guid(raw.id, limits)
    if not title and not link:
        return None
    return Entry(
        feed=feed.url,
        id=clean(raw.id)[: limits.id],
        title=title or link,
        summary=summary,
        link=link,
        published=raw.published,
        language=feed.language or primary_language(raw.language) or language,
        author=plain(raw.author, limits.author),
        categories=tuple(plain(one, 100) for one in raw.categories[: limits.categories] if one),
    )


def absolute_guid(guid: str, limits: ParseLimits) -> str:
    """A guid that is a URL serves as the link where there is none."""
    return absolute(guid, "", limits.link) if guid.startswith(("http://", "https://")) else ""


def primary_language(tag: str) -> str | None:
    """The language of a tag like "fr-FR" (RFC 5646), in lower case."""
    found = _LANGUAGE.match(tag.strip().lower())
    return found[0] if found else None
