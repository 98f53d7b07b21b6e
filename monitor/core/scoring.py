"""How well labels were met: precision and recall of topics, and of groupings.

Groupings are compared by their pairs; by B-cubed (Bagga and Baldwin, Algorithms for scoring
coreference chains, 1998), which asks of each member how pure and how whole its group is; and by
the adjusted Rand index (Hubert and Arabie, Comparing partitions, 1985): 1 for the same groups,
about 0 for groups by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of what was found rightly, found wrongly, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def precision(self) -> float:
        """How much of what was found is right; 1 where nothing was found."""
        found = self.right + self.wrong
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        """How much of what is right was found; 1 where there was nothing to find."""
        wanted = self.right + self.missed
        return self.right / wanted if wanted else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else 1.0


def one(found: bool, wanted: bool) -> Score:
    """The score of a single yes or no."""
    return Score(int(found and wanted), int(found and not wanted), int(wanted and not found))


def pairs(found: Sequence[Hashable], wanted: Sequence[Hashable]) -> Score:
    """The pairs that a grouping puts together, against those that belong together.

    Both give each member the name of its group, in the same order.
    """
    both = _pairs(zip(found, wanted, strict=True))
    return Score(both, _pairs(found) - both, _pairs(wanted) - both)


def adjusted_rand(found: Sequence[Hashable], wanted: Sequence[Hashable]) -> float:
    """How alike two groupings are beyond chance."""
    both, ours, theirs = _pairs(zip(found, wanted, strict=True)), _pairs(found), _pairs(wanted)
    whole = comb(len(found), 2)
    chance = ours * theirs / whole if whole else 0.0
    most = (ours + theirs) / 2
    return (both - chance) / (most - chance) if most != chance else 1.0


@dataclass(frozen=True, slots=True)
class Member:
    """One member of two groupings, with its language and what it is called."""

    found: Hashable
    wanted: Hashable
    language: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Bcubed:
    """Mean precision and recall of the members' groups."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


# Which others a member is compared with: all, those of its language, those of other languages.
SCOPES: Mapping[str, Callable[[Member, Member], bool]] = {
    "all": lambda one, other: True,
    "within": lambda one, other: one.language == other.language,
    "across": lambda one, other: one.language != other.language,
}


def pairs_in(members: Sequence[Member], scope: str) -> Score:
    """As pairs, of the members that a scope compares."""
    everything = pairs([one.found for one in members], [one.wanted for one in members])
    if scope == "all":
        return everything
    inside = [[one for one in members if one.language == name] for name in _languages(members)]
    within = sum(
        (pairs([m.found for m in one], [m.wanted for m in one]) for one in inside), Score()
    )
    if scope == "within":
        return within
    return Score(
        everything.right - within.right,
        everything.wrong - within.wrong,
        everything.missed - within.missed,
    )


def bcubed(members: Sequence[Member], scope: str) -> Bcubed:
    """B-cubed over the members that a scope compares; each is compared with itself too."""
    by_found, by_wanted = _by(members, "found"), _by(members, "wanted")
    compares = SCOPES[scope]
    precision = recall = 0.0
    for one in members:
        found = _compared(one, by_found[one.found], compares)
        wanted = _compared(one, by_wanted[one.wanted], compares)
        both = 1 + sum(other.wanted == one.wanted for other in found)
        precision += both / (1 + len(found))
        recall += both / (1 + len(wanted))
    count = len(members)
    return Bcubed(precision / count, recall / count) if count else Bcubed(1.0, 1.0)


def _compared(
    one: Member, group: Sequence[Member], compares: Callable[[Member, Member], bool]
) -> list[Member]:
    return [other for other in group if other is not one and compares(one, other)]


def _by(members: Sequence[Member], field: str) -> dict[Hashable, list[Member]]:
    groups: dict[Hashable, list[Member]] = {}
    for one in members:
        groups.setdefault(getattr(one, field), []).append(one)
    return groups


def _languages(members: Sequence[Member]) -> list[str]:
    return sorted({one.language for one in members})


def _pairs(groups: Iterable[Hashable]) -> int:
    return sum(comb(size, 2) for size in Counter(groups).values())
