"""Where a feed is read: moves that permanent redirects tell of (RFC 9110, 15.4.2 and 15.4.9).

A redirect set up by mistake is permanent as well, so a move is believed after a day only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.models import Feed, FeedState, Move

# A move is believed after so many polls in a row and so long: two are never nearer to each other.
_TIMES = 5
_CONFIRMED = timedelta(hours=24)
# After so many failures in a row the other address is tried, and so on in turns.
_TURN = 3


def address(state: FeedState, feed: Feed) -> str:
    """The URL to ask: where the feed has moved to; both in turns while they fail."""
    moved = state.move.url and not (state.failures // _TURN) % 2
    return state.move.url if moved else feed.url


def after_answer(state: FeedState, feed: Feed, target: str, now: datetime) -> Move:
    """The move after a poll that worked; `target`: as Document.moved.

    A feed that answers where it was configured is back.
    """
    move, asked = state.move, address(state, feed)
    if target == feed.url or (move.url and asked == feed.url):
        move = Move()
    if target in ("", asked, feed.url):
        return Move(url=move.url, twin=move.twin) if move.times else move
    same = target == move.to
    since = (move.since if same else None) or now
    times = move.times + 1 if same else 1
    if times >= _TIMES and now - since >= _CONFIRMED:
        return Move(url=target)
    return replace(move, to=target, times=times, since=since)
