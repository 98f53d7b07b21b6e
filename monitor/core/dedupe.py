"""Is an entry new? It is compared by identity in its feed, then by link and text anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from monitor.core.models import Identity, Sameness, Seen, StoryRef


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an entry turned out to be, the story it repeats if any, and why."""

    sameness: Sameness
    reason: str
    story: StoryRef | None = None


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


def compare(
    identity: Identity, earlier: Seen | None, stories: Mapping[str, StoryRef]
) -> Comparison:
    """Find the story that an entry carries; its feed's memory of it goes first.

    `stories` holds what is known by claim and by story id.
    """
    found = next((claim for claim in claims(identity) if claim in stories), None)
    if earlier is not None:
        own = stories.get(earlier.story or "") or stories.get(found or "")
        return Comparison(Sameness.UPDATED, "its text changed since it was first seen", own)
    if found is not None:
        return _copy_of(stories[found], found)
    return Comparison(Sameness.NEW, "not seen before")


def _copy_of(story: StoryRef, claim: str) -> Comparison:
    if claim.startswith("link:"):
        return Comparison(Sameness.SAME_LINK, f"same link as {story.entry}", story)
    return Comparison(Sameness.SAME_TEXT, f"same text as {story.entry}", story)
