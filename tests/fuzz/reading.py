"""One reading of a document as fuzzing does it: parsed, and held to what is promised."""

from __future__ import annotations

from monitor.core.models import Document, Earlier, Failure, Feed, Parsed
from monitor.core.parse import ParseLimits, parse
from tests.fuzz.promises import keep_promises
from tests.proof_of_trim import FEED, prove_news, text_of

_LANGUAGES = (None, "ru", "ar", "fr")
_TYPES = ("", "application/rss+xml", "text/xml; charset=koi8-r", "text/html; charset=é")
_FEW = ParseLimits(entries=3, title=20, summary=30, link=60, id=20, author=10, category=5)


def read(body: bytes, chance: int) -> Parsed | Failure:
    """The answer to a body; `chance` picks all that is not in it. AssertionError for an answer
    that must not be.
    """
    feed = Feed(FEED.url, language=_LANGUAGES[chance % 4])
    document = Document(FEED.url, body, _TYPES[chance // 4 % 4])
    limits = _FEW if chance // 16 % 4 == 0 else ParseLimits()
    found = parse(feed, document, limits)
    keep_promises(found, limits)
    if isinstance(found, Parsed) and found.marks and chance // 64 % 2:
        keep_promises(parse(feed, document, limits, Earlier(found.marks)), limits)
    if chance // 128 % 4 == 0:
        plain = Document(FEED.url, body)
        if text_of(plain) is not None:
            prove_news(plain, plain)
    return found
