"""Names and concepts where they stand in an entry: found, vouched for, weighed.

Title and summary are looked at as one text, the title first. A name in the title weighs
most, one early in the summary less, one further down or in a list of states little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.core.gazetteer import Entity, Gazetteer, Hit, Role
from monitor.core.models import Entry
from monitor.core.text import Words, fold

TITLE, _EARLY, _LATE, LISTED = 3.0, 2.0, 1.0, 0.5
# Words of the summary that count as its beginning.
_LEAD_WORDS = 45
# As many different states as this, close together, are a list.
_LIST = 4
_LIST_WORDS = 3
_VOUCHING = frozenset(("country", "pmc", "region"))
_NAMED_IN_FULL = frozenset(("person", "organisation"))
# Characters looked at beside a name.
_ASIDE = 20
# What stands before a state's name: nothing, a sentence's end, or a word of place.
_PLACE = re.compile(
    r"(?:^|[.!?:;(«\"'’\n]|\b(?:in|to|from|for|of|with|across|inside|northern|southern|eastern"
    r"|western|central|neighbou?ring|au|du|le|vers|pour|avec|en|nord|sud|centre|entre))\s*$",
    re.IGNORECASE,
)
_NAME_FOLLOWS = re.compile(r"\s+[^\W\d_a-zß-öø-ÿ]\w*", re.UNICODE)
# The concept that names other states, and the one that makes a state a mere comparison.
STATES = "states"
COMPARISON = "comparison"


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or concept in its field, and at which word of title plus summary it stands.

    `before` and `after` hold a little of the text beside it.
    """

    hit: Hit
    field: str
    text: str
    word: int
    length: int
    entity: Entity | None = None
    weight: float = 0.0
    before: str = ""
    after: str = ""

    def meets(self, condition: str) -> bool:
        """Whether this is evidence for a condition of a rule."""
        kind, _, name = condition.partition(":")
        if self.entity is None:
            return kind == "concept" and self.hit.term.name == name
        if kind == "entity":
            return self.entity.id == name
        sides = {"sahel", "russia"} if self.entity.side == "both" else {self.entity.side}
        return kind == "side" and name in sides


def find_mentions(entry: Entry, gazetteer: Gazetteer) -> list[Mention]:
    """All names and concepts of title and summary, in their order."""
    mentions: list[Mention] = []
    offset = 0
    for name, text in (("title", entry.title), ("summary", entry.summary)):
        folded = fold(text)
        hits = gazetteer.find(text, folded)
        words = Words.of(folded.text) if hits or name == "title" else Words(())
        for hit in hits:
            entity = gazetteer.entities.get(hit.term.name)
            length = 1 + words.index(hit.folded[1] - 1) - words.index(hit.folded[0])
            written = text[hit.span[0] : hit.span[1]]
            word = offset + words.index(hit.folded[0])
            is_name = hit.term.role is Role.ENTITY
            mentions.append(
                Mention(
                    hit=hit,
                    field=name,
                    text=written,
                    word=word,
                    length=length,
                    entity=entity if is_name else None,
                    before=text[max(0, hit.span[0] - _ASIDE) : hit.span[0]],
                    after=text[hit.span[1] : hit.span[1] + _ASIDE],
                )
            )
        offset += len(words.starts)
    return mentions


def in_company(found: Sequence[Mention]) -> tuple[list[Mention], tuple[str, ...]]:
    """Weighed mentions without the unsure ones that stand alone, and why those went."""
    names = [one for one in found if one.entity]
    sure = [one for one in names if one.hit.term.sure and _side(one) != "context"]
    words = {one.hit.term.name for one in found if one.hit.term.role is Role.CONCEPT}
    states = [one for one in found if _is_state(one)]
    kept, dropped = [], []
    compared = {
        one.word + one.length
        for one in found
        if not one.entity and one.meets(f"concept:{COMPARISON}")
    }
    title_words = 1 + max([one.word for one in found if one.field == "title"], default=0)
    for one in found:
        if one.hit.term.role is Role.BLOCKER:
            continue
        entity = one.entity
        if entity and not one.hit.term.sure and not _supported(one, entity, sure, names, words):
            dropped.append(f'"{one.text}" may be {entity.name}, but nothing near says so')
            continue
        weighed = _weighed(one, states, title_words)
        kept.append(replace(weighed, weight=LISTED) if one.word in compared else weighed)
    return kept, tuple(dict.fromkeys(dropped))


def _supported(
    one: Mention,
    entity: Entity,
    sure: Sequence[Mention],
    names: Sequence[Mention],
    words: set[str],
) -> bool:
    """An unsure name needs a sure one of its own side or a word of its trade; a state, a
    private army and a full name are also vouched for by the other side ("Mali", "Wagner").
    """
    if entity.type == "country" and _like_a_state(one):
        return True
    own = any(
        _side(other) in {_side(one), "both"} and other.hit.term.text != one.hit.term.text
        for other in sure
    )
    other_side = {"sahel": "russia", "russia": "sahel"}.get(_side(one))
    opposite = [other for other in names if _side(other) == other_side]
    if _vouches(entity, one.text):
        across = any(other.hit.term.sure or _is_vouching(other) for other in opposite)
    else:
        across = entity.type == "person" and any(_is_sure_person(other) for other in opposite)
    return own or across or not words.isdisjoint(one.hit.term.company)


def _like_a_state(one: Mention) -> bool:
    """Whether a name stands as states do and people do not: at the beginning or after a word
    like "in", and before no other name ("Chad votes", "in Mali"; not "Chad Boyd").
    """
    return _PLACE.search(one.before) is not None and _NAME_FOLLOWS.match(one.after) is None


def _is_sure_person(other: Mention) -> bool:
    """Persons meet persons: beside Putin a bare surname is the one we know."""
    return other.entity is not None and other.entity.type == "person" and other.hit.term.sure


def _is_vouching(other: Mention) -> bool:
    return other.entity is not None and _vouches(other.entity, other.text)


def _vouches(entity: Entity, text: str) -> bool:
    """Whether the other side's names speak for this one."""
    return entity.type in _VOUCHING or (entity.type in _NAMED_IN_FULL and " " in text)


def _side(one: Mention) -> str:
    return one.entity.side if one.entity else ""


def _weighed(one: Mention, states: Sequence[Mention], title_words: int) -> Mention:
    if one.field == "title":
        weight = TITLE
    else:
        weight = _EARLY if one.word - title_words < _LEAD_WORDS else _LATE
    if one.entity and one.entity.type == "country" and _listed(one, states):
        weight = _LATE if one.field == "title" else LISTED
    return replace(one, weight=weight)


def _listed(one: Mention, states: Sequence[Mention]) -> bool:
    """Whether a state stands in a row of many that are not all of the Sahel."""
    row = _row(one, [state for state in states if state.field == one.field])
    foreign = {_state(state) for state in row if _side(state) in {"context", ""}}
    return len({_state(state) for state in row}) >= _LIST and len(foreign) > 1


def _is_state(one: Mention) -> bool:
    if one.entity:
        return one.entity.type == "country"
    return one.hit.term.role is Role.CONCEPT and one.hit.term.name == STATES


def _state(one: Mention) -> str:
    return one.entity.id if one.entity else one.hit.term.text


def _row(one: Mention, states: Sequence[Mention]) -> list[Mention]:
    """The states that follow one another within few words, this one among them."""
    row: list[Mention] = []
    for state in states:
        if row and state.word - (row[-1].word + row[-1].length) > _LIST_WORDS:
            if one in row:
                break
            row = []
        row.append(state)
    return row
