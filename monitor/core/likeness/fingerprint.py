"""What is kept of a text to compare it with others: names, concepts, numbers, words.

Names and concepts mean the same in every language, words only in their own. All of it is
small, so that a hundred thousand can be remembered, and can be packed into one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import Stemmer

from monitor.core.models import Entry, Feed, Fingerprint, Name
from monitor.core.text import fold_text

# Words read of a title and of a summary: what stands behind is not what a text is about.
_TITLE, _SUMMARY = 24, 60
_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 3
_STEMMERS = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "tr": "turkish",
}
# Where there is no stemmer, a word is as good as its beginning.
_STEM = 6
# Agencies whose texts others print, as they sign them.
_WIRES = {
    "afp": r"AFP|أ ?ف ?ب|فرانس ?برس",
    "ap": r"AP|Associated Press|أسوشيتد ?برس",
    "reuters": r"Reuters|Рейтер|رويترز",
    "tass": r"TASS|ТАСС|تاس",
    "ria": r"RIA Novosti|РИА Новости",
    "interfax": r"Interfax|Интерфакс|إنترفاكس",
    "sputnik": r"Sputnik|Спутник|سبوتنيك",
    "xinhua": r"Xinhua|Синьхуа|شينخوا",
    "anadolu": r"Anadolu(?: Agency)?|AA|Анадолу|الأناضول",
    "efe": r"EFE",
    "dpa": r"dpa|د ?ب ?أ",
    "apa": r"APA(?:news)?",
}
_SIGNED = re.compile(
    "|".join(rf"(?P<{name}>(?<!\w)(?:{signs})(?!\w))" for name, signs in _WIRES.items())
)
# A picture's caption at the beginning, up to who took it: "(Jane Roe/AFP via Getty Images)".
# It says nothing of what happened, and stands under many stories.
_CAPTION = re.compile(
    r".{20,400}?\((?:\w[\w.'-]* \w[^()/]{1,40}/[^()]{2,60}|[^()]{2,60} via [^()]{2,60})\)",
    re.DOTALL,
)
_DIGITS = re.compile(r"(?<![\w.,])\d{1,3}(?:[ .,]\d{3})+(?![\w])|(?<![\w.,])\d+(?:[.,]\d+)?")
# Thousands and millions written out behind a number ("25 тыс.", "1.3 million").
_SCALES = {
    1_000: re.compile(r"\s?(?:thousand|mille|milliers|тыс|тысяч\w*|الف|الاف)\b"),
    1_000_000: re.compile(r"\s?(?:million\w*|millions?|млн|миллион\w*|مليون\w*|ملايين)\b"),
    1_000_000_000: re.compile(r"\s?(?:billion\w*|milliards?|млрд|миллиард\w*|مليار\w*)\b"),
}
_GROUPED = re.compile(r"[ .,](?=\d{3}(?!\d))")
_SCALE_LENGTH = 12
# Years say when, not how many.
_YEARS = range(1900, 2101)
# Words between a number and what it counts.
_COUNTED_WORDS = 4
# What is counted, by the concepts of the lexicon that say so: tolls, and other people.
COUNTED = ("killing", "wounding", "kidnapping", "arrest", "missing")
_MONTHS = frozenset(
    ("january", "february", "march", "april", "may", "june", "july", "august", "september")
) | {"october", "november", "december"}
# English months that are verbs too: beside a number they are meant.
_VERB_OR_MONTH = re.compile(r"\b(?:may|march)\b")


class Lexicon(Protocol):
    """Finds concepts: what several languages have words for."""

    @property
    def stopwords(self) -> frozenset[str]:
        """Folded words that say nothing of their own."""
        ...

    def find(self, folded: str, language: str) -> Iterable[tuple[str, int, int]]:
        """Each concept in a folded text of a language with its place there (start, end)."""
        ...


@dataclass(frozen=True, slots=True)
class _Field:
    """What one field of a text gives."""

    words: tuple[str, ...]
    concepts: frozenset[str]
    numbers: frozenset[str]
    counts: frozenset[str]


def take(
    entry: Entry, feed: Feed, names: Iterable[Name], kinds: Iterable[str], lexicon: Lexicon
) -> Fingerprint:
    """The fingerprint of an entry in which these names stand."""
    named = list(names)
    language = (entry.language or feed.language or "")[:2].lower()
    title = _read(entry.title, language, lexicon, _TITLE)
    summary = _read(_CAPTION.sub("", entry.summary, count=1), language, lexicon, _SUMMARY)
    return Fingerprint(
        language=language,
        at=entry.published.timestamp() if entry.published else None,
        words=title.words + summary.words,
        head=len(title.words),
        names=frozenset(key for one in named for key in _keys(one)),
        titled=frozenset(key for one in named if one.titled for key in _keys(one)),
        concepts=title.concepts | summary.concepts,
        headed=title.concepts,
        subject=next((_keys(one)[0] for one in named if one.titled and one.type == "country"), ""),
        numbers=title.numbers | summary.numbers,
        figures=title.numbers,
        counts=title.counts | summary.counts,
        kinds=frozenset(kinds),
        outlet=code(feed.source),
        wire=_wire(entry),
    )


# The letter of each class of names; bodies (b) are what is left.
_CLASSES = {
    "country": "c",
    "city": "p",
    "mine": "p",
    "region": "r",
    "person": "h",
    "armed-group": "g",
    "pmc": "g",
    "company": "f",
    "weapon": "w",
    "event": "e",
}


def _keys(name: Name) -> tuple[str, ...]:
    """A name, and the state it belongs to."""
    state = (f"c:{name.country}",) if name.country else ()
    if name.type == "country":
        return state or (f"c:{name.id}",)
    return (f"{_CLASSES.get(name.type, 'b')}:{name.id}", *state)


def _read(text: str, language: str, lexicon: Lexicon, most: int) -> _Field:
    folded = fold_text(text[: most * 20])
    found = list(lexicon.find(folded, language))
    digits = [
        (value, *one.span())
        for one in _DIGITS.finditer(folded)
        if (value := _value(one[0], folded[one.end() : one.end() + _SCALE_LENGTH]))
    ]
    written = [(name, start, end) for name, start, end in found if name.isdigit()]
    months = [(start, end) for name, start, end in found if name in _MONTHS]
    months += [one.span() for one in _VERB_OR_MONTH.finditer(folded)]
    numbers = [one for one in (*digits, *written) if not any(_near(one, month) for month in months)]
    counted = [one for one in found if one[0] in COUNTED]
    return _Field(
        words=_words(folded, language, lexicon.stopwords, most),
        concepts=frozenset(name for name, _, _ in found if not name.isdigit()),
        numbers=frozenset(value for value, _, _ in numbers),
        counts=frozenset(_counts(numbers, counted, folded)),
    )


def _value(digits: str, behind: str) -> str:
    """A number as it is compared: whole, above one, no year; with what stands behind it."""
    plain = _GROUPED.sub("", digits).replace(",", ".")
    scale = next((one for one, words in _SCALES.items() if words.match(behind)), 1)
    value = int(float(plain) * scale)
    return str(value) if value > 1 and value not in _YEARS else ""


def _near(one: tuple[str, int, int], month: tuple[int, int]) -> bool:
    """Whether a number stands beside a month's name: it is a day then."""
    return 0 <= month[0] - one[2] <= 4 or 0 <= one[1] - month[1] <= 2


