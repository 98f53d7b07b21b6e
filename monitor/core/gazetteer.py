"""Who and what is named in a text: entities with aliases in four languages.

All aliases, blockers, concept words and words of rules are one Aho-Corasick automaton, so the
cost of a text does not grow with the number of names or rules. Of names that overlap, the
longest wins; a blocker ("Niger Delta") that wins swallows the name inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from monitor.core.text import Folded, fold_term

_ARABIC = re.compile(r"[\u0621-\u064a]")
# Words written onto the next one: and, so, with, to, like, will; then the article.
_ARABIC_PREFIX = re.compile(r"[وف]?[بلكس]?(?:ال|لل)?")
_ARABIC_SHORTEST = 3


class Role(Enum):
    """What a term of the automaton stands for."""

    ENTITY = "entity"
    BLOCKER = "blocker"
    # A word of a concept or of a rule's query.
    WORD = "word"


# Letters; the automaton takes time by the square of the longest to be built.
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Entity:
    """A named thing. `side` is sahel, russia, both or context; `country` the ISO code of its
    state, if any. Outside `begins` and `ends` all its aliases are unsure.
    """

    id: str
    name: str
    type: str
    side: str
    country: str = ""
    begins: date | None = None
    ends: date | None = None
    note: str = ""

    @property
    def sides(self) -> frozenset[str]:
        """The sides it speaks for."""
        return frozenset(("sahel", "russia")) if self.side == "both" else frozenset((self.side,))

    @property
    def atoms(self) -> tuple[str, ...]:
        """What queries can ask for that it answers."""
        sides = tuple(f"side:{one}" for one in sorted(self.sides | {self.side}))
        about = (f"about:{self.country}",) if self.country else ()
        return (f"entity:{self.id}", f"type:{self.type}", *sides, *about)

    def lives(self, day: date | None) -> bool:
        """Whether it was there on a day; unknown days count as now."""
        if day is None:
            return True
        return (self.begins is None or self.begins <= day) and (
            self.ends is None or day <= self.ends
        )


@dataclass(frozen=True, slots=True)
class Term:
    """One way to write something.

    `name`: the entity's id, or the concept or word it belongs to. `atoms`: what queries can
    ask for that it answers. `exact`: only in just this case (acronyms). `capital`: only with
    a capital first letter (names that are words too). `sure`: it means the entity without
    further context. `company`: concepts that make it sure too; `unless`: concepts that rule
    it out where they stand near. `weak`: an adjective or a place, which may only colour a
    text. A text ending in "*" stands for every word that begins so.
    """

    text: str
    role: Role
    name: str
    atoms: tuple[str, ...] = ()
    exact: bool = False
    capital: bool = False
    sure: bool = True
    weak: bool = False
    company: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        """Whether it stands for every word that begins so."""
        return self.text.endswith("*")


class Hit(NamedTuple):
    """A term found: span in the folded text and in the original."""

    term: Term
    folded: tuple[int, int]
    span: tuple[int, int]


# A pattern's number and where it begins and ends in the folded text.
Raw = tuple[int, int, int]


@dataclass(frozen=True)
class Gazetteer:
    """All entities, and the automaton that finds every term."""

    entities: dict[str, Entity]
    _terms: tuple[tuple[Term, ...], ...] = field(repr=False)
    _automaton: AhoCorasick = field(repr=False)
    _waking: Sequence[_Waking | None] = field(repr=False)

    @classmethod
    def build(
        cls, entities: Iterable[Entity], terms: Iterable[Term], anchors: frozenset[str] | None
    ) -> Gazetteer:
        """Compile the terms; those that fold alike share one pattern.

        `anchors`: atoms of which a text must hold one to be of any interest; None: every
        text is.
        """
        patterns: dict[str, list[Term]] = {}
        for term in terms:
            for pattern in _patterns(fold_term(term.text.rstrip("*"))):
                # What holds no letter stands in no text, and a whole book in no title.
                if 0 < len(pattern) <= _LONGEST:
                    patterns.setdefault(pattern, []).append(term)
        waking = [_waking(alike, anchors) for alike in patterns.values()]
        return cls(
            {one.id: one for one in entities},
            tuple(tuple(alike) for alike in patterns.values()),
            AhoCorasick(list(patterns)),
            waking,
        )

    def scan(self, folded: str) -> list[Raw]:
        """Every pattern in a folded text, also where it is but a part of a word."""
        found: list[Raw] = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        return found

    def wakes(self, original: str, folded: str, found: Sequence[Raw]) -> bool:
        """Whether a scan holds anything that a rule could start from."""
        for number, start, end in found:
            waking = self._waking[number]
            if waking is None or not _begins(folded, start, end):
                continue
            whole = end == len(folded) or not folded[end].isalnum()
            if (whole or waking.open) and (not waking.exact or waking.exact in original):
                return True
        return False

    def hits(self, original: str, folded: Folded, found: Sequence[Raw]) -> tuple[Hit, ...]:
        """All terms of a scan, in their order; names that lie inside longer ones left out."""
        hits: list[Hit] = []
        for number, start, end in found:
            if _begins(folded.text, start, end):
                hits += self._meant(number, original, folded, start, end)
        return _longest(hits, len(folded.text))

    def _meant(
        self, number: int, original: str, folded: Folded, start: int, end: int
    ) -> Iterator[Hit]:
        """What a pattern found at a word's beginning stands for."""
        last = _word_end(folded.text, end)
        for term in self._terms[number]:
            if end != last and not term.open:
                continue
            if term.role is not Role.WORD and _has_article(folded.text, start):
                continue
            span = folded.span(start, last)
            if _written_so(term, original[span[0] : span[1]]):
                yield Hit(term, (start, last), span)


