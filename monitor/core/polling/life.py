"""A feed's life: how much a failure weighs, when a feed is given up, and how it is doing."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.core.models import Failure, FeedState, PollOutcome
from monitor.core.polling.bounds import Polling
from monitor.core.schedule import DAY

# What `health` can say.
HEALTHS = ("waiting", "healthy", "silent", "failing", "dead", "retired")

# How much an hour of it weighs. Temporary troubles pass by themselves; a feed that is not where it
# was, or may not be asked, seldom comes back without anybody's doing.
_TEMPORARY, _SOFT, _HARD = 1.0, 2.0, 7.0
# With so much a feed is dead: a week of temporary failing, or a day of not being there.
_DEADLY = 168.0
# "Gone" is said on purpose (RFC 9110, 15.5.11): three answers are enough, an hour apart at least.
_GONE = _DEADLY / 3
_GONE_GAP = 3_600.0
# A dead feed is asked once a day for so long, in case it comes back.
PROBED = timedelta(days=30)

_HARD_OUTCOMES = frozenset({PollOutcome.HTTP_404, PollOutcome.BAD_SCHEME, PollOutcome.SSRF_BLOCKED})
_TEMPORARY_OUTCOMES = frozenset(
    {
        PollOutcome.TIMEOUT,
        PollOutcome.DNS,
        PollOutcome.CONNECT,
        PollOutcome.RESET,
        PollOutcome.PROTOCOL,
        PollOutcome.HTTP_5XX,
        PollOutcome.HTTP_429,
        PollOutcome.RATE_LIMITED,
    }
)
# However long a feed has failed, its recovery is seen within this time (seconds); what is not
# there has to be mended by a person, and asking often would only be impolite.
_CAP = 900.0
_AWAY_CAP = 6 * 3_600.0
_AWAY = frozenset({PollOutcome.HTTP_404, PollOutcome.HTTP_410})


def badness(state: FeedState, failure: Failure, now: datetime) -> float:
    """How much the present row of failures weighs with this one.

    What counts is the time since the failure before, as far as it was planned: neither a pause
    of ours nor a leap of the clock makes a feed worse. The first failure weighs nothing yet.
    """
    if failure.outcome is PollOutcome.HTTP_410:
        return state.badness + _GONE
    if not state.failures or state.last_poll is None or state.next_poll is None:
        return state.badness
    gone = min(now - state.last_poll, state.next_poll - state.last_poll).total_seconds()
    return state.badness + _weight(failure.outcome) * min(max(gone, 0.0), DAY) / 3_600.0


def _weight(outcome: PollOutcome) -> float:
    if outcome in _HARD_OUTCOMES:
        return _HARD
    return _TEMPORARY if outcome in _TEMPORARY_OUTCOMES else _SOFT


def died(state: FeedState, weight: float, now: datetime) -> datetime | None:
    """When the feed was given up, if it is: now, where this much is too much."""
    return state.dead or (now if weight >= _DEADLY else None)


def failure_gap(
    outcome: PollOutcome, failures: int, retry_after: float | None, polling: Polling
) -> float:
    """Seconds to stay away after the n-th failure in a row (n from 1), before jitter."""
    cap = _AWAY_CAP if outcome in _AWAY else max(_CAP, polling.min_interval)
    waited = min(polling.min_interval * 2.0 ** min(failures - 1, 20), cap)
    if outcome is PollOutcome.HTTP_410:
        waited = max(waited, _GONE_GAP)
    return max(waited, min(retry_after or 0.0, DAY))


def health(state: FeedState) -> str:
    """A feed's health in one word: waiting, healthy, silent, failing, dead or retired."""
    if state.outcome is None:
        return "waiting"
    if state.dead is not None:
        return "dead" if state.next_poll is not None else "retired"
    if state.failures:
        return "failing"
    return "silent" if state.silent is not None else "healthy"