def _counts(
    numbers: Iterable[tuple[str, int, int]], counted: Sequence[tuple[str, int, int]], folded: str
) -> Iterable[str]:
    """Each number with what it counts: the nearest such word, those behind it first."""
    for value, start, end in numbers:
        near = [
            (abs(words) + (words < 0), name)
            for name, begins, ends in counted
            if abs(words := _words_between(folded, start, end, begins, ends)) <= _COUNTED_WORDS
        ]
        if near:
            yield f"{min(near)[1]} {value}"


def _words_between(text: str, start: int, end: int, begins: int, ends: int) -> int:
    """Words from a number to another place; negative where that stands before it."""
    if begins >= end:
        return text.count(" ", end, begins)
    return -text.count(" ", ends, start) - 1


def _words(folded: str, language: str, stopwords: frozenset[str], most: int) -> tuple[str, ...]:
    found = [
        one
        for one in _WORD.findall(folded)
        if len(one) >= _SHORTEST and one not in stopwords and not one.isdigit()
    ][:most]
    algorithm = _STEMMERS.get(language)
    # Made anew each time: a stemmer is not for several threads, and costs but a microsecond.
    stems = Stemmer.Stemmer(algorithm).stemWords(found) if algorithm else [w[:_STEM] for w in found]
    return tuple(map(code, stems))


_SIXBIT = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def code(word: str) -> str:
    """Four characters (24 bits of CRC-32) for a word."""
    sum_ = crc32(word.encode("utf-8", "surrogatepass"))
    return (
        _SIXBIT[sum_ & 63]
        + _SIXBIT[sum_ >> 6 & 63]
        + _SIXBIT[sum_ >> 12 & 63]
        + _SIXBIT[sum_ >> 18 & 63]
    )


def _wire(entry: Entry) -> str:
    """The agency that a text names as its own at its beginning or end, or as its author."""
    for text in (entry.author, entry.summary[:80], entry.summary[-40:]):
        if found := _SIGNED.search(text):
            return str(found.lastgroup)
    return ""
