"""Fingerprints as one short line each, for there is one for every remembered story."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from monitor.core.models import Fingerprint, Remembered

# Between fields, between the members of one, and behind those in the title; none occurs in what
# they hold, but in the entry's name, which stands last.
_FIELD, _MEMBER, _MARK = "|", ",", ";"
_CODE = 4
_FIELDS = 13


def pack(one: Remembered) -> str:
    """A remembered story as a line."""
    print_ = one.fingerprint
    fields = (
        one.event,
        print_.language,
        "" if print_.at is None else str(int(print_.at)),
        "".join(print_.words),
        str(print_.head),
        _marked(print_.names, print_.titled),
        _marked(print_.concepts, print_.headed),
        print_.subject,
        _marked(print_.numbers, print_.figures),
        _joined(print_.counts),
        _joined(print_.kinds),
        print_.outlet,
        print_.wire,
        one.entry,
    )
    return _FIELD.join(fields)


# The stories that a crisis brings are compared again and again.
@lru_cache(maxsize=4_096)
def unpack(story: str, line: str) -> Remembered:
    """The inverse of pack."""
    fields = iter(line.split(_FIELD, _FIELDS))
    event, language, at, words, head, names, concepts = (next(fields) for _ in range(7))
    subject, numbers, counts, kinds, outlet, wire, entry = fields
    (all_names, titled), (all_concepts, headed) = _both(names), _both(concepts)
    all_numbers, figures = _both(numbers)
    print_ = Fingerprint(
        language=language,
        at=float(at) if at else None,
        words=tuple(words[i : i + _CODE] for i in range(0, len(words), _CODE)),
        head=int(head),
        names=all_names,
        titled=titled,
        concepts=all_concepts,
        headed=headed,
        subject=subject,
        numbers=all_numbers,
        figures=figures,
        counts=_parted(counts),
        kinds=_parted(kinds),
        outlet=outlet,
        wire=wire,
    )
    return Remembered(story, event, entry, print_)


def _marked(all_: frozenset[str], titled: frozenset[str]) -> str:
    """The members: those in the title, a mark, the others."""
    return f"{_joined(titled)}{_MARK}{_joined(all_ - titled)}"


def _joined(members: Iterable[str]) -> str:
    return _MEMBER.join(sorted(members))


def _parted(line: str) -> frozenset[str]:
    return frozenset(line.split(_MEMBER)) if line else frozenset()


def _both(line: str) -> tuple[frozenset[str], frozenset[str]]:
    """All members, and those in the title."""
    titled, _, others = line.partition(_MARK)
    first = _parted(titled)
    return first | _parted(others), first
