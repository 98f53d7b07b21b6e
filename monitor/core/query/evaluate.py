"""Whether a query holds for an entry: the evidence, or what was missing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.core.mentions import LEAD, Mention
from monitor.core.query.analysis import children
from monitor.core.query.tree import (
    All,
    AtLeast,
    Atom,
    Meta,
    Near,
    Not,
    Query,
    Scope,
    Score,
    Some,
    Unless,
    When,
    behind,
)
from monitor.core.text import fold_term

Evidence = tuple[Mention, ...]
_REPEAT = 0.5
# No name has more words than this: how far back a long one may have begun.
_LONGEST_NAME = 12
# Fields whose value is one word or name, not a text that holds several.
_WHOLE = frozenset(("lang", "country", "category"))


@dataclass(frozen=True, slots=True)
class Reading:
    """An entry as queries see it: mentions by atom, values by field, topics so far."""

    mentions: Mapping[str, Sequence[Mention]]
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topics: dict[str, Evidence] = field(default_factory=dict)

    @classmethod
    def of(cls, mentions: Iterable[Mention], values: Mapping[str, tuple[str, ...]]) -> Reading:
        """Index mentions by what they answer to."""
        by_atom: dict[str, list[Mention]] = {}
        for one in mentions:
            for atom in one.atoms:
                by_atom.setdefault(atom, []).append(one)
        return cls(by_atom, values)


def holds(query: Query, reading: Reading) -> Evidence | None:
    """The evidence for which a query holds; None where it does not."""
    return _Look(reading).found(query)


@dataclass(frozen=True, slots=True)
class _Look:
    """One way to look at an entry: in one field or all, with or without mere lists."""

    reading: Reading
    scope: str = ""
    lists: bool = False

    def found(self, query: Query) -> Evidence | None:  # noqa: C901 (one line for each node)
        """The evidence for which a part holds; None where it does not."""
        match behind(query):
            case Atom(key):
                return self._atom(key) or None
            case All(parts):
                return self._all(parts)
            case Some(parts):
                return self._some(parts)
            case Near() as near:
                return self._near(near)
            case Scope(name, part):
                return _Look(self.reading, name, self.lists).found(part)
            case Score() as score:
                return self._score(score)
            case Not(part):
                return () if self.found(part) is None else None
            case Meta(name, value):
                return () if _says(self.reading.values.get(name, ()), name, value) else None
            case Unless() as unless:
                return self._unless(unless)
            case When(part, condition):
                evidence = self.found(part)
                return evidence if evidence is None or self.found(condition) is not None else None
            case AtLeast(times, part):
                many = self.found(part) or ()
                return many if len(many) >= times else None
            case _:
                raise AssertionError(f"{query} was not put in")

    def _atom(self, key: str) -> Evidence:
        if key.startswith("topic:"):
            given: Sequence[Mention] = self.reading.topics.get(key[6:], ())
        else:
            given = self.reading.mentions.get(key, ())
        return tuple(
            one for one in given if (self.lists or not one.listed) and _inside(one, self.scope)
        )

    def _all(self, parts: Sequence[Query]) -> Evidence | None:
        evidence: list[Mention] = []
        for part in parts:
            if (found := self.found(part)) is None:
                return None
            evidence += found
        return tuple(dict.fromkeys(evidence))

    def _some(self, parts: Sequence[Query]) -> Evidence | None:
        found = [one for one in map(self.found, parts) if one is not None]
        if not found:
            return None
        return tuple(sorted(dict.fromkeys(one for each in found for one in each), key=_place))

    def _near(self, query: Near) -> Evidence | None:
        """The closest pair, in the title before elsewhere."""
        left, right = self.found(query.left), self.found(query.right)
        pairs = _pairs(left or (), right or (), query.words, query.ordered)
        best = min(pairs, key=lambda pair: _closeness(*pair), default=None)
        return tuple(dict.fromkeys(best)) if best else None

    def _unless(self, query: Unless) -> Evidence | None:
        bad = self.found(query.right) or ()
        good = self.found(query.left) or ()
        spoilt = {one for one, _ in _pairs(good, bad, query.words, ordered=False)}
        return tuple(one for one in good if one not in spoilt) or None

    def _score(self, query: Score) -> Evidence | None:
        total, _, evidence = self.weighed(query)
        return evidence if total >= query.threshold else None

    def weighed(self, query: Score) -> tuple[float, float, Evidence]:
        """The weight in all, what of it spoke against, and the evidence for."""
        look = _Look(self.reading, self.scope, lists=True)
        total, against, evidence = 0.0, 0.0, list[Mention]()
        for part, factor in query.parts:
            if (found := look.found(part)) is None:
                continue
            weight = factor * _weight(found, repeats=factor > 0)
            total += weight
            if factor > 0:
                evidence += found
            else:
                against -= weight
        return total, against, tuple(dict.fromkeys(evidence))


def _weight(found: Evidence, *, repeats: bool) -> float:
    """Each different thing at its best place, and a little for each repeat; 1 for what holds
    without a place in the text.
    """
    best: dict[str, float] = {}
    for one in found:
        best[one.key] = max(best.get(one.key, 0.0), one.weight)
    again = _REPEAT * (len(found) - len(best)) if repeats else 0.0
    return sum(best.values()) + again if found else 1.0


def _inside(one: Mention, scope: str) -> bool:
    if scope == "lead":
        return one.place == LEAD
    return not scope or one.field == scope


def _place(one: Mention) -> int:
    return one.word


def _pairs(
    left: Sequence[Mention], right: Sequence[Mention], words: int, ordered: bool
) -> list[tuple[Mention, Mention]]:
    """Pairs with at most so many words between them."""
    starts = [one.word for one in right]
    pairs = []
    for one in left:
        first = one.word if ordered else one.word - words - _LONGEST_NAME
        for index in range(bisect_left(starts, first), len(right)):
            if starts[index] > one.end + words:
                break
            if _between(one, right[index]) <= words:
                pairs.append((one, right[index]))
    return pairs


def _between(one: Mention, other: Mention) -> int:
    """Words between two mentions; 0 where they touch or overlap."""
    return max(0, other.word - one.end, one.word - other.end)


def _closeness(one: Mention, other: Mention) -> tuple[float, int, int]:
    return -one.weight - other.weight, _between(one, other), one.word


def _says(values: Iterable[str], name: str, wanted: str) -> bool:
    """Whether one of a field's values is, or for longer fields holds, the wanted text."""
    if name == "url":
        return any(wanted.rstrip("*").lower() in value.lower() for value in values)
    text, cut = fold_term(wanted.rstrip("*")), wanted.endswith("*")
    for value in map(fold_term, values):
        if name in _WHOLE:
            if value == text or (cut and value.startswith(text)):
                return True
        elif f" {text}" + ("" if cut else " ") in f" {value} ":
            return True
    return False


