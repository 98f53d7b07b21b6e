"""Which names mean what they seem to: the sure ones, and the unsure in good company.

A name that other things share (Mali the chip, Wagner the composer, Traoré the striker) counts
where something near vouches for it, and not where a word near rules it out. A state in a row
of many, or only compared with, counts little.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from monitor.core.gazetteer import Entity, Role
from monitor.core.mentions import DATELINE, LEAD, LISTED, TITLE, WEIGHTS, Mention

# As many different states as this, close together, are a list.
_LIST = 4
_LIST_WORDS = 3
# What a state weighs that a title only lists: two of them are not yet what it is about.
_TITLE_LISTED = 0.9
# So many unsure names of one side vouch for each other.
_CROWD = 3
# Words between a name and one that rules it out.
_SPOILING_WORDS = 25
_STATE_LIKE = frozenset(("country", "pmc"))
_MET = frozenset(("person", "organisation", "government", "armed-group"))
_NAMED_IN_FULL = frozenset(("person", "organisation", "media", "government", "company"))
# What stands before a state's name: nothing, a sentence's end, or a word of place.
_PLACE = re.compile(
    r"(?:^|[.!?:;(«\"'’\n]|\b(?:in|to|from|for|of|with|across|inside|northern|southern|eastern"
    r"|western|central|neighbou?ring|au|du|le|vers|pour|avec|en|nord|sud|centre|entre"
    r"|в|во|на|из|с|со|к|для|от|между|северной?|южной?|центрально[йм]"
    r"|في|إلى|الى|من|مع|بين|على|عن|أمام|تجاه|ضد|لدى|خارج|داخل|نحو|شمال|جنوب|وسط|غرب|شرق|رئيس|حكومة|جيش|عاصمة))\s*$",
    re.IGNORECASE,
)
# A word in small letters before it: a verb or a preposition, no first name ("pays Mali").
_LOWER_BEFORE = re.compile(r"(?:^|\s)[a-zà-öø-ÿа-яё][\w'’-]*\s+$")
_NAME_FOLLOWS = re.compile(r"\s+[A-ZÀ-ÖØ-ÞА-ЯЁ]")
# Concepts with a part of their own here: other states, and what makes a state a comparison.
STATES = "#states"
COMPARISON = "#comparison"
# Other states as adjectives and short names; and the company that is having none of them
# beside ("МИД выразил протест", not "МИД Франции" or "польское Минобороны").
FOREIGN = "#foreign"
UNCLAIMED = "unclaimed"


def in_company(found: Sequence[Mention], day: date | None) -> tuple[list[Mention], tuple[str, ...]]:
    """The mentions without the unsure ones that stand alone, and why those went."""
    scene = _Scene.of(found, day)
    states = [one for one in found if _is_state(one)]
    rows = _rows(states)
    listed = _compared(found, rows) | _listed(rows)
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
        kept.append(_in_list(one) if one in listed else one)
    return kept, tuple(dict.fromkeys(dropped))


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who else is in a text, to vouch for unsure names."""

    day: date | None
    sure: frozenset[tuple[str, str]]
    full: frozenset[str]
    sure_sides: frozenset[str]
    sure_persons: frozenset[str]
    crowds: frozenset[str]
    people: frozenset[str]
    states: Sequence[Mention]
    words: Mapping[str, Sequence[Mention]]

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
            _crowds([who for _, who in names]),
            frozenset(one.key for one, _ in names if _like_a_person(one)),
            [one for one in found if _is_state(one) or FOREIGN in one.atoms],
            _by_atom([one for one in found if not one.entity]),
        )

    def is_sure(self, one: Mention) -> bool:
        return one.hit.term.sure and (one.entity is None or one.entity.lives(self.day))

    def supports(self, one: Mention, entity: Entity) -> bool:
        """An unsure name needs a sure one of its own side or a word of its trade; a state, a
        private army and a full name are also vouched for by the other side ("Mali", "Wagner").
        """
        if entity.type == "country" and _like_a_state(one) and one.key not in self.people:
            return True
        if any(self._is_there(name, one) for name in one.hit.term.company):
            return True
        if entity.type != "person" and entity.side in self.crowds:
            return True
        return self._own(one, entity) or self._across(one, entity)

    def _is_there(self, company: str, one: Mention) -> bool:
        """Whether a word of a concept, or a sure name of a side ("side:russia"), is in the text
        besides the name itself ("Africa" in "Africa Corps" vouches for nothing).
        """
        kind, _, side = company.partition(":")
        if kind == "side":
            return side in self.sure_sides
        if company == UNCLAIMED:
            return not any(_beside(state, one) for state in self.states)
        return any(_apart(word, one) for word in self.words.get(f"#{company}", ()))

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


