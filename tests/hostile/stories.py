"""Cases: feeds that are well formed, and whose entries are odd, forged or meant to do harm."""

from __future__ import annotations

import unicodedata

from tests.hostile.case import Catalogue, News, first_only, rss

cases = Catalogue()

# -- identity --------------------------------------------------------------------------


@cases.add("same-guid", "Two stories under one guid")
def _same_guid(news: News) -> bytes:
    return rss(news.entries.replace(f"{news.number}-{news.second}", f"{news.number}-{news.first}"))


@cases.add("new-guids", "Other guids at each poll")
def _new_guids(news: News) -> bytes:
    return rss(news.entries.replace(f">{news.number}-", f">{news.turn}-{news.number}-"))


@cases.add("new-links", "Other tracking parameters at each poll, and no guids")
def _new_links(news: News) -> bytes:
    told = [
        f"<item><title>{one}</title><link>{news.link(one)}?utm_id={news.turn}</link>{news.date}</item>"
        for one in news.both
    ]
    return rss("".join(told))


@cases.add("edited", "Titles and dates are edited, the order changes, an entry leaves and returns")
def _edited(news: News) -> bytes:
    entries = [
        news.entry(one, shown=f"{one}{' (1)' if news.turn % 2 else ''}") for one in news.both
    ]
    return rss("".join(reversed(entries) if news.turn % 2 else entries))


@cases.add(
    "no-guid", "Entries without guid", links=lambda news: [news.link(one) for one in news.both]
)
def _no_guid(news: News) -> bytes:
    told = [
        f"<item><title>{one}</title><link>{news.link(one)}</link>{news.date}</item>"
        for one in news.both
    ]
    return rss("".join(told))


@cases.add("no-link", "Entries without link", links=lambda news: ("", ""))
def _no_link(news: News) -> bytes:
    return rss("".join(f"<item><title>{one}</title>{news.date}</item>" for one in news.both))


@cases.add("no-title", "Entries with nothing but a description")
def _no_title(news: News) -> bytes:
    told = [f"<item><description>{one}</description>{news.date}</item>" for one in news.both]
    return rss("".join(told))


@cases.add("no-date", "Entries without date")
def _no_date(news: News) -> bytes:
    return rss(news.entries.replace(news.date, ""))


@cases.add("hollow", "Empty entries between the stories")
def _hollow(news: News) -> bytes:
    return rss("<item/><item><title/><guid></guid></item>" + news.entries + "<item><link/></item>")


# -- dates -----------------------------------------------------------------------------


def _dated(name: str, about: str, date: str, quiet: str = "") -> None:
    @cases.add(f"date-{name}", about, quiet=quiet)
    def _said(news: News) -> bytes:
        return rss(news.entries.replace(news.date, f"<pubDate>{date}</pubDate>"))


_dated("1970", "Dates of 1970", "Thu, 01 Jan 1970 00:00:00 GMT", quiet="older than polling.fresh")
_dated("2099", "Dates in the future", "Thu, 31 Dec 2099 00:00:00 GMT")
_dated("null", "What a database has for no date", "0000-00-00 00:00:00")
_dated("nonsense", "Dates that are none", "yesterday-ish")
_dated("year-99999", "A year with five digits", "Sat, 01 Jan 99999 00:00:00 GMT")
_dated("feb-30", "A day that does not exist", "Mon, 30 Feb 2026 25:61:61 +9999")

# -- links -----------------------------------------------------------------------------


def _linked(name: str, about: str, link: str, comes_to: str) -> None:
    @cases.add(
        f"link-{name}",
        about,
        titles=first_only,
        links=lambda news: (comes_to.format(host=news.host, number=news.number),),
    )
    def _said(news: News) -> bytes:
        # Without guid, for a guid that is a link would stand in for it.
        where = link.format(number=news.number)
        return rss(f"<item><title>{news.first}</title><link>{where}</link>{news.date}</item>")


_linked("javascript", "A link that is a script", "javascript:alert(document.cookie)", "")
_linked(
    "hidden-script",
    "A script with control characters in its scheme",
    " java&#10;script:alert(1)",
    "",
)
_linked(
    "data", "A link that is its own content", "data:text/html,&lt;script&gt;x&lt;/script&gt;", ""
)
_linked("file", "A link to a file", "file:///etc/passwd", "")
_linked("slack", "A link to an application", "slack://open?team=T1", "")
_linked("relative", "A relative link", "/story/{number}", "http://{host}/story/{number}")
_linked(
    "no-scheme",
    "A link without scheme",
    "//outlet{number}.example/a",
    "http://outlet{number}.example/a",
)
_linked(
    "userinfo",
    "A link that carries a password",
    "https://me:pass@outlet{number}.example/a",
    "https://outlet{number}.example/a",
)
_linked("unparsable", "A link that cannot be parsed", "http://[::1/x", "")
_linked(
    "blanks",
    "Blanks and a line break in a link",
    "https://outlet{number}.example/a\n b",
    "https://outlet{number}.example/ab",
)


