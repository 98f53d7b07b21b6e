"""Markup to plain text, as strangers write it: escaped twice, with scripts, with tricks."""

from __future__ import annotations

import html
import re
import unicodedata

from lxml import etree
from lxml import html as lxml_html

# What looks like a tag, a comment or a declaration; "a < b" does not.
_TAG = re.compile(r"<[a-zA-Z/!?]")
_BLANKS = re.compile(r"\s+")
_DROPPED = ("script", "style", "noscript", "template", "iframe", "object", "svg", "math")
# Elements that stand within a line; all others part words.
_INLINE = frozenset(
    (
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "dfn", "em", "font"),
        *("i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong"),
        *("sub", "sup", "time", "tt", "u", "var", "wbr"),
    )
)
# Invisible: soft hyphen, zero-width, direction marks, overrides and isolates, tags.
_INVISIBLE = dict.fromkeys(
    (
        *(0xAD, 0x34F, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2061, 0x2070),
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
    )
)
# Reading more than this of a text is of no use to a headline or its summary.
_LONGEST = 100_000


def plain(text: str, limit: int) -> str:
    """The words of a piece of markup: no tags, no control or invisible characters.

    Decoded and stripped twice, since many feeds escape twice; at most `limit` characters,
    cut at a word where that is near.
    """
    text = text[:_LONGEST]
    for _ in range(2):
        if _TAG.search(text):
            text = _strip(text)
        elif "&" in text:
            text = html.unescape(text)
    return shorten(clean(text), limit)


def clean(text: str) -> str:
    """One line of normal characters (NFC)."""
    text = unicodedata.normalize("NFC", text.translate(_INVISIBLE))
    text = "".join(c if unicodedata.category(c) not in {"Cc", "Cs"} else " " for c in text)
    return _BLANKS.sub(" ", text).strip()


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis for what is cut off."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    word = kept.rfind(" ", limit * 3 // 4)
    return (kept[:word] if word > 0 else kept).rstrip() + "…"


def _strip(text: str) -> str:
    """The text of markup, a blank wherever a block begins or ends."""
    try:
        root = lxml_html.fragment_fromstring(_storable(text), create_parent="div")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return html.unescape(re.sub(r"<[^>]*>?", " ", text))
    etree.strip_elements(
        root, *_DROPPED, etree.Comment, etree.ProcessingInstruction, with_tail=False
    )
    words: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if element.tag not in _INLINE:
            words.append(" ")
        words.append((element.text if event == "start" else element.tail) or "")
    return "".join(words)


def _storable(text: str) -> str:
    """Without the characters that lxml refuses."""
    return "".join(c if c >= " " and unicodedata.category(c) != "Cs" else " " for c in text)
