"""What to do about the entries of one poll: the steps of triage, and what each asks the store.

seen    which entries the feed showed before      -> read   topics and fingerprints
near    which stories are theirs, or may be like  -> place  the story and event of each
        those that carry a topic
recall  what is known of these stories and events,
        and which silences are in force           -> tell   whom to tell, and why
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.models import Entry, Feed, Identity, Known, Near, Place, Seen, Verdict
from monitor.core.triage import Case, Policy, lookup, place, read, tell
from monitor.service.ports import Memory


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdicts, and what they were decided on."""

    verdicts: tuple[Verdict, ...]
    known: Known


def decide(
    store: Memory,
    feed: Feed,
    entries: Sequence[tuple[Entry, Identity]],
    policy: Policy,
    now: datetime,
    *,
    first_poll: bool = False,
    seen: Mapping[str, Seen] | None = None,
) -> Decided:
    """Decide on the entries of one poll, in feed order; `seen`: as the store has it, if known."""
    if seen is None:
        (seen,) = store.seen_each([(feed.key, [identity for _, identity in entries])])
    cases = read(feed, entries, seen, policy.rulebook)
    if policy.apart:
        return _apart(cases, Known(seen), policy, now)
    known = Known(seen, store.stories_of(_telling(cases, seen), seen))
    near = store.near([lookup(case, known) for case in cases], now.date())
    places = place(cases, known, near, policy)
    known = _recalled(store, replace(known, count=near.count), places, now)
    return Decided(tell(cases, places, known, policy, now, first_poll=first_poll), known)


def _apart(cases: Sequence[Case], known: Known, policy: Policy, now: datetime) -> Decided:
    """What becomes of entries that are no news: each stands alone, whatever else is told."""
    places = place(cases, known, Near(((),) * len(cases)), policy)
    return Decided(tell(cases, places, known, policy, now), known)


def _telling(cases: Sequence[Case], seen: Mapping[str, Seen]) -> list[Identity]:
    """The entries that carry a topic, or did when they were seen: the others have no story."""

    def told(case: Case) -> bool:
        earlier = seen.get(case.identity.id)
        return case.fingerprint is not None or bool(earlier and earlier.story)

    return [case.identity for case in cases if told(case)]


def _recalled(store: Memory, known: Known, places: Iterable[Place | None], now: datetime) -> Known:
    """What is known, with the stories and events that entries were placed in, and silences."""
    placed = [one for one in places if one]
    if placed:
        known = replace(known, silences=store.silences(now))
    stories = {one.story for one in placed if one.story} - known.stories.keys()
    events = {name for one in placed for name in (one.event, one.crisis) if name}
    if not events:
        return known
    found, told = store.recall(sorted(stories), sorted(events))
    return replace(known, stories={**known.stories, **found}, events=told)
