"""Names and words where they stand in an entry: found, vouched for, weighed.

Title and summary are looked at as one text, the title first. A name in the title weighs
most, one early in the summary (the lead) less, one further down or in a list of states
little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from monitor.core.gazetteer import Entity, Gazetteer, Hit, Raw, Role
from monitor.core.models import Entry
from monitor.core.text import Words, fold, fold_text

TITLE, LEAD, REST, DATELINE = "title", "lead", "rest", "dateline"
WEIGHTS = {TITLE: 3.0, LEAD: 2.0, REST: 1.0, DATELINE: 1.0}
LISTED = 0.5
# Characters of a title and of a summary that are read: what is longer is no news text.
READ = 20_000
# Words of the summary that count as its beginning.
_LEAD_WORDS = 45
# As many different states as this, close together, are a list.
_LIST = 4
_LIST_WORDS = 3
# Words between a name and one that rules it out.
_SPOILING_WORDS = 25
_STATE_LIKE = frozenset(("country", "pmc", "region"))
_MET = frozenset(("person", "organisation", "government", "armed-group"))
_NAMED_IN_FULL = frozenset(("person", "organisation"))
_LONGEST_DATELINE = 60
# Characters looked at beside a name.
_ASIDE = 20
# What stands before a state's name: nothing, a sentence's end, or a word of place.
_PLACE = re.compile(
    r"(?:^|[.!?:;(«\"'’\n]|\b(?:in|to|from|for|of|with|across|inside|northern|southern|eastern"
    r"|western|central|neighbou?ring|au|du|le|vers|pour|avec|en|nord|sud|centre|entre"
    r"|в|во|на|из|с|со|к|для|от|между|северной?|южной?|центрально[йм]"
    r"|في|إلى|الى|من|مع|بين|على|عن|شمال|جنوب|وسط|غرب|شرق|رئيس|حكومة|جيش|عاصمة))\s*$",
    re.IGNORECASE,
)
_NAME_FOLLOWS = re.compile(r"\s+[A-ZÀ-ÖØ-ÞА-ЯЁ]")
# Where a report was sent from, before its first sentence: "BAMAKO (AFP) -", "МОСКВА, 5 янв —".
_AGENCY = (
    r"AFP|AP|Reuters|Xinhua|TASS|ТАСС|РИА|RIA|Sputnik|Спутник|Interfax|Интерфакс|APA|PANA|AIB|ANP"
    r"|AMI|EFE|dpa|Anadolu|AA|MAP|APS|RFI|سبوتنيك|رويترز|أ ?\.?ف ?\.?ب|الأناضول|وكالات"
)
_DATELINE = re.compile(
    rf"\W*[^\W\d_][^\n(/—–:]{{1,40}}?(?:\([^()]{{0,20}}\b(?:{_AGENCY})\b[^()]{{0,30}}\)\s*[—–:.-]"
    r"|\d[^\n(/—–:]{0,15}(?:[—–]|\s-\s|/[^/]{2,20}/))"
    r"|\W*[A-ZÀ-ÞА-ЯЁ][A-ZÀ-ÞА-ЯЁ' ,-]{2,30}\s[—–-]\s"
)
# Concepts with a part of their own here: other states, and what makes a state a comparison.
STATES = "#states"
COMPARISON = "#comparison"


class Mention(NamedTuple):
    """A name or word in its field, at which word of title plus summary it stands, how many
    words it has, and what its place weighs.

    `before` and `after` hold a little of the text beside it. `listed`: a state in a row of
    many, or only compared with.
    """

    hit: Hit
    field: str
    place: str
    text: str
    word: int
    length: int
    weight: float
    before: str
    after: str
    entity: Entity | None = None
    listed: bool = False

    @property
    def atoms(self) -> tuple[str, ...]:
        """What queries can ask for that it answers."""
        return self.hit.term.atoms

    @property
    def key(self) -> str:
        """What makes two mentions the same thing: the entity, else the word."""
        return self.entity.id if self.entity else self.hit.term.text

    @property
    def end(self) -> int:
        """The number of the word behind it."""
        return self.word + self.length


def find_mentions(entry: Entry, gazetteer: Gazetteer) -> list[Mention]:
    """All names and words of title and summary in their order; none where there is nothing
    that a rule could start from.
    """
    fields = [
        _scanned("title", entry.title, gazetteer),
        _scanned("summary", entry.summary, gazetteer),
    ]
    if not any(gazetteer.wakes(one.text, one.folded, one.found) for one in fields):
        return []
    mentions: list[Mention] = []
    offset = 0
    for field in fields:
        traced = fold(field.text)
        words = Words(traced.text)
        for hit in gazetteer.hits(field.text, traced, field.found):
            mentions.append(_mention(hit, field.name, field.text, words, offset, gazetteer))
        offset += len(words.starts)
    return mentions


class _Scanned(NamedTuple):
    """A field, its folded text, and every pattern in it."""

    name: str
    text: str
    folded: str
    found: list[Raw]


def _scanned(name: str, text: str, gazetteer: Gazetteer) -> _Scanned:
    read = text[:READ]
    folded = fold_text(read)
    return _Scanned(name, read, folded, gazetteer.scan(folded))


def _mention(
    hit: Hit, field: str, text: str, words: Words, offset: int, gazetteer: Gazetteer
) -> Mention:
    start, end = hit.span
    first = words.index(hit.folded[0])
    place = TITLE if field == "title" else _place(text, start, first)
    return Mention(
        hit=hit,
        field=field,
        place=place,
        text=text[start:end],
        word=offset + first,
        length=1 + words.index(hit.folded[1] - 1) - first,
        weight=WEIGHTS[place],
        before=text[max(0, start - _ASIDE) : start],
        after=text[end : end + _ASIDE],
        entity=gazetteer.entities[hit.term.name] if hit.term.role is Role.ENTITY else None,
    )


def _place(summary: str, start: int, word: int) -> str:
    if start < _LONGEST_DATELINE and (line := _DATELINE.match(summary)) and start < line.end():
        return DATELINE
    return LEAD if word < _LEAD_WORDS else REST


def in_company(found: Sequence[Mention], day: date | None) -> tuple[list[Mention], tuple[str, ...]]:
    """The mentions without the unsure ones that stand alone, and why those went."""
    scene = _Scene.of(found, day)
    states = [one for one in found if _is_state(one)]
    compared = _compared(found, states)
    kept, dropped = [], []
    for one in found:
        if one.hit.term.role is Role.BLOCKER:
            continue
        if spoiling := _spoiling(one, found):
            dropped.append(f'"{one.text}" is none of ours beside "{spoiling.text}"')
            continue
        if one.entity and not scene.is_sure(one) and not scene.supports(one, one.entity):
            dropped.append(f'"{one.text}" may be {one.entity.name}, but nothing near says so')
            continue
        if one.place == DATELINE:
            kept.append(_from_dateline(one, states))
            continue
        listed = one in compared or _is_listed(one, states)
        kept.append(_in_list(one) if listed else one)
    return kept, tuple(dict.fromkeys(dropped))


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who else is in a text, to vouch for unsure names."""

    day: date | None
    sure: frozenset[tuple[str, str]]
    full: frozenset[str]
    sure_sides: frozenset[str]
    sure_persons: frozenset[str]
    words: frozenset[str]

    @classmethod
    def of(cls, found: Sequence[Mention], day: date | None) -> _Scene:
        """What a text's mentions say: `sure` names by side and alias, `full` the sides of
        states and full names, sure or not.
        """
        names = [(one, one.entity) for one in found if one.entity]
        sure = [(one, who) for one, who in names if one.hit.term.sure and who.lives(day)]
        return cls(
            day,
            frozenset((side, one.hit.term.text) for one, who in sure for side in who.sides),
            frozenset(side for one, who in names if _vouches(who, one.text) for side in who.sides),
            frozenset(side for _, who in sure for side in who.sides),
            frozenset(side for _, who in sure if who.type == "person" for side in who.sides),
            frozenset(atom for one in found if not one.entity for atom in one.atoms),
        )

    def is_sure(self, one: Mention) -> bool:
        return one.hit.term.sure and (one.entity is None or one.entity.lives(self.day))

    def supports(self, one: Mention, entity: Entity) -> bool:
        """An unsure name needs a sure one of its own side or a word of its trade; a state, a
        private army and a full name are also vouched for by the other side ("Mali", "Wagner").
        """
        if entity.type == "country" and _like_a_state(one):
            return True
        if any(f"#{name}" in self.words for name in one.hit.term.company):
            return True
        return self._own(one, entity) or self._across(one, entity)

    def _own(self, one: Mention, entity: Entity) -> bool:
        return any(
            side in entity.sides and text != one.hit.term.text
            for side, text in self.sure
            if side != "context"
        )

    def _across(self, one: Mention, entity: Entity) -> bool:
        other = {"sahel": "russia", "russia": "sahel"}.get(entity.side, "")
        if _vouches(entity, one.text):
            return other in self.sure_sides or other in self.full
        # Persons meet persons and bodies: beside Putin a bare surname is the one we know.
        return entity.type in _MET and other in self.sure_persons


