"""How well labels were met: precision and recall of topics, and of groupings.

Groupings are compared by their pairs, and by the adjusted Rand index (Hubert and Arabie,
Comparing partitions, 1985): 1 for the same groups, about 0 for groups by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
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


def _pairs(groups: Iterable[Hashable]) -> int:
    return sum(comb(size, 2) for size in Counter(groups).values())
