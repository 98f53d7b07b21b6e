"""How deliveries are written for machines, and what became of each in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.core.models import DeliveryState, Logged
from monitor.edges.store.records import Entered
from monitor.views.latency import budget_row
from monitor.views.rows import iso


def delivery_row(one: Entered) -> dict[str, Any]:
    """One delivery of the ledger as JSON."""
    delivery, story = one.delivery, one.delivery.alert.story
    due = datetime.fromtimestamp(one.due, UTC) if one.due is not None else None
    return {
        "delivery": delivery.id,
        "receiver": delivery.alert.receiver,
        "state": delivery.state.value,
        "type": delivery.alert.kind,
        "story": story.id,
        "event": story.event,
        "title": story.title,
        "reason": delivery.alert.reason,
        "created": iso(delivery.created),
        "tries": delivery.tries,
        "next_try": iso(due),
        "bundle": delivery.bundle or None,
        "budget": budget_row(one),
        "attempts": [_attempt_row(logged) for logged in one.attempts],
    }


def _attempt_row(one: Logged) -> dict[str, Any]:
    return {
        "at": iso(one.at),
        "ok": one.ok,
        "status": one.status,
        "seconds": one.seconds,
        "answer": one.detail,
    }


def fate(one: Entered) -> str:
    """What became of a delivery: sent when, held until when, given up when and why."""
    delivery, last = one.delivery, one.attempts[-1] if one.attempts else None
    if delivery.state is DeliveryState.SENT:
        at = f" {moment(last.at)}" if last else ""
        return f"sent{at}" + (f", at try {delivery.tries}" if delivery.tries > 1 else "")
    if delivery.state is DeliveryState.DEAD:
        at, why = (f" {moment(last.at)}", f": {last.detail}") if last else ("", "")
        again = f"once mended: monitor redeliver {delivery.id}"
        return f"GIVEN UP{at} after {_tries(one)}{why}; {again}"
    if last:
        return f"failed, {_tries(one)} so far; {_next(one)}: {last.detail}"
    return f"held until {moment(delivery.due)}" if delivery.due else f"waits; {_next(one)}"


def _tries(one: Entered) -> str:
    return f"{one.delivery.tries} {'try' if one.delivery.tries == 1 else 'tries'}"


def _next(one: Entered) -> str:
    if not one.due:
        return "not tried yet" if not one.attempts else "no further try is planned"
    return f"next try {moment(datetime.fromtimestamp(one.due, UTC))}"


def moment(at: datetime) -> str:
    """A moment as people read it, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
