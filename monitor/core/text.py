"""Folding text for matching, with a way back to the original characters.

Folded text is lower case, without accents, vowel signs, invisible characters and character
references (`&eacute;`), with one kind of apostrophe, and every run of blanks, hyphens and
dashes is one blank (Unicode NFKD and case folding, UAX #15, apart from the letters below).
Each folded character knows the original ones it came from, so evidence is reported in the
text as published.

`fold_text` is the quick way for the many texts in which nothing is found; `fold` also
tells where everything stood. Both give the same text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Letters that look decomposed to Unicode but are letters of their own to a reader.
_KEPT = {"й": "й", "Й": "й"}
_SPECIAL = {
    **dict.fromkeys("’‘ʼ`´′＇ʹ", "'"),
    **dict.fromkeys("‐‑‒–—―−-_/\u00a0", " "),
    "ى": "ي",
    "ة": "ه",
    "ٱ": "ا",
    "ی": "ي",  # Persian ya and kaf, seen in Arabic feeds
    "ک": "ك",
    "ـ": "",  # tatweel
    "ı": "i",
    "œ": "oe",
    "Œ": "oe",
    "æ": "ae",
    "Æ": "ae",
    "ł": "l",
    "ø": "o",
}
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});")
# A character reference, or a character with the marks that stand on it.
_MARK = r"\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
_UNIT = re.compile(rf"{_REFERENCE.pattern}|.[{_MARK}]*", re.DOTALL)
_BLANKS = re.compile("  +")
# Nothing but letters, marks of one kind and single blanks: what lower() alone folds.
_UNEVEN = re.compile(r"[\x00-\x1f\x7f_/`&-]|  ")


class _Table(dict[int, str]):
    """What each character folds to, worked out when it is first met (for str.translate)."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_char(chr(code))
        return folded


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; its i-th character stands for `original[starts[i]:ends[i]]`.

    `starts` is None where both are alike, character for character.
    """

    text: str
    starts: Sequence[int] | None
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of a folded one (end exclusive)."""
        if self.starts is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def fold_text(text: str) -> str:
    """The folded text alone."""
    if "&" in text or not unicodedata.is_normalized("NFC", text):
        return fold(text).text
    folded = text.translate(_TABLE)
    return _BLANKS.sub(" ", folded) if "  " in folded else folded


def fold(text: str) -> Folded:
    """Fold a text and remember where its characters came from."""
    if text.isascii() and not _UNEVEN.search(text):
        return Folded(text.lower(), None, ())
    if "&" in text or not unicodedata.is_normalized("NFC", text):
        return _collected(_units(text))
    folded = [_TABLE[ord(char)] for char in text]
    joined = "".join(folded)
    if len(joined) == len(text) and "" not in folded and "  " not in joined:
        return Folded(joined, None, ())
    return _collected((one, at, at + 1) for at, one in enumerate(folded))


def _collected(units: Iterable[tuple[str, int, int]]) -> Folded:
    """Folded units with the original spans that they stand for, rows of blanks as one."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    blank = False
    for unit, start, end in units:
        for char in unit:
            if char != " " or not blank:
                letters.append(char)
                starts.append(start)
                ends.append(end)
            blank = char == " "
    return Folded("".join(letters), starts, ends)


def fold_term(text: str) -> str:
    """A term of the rulebook as it is looked for in folded text."""
    return fold_text(text).strip()


def _units(text: str) -> Iterator[tuple[str, int, int]]:
    """What each character, with its marks, or character reference folds to, and its span."""
    for found in _UNIT.finditer(text):
        unit, start, end = found[0], *found.span()
        if unit[0] == "&" and end - start > 1:
            unit = html.unescape(unit)
        yield unicodedata.normalize("NFC", unit).translate(_TABLE), start, end


def _fold_char(char: str) -> str:
    if char in _KEPT:
        return _KEPT[char]
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char.isspace():
        return " "
    decomposed = unicodedata.normalize("NFKD", char.casefold())
    return "".join(
        _SPECIAL.get(c, " " if c.isspace() else c)
        for c in decomposed
        if unicodedata.category(c) not in {"Mn", "Cf", "Cc", "Cs"}
    )


_TABLE = _Table()


class Words:
    """Where the words of a folded text begin, to tell which word a place lies in."""

    __slots__ = ("starts",)

    def __init__(self, text: str) -> None:
        self.starts = [found.start() for found in _WORD.finditer(text)]

    def index(self, offset: int) -> int:
        """The number of the word that an offset lies in, from 0."""
        return max(0, bisect_right(self.starts, offset) - 1)


_WORD = re.compile(r"[^\W_]+")