def _like_a_state(one: Mention) -> bool:
    """Whether a name stands as states do and people do not: at the beginning or after a word
    like "in", and before no other name ("Chad votes", "in Mali"; not "Chad Boyd").
    """
    return _PLACE.search(one.before) is not None and _NAME_FOLLOWS.match(one.after) is None


def _vouches(entity: Entity, text: str) -> bool:
    """Whether the other side's names speak for this one."""
    return entity.type in _STATE_LIKE or (entity.type in _NAMED_IN_FULL and " " in text)


def _spoiling(one: Mention, found: Sequence[Mention]) -> Mention | None:
    """The nearest word that rules a name out."""
    if not one.hit.term.unless:
        return None
    atoms = {f"#{name}" for name in one.hit.term.unless}
    near = [
        other
        for other in found
        if not atoms.isdisjoint(other.atoms)
        and max(other.word - one.end, one.word - other.end) <= _SPOILING_WORDS
    ]
    return min(near, key=lambda other: abs(other.word - one.word), default=None)


def _compared(found: Sequence[Mention], states: Sequence[Mention]) -> set[Mention]:
    """The states that others are only compared with: all in the row behind "more than"."""
    rows = [
        [state for state in _row(first, states) if state.word >= first.word]
        for one in found
        if COMPARISON in one.atoms
        for first in states
        if 0 <= first.word - one.end <= 1 and first.field == one.field
    ]
    return {state for row in rows for state in row}


