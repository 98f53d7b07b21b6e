"""Several reports as one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.core.digest import digest
from monitor.core.models import Delivery, Line

_ROLLED = "storm control: more came than this receiver takes one by one"


def bundle_of(deliveries: Sequence[Delivery]) -> str:
    """The name of the message that carries these deliveries together, "" for a single alert.

    It is the message's idempotency key: what was bundled once stays so in every attempt.
    """
    first = deliveries[0]
    if first.bundle:
        return first.bundle
    if len(deliveries) == 1 and first.alert.kind != "digest":
        return ""
    return f"b_{digest(*sorted(one.id for one in deliveries))}"


def message_of(deliveries: Sequence[Delivery]) -> Delivery:
    """One delivery for all of a message, in their order; a single alert as it is."""
    first, bundle = deliveries[0], bundle_of(deliveries)
    if not bundle:
        return first
    rolled = first.alert.kind != "digest"
    alert = replace(
        first.alert,
        kind="digest",
        reason=_ROLLED if rolled else "",
        lines=tuple(map(_line, deliveries)),
        news=(),
    )
    uncertain = any(one.uncertain for one in deliveries)
    return replace(first, id=bundle, bundle=bundle, alert=alert, uncertain=uncertain, thread="")


def _line(one: Delivery) -> Line:
    story = one.alert.story
    return Line(
        story.title,
        story.link,
        story.carrier.source,
        one.alert.news,
        story.severity,
        len(one.alert.others),
        story.carrier.state_media,
    )
