"""Cases: documents that are large, deep or slow to read."""

from __future__ import annotations

from functools import cache

from tests.hostile.case import Catalogue, News, first_only, nothing, rss

cases = Catalogue()
# Seconds: the CPU allowance of a document (8), doubled where two processes share a core.
_SLOW = 20.0
_MEGABYTE = 1_000_000


def _ahead(news: News, filling: str) -> bytes:
    """A feed with the two stories in front of something large."""
    return rss(news.entries + filling)


@cases.add("many-entries", "A hundred thousand entries: the first are read", seconds=_SLOW)
def _many(news: News) -> bytes:
    return _ahead(news, _hundred_thousand())


@cache
def _hundred_thousand() -> str:
    return "".join(
        f"<item><title>Notice {n}</title><guid>n{n}</guid></item>" for n in range(100_000)
    )


@cases.add(
    "long-title",
    "A title of nine megabytes is cut",
    titles=lambda news: (news.first, "A" * 299 + "…"),
    quiet="the second says nothing",
    seconds=_SLOW,
)
def _long_title(news: News) -> bytes:
    return rss(news.entry(news.first) + news.entry(news.second, shown="A" * 9 * _MEGABYTE))


@cases.add(
    "long-summary",
    "A summary of nine megabytes of markup is cut",
    seconds=_SLOW,
    memory=160,
)
def _long_summary(news: News) -> bytes:
    text = "&lt;p&gt;word &lt;b&gt;bold&lt;/b&gt;&lt;/p&gt;" * 180_000
    return rss(news.entries.replace("</item>", f"<description>{text}</description></item>", 1))


@cases.add("long-link", "A link of two megabytes is dropped", seconds=5)
def _long_link(news: News) -> bytes:
    link = "https://outlet.example/" + "x" * 2 * _MEGABYTE
    return rss(news.entry(news.first, link=link) + news.entry(news.second))


@cases.add("long-guid", "A guid of two megabytes is cut", seconds=5)
def _long_guid(news: News) -> bytes:
    return rss(
        news.entries.replace("<guid isPermaLink='false'>", "<guid>" + "g" * 2 * _MEGABYTE, 1)
    )


@cases.add(
    "many-categories",
    "An entry with a hundred thousand categories",
    titles=first_only,
    seconds=_SLOW,
)
def _categories(news: News) -> bytes:
    return rss(news.entry(news.first, more="<category>x</category>" * 100_000))


@cases.add(
    "many-attributes",
    "An element with a hundred thousand attributes",
    outcome="parse_error",
    titles=lambda news: (),
    seconds=_SLOW,
)
def _attributes(news: News) -> bytes:
    names = " ".join(f"a{n}='1'" for n in range(100_000))
    return rss("", more=f"<x {names}/>")


@cases.add("many-namespaces", "Ten thousand namespaces", seconds=_SLOW)
def _namespaces(news: News) -> bytes:
    names = " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(10_000))
    return rss(news.entries, attributes=names)


@cases.add(
    "deep",
    "Elements nested a hundred thousand deep before the entries",
    outcome="parse_error",
    titles=nothing,
    seconds=_SLOW,
)
def _deep(news: News) -> bytes:
    return rss("", more="<a>" * 100_000 + "</a>" * 100_000)


@cases.fails("open-tags", "A million elements that are never closed", "parse_error", seconds=_SLOW)
def _open_tags(news: News) -> bytes:
    return b"<rss version='2.0'><channel>" + b"<a>" * 1_000_000


@cases.add("deep-html", "A summary with HTML nested fifty thousand deep", seconds=_SLOW)
def _deep_html(news: News) -> bytes:
    html = "&lt;div&gt;" * 50_000
    return rss(
        news.entry(news.first, more=f"<description>{html}</description>") + news.entry(news.second)
    )


@cases.fails(
    "open-comments",
    "A hundred thousand comments begin and do not end",
    "parse_error",
    seconds=_SLOW,
)
def _comments(news: News) -> bytes:
    return b"<rss version='2.0'><channel>" + b"<!--" * 100_000


@cases.fails(
    "slow-author", "An author on whom a regular expression is slow", "parse_error", seconds=_SLOW
)
def _author(news: News) -> bytes:
    return rss(f"<item><title>x</title><author>{'a' * 300_000}@</author></item>")


@cases.fails(
    "slow-author-lines", "An author of many words and no address", "parse_error", seconds=_SLOW
)
def _author_words(news: News) -> bytes:
    return rss(f"<item><title>x</title><author>{'a.' * 150_000} (x</author></item>")


@cases.fails(
    "damaged-author", "The same behind damage, where it is not seen", "parse_error", seconds=_SLOW
)
def _damaged_author(news: News) -> bytes:
    return rss(f"a & b<item><title>x</title><author>{'a' * 300_000}</author></item>")


@cases.fails("damaged-comments", "Comments without end behind damage", "parse_error", seconds=_SLOW)
def _damaged_comments(news: News) -> bytes:
    return b"<rss version='2.0'><channel>&" + b"<!-- --><!--" * 50_000


@cases.fails(
    "damaged-tags",
    "A million elements that are never closed, behind damage",
    "parse_error",
    seconds=_SLOW,
    memory=256,
)
def _damaged_tags(news: News) -> bytes:
    return b"<rss version='2.0'><channel>&" + b"<a>" * 1_000_000


@cases.add("slow-html", "Five megabytes of simple HTML in a summary", seconds=_SLOW)
def _slow_html(news: News) -> bytes:
    html = "&lt;a href='x'&gt;y&lt;/a&gt; " * 170_000
    return rss(
        news.entry(news.first, more=f"<description>{html}</description>") + news.entry(news.second)
    )