def missing(query: Query, reading: Reading) -> str:
    """What a query lacks that nearly holds; "" where it holds, or nothing of it is there."""
    return _missing(query, _Look(reading))


def _missing(query: Query, look: _Look) -> str:  # noqa: C901 (one line for each node)
    if look.found(query) is not None:
        return ""
    match behind(query):
        case All(parts):
            return _missing_parts(parts, look)
        case When(part, condition):
            return _missing_parts((part, condition), look)
        case Near(left, right, words, _):
            return _missing_pair(look, left, right, words)
        case Score() as score:
            return _too_light(score, look)
        case Scope(name, part):
            return f"{part} not in the {name}" if look.found(part) else ""
        case AtLeast(times, part):
            count = len(look.found(part) or ())
            return f"{part} found {count} times of {times}" if count else ""
        case Unless(left, right, words):
            spoilt = look.found(left)
            return f"{left} only within {words} words of {right}" if spoilt else ""
        case _:
            return ""


def _missing_parts(parts: Sequence[Query], look: _Look) -> str:
    """What is missing of parts that must all hold, where one of them is there and none of the
    others is far from it.
    """
    there = any(look.found(one) for one in parts)
    lacking = [_lack(one, look) for one in parts if look.found(one) is None]
    return "; ".join(lacking) if (there or len(lacking) == 1) and all(lacking) else ""


def _lack(query: Query, look: _Look) -> str:
    match behind(query):
        case Not(part):
            words = ", ".join(f'"{one.text}"' for one in (look.found(part) or ())[:3])
            return f"{words or part} speaks against it"
        case _:
            return _missing(query, look) or ("" if _holds_pairs(query) else f"no {query}")


def _holds_pairs(query: Query) -> bool:
    """Whether a part asks for things near each other, or counted: a bare "no" of it says
    nothing.
    """
    meant = behind(query)
    return isinstance(meant, Near | Unless | AtLeast | Score) or any(
        _holds_pairs(part) for part in children(meant)
    )


def _missing_pair(look: _Look, left: Query, right: Query, words: int) -> str:
    """How far two things stand apart; "" where only one is there: that is not near."""
    here, there = look.found(left), look.found(right)
    if not here or not there:
        return ""
    apart = min(_between(one, other) for one in here for other in there)
    return f"{left} and {right} stand {apart} words apart, {words} at most"


def _too_light(query: Score, look: _Look) -> str:
    total, against, evidence = look.weighed(query)
    if not evidence:
        return ""
    less = f" less {against:g} for words against it" if against else ""
    return f"weight {total + against:g}{less}, {query.threshold:g} needed"
