"""What receivers are told of the service itself: of one that takes no alerts, of dead and silent
feeds, of canaries that do not arrive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from monitor.core.canary import Canary
from monitor.core.digest import digest
from monitor.core.errors import Fault
from monitor.core.models import (
    Alert,
    Attempt,
    Carrier,
    Condition,
    Delivery,
    Feed,
    FeedState,
    Severity,
    Story,
)
from monitor.core.pacing import FAILURES
from monitor.core.parse.plain import shorten
from monitor.core.polling.life import PROBED
from monitor.core.polling.silence import silence
from monitor.core.schedule import TOO_MANY

# Seconds of failing in a row after which a receiver counts as away: no news of a mere restart.
AWAY = 300.0
# How many feeds a notice names, and characters of each name: a notice is one line of 400.
_NAMED, _SOURCE = 6, 30
# Faults of a configuration that a notice lists.
_FAULTS = 3
_REASON = "how the service itself is doing; [deliveries] notices chooses who hears of it"


def notices(
    receiver: str,
    before: Condition,
    after: Condition,
    attempt: Attempt,
    *,
    dead: int,
    to: Sequence[str],
    now: datetime,
) -> tuple[Delivery, ...]:
    """What to tell whom after an attempt; the same again has the same id, so once in an outage.

    `dead`: how many deliveries were given up with it.
    """
    found = _said(receiver, before, after, attempt, dead, now)
    return tuple(one for said in found for one in _told(receiver, said, to, now))


def _said(
    receiver: str, before: Condition, after: Condition, attempt: Attempt, dead: int, now: datetime
) -> Iterator[tuple[str, str, str]]:
    """The key, title and text of each notice that is due."""
    since = f"{receiver} {after.since or before.since:.0f}"
    lasted = now.timestamp() - (after.since or before.since or now.timestamp())
    if dead:
        yield _dead(receiver, attempt.detail, dead, now)
    closed = after.failures >= FAILURES or attempt.status == TOO_MANY
    if not attempt.ok and closed and lasted >= AWAY:
        title = f"Receiver {receiver} takes no alerts since {_time(after.since)}"
        text = f"Last answer: {attempt.detail}. Its alerts wait and are tried again."
        yield f"away {since}", title, text
    if attempt.ok and before.failures >= FAILURES and lasted >= AWAY:
        title = f"Receiver {receiver} takes alerts again"
        yield (
            f"back {since}",
            title,
            f"It took none for {_long(lasted)}; what waited is on its way.",
        )


def given_up(
    receiver: str, why: str, *, dead: int, to: Sequence[str], now: datetime
) -> tuple[Delivery, ...]:
    """What to tell whom of deliveries that were given up without another attempt."""
    return tuple(_told(receiver, _dead(receiver, why, dead, now), to, now))


def refused(
    faults: Sequence[Fault], changed: datetime, *, to: Sequence[str], now: datetime
) -> tuple[Delivery, ...]:
    """What to tell of a new configuration that cannot be used.

    `changed`: when its files were; whoever finds the same faults then, and whoever saves the same
    again within the hour, tells the same.
    """
    said = [str(one) for one in faults]
    left = len(said) - _FAULTS
    lines = [*said[:_FAULTS], *([f"and {left} more"] if left > 0 else ())]
    text = f"The one before stays in force. Look: monitor check. {'; '.join(lines)}"
    many = "a fault" if len(said) == 1 else f"{len(said)} faults"
    key = f"refused {changed:%Y-%m-%d %H} {digest(*said)}"
    return tuple(_notice(one, key, f"Configuration refused: {many}", text, now) for one in to)


def feed_notices(
    feed: Feed, before: FeedState, after: FeedState, *, to: Sequence[str], now: datetime
) -> tuple[Delivery, ...]:
    """What to tell whom when a poll gave a feed up, or found it alive again: once each time,
    for what is decided again from the same `before` has the same id.
    """
    said = None
    if before.dead is None and after.dead is not None:
        said = _feed_dead(feed, after, after.dead)
    elif before.dead is not None and after.dead is None:
        said = _feed_back(feed, before.dead, now)
    return tuple(_notice(one, *said, now) for one in to) if said else ()


def _feed_dead(feed: Feed, state: FeedState, dead: datetime) -> tuple[str, str, str]:
    since = state.failing_since or dead
    text = (
        f"{state.reason}. It has failed since {since:%d %b %H:%M} UTC; it is asked once a day "
        f"until {dead + PROBED:%d %b}, then no more. Its url is {feed.shown}: change it if the "
        "feed has moved, take it out if it is gone."
    )
    return f"feed dead {feed.key} {since.timestamp():.0f}", f"Feed given up: {feed.source}", text


def _feed_back(feed: Feed, dead: datetime, now: datetime) -> tuple[str, str, str]:
    lasted = _long(max((now - dead).total_seconds(), 0.0))
    text = f"{feed.shown} had been given up for {lasted}; it is polled as before."
    return f"feed back {feed.key} {dead.timestamp():.0f}", f"Feed is back: {feed.source}", text


def silence_notices(
    silent: Mapping[Feed, FeedState],
    speaking: Mapping[Feed, float],
    *,
    to: Sequence[str],
    now: datetime,
) -> tuple[Delivery, ...]:
    """What to tell whom of feeds that fell silent, and of those that speak again (with since when
    they were silent, epoch seconds): however many, one notice of each kind.
    """
    found: list[tuple[str, str, str]] = []
    if silent:
        since = {one: state.silent.timestamp() for one, state in silent.items() if state.silent}
        found.append((_name("silent", since), *_silent(silent, now)))
    if speaking:
        found.append((_name("speaking", speaking), *_speaking(tuple(speaking))))
    return tuple(_notice(one, *said, now) for said in found for one in to)


def _name(what: str, since: Mapping[Feed, float]) -> str:
    return " ".join([what, *sorted(f"{one.key} {at:.0f}" for one, at in since.items())])


def _silent(feeds: Mapping[Feed, FeedState], now: datetime) -> tuple[str, str]:
    if len(feeds) == 1:
        ((feed, state),) = feeds.items()
        text = f"It answers, but: {silence(state, now)}. Its url is {feed.shown}."
        return f"Feed is silent: {feed.source}", text
    text = (
        f"They answer, but have had nothing new for improbably long: {_names(tuple(feeds))}. "
        "Where there are many, something on the way may show what is old. Look: monitor status"
    )
    return f"{len(feeds)} feeds are silent", text


def _speaking(feeds: Sequence[Feed]) -> tuple[str, str]:
    if len(feeds) == 1:
        return f"Feed speaks again: {feeds[0].source}", f"{feeds[0].shown} has a new entry."
    return f"{len(feeds)} feeds speak again", f"They have new entries: {_names(feeds)}."


def _names(feeds: Sequence[Feed]) -> str:
    """The first of them; as many as a notice has room for."""
    shown = [shorten(one.source, _SOURCE) for one in feeds[:_NAMED]]
    more = len(feeds) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def canary_missed(
    canary: Canary, last: float, *, to: Sequence[str], now: datetime
) -> tuple[Delivery, ...]:
    """What to tell whom when no canary arrives; `last`: when one did (epoch seconds), or 0."""
    name = canary.receiver
    since = f"since {_time(last)}" if last else "yet"
    text = (
        f"One every {_long(canary.every.total_seconds())} is to come the whole way from a feed to "
        f"{name}: alerts may not arrive either. Look: monitor status"
    )
    said = f"canary missed {name} {last:.0f}", f"No canary has arrived at {name} {since}", text
    return tuple(_notice(one, *said, now) for one in to)


def canary_back(
    canary: Canary, missed: float, last: float, *, to: Sequence[str], now: datetime
) -> tuple[Delivery, ...]:
    """What to tell whom when canaries arrive again that were missed since then (epoch seconds)."""
    name = canary.receiver
    text = f"They were missed for {_long(last - missed)}."
    said = f"canary back {name} {missed:.0f}", f"Canaries arrive at {name} again", text
    return tuple(_notice(one, *said, now) for one in to)


def _told(
    receiver: str, said: tuple[str, str, str], to: Sequence[str], now: datetime
) -> Iterator[Delivery]:
    """A notice on a receiver, for each of these but itself."""
    return (_notice(one, *said, now) for one in to if one != receiver)


def _dead(receiver: str, why: str, count: int, now: datetime) -> tuple[str, str, str]:
    title = f"Given up: {_alerts(count)} for {receiver}"
    # Where each alert is refused by itself, one notice an hour is enough.
    return f"dead {receiver} {now:%Y-%m-%d %H}", title, f"{why}. {_resend(receiver)}"


def _resend(receiver: str) -> str:
    return (
        f"Look: monitor deliveries --state dead --receiver {receiver}. "
        f"Once mended: monitor redeliver --dead --receiver {receiver}"
    )


def _notice(to: str, key: str, title: str, text: str, now: datetime) -> Delivery:
    name = digest("notice", key)
    story = Story(
        id=f"n_{name}",
        event=f"n_{name}",
        entry=name,
        title=title,
        summary=text,
        link="",
        published=None,
        first_seen=now,
        carrier=Carrier("monitor", "", "", now),
        topics=frozenset(),
        severity=Severity.HIGH,
        matches=(),
    )
    return Delivery(f"n_{digest(name, to)}", Alert(to, _REASON, story, kind="notice"), now)


def _alerts(count: int) -> str:
    return "an alert" if count == 1 else f"{count} alerts"


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%d %b %H:%M} UTC"


def _long(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
