"""Google News sitemaps (developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap).

Each `url` element is read by itself, so that a damaged one costs no other. Names are taken
without their prefix: some documents forget to declare it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from monitor.core.models import Failure, Feed, Parsed, PollOutcome
from monitor.core.parse.dates import from_iso
from monitor.core.parse.entry import Raw, make_entries, primary_language, remarks
from monitor.core.parse.limits import ParseLimits
from monitor.core.parse.plain import clean, shorten

_NAMESPACE = "schemas/sitemap-news/"
_START = re.compile(r"<(?:[\w.-]+:)?url[\s>]")
_END = re.compile(r"</(?:[\w.-]+:)?url\s*>")
_NEWS = re.compile(r"<(?:[\w.-]+:)?news[\s>]")
_WHOLE = re.compile(r"</(?:[\w.-]+:)?urlset\s*>|/>\s*$")
_COMMAS = re.compile("[,;،、，]")
# Characters kept of what the parser says.
_SAID = 100
_UNCLOSED = "an element is not closed"


def parse_sitemap(feed: Feed, url: str, text: str, limits: ParseLimits) -> Parsed | Failure:
    """The news of a sitemap, its other pages left out; one without any is not a feed.

    An empty sitemap that declares the namespace is a feed: Google asks that what is older than
    two days is taken out.
    """
    text = _without_comments(text)
    blocks = list(_blocks(text))
    news = [block for block in blocks if _NEWS.search(block)]
    if not news and (blocks or _NAMESPACE not in text):
        reason = "this is a sitemap, not a feed: it lists pages, not news"
        return Failure(PollOutcome.NOT_A_FEED, reason)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    troubles: list[str] = []
    raws = [_raw(block, parser, troubles) for block in news[: limits.entries]]
    if not _WHOLE.search(text) or len(_START.findall(text)) > len(blocks):
        troubles.append(_UNCLOSED)
    language = _language(raws)
    entries = make_entries(feed, url, raws, limits, language)
    if troubles and not entries:
        return Failure(PollOutcome.PARSE_ERROR, f"not well-formed: {troubles[0]}")
    damage = f"not well-formed ({troubles[0]}), read as far as possible" if troubles else ""
    notes = (damage, remarks(len(news), len(raws), len(entries)))
    return Parsed(entries, "; ".join(filter(None, notes)), language)


def _without_comments(text: str) -> str:
    head, *rest = text.split("<!--")
    return head + "".join(one.partition("-->")[2] for one in rest)


def _blocks(text: str) -> Iterator[str]:
    """Each whole `url` element; one that is not closed before the next begins is left out."""
    at = 0
    for end in _END.finditer(text):
        starts = [found.start() for found in _START.finditer(text, at, end.start())]
        if starts:
            yield text[starts[-1] : end.end()]
        at = end.end()


def _raw(block: str, parser: etree.XMLParser, troubles: list[str]) -> Raw:
    """One element; what is wrong with it is added to `troubles`."""
    root = etree.fromstring(block, parser)
    fatal = (one for one in parser.error_log if one.level == etree.ErrorLevels.FATAL)
    # The document's own words may be in what libxml2 says of it.
    troubles += [shorten(clean(one.message), _SAID) for one in fatal]
    if root is None:
        return Raw()
    page = _texts(root.iterchildren(etree.Element))
    inner = (one for one in root.iterchildren(etree.Element) if _local(one) == "news")
    news = _texts(element for one in inner for element in one.iter(etree.Element))
    return Raw(
        id=page.get("loc", ""),
        title=news.get("title", ""),
        link=page.get("loc", ""),
        published=from_iso(news.get("publication_date", "")) or from_iso(page.get("lastmod", "")),
        language=news.get("language", ""),
        categories=_COMMAS.split(news.get("keywords", "")),
    )


def _texts(elements: Iterable[etree._Element]) -> dict[str, str]:
    """What elements hold, by their local names; of two with one name the first counts."""
    found: dict[str, str] = {}
    for one in elements:
        found.setdefault(_local(one), "".join(map(str, one.itertext())).strip())
    return found


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _language(raws: list[Raw]) -> str | None:
    """What all say they are in; None where they differ."""
    named = {primary_language(raw.language) for raw in raws}
    return named.pop() if len(named) == 1 else None
