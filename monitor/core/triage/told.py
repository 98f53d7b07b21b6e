"""An entry that is told of: all that is known of it, and how it looks as a story and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.core.models import (
    Carrier,
    EventRef,
    Outcome,
    Place,
    Sameness,
    Silence,
    Story,
    StoryRef,
    Verdict,
)
from monitor.core.triage.policy import Policy
from monitor.core.triage.reading import Case


@dataclass(frozen=True, slots=True)
class Telling:
    """One placed entry with all that is needed to decide on it.

    `ref`: the story it carries, if that is known; `event`: the event it tells of, if that is;
    `silences`: those in force.
    """

    case: Case
    place: Place
    ref: StoryRef | None
    event: EventRef | None
    policy: Policy
    now: datetime
    first_poll: bool
    silences: tuple[Silence, ...] = ()


def others_of(one: Telling, story: Story) -> tuple[Carrier, ...]:
    """The others that carry the story or tell of its event."""
    known = (*(one.event.carriers if one.event else ()), *(one.ref.carriers if one.ref else ()))
    by_feed = {other.feed: other for other in reversed(known)}
    by_feed.pop(story.carrier.feed, None)
    return tuple(sorted(by_feed.values(), key=lambda other: other.seen))


def story_of(one: Telling) -> Story:
    """The entry as a story: under the one it repeats, or a new one of its own."""
    case, tagging = one.case, one.case.tagging
    name = one.place.story or f"s_{case.own}"
    return Story(
        id=name,
        event=one.place.event or f"e_{case.own}",
        entry=case.name,
        title=case.entry.title,
        summary=case.entry.summary,
        link=case.entry.link,
        published=case.entry.published,
        first_seen=one.now,
        carrier=_carrier(one, name),
        topics=tagging.topics,
        severity=tagging.severity,
        matches=tagging.matches,
        reasons=tagging.reasons,
    )


def _carrier(one: Telling, story: str) -> Carrier:
    case = one.case
    return Carrier(
        source=case.feed.source,
        feed=case.feed.shown,
        link=case.entry.link,
        seen=one.now,
        language=case.entry.language or case.feed.language,
        country=case.feed.country,
        state_media=case.feed.state_media,
        story=story,
        wire=case.fingerprint.wire if case.fingerprint else "",
    )


def verdict_of(case: Case, sameness: Sameness, outcome: Outcome, reason: str) -> Verdict:
    """The verdict on a case, before anything comes of it."""
    return Verdict(
        entry=case.entry,
        identity=case.identity,
        sameness=sameness,
        outcome=outcome,
        reason=reason,
        tagging=case.tagging,
    )
