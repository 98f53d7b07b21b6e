"""The names an entry is found again by: its identity in its feed, its link and text anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from monitor.core.models import Identity, Sameness, Seen


def claims(identity: Identity) -> tuple[str, ...]:
    """The names under which a story is found again by its copies, the surest first."""
    text = f"text:{identity.text}"
    return (f"link:{identity.link}", text) if identity.link else (text,)


def names_of_new(identities: Iterable[Identity], seen: Mapping[str, Seen]) -> Iterator[str]:
    """The claims of those entries that a feed did not show before, or not with this text.

    What is not among them needs no comparing; a store looks up these and no others.
    """
    for one in identities:
        if revisit(seen.get(one.id), one) is not Sameness.SAME_ID:
            yield from claims(one)


def revisit(earlier: Seen | None, identity: Identity) -> Sameness:
    """Whether this feed showed the entry before, and with the same text."""
    if earlier is None:
        return Sameness.NEW
    return Sameness.SAME_ID if earlier.text == identity.text else Sameness.UPDATED
