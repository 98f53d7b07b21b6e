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
from monitor.core.schedule import DAY, TOO_MANY, spread, too_many_gap

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

    `closed`: it is left alone meanwhile, or was; `probe`: one message only, to see whether it
    takes any again.
    """

    wait: float = 0.0
    messages: int = BATCH
    rolled: bool = False
    closed: bool = False
    probe: bool = False


def turn(receiver: Receiver, condition: Condition, now: float) -> Turn:
    """What a receiver may be sent now."""
    # No pause is longer than a day: one that is was set by a clock that ran ahead.
    pause = condition.closed - now if condition.closed - now <= DAY else 0.0
    if pause > 0:
        return Turn(pause, closed=True)
    if wait := _wait(condition.paced, receiver.pace, now):
        return Turn(wait)
    if condition.failures >= FAILURES:
        return Turn(messages=1, probe=True)
    paced = receiver.pace is not None
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
    since = condition.since or now
    asked = min(attempt.retry_after or 0.0, DAY)
    if attempt.ok or about_the_message(attempt):
        return replace(spent, failures=0, since=0.0, closed=0.0)
    if attempt.status == TOO_MANY:
        return replace(spent, since=since, closed=now + too_many_gap(asked, jitter))
    failures = condition.failures + 1
    pause = max(asked, spread(_pause(failures), jitter))
    return replace(spent, failures=failures, since=since, closed=now + pause if pause else 0.0)


def about_the_message(attempt: Attempt) -> bool:
    """Whether a refusal says that this message is wrong, and nothing against the next one."""
    status = attempt.status or 0
    return attempt.permanent and status not in _NO_RECEIVER and not 300 <= status < 400


# The address, or what we may do there, is wrong for every message; the last ones are SMTP's.
_NO_RECEIVER = frozenset((401, 403, 404, 410, 530, 534, 535, 538, 550, 551, 553))


def recovered(before: Condition, attempt: Attempt, now: float) -> bool:
    """Whether a receiver takes alerts again that took none for a while: what waits for a later
    try need not wait any longer. After a hiccup it does, or what is refused again and again
    would come first each time.
    """
    return attempt.ok and before.failures >= FAILURES and now - before.since >= _OUTAGE


# Seconds of failing in a row that count as more than a hiccup.
_OUTAGE = 30.0


def set_back(condition: Condition, seconds: float) -> Condition:
    """A condition by a clock that was set back by so much."""
    times = {name: getattr(condition, name) for name in ("paced", "stormed", "since", "closed")}
    return replace(condition, **{name: max(0.0, at - seconds) for name, at in times.items()})


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

    `due`: what is due; of a bundle all, and nothing else. Reports for a digest, and
    all alerts of a storm, go together: the gravest first, `reports` to a message. What was tried
    alone stays alone, for a receiver may know it by its id. A probe is what was tried least, of
    that the latest: it is the likeliest to arrive, and what is refused again and again must not
    keep a receiver closed.
    """
    if due[0].bundle:
        return [tuple(due)]
    # A bundle goes whole or not at all: its turn is when it comes first.
    waiting = sorted((one for one in due if not one.bundle), key=_order)
    if room.probe:
        waiting = [min(waiting, key=lambda one: (one.tries, -one.created.timestamp()))]
    first = waiting[0]
    if first.alert.kind == "digest":
        return _together(waiting, ("digest",), reports)
    if room.rolled and _joins(first, _ALERTS):
        return _together(waiting, _ALERTS, reports)
    single: list[tuple[Delivery, ...]] = []
    for one in waiting[: room.messages]:
        if one.alert.kind == "digest":
            break
        single.append((one,))
    return single


def _order(one: Delivery) -> tuple[bool, float]:
    """The order in which a receiver gets what is due: what is about the service, then by time."""
    return (one.alert.kind != "notice", one.created.timestamp())


def _joins(one: Delivery, kinds: Sequence[str] | frozenset[str]) -> bool:
    return one.alert.kind in kinds and not (one.tries or one.uncertain)


def _together(
    waiting: Sequence[Delivery], kinds: Sequence[str] | frozenset[str], reports: int
) -> list[tuple[Delivery, ...]]:
    """The next message of several; of what was tried before, that one alone."""
    if not _joins(waiting[0], kinds):
        return [(waiting[0],)]
    ranked = sorted((one for one in waiting if _joins(one, kinds)), key=_rank)
    return [tuple(ranked[:reports])]


def _rank(one: Delivery) -> tuple[int, int, float, str]:
    """The gravest first, then what most outlets carry, then the earliest."""
    story = one.alert.story
    return (-story.severity, -len(one.alert.others), one.created.timestamp(), one.id)
