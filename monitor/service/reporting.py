"""What the log says: one line for each change of state, in words for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from monitor.core.errors import Unavailable
from monitor.core.latency import parts
from monitor.core.models import Feed, FeedState, Outcome, Verdict
from monitor.core.polling import silence
from monitor.core.shown import shown_url
from monitor.edges.store.records import SILENT
from monitor.service.pipeline import Polled
from monitor.service.sending import Sent

log = structlog.get_logger("monitor")


def report_poll(polled: Polled, now: datetime) -> None:
    """A line for what changed with a feed, and one for each story that alerts."""
    feed, before, after = polled.feed, polled.before, polled.state
    if not polled.committed:
        log.warning("poll was overtaken by another and is taken anew", feed=feed.shown)
    elif after.failures and (not before.failures or before.outcome != after.outcome):
        words = {"feed": feed.shown, "source": feed.source, "outcome": str(after.outcome)}
        wait = _until(after.next_poll, now)
        log.warning("feed cannot be read", **words, why=after.reason, next_try_in=wait)
    elif before.failures and not after.failures:
        log.info("feed can be read again", feed=feed.shown, source=feed.source)
    if after.key != before.key:
        words = {"feed": feed.shown, "source": feed.source, "by": after.key}
        log.info("feed gives its entries new guids at each poll; known otherwise now", **words)
    if polled.committed:
        _report_life(feed, before, after)
        _report_stories(feed, polled.verdicts)


def _report_life(feed: Feed, before: FeedState, after: FeedState) -> None:
    """A line where a feed was given up, fell silent or spoke again, and where it is read elsewhere
    from now on.
    """
    words = {"feed": feed.shown, "source": feed.source}
    if after.dead and not before.dead:
        log.warning("feed given up", **words, why=after.reason)
    if after.silent and not before.silent:
        log.warning("feed is silent", **words, why=silence(after, after.silent))
    elif before.silent and not after.silent:
        log.info("feed speaks again", **words)
    if after.move.url != before.move.url:
        log.info("feed has moved", **words, to=shown_url(after.move.url or feed.url))


def _report_stories(feed: Feed, verdicts: Iterable[Verdict]) -> None:
    """A line for each story that alerts, or would but for a silence."""
    for verdict in verdicts:
        words: dict[str, object] = {"story": verdict.story_id, "title": verdict.entry.title}
        ids = {"event_id": verdict.event_id, "entry": verdict.identity.id, "feed": feed.shown}
        if verdict.outcome is Outcome.SILENCED:
            log.info("silenced", **words, why=verdict.reason, **ids)
        if verdict.alerts:
            named = [alert.receiver for alert in verdict.alerts]
            sent = [alert.delivery for alert in verdict.alerts]
            log.info("alert", **words, to=named, deliveries=sent, **ids)


def report_sent(sent: Sent, now: datetime) -> None:
    """A line for each attempt: what arrived, what waits, what was given up."""
    words = {"receiver": sent.delivery.alert.receiver, "delivery": sent.delivery.id, **_told(sent)}
    if sent.attempt.ok:
        log.info("delivered", **words, **spent(sent, now))
    elif sent.retry_at is None:
        log.error("delivery given up", **words, why=sent.attempt.detail)
    else:
        wait = _until(sent.retry_at, now)
        log.warning("delivery failed", **words, why=sent.attempt.detail, next_try_in=wait)


def _told(sent: Sent) -> dict[str, object]:
    """The story that a message tells of; of several all, so that each is found by its ids."""
    stories = [one.alert.story for one in sent.carried]
    if len(stories) == 1:
        return {"story": stories[0].id, "event_id": stories[0].event}
    ids = [one.id for one in sent.carried]
    return {"carries": len(ids), "deliveries": ids, "stories": [one.id for one in stories]}


def spent(sent: Sent, now: datetime) -> dict[str, float]:
    """Where the time of a message went, in seconds (core/latency); of several alerts in one, that
    of the first.
    """
    return {f"{part}_seconds": value for part, value in parts(sent.carried[0], now).items()}


def report_pulse(failing: Mapping[str, int], polled: int, feeds: int) -> None:
    """How the feeds are, every so often, so that calm and silence are told apart.

    `failing`: how many cannot be read, by outcome, or are silent. `polled`: how many were
    polled ever.
    """
    silent = failing.get(SILENT, 0)
    ok = polled - sum(failing.values())
    unread = polled - ok - silent
    words = {"feeds": feeds, "healthy": ok, "failing": unread}
    text = "no feed can be read; still trying" if unread and ok + silent <= 0 else "watching"
    by_number = sorted(failing.items(), key=lambda one: -one[1])
    log.info(text, **words, not_polled_yet=feeds - polled, **dict(by_number))


@dataclass
class Throttle:
    """Lets a sentence through at most once in `every` seconds."""

    every: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _last: dict[str, float] = field(default_factory=dict)

    def lets(self, sentence: str) -> bool:
        """Whether the sentence was not said for long enough."""
        now = self.clock()
        if now - self._last.get(sentence, -self.every) < self.every:
            return False
        self._last[sentence] = now
        return True


@dataclass
class Troubles:
    """Says what ended some work: a store that is away once a minute, a bug (`bug` names it) each
    time.
    """

    bug: str
    throttle: Throttle = field(default_factory=Throttle)

    def __call__(self, error: Exception) -> None:
        """Say it, unless it was said of late."""
        if not isinstance(error, Unavailable):
            log.error(self.bug, exc_info=error)
        elif self.throttle.lets(str(error)):
            log.warning("waiting for the store", why=str(error))


def _until(then: datetime | None, now: datetime) -> str:
    return str(timedelta(seconds=round((then - now).total_seconds()))) if then else "unknown"
