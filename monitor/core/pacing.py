"""How fast a receiver is sent to, when not at all, and when alerts are rolled up.

A pace is kept by GCRA (ITU-T I.371, annex A): one number, the time at which all that was sent
is paid for, is a token bucket. A receiver that fails again and again is left alone for a while,
longer each time, and then tried with one message (a circuit breaker with half-open probes).
Times are epoch seconds; chance (`jitter`, 0..1) is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.core.models import Attempt, Condition, Delivery, Pace, Receiver
from monitor.core.schedule import DAY, TOO_MANY, spread

# Failures in a row after which a receiver is left alone, and for how long: doubled with each
# more, up to the longest.
FAILURES = 3
_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
# Alerts claimed at a time where no pace is to be kept.
BATCH = 20
# What is about the service itself is never rolled up.
_ALERTS = frozenset(("story.alert", "story.update"))


@dataclass(frozen=True, slots=True)
class Turn:
    """What may be sent to a receiver now: nothing for `wait` seconds, else `messages`, the last
    of which takes in all that waits where `rolled` is True.
    """

    wait: float = 0.0
    messages: int = BATCH
    rolled: bool = False


def turn(receiver: Receiver, condition: Condition, now: float) -> Turn:
    """What a receiver may be sent now."""
    # No pause is longer than a day: one that is was set by a clock that ran ahead.
    closed = condition.closed - now if condition.closed - now <= DAY else 0.0
    paced = receiver.pace is not None
    if wait := max(0.0, closed, _wait(condition.paced, receiver.pace, now)):
        return Turn(wait)
    if condition.failures >= FAILURES:
        return Turn(messages=1)
    if receiver.storm is None:
        return Turn(messages=1 if paced else BATCH)
    return _stormy(receiver.storm, condition, now, paced=paced)


def _stormy(storm: Pace, condition: Condition, now: float, *, paced: bool) -> Turn:
    """Alerts one by one as long as there is room for more; what takes the last room takes all."""
    if wait := _wait(condition.stormed, storm, now):
        return Turn(wait, rolled=True)
    room = 1 + int((_slack(storm) - max(0.0, condition.stormed - now)) / _interval(storm))
    # The last room is kept for what takes all the rest.
    return Turn(messages=1 if paced else min(max(room - 1, 1), BATCH), rolled=room == 1)


def after(
    receiver: Receiver,
    condition: Condition,
    sent: Delivery,
    attempt: Attempt,
    now: float,
    jitter: float,
) -> Condition:
    """The condition of a receiver after an attempt."""
    storm = receiver.storm if sent.alert.kind in _ALERTS or sent.bundle else None
    spent = replace(
        condition,
        paced=_spent(condition.paced, receiver.pace, now),
        stormed=_spent(condition.stormed, storm, now),
    )
    if attempt.ok:
        return replace(spent, failures=0, since=0.0, closed=0.0)
    asked = min(attempt.retry_after or 0.0, DAY)
    if attempt.status == TOO_MANY:
        return replace(spent, closed=now + asked)
    failures = condition.failures + 1
    pause = max(asked, spread(_pause(failures), jitter))
    return replace(
        spent, failures=failures, since=condition.since or now, closed=now + pause if pause else 0.0
    )


def recovered(before: Condition, attempt: Attempt) -> bool:
    """Whether a receiver that had been given up for a while takes alerts again."""
    return attempt.ok and before.failures >= FAILURES


def _pause(failures: int) -> float:
    """Seconds to leave a receiver alone after so many failures in a row."""
    if failures < FAILURES:
        return 0.0
    return min(_PAUSE * 2.0 ** min(failures - FAILURES, 20), _LONGEST_PAUSE)


def _interval(pace: Pace) -> float:
    return pace.seconds / pace.count


def _slack(pace: Pace) -> float:
    """How far ahead of its time a message may go: what makes bursts."""
    return pace.seconds - _interval(pace)


def _wait(paid: float, pace: Pace | None, now: float) -> float:
    """Seconds until one more message is within a pace."""
    if pace is None:
        return 0.0
    # More than a full bucket is never owed: a clock that ran ahead wrote that.
    return max(0.0, min(paid, now + pace.seconds) - _slack(pace) - now)


def _spent(paid: float, pace: Pace | None, now: float) -> float:
    if pace is None:
        return paid
    return min(max(paid, now) + _interval(pace), now + pace.seconds)


# -- what goes into one message ------------------------------------------------------


def parcels(due: Sequence[Delivery], room: Turn, reports: int) -> list[tuple[Delivery, ...]]:
    """The next messages to a receiver, each with the deliveries it carries, in their order.

    `due`: what is due, in its order; of a bundle all, and nothing else. Reports for a digest, and
    all alerts of a storm, go together: the gravest first, `reports` to a message.
    """
    first = due[0]
    if first.bundle:
        return [tuple(due)]
    if first.alert.kind == "digest":
        return _together([one for one in due if _joins(one, ("digest",))], reports)[:1]
    if room.rolled and first.alert.kind in _ALERTS:
        return _together([one for one in due if _joins(one, _ALERTS)], reports)[:1]
    single: list[tuple[Delivery, ...]] = []
    for one in due[: room.messages]:
        if one.bundle or one.alert.kind == "digest":
            break
        single.append((one,))
    return single


def _joins(one: Delivery, kinds: Sequence[str] | frozenset[str]) -> bool:
    return one.alert.kind in kinds and not one.bundle


def _together(chosen: Sequence[Delivery], reports: int) -> list[tuple[Delivery, ...]]:
    ranked = sorted(chosen, key=_rank)
    return [tuple(ranked[at : at + reports]) for at in range(0, len(ranked), reports)]


def _rank(one: Delivery) -> tuple[int, int, float, str]:
    """The gravest first, then what most outlets carry, then the earliest."""
    story = one.alert.story
    return (-story.severity, -len(one.alert.others), one.created.timestamp(), one.id)
