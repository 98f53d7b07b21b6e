"""Marks: what the entries of a document are told apart by at its next reading, as one text.

For each 14 bytes: 8 of a digest of its element and what that depends on, 3 of its id and 3 of
its canonical link (zeroes for none). Two ids may have the same three bytes by chance; then the
document is read in full, which costs time and nothing else.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from monitor.core.identity import canonical_url
from monitor.core.models import Entry

_ELEMENT, _NAME = 8, 3
_SIZE = _ELEMENT + 2 * _NAME
_NONE = bytes(_NAME)


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry: the digest of its element, and short ones of its id and link."""

    element: bytes
    id: bytes = _NONE
    link: bytes = _NONE

    @property
    def names(self) -> tuple[bytes, ...]:
        """Id and link as far as there are any, each told from the other."""
        names = ((b"i", self.id), (b"l", self.link))
        return tuple(kind + name for kind, name in names if name != _NONE)


def key_of(*context: str) -> bytes:
    """What the digests of a document's elements are made with."""
    return blake2b("\0".join(context).encode(), digest_size=16).digest()


def digest_of(element: bytes, key: bytes) -> bytes:
    """The digest of an element as it stands in its document."""
    return blake2b(element, digest_size=_ELEMENT, key=key).digest()


def mark_of(element: bytes, entry: Entry | None) -> Mark:
    """The mark of an element (its digest) and the entry it gave, if it gave one."""
    if entry is None:
        return Mark(element)
    return Mark(element, _name(entry.id), _name(canonical_url(entry.link)))


def _name(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return blake2b(raw, digest_size=_NAME).digest() if text else _NONE


def packed(marks: Iterable[Mark]) -> str:
    """The marks as text."""
    return b64encode(b"".join(one.element + one.id + one.link for one in marks)).decode("ascii")


def unpacked(text: str) -> dict[bytes, Mark]:
    """The marks in a text by their element's digest; none where it holds no marks."""
    try:
        raw = b64decode(text)
    except ValueError:
        return {}
    pieces = (raw[at : at + _SIZE] for at in range(0, len(raw) - _SIZE + 1, _SIZE))
    marks = (Mark(one[:-6], one[-6:-3], one[-3:]) for one in pieces)
    return {one.element: one for one in marks}


def apart(before: Mapping[bytes, Mark], left: Collection[bytes], new: Iterable[Mark]) -> bool:
    """Whether the entries left out share no id or link with the others, nor did before.

    What several entries of a document share does not tell them apart (see identity), so which
    others there are must not change without their being read.
    """
    out = {before[one] for one in left}
    known = Counter(name for one in before.values() for name in one.names)
    still = Counter(name for one in out for name in one.names)
    fresh = {name for one in new for name in one.names}
    return not any(name in fresh or known[name] != count for name, count in still.items())
