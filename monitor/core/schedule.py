"""When a delivery is tried again. (When a feed is polled next: core/polling.)

Chance is an argument: `jitter` is a number in 0..1, drawn by the caller.
"""

from __future__ import annotations

from datetime import timedelta

from monitor.core.models import Attempt

DAY = 86_400.0

# Seconds before each try, the first at once: the schedule that the Standard Webhooks
# specification recommends ("Deliverability and reliability").
RETRY_SCHEDULE = (0.0, 5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, DAY)

# A delivery that waits for longer than all its tries take (76 h) and some more is given up: its
# receiver was left alone most of the time. (Five days, as Svix does.)
LONGEST_WAIT = timedelta(days=5)
# "Too many requests": the receiver works, it is we who were too fast (RFC 6585, section 4).
TOO_MANY = 429
# Seconds at least before a try that may be a repeat: the receiver may still be at work on the
# one whose answer did not come.
_UNCERTAIN_GAP = 30.0
# Seconds between tries once the schedule is used up, for a receiver that asks for patience.
_LATE_GAP = 3_600.0


def spread(gap: float, jitter: float) -> float:
    """A gap with up to a tenth added, so that what began together drifts apart."""
    return gap * (1 + jitter / 10)


def too_many_gap(asked: float, jitter: float) -> float:
    """Seconds to wait after an answer that we were too fast; `asked`: what it asks for, or 0."""
    return max(spread(RETRY_SCHEDULE[1], jitter), asked)


def retry_gap(tries: int, attempt: Attempt, jitter: float) -> float | None:
    """Seconds until a failed delivery is tried again; None when it is to be given up.

    `tries` counts the attempts made so far, but for those that came too fast: these use up no
    try. A receiver that asks for patience (Retry-After) is obeyed and never given up for it.
    """
    if attempt.permanent:
        return None
    asked = min(attempt.retry_after or 0.0, DAY)
    if attempt.status == TOO_MANY:
        return too_many_gap(asked, jitter)
    if attempt.uncertain:
        asked = max(asked, _UNCERTAIN_GAP) if tries < len(RETRY_SCHEDULE) else asked
    if tries >= len(RETRY_SCHEDULE):
        return max(asked, _LATE_GAP) if asked else None
    return max(spread(RETRY_SCHEDULE[tries], jitter), asked)
