"""Several reports as one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.core.models import Delivery, Line


def digest_of(deliveries: Sequence[Delivery]) -> Delivery:
    """One delivery for all, under the first one's name; a single alert as it is.

    All are reports for a digest, if they are several.
    """
    first = deliveries[0]
    if first.alert.kind != "digest":
        return first
    lines = tuple(
        Line(
            one.alert.story.title,
            one.alert.story.link,
            one.alert.story.carrier.source,
            one.alert.news,
        )
        for one in deliveries
    )
    return replace(first, alert=replace(first.alert, lines=lines))
