"""The canary: an entry of our own that goes the whole way of all others, every so often.

It is published by a feed that is built in, fetched, read, decided on by a rulebook of its own and
sent to one receiver. What arrives shows that all of the way works; what does not is missed. It
meets no news on its way: it is compared with no story and remembered as none (Policy.apart).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.models import Feed, Route, Severity
from monitor.core.polling import Polling
from monitor.core.query import parse
from monitor.core.rulebook import Rulebook
from monitor.core.rulebook.compile import gazetteer_of
from monitor.core.rulebook.model import Rule, Topic
from monitor.core.triage import Policy

NAME = "canary"
# What its feed is known by begins so. No host has this name (RFC 6761, 6.4): none is asked for it.
_HOME = "http://canary.invalid/"
# Periods after which a canary is missed: one may fail, and polls are not to the second.
_PERIODS = 2.5


@dataclass(frozen=True, slots=True)
class Canary:
    """To whom a canary goes, how often, and the URL asked whenever one arrived ("": none)."""

    receiver: str
    every: timedelta = timedelta(hours=1)
    ping: str = field(default="", repr=False)

    @property
    def feed(self) -> Feed:
        """What it is published by: another feed, so that it is polled at once, for another receiver
        or period.
        """
        return Feed(f"{_HOME}{self.receiver}/{self.every.total_seconds():.0f}", "monitor")

    @property
    def patience(self) -> timedelta:
        """How long after one canary arrived the next is not missed."""
        return self.every * _PERIODS

    def missed_since(self, last: float, begun: datetime, now: datetime) -> datetime | None:
        """Since when a canary is missed, if one is; `last`: when one arrived last (epoch seconds, 0
        for never), `begun`: when this process began to watch, before which nobody may have sent.
        """
        due = max(datetime.fromtimestamp(last, UTC), begun) + self.patience
        return due if now > due else None


@dataclass(frozen=True, slots=True)
class Apart:
    """What holds for one feed instead of what was configured."""

    policy: Policy
    polling: Polling


def with_canary(feeds: MutableMapping[str, Feed], canary: Canary | None) -> Mapping[str, Feed]:
    """These feeds (by key), and the canary's; not copied, for there may be a hundred thousand."""
    return ChainMap(feeds, {canary.feed.key: canary.feed}) if canary else feeds


def apart(canary: Canary | None, rulebook: Rulebook) -> dict[str, Apart]:
    """How the canary's feed (by URL) is polled and what is told of it; of the rulebook only what
    texts are compared by is kept.
    """
    if canary is None:
        return {}
    query = parse(NAME)
    rule = Rule(NAME, NAME, "one every so often", Severity.LOW, query, frozenset((_WORD,)), ())
    own = Rulebook(
        version=NAME,
        gazetteer=gazetteer_of((), (), (rule,)),
        topic_by_name={NAME: Topic(NAME, "subject", frozenset())},
        rules=(rule,),
        lexicon=rulebook.lexicon,
        models=rulebook.models,
    )
    routes = (Route((canary.receiver,), frozenset((NAME,))),)
    gap = canary.every.total_seconds()
    return {canary.feed.url: Apart(Policy(own, routes, apart=NAME), Polling(gap, gap, gap))}


_WORD = f"word:{NAME}"


def is_canary(feed: Feed) -> bool:
    """Whether this is what canaries are published by."""
    return feed.url.startswith(_HOME)


def document(now: datetime) -> bytes:
    """The feed's document: one entry, published now (RFC 4287); its id leads nowhere (RFC 4151)."""
    at = now.astimezone(UTC).isoformat()
    said = (
        f"Canary of {now:%d %b %H:%M:%S} UTC: it is published by a feed of our own and comes "
        "through fetching, parsing, tagging, the store and the outbox, as news do."
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?>"
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'>"
        f"<id>{_HOME}</id><title>monitor</title><updated>{at}</updated>"
        f"<entry><id>tag:canary.invalid,2026:{at}</id><published>{at}</published><updated>{at}</updated>"
        f"<title>Canary {now:%H:%M}: the way from feed to receiver works</title>"
        f"<summary>{said}</summary></entry></feed>"
    ).encode()
