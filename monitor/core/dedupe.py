"""Is an entry new? It is compared by identity in its feed, then by link and text anywhere."""

from __future__ import annotations

from collections.abc import Mapping
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
    if earlier is not None:
        own = stories.get(earlier.story or "")
        return Comparison(Sameness.UPDATED, "its text changed since it was first seen", own)
    for claim in claims(identity):
        if story := stories.get(claim):
            return _copy_of(story, claim)
    return Comparison(Sameness.NEW, "not seen before")


def _copy_of(story: StoryRef, claim: str) -> Comparison:
    if claim.startswith("link:"):
        return Comparison(Sameness.SAME_LINK, f"same link as {story.entry}", story)
    return Comparison(Sameness.SAME_TEXT, f"same text as {story.entry}", story)
