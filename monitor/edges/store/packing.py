"""Fingerprints as one short line each, for there is one for every remembered story."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.models import Fingerprint, Remembered

# Between fields, and between the members of one; neither occurs in what they hold, but in the
# entry's name, which stands last.
_FIELD, _MEMBER = "|", ","
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


def unpack(story: str, line: str) -> Remembered:
    """The inverse of pack."""
    fields = iter(line.split(_FIELD, _FIELDS))
    event, language, at, words, head, names, concepts = (next(fields) for _ in range(7))
    subject, numbers, counts, kinds, outlet, wire, entry = fields
    print_ = Fingerprint(
        language=language,
        at=float(at) if at else None,
        words=tuple(words[i : i + _CODE] for i in range(0, len(words), _CODE)),
        head=int(head),
        names=_parted(names.replace("!", "")),
        titled=_titled(names),
        concepts=_parted(concepts.replace("!", "")),
        headed=_titled(concepts),
        subject=subject,
        numbers=_parted(numbers.replace("!", "")),
        figures=_titled(numbers),
        counts=_parted(counts),
        kinds=_parted(kinds),
        outlet=outlet,
        wire=wire,
    )
    return Remembered(story, event, entry, print_)


def _marked(all_: Iterable[str], titled: frozenset[str]) -> str:
    """The members, those in the title with a mark."""
    return _MEMBER.join(f"{one}!" if one in titled else one for one in sorted(all_))


def _joined(members: Iterable[str]) -> str:
    return _MEMBER.join(sorted(members))


def _parted(line: str) -> frozenset[str]:
    return frozenset(line.split(_MEMBER)) if line else frozenset()


def _titled(line: str) -> frozenset[str]:
    return frozenset(one[:-1] for one in line.split(_MEMBER) if one.endswith("!"))
