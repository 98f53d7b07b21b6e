"""How long a feed that works is left alone: its rhythm, then what it asks for, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from monitor.core.models import Feed, Push, Rhythm, Wish
from monitor.core.polling.bounds import Polling, wanted
from monitor.core.polling.reasons import Because
from monitor.core.polling.rhythm import expect

_HOUR = timedelta(hours=1)
_WEEK_HOURS = 168


def choose(
    feed: Feed,
    rhythm: Rhythm,
    push: Push,
    wish: Wish,
    *,
    max_age: float,
    polling: Polling,
    now: datetime,
) -> tuple[float, str]:
    """The gap in seconds after a poll that worked, and the code of its reason.

    `max_age`: as in Document. What a feed asks for makes the gap longer, up to the ceiling of
    its priority: nothing it says can hide it for longer.
    """
    ceiling = polling.ceiling(feed.priority)
    gap, because = _untold(feed, rhythm, push, polling, now)
    for asked, reason in ((max_age, Because.MAX_AGE), (wish.seconds, Because.TTL)):
        if min(asked, ceiling) > gap:
            gap, because = min(asked, ceiling), reason.code(asked)
    until = _skipped(wish, now + timedelta(seconds=gap))
    if until is not None and gap < ceiling:
        return min((until - now).total_seconds(), ceiling), Because.SKIP.code(until.timestamp())
    return gap, because


def _untold(
    feed: Feed, rhythm: Rhythm, push: Push, polling: Polling, now: datetime
) -> tuple[float, str]:
    """The gap as long as the feed asks for nothing."""
    ceiling = polling.ceiling(feed.priority)
    if polling.fixed:
        return ceiling, Because.FIXED.code()
    if proven(push, now):
        return ceiling, Because.PUSHED.code()
    if not rhythm.week:
        return polling.interval, Because.NEW.code()
    share = wanted(feed.priority)
    gap, rate = expect(rhythm, now, wanted=share, usual=polling.interval, longest=ceiling)
    if feed.priority == "high" and gap >= ceiling:
        return ceiling, Because.HIGH.code()
    return max(gap, polling.min_interval), Because.RHYTHM.code(round(rate, 3))


def subscribed(push: Push, now: datetime) -> bool:
    """Whether a hub has promised to push news of the feed."""
    return push.until is not None and push.until > now


def proven(push: Push, now: datetime) -> bool:
    """Whether the hub keeps its promise: it has pushed news, and missed none since."""
    return subscribed(push, now) and push.last is not None and not push.misses


def _skipped(wish: Wish, at: datetime) -> datetime | None:
    """The end of the hours in which the feed asks not to be polled, if this time is in them."""
    if not wish.hours and not wish.days:
        return None
    for end in _hours_from(at):
        if end.hour not in wish.hours and end.weekday() not in wish.days:
            return end if end > at else None
    return None


def _hours_from(at: datetime) -> Iterator[datetime]:
    """The beginning of this hour and of each in the week after it."""
    first = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return (first + n * _HOUR for n in range(_WEEK_HOURS + 1))
