"""In what two texts are alike, and in what they differ: a few figures for each pair."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from math import log1p, sqrt
from typing import NamedTuple

from monitor.core.models import Fingerprint

_HOUR = 3_600.0
# Gap assumed between texts of which one has no date.
_UNKNOWN_GAP = 12.0


class Copying(NamedTuple):
    """How far one text is made of the other's words: shares (0 to 1); `short`: how little text
    there is to tell by.
    """

    words: float
    pairs: float
    triples: float
    title: float
    lead: float
    names: float
    numbers: float
    clash: float
    length: float
    short: float
    wire: float


class Sharing(NamedTuple):
    """How far two texts tell of the same: what they share, and in what they clash (1 where
    both name some of a kind, and none in common). `asks`: one explains or sums up, the other
    reports; `within`: both are in one language.
    """

    state: float
    place: float
    person: float
    body: float
    thing: float
    names: float
    title_names: float
    concepts: float
    title_concepts: float
    covered_names: float
    covered_concepts: float
    rare: float
    words: float
    title_words: float
    covered_words: float
    numbers: float
    place_clash: float
    person_clash: float
    subject_clash: float
    count_clash: float
    number_clash: float
    title_number_clash: float
    kinds: float
    kind_clash: float
    asks: float
    within: float
    days: float
    undated: float


def copying(one: Fingerprint, other: Fingerprint) -> Copying:
    """The figures that tell copies."""
    a, b = content(one), content(other)
    leads = frozenset(one.words[one.head :]), frozenset(other.words[other.head :])
    title = _jaccard(_title(one), _title(other))
    return Copying(
        words=_contained(a, b),
        pairs=_contained(_runs(one, 2), _runs(other, 2)),
        triples=_contained(_runs(one, 3), _runs(other, 3)),
        title=title,
        # Without a lead, the title is all there is to be a copy.
        lead=_contained(*leads) if all(leads) else title,
        names=_jaccard(one.names, other.names),
        numbers=_jaccard(one.numbers, other.numbers) if one.numbers or other.numbers else 0.5,
        clash=float(bool(one.numbers - other.numbers and other.numbers - one.numbers)),
        length=min(len(a), len(b)) / max(len(a), len(b), 1),
        short=1 / max(1, min(len(a), len(b))),
        wire=float(one.wire == other.wire) if one.wire and other.wire else 0.5,
    )


def sharing(one: Fingerprint, other: Fingerprint, rarity: Mapping[str, float]) -> Sharing:
    """The figures that tell reports of one event; `rarity`: how telling each name and concept
    is (0 to 1), 1 for those not in it.
    """
    mine, theirs = _by_class(one.names), _by_class(other.names)
    shared = {kind: mine[kind] & theirs[kind] for kind in mine.keys() & theirs.keys()}
    within = one.language == other.language
    return Sharing(
        state=_weight(shared.get("c", _NONE), rarity),
        place=_weight(shared.get("p", _NONE) | shared.get("r", _NONE), rarity),
        person=_weight(shared.get("h", _NONE), rarity),
        body=_weight(shared.get("b", _NONE) | shared.get("g", _NONE), rarity),
        thing=_weight(
            shared.get("f", _NONE) | shared.get("w", _NONE) | shared.get("e", _NONE), rarity
        ),
        names=_cosine(one.names, other.names, rarity),
        title_names=_cosine(one.titled, other.titled, rarity),
        concepts=_cosine(one.concepts, other.concepts, rarity),
        title_concepts=_cosine(one.headed, other.headed, rarity),
        covered_names=_covered(one.titled, other.names, other.titled, one.names, rarity),
        covered_concepts=_covered(one.headed, other.concepts, other.headed, one.concepts, rarity),
        rare=_weight(one.concepts & other.concepts, rarity),
        words=_cosine(content(one), content(other), {}) if within else 0.0,
        title_words=_cosine(_title(one), _title(other), {}) if within else 0.0,
        covered_words=_covered(_title(one), content(other), _title(other), content(one), {})
        if within
        else 0.0,
        numbers=log1p(len(one.numbers & other.numbers)),
        place_clash=max(_clash(mine, theirs, "p"), _clash(mine, theirs, "r")),
        person_clash=_clash(mine, theirs, "h"),
        subject_clash=float(bool(one.subject and other.subject) and one.subject != other.subject),
        count_clash=_apart(one.counts, other.counts),
        number_clash=_apart(one.numbers, other.numbers),
        title_number_clash=_apart(one.figures, other.figures),
        kinds=float(bool(one.kinds & other.kinds)),
        kind_clash=_apart(one.kinds, other.kinds),
        asks=float(_asks(one) != _asks(other)),
        within=float(within),
        days=gap_hours(one, other) / 24,
        undated=float(one.at is None or other.at is None),
    )


_NONE: frozenset[str] = frozenset()
_ASKING = frozenset(("explainer", "wrapup"))


def _asks(one: Fingerprint) -> bool:
    return not _ASKING.isdisjoint(one.headed)


@lru_cache(maxsize=4_096)
def _title(one: Fingerprint) -> frozenset[str]:
    return frozenset(one.words[: one.head])


@lru_cache(maxsize=4_096)
def content(one: Fingerprint) -> frozenset[str]:
    """The content words of a text, each once."""
    return frozenset(one.words)


@lru_cache(maxsize=4_096)
def _by_class(names: frozenset[str]) -> Mapping[str, AbstractSet[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(name[0], set()).add(name)
    return found


def gap_hours(one: Fingerprint, other: Fingerprint) -> float:
    """Hours between two texts; half a day where one has no date."""
    if one.at is None or other.at is None:
        return _UNKNOWN_GAP
    return abs(one.at - other.at) / _HOUR


@lru_cache(maxsize=4_096)
def _runs(one: Fingerprint, length: int) -> frozenset[str]:
    """Rows of so many words, the title's apart from the others."""
    parts = one.words[: one.head], one.words[one.head :]
    return frozenset(
        "".join(part[at : at + length]) for part in parts for at in range(len(part) - length + 1)
    )