@cases.add(
    "link-base",
    "A base that would make each link a script is not heeded",
    titles=first_only,
    links=lambda news: (f"http://{news.host}/x",),
)
def _base(news: News) -> bytes:
    entry = f"<item><title>{news.first}</title><link>x</link>{news.date}</item>"
    return rss(entry, attributes='xml:base="javascript:alert(1)//"')


# -- words -----------------------------------------------------------------------------


def _shown(name: str, about: str, form: str, comes_to: str = "{title}") -> None:
    """A case whose first title is dressed up, and what of it is left."""

    def told(news: News) -> tuple[str, str]:
        return comes_to.format(**_parts(news)), news.second

    @cases.add(f"title-{name}", about, titles=told)
    def _said(news: News) -> bytes:
        shown = form.format(**_parts(news))
        return rss(news.entry(news.first, shown=shown) + news.entry(news.second))


def _parts(news: News) -> dict[str, str]:
    start, _, rest = news.first.partition(" ")
    return {"title": news.first, "initial": start[0], "start": start[1:], "rest": rest}


_SCRIPT = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;{title}&lt;/b&gt;"
_shown("script", "A script in a title", _SCRIPT)
_TWICE = "&amp;lt;i onload=x&amp;gt;{title}&amp;lt;/i&amp;gt;"
_shown("escaped-twice", "Markup that is escaped twice", _TWICE)
_IMAGE = '{title}&lt;img src=x onerror="alert(1)"&gt;'
_shown("image", "An image with a script in a title", _IMAGE)
_shown("bidi", "Overrides of direction", "\u202e{title}\u202c\u2066\u2069")
_HIDDEN = "{initial}\u200b{start}\u2060 {rest}\u00ad\ufeff"
_shown("zero-width", "Characters that cannot be seen, within names", _HIDDEN)
_LINES = '{title}&#13;&#10;\n{{"level":"error"}}'
_shown("lines", "A line that would forge one of the log", _LINES, '{title} {{"level":"error"}}')
_ESCAPES = "&#27;[31m{title}&#x9b;2J"
_shown("terminal", "Escapes of a terminal, as references", _ESCAPES, "{title}›2J")


def _verbatim(name: str, about: str, added: str) -> None:
    """A case whose first title has something more in it, which stays as text."""

    @cases.add(f"title-{name}", about, titles=lambda news: (f"{news.first} {added}", news.second))
    def _said(news: News) -> bytes:
        shown = f"<![CDATA[{news.first} {added}]]>"
        return rss(news.entry(news.first, shown=shown) + news.entry(news.second))


_verbatim("format", "What templates would fill in", "{0.__class__} %s %n ${HOME} $(id) `id`")
_verbatim("markdown", "Markup of chats", "*b* [a](b) @here")
_verbatim("query", "What a shell or a database would read", "'; DROP TABLE x; -- | rm -rf /")


@cases.add(
    "title-mention", "Mentions of Slack, and a link that pretends", titles=lambda news: news.both
)
def _mention(news: News) -> bytes:
    shown = f"{news.first}&lt;!channel&gt;"
    return rss(news.entry(news.first, shown=shown) + news.entry(news.second))


@cases.add(
    "title-homoglyph",
    "A name with a letter of another alphabet",
    titles=lambda news: (news.first.replace("a", "а"), news.second),
    quiet="words in two alphabets are promised to nobody",
)
def _homoglyph(news: News) -> bytes:
    return rss(news.entry(news.first, shown=news.first.replace("a", "а")) + news.entry(news.second))


def _marked(title: str) -> str:
    """A title with a word of letters that carry twenty marks each."""
    return unicodedata.normalize("NFC", f"{title} {('a' + chr(0x301) * 20) * 5}")


@cases.add(
    "title-zalgo",
    "Letters with twenty marks each",
    titles=lambda news: (news.first, _marked(news.second)),
)
def _zalgo(news: News) -> bytes:
    return rss(news.entry(news.first) + news.entry(news.second, shown=_marked(news.second)))
