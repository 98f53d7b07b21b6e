"""A host in hand: which of its feeds come first, and for how long it is left alone then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.models import Begun, Failure
from monitor.core.schedule import DAY
from monitor.service.pipeline import Fetched

# Seconds that a host is left alone that has too much to do and does not say for how long.
_BUSY = 60.0


@dataclass
class Stay:
    """A host in our hands until `held`, and its feeds by their lease; how many of them were asked
    so far, and how long the host is to be left alone then.
    """

    feeds: Sequence[Begun]
    lease: datetime
    held: datetime
    wait: timedelta
    asked: int = 0


def planned(one: Begun) -> float:
    """When a feed's turn was to be, whatever came in between: those of one host that wait for
    longest go first, or others might be due again before they ever have their turn.
    """
    return one.state.next_poll.timestamp() if one.state.next_poll else 0.0


def patience_of(fetched: Fetched) -> timedelta:
    """How long a host that has too much to do is to be left alone."""
    answer = fetched.answer
    if not isinstance(answer, Failure) or not answer.busy:
        return timedelta()
    return timedelta(seconds=min(answer.retry_after or _BUSY, DAY))
