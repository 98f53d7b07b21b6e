"""Under which names a fingerprint is looked up, so that only its likes are compared.

Copies share rows of words: the few that come first in the order of a hash are the same few in
most copies of a text (bottom-k sketch; Broder, On the resemblance and containment of documents,
1997). Reports of one event share a name together with another name or with a concept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from zlib import crc32

from monitor.core.models import Fingerprint

# How many of each a fingerprint has at most: rows of words; single names, pairs, and states
# with concepts.
_COPIES = 5
_ALONE, _PAIRS, _STATES = 3, 5, 5
# How telling a name of each class is: the more, the fewer texts share it.
_TELLING = {"e": 6, "p": 5, "f": 5, "w": 4, "h": 4, "g": 3, "b": 2, "r": 2, "c": 1}


@lru_cache(maxsize=1_024)
def copy_blocks(one: Fingerprint) -> tuple[str, ...]:
    """Under which names copies of a text are found."""
    pairs = {a + b for a, b in zip(one.words, one.words[1:], strict=False)}
    first = sorted(pairs, key=_order)[:_COPIES]
    return tuple(f"w{one.language}{pair}" for pair in first)


@lru_cache(maxsize=1_024)
def event_blocks(one: Fingerprint) -> tuple[str, ...]:
    """Under which names reports of the same event are found: telling names alone, pairs of
    names, and names with concepts; those of states apart, for they would never come first.
    """
    names = sorted(one.names, key=lambda name: (-_weight(name, one), name))
    own = [name for name in names if name[0] != "c"]
    alone = [f"n{name}" for name in own[:_ALONE]]
    joined = {f"n{'+'.join(sorted(pair))}": _both(*pair, one) for pair in combinations(own, 2)}
    told = {
        f"n{name}+{concept}": _told(name, concept, one) for name in own for concept in one.concepts
    }
    states = {
        f"n{name}+{concept}": _told(name, concept, one)
        for name in names
        if name[0] == "c"
        for concept in one.concepts
    }
    return (*alone, *_first(joined | told, _PAIRS), *_first(states, _STATES))


def _first(ranked: Mapping[str, int], most: int) -> list[str]:
    """The best of ranked names; of equals those first in a fixed order that favours none."""
    return sorted(ranked, key=lambda name: (-ranked[name], _order(name)))[:most]


def _both(a: str, b: str, one: Fingerprint) -> int:
    return _weight(a, one) + _weight(b, one)


def _told(name: str, concept: str, one: Fingerprint) -> int:
    return _weight(name, one) + 1 + (concept in one.headed)


def _weight(name: str, one: Fingerprint) -> int:
    return _TELLING.get(name[0], 1) + (name in one.titled)


def _order(text: str) -> int:
    return crc32(text.encode())