def _from_dateline(one: Mention, states: Sequence[Mention]) -> Mention:
    """Where a report came from says what it is about only if it names no state itself, and
    never for Russia, whose agencies write on everything.
    """
    others = any(state.place != DATELINE for state in states)
    if others or (one.entity and "russia" in one.entity.sides):
        return one._replace(weight=LISTED, listed=True)
    return one._replace(weight=WEIGHTS[LEAD])


def _in_list(one: Mention) -> Mention:
    """A list in a title is still what the text is about, if lightly."""
    if one.place == TITLE:
        return one._replace(weight=WEIGHTS[REST])
    return one._replace(weight=LISTED, listed=True)


def _is_listed(one: Mention, states: Sequence[Mention]) -> bool:
    """Whether a state stands in a row of many that are not all of the Sahel."""
    if one.entity is None or one.entity.type != "country":
        return False
    row = _row(one, [state for state in states if state.field == one.field])
    foreign = {state.key for state in row if not state.entity or state.entity.side == "context"}
    return len({state.key for state in row}) >= _LIST and len(foreign) > 1


def _is_state(one: Mention) -> bool:
    return one.entity.type == "country" if one.entity else STATES in one.atoms


def _row(one: Mention, states: Sequence[Mention]) -> list[Mention]:
    """The states that follow one another within few words, this one among them."""
    row: list[Mention] = []
    for state in states:
        if row and state.word - row[-1].end > _LIST_WORDS:
            if one in row:
                break
            row = []
        row.append(state)
    return row
