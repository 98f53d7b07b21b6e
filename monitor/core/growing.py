"""How an event grows with each story that tells of it."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.digest import delivery_id
from monitor.core.models import EventRef, Story, Verdict


def grown(event: EventRef, story: Story, verdict: Verdict) -> EventRef:
    """An event with what the verdict on one of its stories adds to it."""
    first = {
        one.receiver: delivery_id(story.id, one.receiver)
        for one in verdict.alerts
        if one.receiver not in event.told
    }
    feeds = {one.feed for one in event.carriers}
    added = () if story.carrier.feed in feeds else (story.carrier,)
    return replace(
        event,
        told={**first, **event.told},
        facts=event.facts | verdict.facts,
        carriers=(*event.carriers, *added),
    )
