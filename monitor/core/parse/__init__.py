"""From a document to entries. Pure: the same bytes give the same entries.

`parse` tells formats apart; each has a module of its own, and all make entries by
`make_entry`.
"""

from monitor.core.models import Document, Earlier, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse.charset import decode
from monitor.core.parse.feedxml import parse_xml
from monitor.core.parse.jsonfeed import parse_json
from monitor.core.parse.limits import ParseLimits
from monitor.core.parse.sitemap import parse_sitemap
from monitor.core.parse.sniff import feed_text, legal, other_kind, root_name
from monitor.core.parse.trim import parse_news

__all__ = ["ParseLimits", "parse"]

_DEFAULT, _NOTHING = ParseLimits(), Earlier()
_BLANKS = "\ufeff \t\r\n"


def parse(
    feed: Feed, document: Document, limits: ParseLimits = _DEFAULT, earlier: Earlier = _NOTHING
) -> Parsed | Failure:
    """The entries of a document in feed order, or why there are none.

    By what is known from `earlier`, RSS and Atom are read only in part (see Parsed).

    RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and JSON Feed 1.0, 1.1, and Google News
    sitemaps, whatever the content type says.
    """
    text = decode(document.body, document.content_type, feed.language).strip(_BLANKS)
    found = feed_text(text)
    # What expat takes holds nothing illegal; to look for it would take a tenth of the time.
    if found and (short := parse_news(feed, document.url, found, limits, earlier)):
        return short
    return _patiently(feed, document.url, legal(text).strip(_BLANKS), limits)


def _patiently(feed: Feed, url: str, text: str, limits: ParseLimits) -> Parsed | Failure:
    """As parse, of whatever else is left."""
    if not text:
        return Failure(PollOutcome.EMPTY, "the document is empty")
    if text[0] in "{[":
        return parse_json(feed, url, text, limits)
    if found := feed_text(text):
        return parse_xml(feed, url, found, limits)
    if root_name(text) == "urlset":
        return parse_sitemap(feed, url, text, limits)
    what = other_kind(text)
    reason = f"this is {what}, not a feed" if what else "this is no RSS, Atom or JSON feed"
    return Failure(PollOutcome.NOT_A_FEED, reason)
