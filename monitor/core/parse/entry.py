"""From what a format gives to an Entry: plain text, absolute link, one language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.models import Entry, Feed
from monitor.core.parse.limits import ParseLimits
from monitor.core.parse.links import absolute
from monitor.core.parse.plain import clean, plain, shorten

_LANGUAGE = re.compile(r"[a-z]{2,3}")
# Tags of RFC 5646 that name no language: undetermined, several, none.
_UNTELLING = frozenset({"und", "mul", "zxx"})
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


def make_entries(
    feed: Feed, base: str, raws: Iterable[Raw], limits: ParseLimits, language: str | None
) -> tuple[Entry, ...]:
    """The entries in their order, without those that hold neither text nor link.

    `base` resolves relative links; `language` is the document's own.
    """
    made = (_entry(feed, base, raw, limits, language) for raw in raws)
    return tuple(entry for entry in made if entry.title)


def _entry(feed: Feed, base: str, raw: Raw, limits: ParseLimits, language: str | None) -> Entry:
    """What was configured for the feed goes before the language a document claims, for
    many publishing systems say "en" whatever they carry.
    """
    summary = plain(raw.summary, limits.summary) or plain(raw.content, limits.summary)
    link = absolute(raw.link, base, limits.link) or absolute(raw.id, "", limits.link)
    return Entry(
        feed=feed.url,
        id=clean(raw.id)[: limits.id],
        title=plain(raw.title, limits.title) or shorten(summary, _MADE_TITLE) or link,
        summary=summary,
        link=link,
        published=raw.published,
        language=feed.language or primary_language(raw.language) or language,
        author=plain(raw.author, limits.author),
        categories=_categories(raw.categories, limits),
    )


def _categories(names: list[str], limits: ParseLimits) -> tuple[str, ...]:
    found = (plain(name, limits.category) for name in names[: limits.categories])
    return tuple(dict.fromkeys(filter(None, found)))


def primary_language(tag: str) -> str | None:
    """The language of a tag like "fr-FR" (RFC 5646), in lower case; None if it names none."""
    first = re.split("[-_]", tag.strip().lower())[0]
    return first if _LANGUAGE.fullmatch(first) and first not in _UNTELLING else None


def remarks(found: int, read: int, kept: int) -> str:
    """A note where not all entries found were read, or not all read were kept."""
    notes = [f"{found} entries, the first {read} were read"] if found > read else []
    if read > kept:
        notes.append(f"{read - kept} of {read} held neither text nor link")
    return "; ".join(notes)
