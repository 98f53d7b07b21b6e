"""When a feed is polled next, and when a delivery is tried again.

Chance is an argument: `jitter` is a number in 0..1, drawn by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.models import Attempt, Failure, FeedState, PollOutcome, Validators

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

# Answers that a person has to mend: asking often would only be impolite.
_GONE = frozenset({PollOutcome.HTTP_404, PollOutcome.HTTP_410})
# However long a feed has failed, its recovery is seen within this time (seconds).
_FAILURE_CAP = 900.0
_GONE_CAP = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Polling:
    """The bounds, in seconds, between which a feed's polling gap adapts."""

    interval: float = 600.0
    min_interval: float = 60.0
    max_interval: float = DAY


def after_reading(
    state: FeedState,
    *,
    outcome: PollOutcome,
    note: str,
    validators: Validators,
    body: str,
    fresh: bool,
    polling: Polling,
    now: datetime,
    jitter: float,
) -> FeedState:
    """The state after a poll that worked; `fresh`: it brought entries not seen before."""
    gap = next_gap(state.interval, fresh=fresh, polling=polling)
    return FeedState(
        revision=state.revision + 1,
        validators=validators,
        body=body,
        outcome=outcome,
        reason=note,
        interval=gap,
        last_poll=now,
        last_new=now if fresh else state.last_new,
        next_poll=now + timedelta(seconds=spread(gap, jitter)),
        key=state.key,
    )


def after_failure(
    state: FeedState, failure: Failure, *, polling: Polling, now: datetime, jitter: float
) -> FeedState:
    """The state after a poll that brought nothing: what was known stays known."""
    failures = state.failures + 1
    gap = failure_gap(failure.outcome, failures, failure.retry_after, polling)
    # A 304 that nobody asked for must not be believed again: ask without conditions.
    distrust = failure.outcome is PollOutcome.PROTOCOL
    return replace(
        state,
        revision=state.revision + 1,
        validators=Validators() if distrust else state.validators,
        outcome=failure.outcome,
        reason=failure.reason,
        failures=failures,
        last_poll=now,
        next_poll=now + timedelta(seconds=spread(gap, jitter)),
        failing_since=state.failing_since or now,
    )


def next_gap(gap: float, *, fresh: bool, polling: Polling) -> float:
    """The gap after a poll that worked: shorter when it brought something, else longer.

    A feed without a gap yet starts at the configured one. Growth is slower than
    shrinking, so that one quiet hour does not undo what a busy one taught.
    """
    wanted = (gap or polling.interval) * (0.5 if fresh else 1.1)
    ceiling = min(polling.max_interval, max(polling.interval * 6, polling.min_interval))
    return min(max(wanted, polling.min_interval), ceiling)


def failure_gap(
    outcome: PollOutcome, failures: int, retry_after: float | None, polling: Polling
) -> float:
    """Seconds to stay away after the n-th failure in a row (n from 1), before jitter."""
    cap = _GONE_CAP if outcome in _GONE else max(_FAILURE_CAP, polling.min_interval)
    waited = min(polling.min_interval * 2.0 ** min(failures - 1, 20), cap)
    return max(waited, min(retry_after or 0.0, DAY))


def spread(gap: float, jitter: float) -> float:
    """A gap with up to a tenth added, so that feeds polled together drift apart."""
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
