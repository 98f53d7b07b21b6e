"""What the pictures tell: made-up reports, judged by the shipped rules."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.core.commit import gather
from monitor.core.digests import message_of
from monitor.core.identity import identify
from monitor.core.models import Attempt, Condition, Delivery, Entry, Feed, FeedState, Route
from monitor.core.notices import notices
from monitor.core.pacing import Turn, parcels
from monitor.core.triage import Policy
from monitor.edges.rulebook import load_rulebook
from monitor.edges.store.memory import MemoryStore
from monitor.service.deciding import decide

_STORIES = tomllib.loads((Path(__file__).parent / "stories.toml").read_text(encoding="utf-8"))
_DAY = datetime(2026, 11, 23, tzinfo=UTC)
# From when an outlet dates a report to when it is seen.
_LAG = timedelta(minutes=6)


def told(*stories: str, **wanted: Any) -> list[Delivery]:
    """What a desk with one route is told of the reports of some stories, by the shipped rules."""
    route = Route(("desk",), topics=frozenset({"russia-sahel", "sahel"}), **wanted)
    policy, store = Policy(load_rulebook(None), (route,)), MemoryStore()
    reports = [(f"{name}-{at}", one) for name in stories for at, one in enumerate(_STORIES[name])]
    reports.sort(key=lambda pair: pair[1]["at"])
    return [made for name, one in reports for made in _judged(name, one, policy, store)]


def _judged(
    name: str, report: Mapping[str, str], policy: Policy, store: MemoryStore
) -> Sequence[Delivery]:
    """The deliveries that one report leads to; the store remembers it."""
    outlet, now = report["outlet"], _at(report["at"])
    feed = Feed(f"https://{outlet}.example/feed", **_STORIES["outlets"][outlet])
    words = (report["title"], report["summary"], f"https://{outlet}.example/{name}")
    one = Entry(feed.url, name, *words, published=now - _LAG, language=feed.language)
    decided = decide(store, feed, tuple(zip((one,), identify([one]), strict=True)), policy, now)
    state = FeedState(revision=store.feed_state(feed.key).revision + 1)
    commit = gather(feed.key, feed.url, state, decided.verdicts, decided.known, now=now)
    if not store.commit(commit):
        raise AssertionError("memory has one writer, yet a commit was refused")
    return commit.deliveries


def _at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{_DAY:%Y-%m-%d} {clock}+00:00")


def raid() -> tuple[Delivery, Delivery]:
    """An alert as the bot edits it once its update came, and that update."""
    first, update = told("raid")
    ours = first.alert.story.carrier.feed
    carriers = (*update.alert.others, update.alert.story.carrier)
    others = tuple(one for one in carriers if one.feed != ours)
    return replace(first, alert=replace(first.alert, others=others)), update


def digest() -> Delivery:
    """A digest of the evening, as the sender puts it together; the morning's had the raid."""
    made = told("raid", "digest", alerts="digest", updates="digest")
    due = [one for one in made if one.created > _at("07:30")]
    (parcel,) = parcels(due, Turn(), reports=10)
    return replace(message_of(parcel), created=_at("19:30"))


def notice() -> Delivery:
    """That a receiver takes no alerts."""
    since, now = _at("19:26"), _at("19:34")
    after = Condition(failures=5, since=since.timestamp())
    refused = Attempt(ok=False, detail="503 upstream connect error", status=503)
    (made,) = notices("night-desk", Condition(), after, refused, dead=0, to=("desk",), now=now)
    return made
