"""What is remembered of a feed after a visit, and after a push of its hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.models import (
    Failure,
    Feed,
    FeedState,
    Hub,
    PollOutcome,
    Push,
    Validators,
    Visit,
)
from monitor.core.polling.bounds import Polling
from monitor.core.polling.conditions import Approach, caught, next_visit
from monitor.core.polling.intervals import choose, subscribed
from monitor.core.polling.life import PROBED, badness, died, failure_gap
from monitor.core.polling.moves import after_answer
from monitor.core.polling.reasons import Because
from monitor.core.polling.rhythm import learn, seed
from monitor.core.polling.silence import patience, silent
from monitor.core.schedule import DAY, spread
from monitor.core.shown import hidden

__all__ = ["Approach", "after_failure", "after_push", "after_reading", "next_visit"]


def after_reading(
    state: FeedState, feed: Feed, visit: Visit, *, polling: Polling, now: datetime, jitter: float
) -> FeedState:
    """The state after a poll that worked; it ends failures, and revives the dead."""
    parsed = visit.parsed
    rhythm = learn(state.rhythm, visit.new, now) if state.body else seed(visit.new, now)
    wish = parsed.wish if parsed else state.wish
    push = _pushing(state.push, visit, now)
    move = after_answer(state, feed, visit.moved, now)
    gap, because = choose(feed, rhythm, push, wish, max_age=visit.max_age, polling=polling, now=now)
    new = bool(visit.new)
    patient = patience(state, rhythm, now, new=new)
    if move.twin:
        gap, because = polling.max_interval, Because.TWIN.code()
    return FeedState(
        revision=state.revision + 1,
        validators=visit.validators,
        body=visit.body,
        outcome=visit.outcome,
        reason=parsed.note if parsed else "",
        interval=gap,
        last_poll=now,
        last_new=now if new else state.last_new,
        next_poll=now + timedelta(seconds=polling.delay(gap, jitter)),
        key=state.key,
        because=because,
        marks=parsed.marks if parsed else state.marks,
        full=now if visit.full or state.full is None else state.full,
        caught=caught(state, visit, now),
        rhythm=rhythm,
        wish=wish,
        move=move,
        push=push,
        patience=patient,
        silent=silent(state, patient.until, now, new=new),
        lag=state.lag,
    )


def _pushing(push: Push, visit: Visit, now: datetime) -> Push:
    """How the hub does: news that a poll found are news that it has missed."""
    told = visit.parsed.hub if visit.parsed else push.hub
    hub = visit.hub if visit.hub.url else told
    if any(hidden(hub.topic)):
        # It would be told a key of ours, and kept with it.
        hub = Hub()
    if hub != push.hub:
        return Push(hub=hub)
    missed = bool(visit.new) and subscribed(push, now)
    return replace(push, misses=push.misses + 1) if missed else push


def after_failure(
    state: FeedState,
    feed: Feed,
    failure: Failure,
    *,
    polling: Polling,
    now: datetime,
    jitter: float,
) -> FeedState:
    """The state after a poll that brought nothing: what was known stays known."""
    failures, weight = state.failures + 1, badness(state, failure, now)
    dead = died(state, weight, now)
    gap, because = _patience(failure, failures, dead, polling)
    retired = dead is not None and now - dead >= PROBED
    # A 304 that nobody asked for must not be believed again: ask without conditions.
    distrust = failure.outcome is PollOutcome.PROTOCOL
    return replace(
        state,
        revision=state.revision + 1,
        validators=Validators() if distrust else state.validators,
        outcome=failure.outcome,
        reason=failure.reason,
        failures=failures,
        interval=gap,
        because=Because.RETIRED.code() if retired else because,
        last_poll=now,
        next_poll=None if retired else now + timedelta(seconds=spread(gap, jitter)),
        failing_since=state.failing_since or now,
        badness=weight,
        dead=dead,
    )


def _patience(
    failure: Failure, failures: int, dead: datetime | None, polling: Polling
) -> tuple[float, str]:
    """Seconds until a feed that fails is asked again, and the code of the reason."""
    if dead is not None:
        return DAY, Because.DEAD.code((dead + PROBED).timestamp())
    asked = min(failure.retry_after or 0.0, DAY)
    gap = failure_gap(failure.outcome, failures, asked, polling)
    return gap, Because.RETRY_AFTER.code(asked) if gap == asked else Because.FAILING.code()


def after_push(state: FeedState, new: Sequence[datetime], *, now: datetime) -> FeedState:
    """The state after a hub pushed; `new`: as Visit.new. The next poll stays where it is.

    Only news prove a hub: one that repeats what polls have found already is of no use.
    """
    if not new:
        return replace(state, revision=state.revision + 1)
    rhythm = learn(state.rhythm, new, now)
    return replace(
        state,
        revision=state.revision + 1,
        last_new=now,
        rhythm=rhythm,
        patience=patience(state, rhythm, now, new=True),
        silent=None,
        push=replace(state.push, last=now, misses=0),
    )
