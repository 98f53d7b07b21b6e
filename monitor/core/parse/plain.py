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
# Control characters but blanks, lone surrogates, and what would move the cursor of a terminal.
_CONTROL = re.compile("\x1b\\[[0-9;?]*[@-~]|[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
# Invisible: soft hyphen, fillers, zero-width, direction marks, overrides and isolates,
# variation selectors, annotations, tags.
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# Joiners shape Arabic, Indic and emoji sequences; anywhere else they only hide a word.
_STRAY_JOINER = re.compile(
    "(?<![\u0600-\u08ff\u0900-\u0fff\u1000-\u109f\u1780-\u18af\u2600-\u27bf\U0001f000-\U0001faff])"
    "[\u200c\u200d]"
)
# What belongs to the character before it: never cut in front of one.
_ATTACHED = re.compile("[\u200c\u200d\U0001f3fb-\U0001f3ff]")
# Reading more than this of a text is of no use to a headline or its summary.
_LONGEST = 100_000


def plain(text: str, limit: int) -> str:
    """The words of a piece of markup: no tags, no control or invisible characters.

    Decoded and stripped twice, since many feeds escape twice; at most `limit` characters.
    """
    if not text:
        return ""
    text = text[:_LONGEST]
    for _ in range(2):
        if _TAG.search(text):
            text = _strip(text)
        elif "&" in text:
            text = html.unescape(text)
    return shorten(clean(text), limit)


def clean(text: str) -> str:
    """One line of characters that can be seen, in the composed form (NFC)."""
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", _STRAY_JOINER.sub("", text))).strip()


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis for what is cut off.

    Cut at a blank where one is near, and never within a character of several code points.
    """
    if len(text) <= limit:
        return text
    cut = text.rfind(" ", limit * 3 // 4, limit)
    if cut < 0:
        cut = limit - 1
        while cut > limit // 2 and _is_attached(text, cut):
            cut -= 1
    return text[:cut].rstrip() + "…"


def _is_attached(text: str, at: int) -> bool:
    joined = text[at - 1] == "\u200d" or _ATTACHED.match(text, at) is not None
    return joined or unicodedata.category(text[at]).startswith("M")


def _strip(text: str) -> str:
    """The text of markup, a blank wherever a block begins or ends.

    The div in front makes every text a document, however odd or empty it is.
    """
    root = lxml_html.document_fromstring(f"<div>{_CONTROL.sub('', text)}")
    unwanted = (*_DROPPED, etree.Comment, etree.ProcessingInstruction)
    etree.strip_elements(root, *unwanted, with_tail=False)
    words: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if element.tag not in _INLINE:
            words.append(" ")
        words.append((element.text if event == "start" else element.tail) or "")
    return "".join(words)