def _by_atom(words: Iterable[Mention]) -> Mapping[str, Sequence[Mention]]:
    found: dict[str, list[Mention]] = {}
    for one in words:
        for atom in one.atoms:
            found.setdefault(atom, []).append(one)
    return found


def _apart(one: Mention, other: Mention) -> bool:
    return one.end <= other.word or other.end <= one.word


def _beside(state: Mention, one: Mention) -> bool:
    return state.field == one.field and (state.word == one.end or one.word == state.end)


def _crowds(named: Sequence[Entity]) -> frozenset[str]:
    """The sides of which so many different things are named that they vouch for each other."""
    things = {(who.side, who.id) for who in named if who.type != "person"}
    sides = Counter(side for side, _ in things)
    return frozenset(side for side, count in sides.items() if count >= _CROWD)


def _like_a_state(one: Mention) -> bool:
    """Whether a name stands as states do and people do not: at the beginning or after a word
    like "in" or a verb, and before no other name ("Chad votes", "in Mali"; not "Chad Boyd").
    """
    placed = _PLACE.search(one.before) or _LOWER_BEFORE.search(one.before)
    return placed is not None and _NAME_FOLLOWS.match(one.after) is None


def _like_a_person(one: Mention) -> bool:
    """Whether a running text puts a surname behind a name ("Chad Robertson, 41"): titles, where
    every word may be capital, do not tell.
    """
    return one.field == "summary" and _NAME_FOLLOWS.match(one.after) is not None


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


def _compared(found: Sequence[Mention], rows: Sequence[Sequence[Mention]]) -> set[Mention]:
    """The states that others are only compared with: all in the row behind "more than"."""
    starts = {
        (one.field, one.end + gap) for one in found if COMPARISON in one.atoms for gap in (0, 1)
    }
    named = (
        (row, at) for row in rows for at, one in enumerate(row) if (one.field, one.word) in starts
    )
    return {state for row, at in named for state in row[at:]}


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
        return one._replace(weight=_TITLE_LISTED)
    return one._replace(weight=LISTED, listed=True)


def _listed(rows: Sequence[Sequence[Mention]]) -> set[Mention]:
    """The states that stand in a row of many that are not all of the Sahel."""
    return {
        state
        for row in rows
        if len({one.key for one in row}) >= _LIST and len(_foreign(row)) > 1
        for state in row
        if state.entity
    }


def _foreign(row: Sequence[Mention]) -> set[str]:
    return {one.key for one in row if not one.entity or one.entity.side == "context"}


def _is_state(one: Mention) -> bool:
    return one.entity.type == "country" if one.entity else STATES in one.atoms


def _rows(states: Sequence[Mention]) -> list[list[Mention]]:
    """The states in their order, parted where more than a few words stand between two."""
    rows: list[list[Mention]] = []
    for state in states:
        last = rows[-1][-1] if rows else None
        if last and last.field == state.field and state.word - last.end <= _LIST_WORDS:
            rows[-1].append(state)
        else:
            rows.append([state])
    return rows