class _Waking(NamedTuple):
    """How a pattern must be written to be of interest: as a word's beginning or a whole one,
    and in which case, if there is but one.
    """

    open: bool
    exact: str


def _waking(alike: Sequence[Term], anchors: frozenset[str] | None) -> _Waking | None:
    wanted = [one for one in alike if anchors is None or not anchors.isdisjoint(one.atoms)]
    if not wanted:
        return None
    exact = {one.text if one.exact else "" for one in wanted}
    return _Waking(any(one.open for one in wanted), exact.pop() if len(exact) == 1 else "")


def _patterns(folded: str) -> Sequence[str]:
    """How a folded term can stand in text: لل is ل with the article's ا dropped."""
    if folded.startswith("ال") and len(folded) > _ARABIC_SHORTEST + 1:
        return (folded, "لل" + folded[2:])
    return (folded,)


def _begins(text: str, start: int, end: int) -> bool:
    """Whether a match stands at the beginning of a word, Arabic prefixes apart."""
    if start == 0 or not text[start - 1].isalnum():
        return True
    if not _ARABIC.match(text[start]) or end - start < _ARABIC_SHORTEST:
        return False
    return _ARABIC_PREFIX.fullmatch(text[_word_start(text, start) : start]) is not None


def _has_article(text: str, start: int) -> bool:
    """Whether the Arabic article stands before a match: it makes another word of a name
    (مالي is Mali, المالي mostly "the financial").
    """
    return text[_word_start(text, start) : start].endswith(("ال", "لل"))


def _word_start(text: str, at: int) -> int:
    while at > 0 and text[at - 1].isalnum():
        at -= 1
    return at


def _word_end(text: str, at: int) -> int:
    while at < len(text) and text[at].isalnum():
        at += 1
    return at


def _written_so(term: Term, written: str) -> bool:
    if term.exact:
        return written == term.text.rstrip("*")
    return not term.capital or written[:1] != written[:1].lower()


def _longest(hits: list[Hit], length: int) -> tuple[Hit, ...]:
    """Of names and blockers that overlap, the longest; words never hide a name."""
    names = [one for one in hits if one.term.role is not Role.WORD]
    # A blocker as long as a name wins: that is what it was written for.
    names.sort(key=lambda one: (one.folded[0] - one.folded[1], one.term.role is Role.ENTITY))
    taken, blocked = bytearray(length), bytearray(length)
    owner: dict[tuple[int, int], list[Hit]] = {}
    for hit in names:
        start, end = hit.folded
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            owner[hit.folded] = [hit]
            if hit.term.role is Role.BLOCKER:
                blocked[start:end] = taken[start:end]
        elif hit.folded in owner and _shares(hit, owner[hit.folded]):
            owner[hit.folded].append(hit)
    kept = [hit for alike in owner.values() for hit in alike]
    free = [one for one in hits if one.term.role is Role.WORD and blocked.find(1, *one.folded) < 0]
    return tuple(sorted((*kept, *free), key=lambda one: one.folded))


def _shares(hit: Hit, alike: Sequence[Hit]) -> bool:
    """Two entities may share a spelling (CNSP of Mali, CNSP of Niger): both stand."""
    if any(one.term.role is Role.BLOCKER for one in (hit, *alike)):
        return False
    return all(one.term.name != hit.term.name for one in alike)
