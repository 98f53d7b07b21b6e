"""Whether two texts are copies, or tell of one event: weights learned from labelled pairs.

Logistic models (likeness.toml holds their weights, `make learn` learns them),
behind a few plain rules for what no likeness can outweigh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import exp, log
from operator import mul
from typing import NamedTuple

from monitor.core.likeness.features import content, copying, sharing
from monitor.core.models import Fingerprint

# The share of the shorter text's words below which no two texts are copies.
_SHARED = 0.3
# Content words below which two texts are not told to be copies.
_TELLING_WORDS = 4


@dataclass(frozen=True)
class Model:
    """Weights of figures, and the chance (0 to 1) from which a pair counts."""

    bias: float
    weights: Sequence[float]
    threshold: float

    def chance(self, figures: Sequence[float]) -> float:
        """How probable it is that a pair belongs together."""
        total = self.bias + sum(map(mul, self.weights, figures))
        return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True)
class Models:
    """Copies of one text; reports of one event; and how telling each name and concept is (0 to
    1), 1 for those not named.
    """

    copies: Model
    events: Model
    rarity: Mapping[str, float]


class Likeness(NamedTuple):
    """The chance that two texts are copies, and that they tell of one event."""

    copy: float
    event: float


def liken(
    one: Fingerprint, other: Fingerprint, models: Models, rarity: Mapping[str, float]
) -> Likeness:
    """Compare two texts; `rarity`: how telling names and concepts are just now."""
    return Likeness(_copy(one, other, models.copies), _event(one, other, models.events, rarity))


# Stories from which on it tells how often each of them names a thing; the share of them from
# which on that thing tells less; and the least it tells.
_ENOUGH, _COMMON, _LEAST = 40, 30, 0.03


def rarity_now(models: Models, told: Mapping[str, int], recent: int) -> Mapping[str, float]:
    """How telling names and concepts are just now: while everybody writes of one crisis, its
    names tell none of its turns from another. `told`: in how many of the `recent` stories
    each stands.
    """
    if recent < _ENOUGH:
        return models.rarity
    now = {
        mark: max(_LEAST, min(1.0, log(recent / often) / log(_COMMON)))
        for mark, often in told.items()
    }
    rarer = {mark: min(one, models.rarity.get(mark, 1.0)) for mark, one in now.items()}
    return {**models.rarity, **rarer}


def comparable(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two texts may be copies at all: nothing rules it out, however alike they are."""
    return (
        one.language == other.language
        and min(len(one.words), len(other.words)) >= _TELLING_WORDS
        and not _other_numbers(one, other)
        and not _elsewhere(one, other)
        and not _other_day(one, other)
        and not _filled_in(one, other)
    )


def _copy(one: Fingerprint, other: Fingerprint, model: Model) -> float:
    shared = len(content(one) & content(other))
    if shared < _SHARED * min(len(one.words), len(other.words)):
        return 0.0
    return model.chance(copying(one, other)) if comparable(one, other) else 0.0


def _other_numbers(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether each has counted something that the other has not, or the titles hold different
    numbers ("day 481", "day 483").
    """
    counted = one.counts - other.counts and other.counts - one.counts
    return bool(counted) or bool(
        one.figures and other.figures and one.figures.isdisjoint(other.figures)
    )


def _elsewhere(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether each names places, and none that the other names: one form, filled in twice."""
    here = {name for name in one.names if name[0] in "pr"}
    there = {name for name in other.names if name[0] in "pr"}
    return bool(here and there) and here.isdisjoint(there)


def _filled_in(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two texts are one form, filled in with another word each: the word stands in the
    title and in the lead, or there is no lead that would show that the text is the same.
    """
    mine, theirs = _slot(one, other), _slot(other, one)
    return bool(mine and theirs)


def _slot(one: Fingerprint, other: Fingerprint) -> frozenset[str]:
    """The words of a title that the other text has not: of its own lead too, if it has one."""
    title = frozenset(one.words[: one.head]) - content(other)
    lead = frozenset(one.words[one.head :])
    return title & lead if lead else title


def _other_day(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether both sum up several things, and not the same ones."""
    sums_up = "wrapup" in one.headed and "wrapup" in other.headed
    return sums_up and one.words[: one.head] != other.words[: other.head]


def _event(
    one: Fingerprint, other: Fingerprint, model: Model, rarity: Mapping[str, float]
) -> float:
    if one.names.isdisjoint(other.names) or _nothing_else(one, other) or _two_places(one, other):
        return 0.0
    return model.chance(sharing(one, other, rarity))


def _two_places(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether each title names a place that the other text does not: two happenings, however
    alike. A capital may stand for its government, and says nothing.
    """
    here, there = _places(one.titled), _places(other.titled)
    return bool(here and there) and (here.isdisjoint(other.names) and there.isdisjoint(one.names))


def _places(names: AbstractSet[str]) -> frozenset[str]:
    return frozenset(name for name in names if name[0] == "p" and name not in _CAPITALS)


# Bamako, Niamey, Ouagadougou, N'Djamena, Nouakchott, by their Wikidata numbers.
_CAPITALS = frozenset(("p:Q3703", "p:Q3674", "p:Q3777", "p:Q3659", "p:Q3688"))


def _nothing_else(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two texts share but the names of states: no concept, no other name, no word."""
    if not one.concepts.isdisjoint(other.concepts) or not content(one).isdisjoint(content(other)):
        return False
    return all(name[0] == "c" for name in one.names & other.names)


_CLASHES: Mapping[str, str] = {
    "place_clash": "other places",
    "person_clash": "other persons",
    "subject_clash": "another state",
    "count_clash": "other tolls",
    "title_number_clash": "other numbers",
    "asks": "one sums up or explains",
}


def clashes(one: Fingerprint, other: Fingerprint) -> list[str]:
    """In what two texts differ, in words."""
    figures = sharing(one, other, {})._asdict()
    return [words for name, words in _CLASHES.items() if figures[name]]


# Shares of common words up to which two texts of one language have nothing to do with
# each other.
_STRANGE = 0.2


def differ(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two texts under one name are not two states of one text: they have a few words in
    common at most, in the titles and in all.
    """
    if one.language != other.language:
        return True
    figures = copying(one, other)
    return figures.words <= _STRANGE and figures.title <= _STRANGE
