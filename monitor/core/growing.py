"""How an event grows with each story that tells of it."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.digest import delivery_id
from monitor.core.models import EventRef, Story, Verdict

# Carriers and facts that an event keeps at most: who was first matters, not who was hundredth.
_CARRIERS, _FACTS = 60, 400


def grown(event: EventRef, story: Story, verdict: Verdict) -> EventRef:
    """An event with what the verdict on one of its stories adds to it."""
    first = {
        one.receiver: delivery_id(story.id, one.receiver)
        for one in verdict.alerts
        if one.receiver not in event.told
    }
    feeds = {one.feed for one in event.carriers}
    known = story.carrier.feed in feeds or len(feeds) >= _CARRIERS
    added = () if known else (story.carrier,)
    learned = verdict.facts if len(event.facts) < _FACTS else frozenset()
    return replace(
        event,
        told={**first, **event.told},
        facts=event.facts | learned,
        carriers=(*event.carriers, *added),
    )
