"""RSS and Atom by feedparser, which only this module, `strict` and `found` know.

feedparser's sanitising of texts and resolving of links within them are off: they take most
of its time and are no security boundary; the few texts that are kept are cleaned by
`plain`. Nor is it told the document's URL, for it would resolve ids like "123" against it,
and an id that follows a moving URL is none.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.sax import SAXParseException

import feedparser

from monitor.core.models import Failure, Feed, Parsed, PollOutcome
from monitor.core.parse.entry import make_entries, remarks
from monitor.core.parse.found import language_of, raw_of
from monitor.core.parse.limits import ParseLimits
from monitor.core.parse.shape import oddity
from monitor.core.parse.sniff import first_entries, is_cut, is_whole, split_entries

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
# What was declared is of no account any more; and only a DOCTYPE that begins a line is
# taken by feedparser for one, and made harmless.
_DECLARATION = re.compile(r"^<\?xml\b[^>]*>")
# What feedparser is known to raise on odd input (kurtmckee/feedparser#576, #599, and what
# turned up in tests: a GML srsName that is none, a base that urllib refuses).
RAISES = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    AssertionError,
    RecursionError,
    OverflowError,
    re.error,
)


def parse_xml(feed: Feed, url: str, text: str, limits: ParseLimits) -> Parsed | Failure:
    """The entries of an RSS or Atom text; of a damaged one as far as it can be read."""
    text, surplus = first_entries(text, limits.entries)
    if odd := oddity(undeclared(text).encode()):
        return Failure(PollOutcome.PARSE_ERROR, f"no feed is built like this: {odd}")
    try:
        found = _feedparser(text)
    except RAISES as error:
        found = _one_by_one(text, error)
        if not found:
            return Failure(PollOutcome.PARSE_ERROR, f"the parser gave up on it ({_name(error)})")
    if not found.get("version") and not found["entries"]:
        return Failure(PollOutcome.NOT_A_FEED, "this XML is no RSS or Atom feed")
    trouble = _trouble(found)
    whole = found["entries"][:-1] if trouble and is_cut(text) else found["entries"]
    raws = [raw_of(one) for one in whole[: limits.entries]]
    language = language_of(found["feed"])
    entries = make_entries(feed, url, raws, limits, language)
    if trouble and not entries and (found["entries"] or not is_whole(text)):
        return Failure(PollOutcome.PARSE_ERROR, f"not well-formed: {trouble}")
    damage = f"not well-formed ({trouble}), read as far as possible" if trouble else ""
    notes = (damage, remarks(len(whole) + surplus, len(raws), len(entries)))
    return Parsed(entries, "; ".join(filter(None, notes)), language)


def undeclared(text: str) -> str:
    """The text without its XML declaration."""
    return _DECLARATION.sub("", text)


def _feedparser(text: str) -> Any:
    """Always from a byte stream: a text could be taken for a path or a URL."""
    return feedparser.parse(
        io.BytesIO(undeclared(text).encode()),
        response_headers=_HEADERS,
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _one_by_one(text: str, error: Exception) -> Any:
    """What the parser reads where each entry stands alone; None if it raises at each.

    So one entry on which it gives up costs no other.
    """
    head, entries, tail = split_entries(text)
    whole = None
    for entry in entries:
        try:
            found = _feedparser(f"{head}{entry}{tail}")
        except RAISES:
            continue
        whole = whole or found | {"entries": [], "bozo": True, "bozo_exception": error}
        whole["entries"] += found["entries"]
    return whole


def _trouble(found: Any) -> str:
    """Why the text is not well-formed; "" where it is."""
    if not found.get("bozo"):
        return ""
    error = found.get("bozo_exception")
    if not isinstance(error, SAXParseException):
        return _name(error)
    # feedparser adds a line in front, with a declaration.
    what = error.getMessage().replace("not well-formed (invalid token)", "invalid token")
    return f"{what} in line {(error.getLineNumber() or 1) - 1}"


def _name(error: object) -> str:
    return f"{type(error).__module__}.{type(error).__name__}".removeprefix("builtins.")