def _contained(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    """The share of the smaller set that the other holds."""
    smaller = min(len(a), len(b))
    return len(a & b) / smaller if smaller else 0.0


def _jaccard(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    both = len(a | b)
    return len(a & b) / both if both else 0.0


def _cosine(a: AbstractSet[str], b: AbstractSet[str], rarity: Mapping[str, float]) -> float:
    """The cosine of two sets whose members weigh by their rarity; what both are made of says
    little where all of it is common.
    """
    if not a or not b or a.isdisjoint(b):
        return 0.0
    if not rarity:
        return len(a & b) / sqrt(max(len(a), _TELLING) * max(len(b), _TELLING))
    mine, theirs = _square(a, rarity), _square(b, rarity)
    return _square(a & b, rarity) / sqrt(max(mine, _TELLING) * max(theirs, _TELLING))


def _square(members: AbstractSet[str], rarity: Mapping[str, float]) -> float:
    total = 0.0
    for one in members:
        weight = rarity.get(one, 1.0)
        total += weight * weight
    return total


# What a set must weigh to be told by.
_TELLING = 0.5


def _covered(
    mine: AbstractSet[str],
    all_theirs: AbstractSet[str],
    theirs: AbstractSet[str],
    all_mine: AbstractSet[str],
    rarity: Mapping[str, float],
) -> float:
    """How much of what either title says the other text says anywhere; of both, the less."""
    return min(_share(mine, all_theirs, rarity), _share(theirs, all_mine, rarity))


def _share(part: AbstractSet[str], whole: AbstractSet[str], rarity: Mapping[str, float]) -> float:
    if not part:
        return 0.5
    return _sum(part & whole, rarity) / max(_sum(part, rarity), _TELLING)


def _sum(members: AbstractSet[str], rarity: Mapping[str, float]) -> float:
    if not rarity:
        return len(members)
    total = 0.0
    for one in members:
        total += rarity.get(one, 1.0)
    return total


def _weight(shared: AbstractSet[str], rarity: Mapping[str, float]) -> float:
    return log1p(_sum(shared, rarity)) if shared else 0.0


def _clash(
    mine: Mapping[str, AbstractSet[str]], theirs: Mapping[str, AbstractSet[str]], kind: str
) -> float:
    return _apart(mine.get(kind, _NONE), theirs.get(kind, _NONE))


def _apart(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    """Whether both hold some, and none in common."""
    return float(bool(a and b) and a.isdisjoint(b))
