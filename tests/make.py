"""Small makers of things for tests, each with sensible values and room for what matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.commit import Commit
from monitor.core.digest import delivery_id
from monitor.core.models import (
    Alert,
    Carrier,
    Delivery,
    Entry,
    Feed,
    FeedState,
    Match,
    PollOutcome,
    Route,
    Severity,
    Story,
)

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
FEED = Feed("https://sahel.example/feed", "Sahel Daily", "en", "Mali")
OTHER = Feed("https://wire.example/rss", "The Wire", "fr", "France")


def at(seconds: float) -> datetime:
    """So many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def entry(title: str = "Lavrov lands in Bamako", **more: Any) -> Entry:
    """An entry of FEED, published an hour before NOW."""
    given = Entry(
        feed=FEED.url,
        id="guid-1",
        title=title,
        summary="The Russian minister came to talk about instructors for the Malian army.",
        link="https://sahel.example/lavrov-bamako",
        published=at(-3600),
        language="en",
    )
    return replace(given, **more)


def story(name: str = "s_1", *, feed: Feed = FEED, seen: datetime = NOW) -> Story:
    """A story as FEED carries it."""
    one = entry()
    return Story(
        id=name,
        event=name.replace("s_", "e_"),
        entry=one.id,
        title=one.title,
        summary=one.summary,
        link=one.link,
        published=one.published,
        first_seen=seen,
        carrier=Carrier(feed.source, feed.url, one.link, seen, feed.language, feed.country),
        topics=frozenset({"sahel", "russia", "russia-sahel"}),
        severity=Severity.HIGH,
        matches=(Match("russia-sahel", "relations", "title", 0, 6, "Lavrov", "Q58217", "Lavrov"),),
        reasons=('russia-sahel: "Lavrov" near "Bamako"',),
    )


def delivery(name: str = "s_1", receiver: str = "desk", created: datetime = NOW) -> Delivery:
    """An alert on a story for a receiver, not tried yet."""
    alert = Alert(receiver, "route 1: russia-sahel", story(name))
    return Delivery(delivery_id(name, receiver), alert, created)


def state(revision: int = 1, **more: Any) -> FeedState:
    """A feed's state after so many commits that went well."""
    given = FeedState(
        revision=revision, body="b", outcome=PollOutcome.OK, interval=600, last_poll=NOW
    )
    return replace(given, next_poll=at(600), **more)


def commit(feed: Feed = FEED, revision: int = 1, **more: Any) -> Commit:
    """A commit of FEED that changes nothing but its state."""
    return replace(Commit(feed.key, feed.url, state(revision)), **more)


def route(*receivers: str, **more: Any) -> Route:
    """A route to these receivers."""
    return replace(Route(receivers or ("desk",)), **more)
