"""Who and what is named in a text: entities with aliases in four languages.

All aliases, blockers and concept words are one Aho-Corasick automaton, so the cost of a
text does not grow with the number of names. Of names that overlap, the longest wins; a
blocker ("Niger Delta") that wins swallows the name inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ahocorasick_rs import AhoCorasick

from monitor.core.text import Folded, fold_term

_ARABIC = re.compile(r"[\u0621-\u064a]")
# Words written onto the next one: and, so, with, to, like; then the article.
_ARABIC_PREFIX = re.compile(r"[وف]?[بلك]?(?:ال|لل)?")
_ARABIC_SHORTEST = 3


class Role(Enum):
    """What a term of the automaton stands for."""

    ENTITY = "entity"
    BLOCKER = "blocker"
    CONCEPT = "concept"


@dataclass(frozen=True, slots=True)
class Entity:
    """A named thing. `side` is sahel, russia, both or context; `country` its state, if any."""

    id: str
    name: str
    type: str
    side: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One way to write something.

    `exact`: only in just this case (acronyms). `capital`: only with a capital first letter
    (names that are words too). `sure`: it means the entity without further context.
    `company`: concepts that make it sure too. `weak`: an adjective or a place, which may
    only colour a text. A text ending in "*" stands for every word that begins so.
    """

    text: str
    role: Role
    name: str
    exact: bool = False
    capital: bool = False
    sure: bool = True
    weak: bool = False
    company: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        """Whether it stands for every word that begins so."""
        return self.text.endswith("*")


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found: span in the folded text and in the original."""

    term: Term
    folded: tuple[int, int]
    span: tuple[int, int]


@dataclass(frozen=True)
class Gazetteer:
    """All entities, and the automaton that finds every term."""

    entities: dict[str, Entity]
    _terms: tuple[tuple[Term, ...], ...] = field(repr=False)
    _automaton: AhoCorasick = field(repr=False)

    @classmethod
    def build(cls, entities: Iterable[Entity], terms: Iterable[Term]) -> Gazetteer:
        """Compile the terms; those that fold alike share one pattern."""
        patterns: dict[str, list[Term]] = {}
        for term in terms:
            for pattern in _patterns(fold_term(term.text.rstrip("*"))):
                patterns.setdefault(pattern, []).append(term)
        known = {one.id: one for one in entities}
        automaton = AhoCorasick(list(patterns))
        return cls(known, tuple(tuple(found) for found in patterns.values()), automaton)

    def find(self, original: str, folded: Folded) -> tuple[Hit, ...]:
        """All terms in a text, in their order; names that lie inside longer ones left out."""
        hits: list[Hit] = []
        for number, start, end in self._automaton.find_matches_as_indexes(
            folded.text, overlapping=True
        ):
            if _begins(folded.text, start, end):
                hits += self._hits(number, original, folded, start, end)
        return _longest(hits)

    def _hits(
        self, number: int, original: str, folded: Folded, start: int, end: int
    ) -> Iterator[Hit]:
        """What a pattern found at a word's beginning stands for."""
        last = _word_end(folded.text, end)
        for term in self._terms[number]:
            if end != last and not term.open:
                continue
            if term.role is not Role.CONCEPT and _has_article(folded.text, start):
                continue
            span = folded.span(start, last)
            if _written_so(term, original[span[0] : span[1]]):
                yield Hit(term, (start, last), span)


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
        return written == term.text
    return not term.capital or written[:1] != written[:1].lower()


def _longest(hits: list[Hit]) -> tuple[Hit, ...]:
    """Of names and blockers that overlap, the longest; concepts never hide a name."""
    names = [one for one in hits if one.term.role is not Role.CONCEPT]
    # A blocker as long as a name wins: that is what it was written for.
    names.sort(key=lambda one: (-(one.folded[1] - one.folded[0]), one.term.role is Role.ENTITY))
    kept: list[Hit] = []
    for hit in names:
        if all(_apart(hit, one) or _same(hit, one) for one in kept):
            kept.append(hit)
    concepts = [one for one in hits if one.term.role is Role.CONCEPT]
    blocked = [one for one in kept if one.term.role is Role.BLOCKER]
    free = [one for one in concepts if all(_apart(one, blocker) for blocker in blocked)]
    return tuple(sorted((*kept, *free), key=lambda one: one.folded))


def _apart(one: Hit, other: Hit) -> bool:
    return one.folded[1] <= other.folded[0] or other.folded[1] <= one.folded[0]


def _same(one: Hit, other: Hit) -> bool:
    """Two entities may share a spelling (CNSP of Mali, CNSP of Niger): both stand."""
    both = one.term.role is Role.ENTITY and other.term.role is Role.ENTITY
    return both and one.folded == other.folded and one.term.name != other.term.name
