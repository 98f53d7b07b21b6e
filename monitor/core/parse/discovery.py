"""Where a site's feeds may be: by what its page says, else by where feeds usually are.

The page's `link` elements go first (the autodiscovery of the HTML standard,
html.spec.whatwg.org/#rel-alternate), then links that look like feeds. Nothing is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree
from lxml import html as lxml_html

from monitor.core.parse.limits import ParseLimits
from monitor.core.parse.links import absolute
from monitor.core.parse.plain import plain
from monitor.core.parse.sniff import root_name

_LIMITS = ParseLimits()
_TYPES = frozenset(
    f"application/{name}" for name in ("rss+xml", "atom+xml", "rdf+xml", "feed+json", "xml")
)
_WORD = re.compile(r"\b(?:rss|atom|feeds?|rdf)\b", re.IGNORECASE)
# In an address the words stand between marks; an underscore is one too.
_ADDRESS = re.compile(
    r"(?:^|[^a-z])(?:rss|atom|feeds?|rdf)(?:\d\.?\d?)?(?:$|[^a-z])|\.xml(?:$|\?)", re.IGNORECASE
)
_COMMENTS = re.compile(r"comment|replies|коммент|تعليق", re.IGNORECASE)
# Stands in front of an address that a feed reader is to open.
_FOR_READERS = "feed:"
_TITLE = re.compile(r"<(?:[\w.-]+:)?title\b[^>]*>(.*?)</", re.DOTALL)
_HEAD = 20_000
# What names a site's feeds stands before so many characters of a page or of robots.txt.
_LONGEST = 1_000_000
_PATHS = (
    *("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json"),
    *("/sitemap-news.xml", "/news-sitemap.xml", "/sitemap_news.xml"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed's, what it is called, and what named it.

    `found_by`: "link" (a link element), "anchor" (a link in the text), "robots" or "path".
    """

    url: str
    title: str = ""
    found_by: str = "link"


def find_feeds(html: str, url: str) -> tuple[Candidate, ...]:
    """What a page names as its feeds, each address once, the likeliest first.

    Link elements, then links in the text, in the order of the page; comments come last.
    """
    try:
        # Bytes, since of a text lxml refuses one that declares its encoding.
        parser = lxml_html.HTMLParser(encoding="utf-8")
        page = lxml_html.document_fromstring(html[:_LONGEST].encode("utf-8", "replace"), parser)
    except etree.ParserError:
        return ()
    stated = (one.get("href") or "" for one in page.iter("base"))
    base = next(filter(None, (absolute(one, url, _LIMITS.link) for one in stated)), url)
    found = _once([*_stated(page, base), *_linked(page, base)])
    return tuple(sorted(found, key=lambda one: bool(_COMMENTS.search(one.url + one.title))))


def from_robots(robots: str, url: str) -> tuple[Candidate, ...]:
    """The sitemaps that a robots.txt names and that seem to be for news."""
    lines = (line.partition("#")[0].partition(":") for line in robots[:_LONGEST].splitlines())
    named = (value for name, _, value in lines if name.strip().lower() == "sitemap")
    news = (absolute(one.strip(), url, _LIMITS.link) for one in named if "news" in one.lower())
    return _once(Candidate(one, found_by="robots") for one in news)


def usual_places(url: str) -> tuple[Candidate, ...]:
    """Where most sites have their feeds: below this address, then below the site's root."""
    below = url.partition("?")[0].partition("#")[0].rstrip("/") + "/feed"
    addresses = (absolute(one, url, _LIMITS.link) for one in (below, *_PATHS))
    return _once(Candidate(one, found_by="path") for one in addresses)


def format_of(text: str) -> str:
    """What a text that was read as a feed is: "RSS", "Atom", "JSON Feed" or "news sitemap"."""
    if text.startswith("{"):
        return "JSON Feed"
    return {"feed": "Atom", "urlset": "news sitemap"}.get(root_name(text), "RSS")


def title_of(text: str) -> str:
    """What a feed in XML is called, "" where it does not say so near its beginning."""
    head = re.split(r"<(?:[\w.-]+:)?(?:item|entry|url)[\s>]", text[:_HEAD], maxsplit=1)[0]
    found = _TITLE.search(head)
    title = found[1].strip().removeprefix("<![CDATA[").removesuffix("]]>") if found else ""
    return plain(title, _LIMITS.title)


def _stated(page: lxml_html.HtmlElement, base: str) -> Iterator[Candidate]:
    for one in page.iter("link"):
        attributes: Mapping[str, str] = one.attrib
        if _is_feed(attributes):
            title = plain(attributes.get("title", ""), _LIMITS.title)
            yield Candidate(_address(one, base), title)


def _is_feed(link: Mapping[str, str]) -> bool:
    """`application/json` is of many things, so there the title must say that it is a feed."""
    if not {"alternate", "feed"} & set(link.get("rel", "").lower().split()):
        return False
    kind = link.get("type", "").partition(";")[0].strip().lower()
    named = kind == "application/json" and _WORD.search(link.get("title", "")) is not None
    return kind in _TYPES or named


def _linked(page: lxml_html.HtmlElement, base: str) -> Iterator[Candidate]:
    for one in page.iter("a"):
        text = plain(str(one.text_content()) or one.get("title", ""), _LIMITS.title)
        address = _address(one, base)
        path = address.partition("://")[2].partition("/")[2]
        if _ADDRESS.search(path) or _WORD.search(text) or _target(one).startswith(_FOR_READERS):
            yield Candidate(address, text, "anchor")


def _address(element: lxml_html.HtmlElement, base: str) -> str:
    target = _target(element).removeprefix(_FOR_READERS)
    return absolute(target, base, _LIMITS.link).partition("#")[0]


def _target(element: lxml_html.HtmlElement) -> str:
    return str(element.get("href", "")).strip()


def _once(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Those with an address, the first of each."""
    found: dict[str, Candidate] = {}
    for one in candidates:
        if one.url:
            found.setdefault(one.url, one)
    return tuple(found.values())
