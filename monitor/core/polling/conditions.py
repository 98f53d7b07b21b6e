"""How a feed is asked: where, with which conditions, and whether all of it is read.

Some servers answer 304 although there is news. So each feed is asked without conditions once a
day; where that shows news that the answer before hid, it is so asked for a week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.core.models import Feed, FeedState, PollOutcome, Validators, Visit
from monitor.core.polling.moves import address

TRUST = timedelta(days=7)
_FULL = timedelta(hours=24)
# Up to so much later, by the feed, so that not all are read in full at once.
_SCATTER = timedelta(hours=6)
# How old news must have been at the poll that did not show them: caches lag, and so do clocks.
_LAG = 300.0
_LONGEST_LAG = 3_600.0


@dataclass(frozen=True, slots=True)
class Approach:
    """How a feed is asked next. `full`: what is known already is to be read as well."""

    url: str
    validators: Validators
    full: bool = False


def next_visit(state: FeedState, feed: Feed, now: datetime) -> Approach:
    """How the feed is to be asked now. At a first poll there are no conditions anyway."""
    url = address(state, feed)
    full = state.full is not None and abs(now - state.full) >= _FULL + _scatter(feed)
    # What another address vouched for says nothing of this one.
    strange = bool(state.move.url) and url == feed.url
    free = full or strange or state.caught is not None
    return Approach(url, Validators() if free else state.validators, full)


def caught(state: FeedState, visit: Visit, now: datetime) -> datetime | None:
    """When the feed's 304 was last caught hiding news, if it is not forgiven yet."""
    if visit.full and state.outcome is PollOutcome.NOT_MODIFIED and state.last_poll:
        lag = timedelta(seconds=_LAG + min(visit.max_age, _LONGEST_LAG))
        if any(at < state.last_poll - lag for at in visit.new):
            return now
    forgiven = state.caught is not None and abs(now - state.caught) >= TRUST
    return None if forgiven else state.caught


def _scatter(feed: Feed) -> timedelta:
    """A part of the scatter that is the feed's own and always the same."""
    part = int.from_bytes(blake2b(feed.url.encode(), digest_size=2).digest())
    return _SCATTER * (part / 65_536)
