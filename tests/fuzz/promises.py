"""What holds for every answer of `parse`, whatever the bytes were."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

from monitor.core.models import Entry, Failure, Parsed
from monitor.core.parse import ParseLimits
from monitor.core.parse.limits import ParseLimits as Limits

_LIMITS = ParseLimits()
# Joiners shape Arabic, Indic and emoji sequences; what else is a format character is dropped.
_JOINERS = "\u200c\u200d"


def keep_promises(found: Parsed | Failure, limits: Limits = _LIMITS) -> None:
    """AssertionError where an answer holds what it must not."""
    if isinstance(found, Failure):
        assert_seen(found.reason)
        assert 0 < len(found.reason) < 500, found.reason
        return
    assert len(found.entries) <= limits.entries
    assert_seen(found.note)
    for one in found.entries:
        _within(one, limits)
        _safe(one)


def assert_seen(text: str) -> None:
    """Each character is one that can be seen, or a plain blank."""
    for char in text:
        kind = unicodedata.category(char)
        assert kind not in {"Cc", "Cs", "Zl", "Zp"}, (hex(ord(char)), text)
        assert kind != "Cf" or char in _JOINERS or _is_seen(char), (hex(ord(char)), text)


def _is_seen(char: str) -> bool:
    """Format characters that are drawn: Arabic number and verse signs, Kaithi's, and the like."""
    return char in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2" or (
        0x110BD <= ord(char) <= 0x1D17A
    )


def _within(one: Entry, limits: Limits) -> None:
    assert 0 < len(one.title) <= max(limits.title, limits.link)
    assert len(one.summary) <= limits.summary
    assert len(one.link) <= limits.link
    assert len(one.id) <= limits.id
    assert len(one.author) <= limits.author
    assert len(one.categories) <= limits.categories
    assert all(0 < len(name) <= limits.category for name in one.categories)


def _safe(one: Entry) -> None:
    for text in (one.id, one.title, one.summary, one.author, *one.categories):
        assert_seen(text)
    if one.link:
        assert one.link.startswith(("http://", "https://")), one.link
        assert one.link.isascii(), one.link
        assert one.link.isprintable(), one.link
        assert " " not in one.link, one.link
        assert "@" not in urlsplit(one.link).netloc, one.link
