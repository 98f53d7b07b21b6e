"""The names an entry is found again by: its identity in its feed, its link and text anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from monitor.core.models import Identity, Sameness, Seen


def claims(identity: Identity) -> tuple[str, ...]:
    """The names under which a story is found again by its copies, the surest first."""
    names = (("link", identity.link), ("text", identity.text))
    return tuple(f"{kind}:{name}" for kind, name in names if name)


def names_of_new(identities: Iterable[Identity], seen: Mapping[str, Seen]) -> Iterator[str]:
    """The claims of those entries that a feed did not show before, or not with this text.

    What is not among them needs no comparing; a store looks up these and no others. An entry
    whose text was not read is not compared either.
    """
    for one in identities:
        if one.text and revisit(seen.get(one.id), one) is not Sameness.SAME_ID:
            yield from claims(one)


def revisit(earlier: Seen | None, identity: Identity) -> Sameness:
    """Whether this feed showed the entry before, and with the same text; a text that was not
    read is taken for the same.
    """
    if earlier is None:
        return Sameness.NEW
    same = earlier.text == identity.text or not (earlier.text and identity.text)
    return Sameness.SAME_ID if same else Sameness.UPDATED
