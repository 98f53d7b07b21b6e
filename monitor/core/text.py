"""Folding text for matching, with a way back to the original characters.

Folded text is lower case, without accents and vowel signs, with one kind of apostrophe,
and every run of blanks, hyphens and dashes is one blank. Each folded character knows the
original one it came from, so evidence is reported in the text as published.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

# Letters that look decomposed to Unicode but are letters of their own to a reader.
_KEPT = {"й": "й", "Й": "й"}
_SPECIAL = {
    **dict.fromkeys("’‘ʼ`´′＇ʹ", "'"),
    **dict.fromkeys("‐‑‒–—―−-_/\u00a0", " "),
    "ى": "ي",
    "ة": "ه",
    "ٱ": "ا",
    "ـ": "",  # tatweel
    "ı": "i",
    "œ": "oe",
    "Œ": "oe",
    "æ": "ae",
    "Æ": "ae",
    "ł": "l",
    "ø": "o",
}
# What in ASCII text folds to something of another length.
_UNEVEN = re.compile(r"[\x00-\x1f\x7f_/`-]|  ")


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; `origin[i]` is where its i-th character stands in the original.

    `origin` is None where both are alike, character for character.
    """

    text: str
    origin: Sequence[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of a folded one (end exclusive)."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """Fold a text."""
    if text.isascii() and not _UNEVEN.search(text):
        return Folded(text.lower(), None)
    letters: list[str] = []
    origin: list[int] = []
    blank = False
    for index, char in enumerate(text):
        for folded in _fold_char(char):
            if folded == " " and blank:
                continue
            blank = folded == " "
            letters.append(folded)
            origin.append(index)
    return Folded("".join(letters), origin)


def fold_term(text: str) -> str:
    """A term of the rulebook as it is looked for in folded text."""
    return fold(text).text.strip()


@cache
def _fold_char(char: str) -> str:
    if char in _KEPT:
        return _KEPT[char]
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char.isspace():
        return " "
    decomposed = unicodedata.normalize("NFKD", char.casefold())
    return "".join(
        _SPECIAL.get(c, c) for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf", "Cc"}
    )


@dataclass(frozen=True, slots=True)
class Words:
    """Where the words of a folded text begin, to tell how many lie between two places."""

    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Words:
        """The words of a folded text."""
        inside, starts = False, []
        for index, char in enumerate(text):
            word = char.isalnum()
            if word and not inside:
                starts.append(index)
            inside = word
        return cls(tuple(starts))

    def index(self, offset: int) -> int:
        """The number of the word that an offset lies in, from 0."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def between(self, left: tuple[int, int], right: tuple[int, int]) -> int:
        """How many words lie between two spans; 0 when they touch or overlap."""
        first, second = sorted((left, right))
        low = bisect_left(self.starts, first[1])
        return max(0, bisect_left(self.starts, second[0]) - low)
