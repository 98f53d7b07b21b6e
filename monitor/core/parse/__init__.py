"""From a document to entries. Pure: the same bytes give the same entries.

`parse` tells formats apart; each has a module of its own, and all make entries by `entry`.
"""

from monitor.core.models import Document, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse.feedxml import parse_xml
from monitor.core.parse.jsonfeed import parse_json
from monitor.core.parse.limits import ParseLimits

__all__ = ["ParseLimits", "parse"]

_DEFAULT = ParseLimits()
# What may stand before a document: byte order mark and blanks.
_LEADING = b"\xef\xbb\xbf \t\r\n"


def parse(feed: Feed, document: Document, limits: ParseLimits = _DEFAULT) -> Parsed | Failure:
    """The entries of a document in feed order, or why there are none.

    RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and JSON Feed 1.0, 1.1, whatever the content type says.
    """
    body = document.body.lstrip(_LEADING)
    if not body.strip(b"\0"):
        return Failure(PollOutcome.EMPTY, "the document is empty")
    if body[:1] in {b"{", b"["}:
        return parse_json(feed, Document(document.url, body, document.content_type), limits)
    return parse_xml(feed, document, limits)
