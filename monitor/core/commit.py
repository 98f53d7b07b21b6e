"""What one poll changes, as one value that the store writes whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from monitor.core.dedupe import claims
from monitor.core.growing import grown
from monitor.core.hours import hold
from monitor.core.identity import rekeyed
from monitor.core.latency import budget
from monitor.core.likeness.blocks import copy_blocks, event_blocks
from monitor.core.models import (
    Alert,
    Arrival,
    Budget,
    Cadence,
    Delivery,
    EventRef,
    FeedState,
    Identity,
    Indexed,
    Known,
    Origin,
    Remembered,
    Sameness,
    Seen,
    Sheet,
    Story,
    Verdict,
    Windows,
)

# How many entries of a feed are kept in mind; and where none may be forgotten.
REMEMBERED, NO_LIMIT = 5_000, sys.maxsize


@dataclass(frozen=True, slots=True)
class Commit:
    """All that a poll writes, and what it was decided on.

    `state.revision` is one more than the revision the decision was made on: the store
    refuses the commit (writing nothing) when the feed has another by now, when an event of
    `events` has another revision than the one given, when a claim is a living story's, or
    when since `count` a story was remembered under a name of those in `indexed`: it may be
    what one of these is a copy of. A delivery that exists already is not made again.

    `seen` / `forgotten`: this feed's memory of entries, by Identity.id.
    `stories`: new ones, and for copies the story as this feed carries it.
    `claims`: name -> story id. `settled`: story id -> receivers not to be told (again).
    `sets_turn`: the feed's next turn is that of its state; else it stays as it is.
    `sheet`: what the archive keeps of it, None for nothing.
    """

    feed: str
    url: str = field(repr=False)
    state: FeedState
    seen: Mapping[str, Seen] = field(default_factory=dict)
    forgotten: tuple[str, ...] = ()
    stories: tuple[Story, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    deliveries: tuple[Delivery, ...] = ()
    events: Mapping[str, EventRef] = field(default_factory=dict)
    indexed: tuple[Indexed, ...] = ()
    count: int = 0
    day: date = date.min
    windows: Windows = field(default_factory=Windows)
    sets_turn: bool = True
    sheet: Sheet | None = None

    @property
    def of_the_feed(self) -> bool:
        """Whether it concerns nothing but the feed: no story, no delivery."""
        parts = (self.stories, self.claims, self.settled, self.deliveries, self.events)
        return not any(parts) and not self.indexed


def rename(feed: str, url: str, state: FeedState, memory: Mapping[str, Seen], key: str) -> Commit:
    """The commit that makes a feed's entries known by another key, and changes nothing else."""
    renamed = rekeyed(memory, key)
    after = replace(state, key=key, revision=state.revision + 1)
    gone = tuple(sorted(memory.keys() - renamed.keys()))
    return Commit(feed, url, after, seen=renamed, forgotten=gone)


def apart(commit: Commit, kind: str) -> Commit:
    """What is left of a commit where what it tells is no news: the feed, what it has shown, and
    deliveries of this kind; no story, for none must ever be like it, and nothing for the archive
    or for figures.
    """
    sent = [
        replace(one, alert=replace(one.alert, kind=kind), budget=None) for one in commit.deliveries
    ]
    return replace(
        commit,
        stories=(),
        claims={},
        settled={},
        events={},
        indexed=(),
        sheet=None,
        deliveries=tuple(sent),
    )


def gather(
    feed: str,
    url: str,
    state: FeedState,
    verdicts: Sequence[Verdict],
    known: Known,
    *,
    now: datetime,
    arrival: Arrival | None = None,
    windows: Windows = Windows(),  # noqa: B008 - frozen, so one shared default is safe
    cadences: Mapping[str, Cadence] = MappingProxyType({}),
    remember: int = REMEMBERED,
    origin: Origin | None = None,
) -> Commit:
    """The commit that applies the verdicts of one poll.

    `arrival`: when their document came, if a poll or push brought it. `cadences`: the hours of
    receivers by name. `remember`: how many entries of a feed are kept in mind at most; those of
    the present document are never forgotten, of the others the oldest go first. `origin`: what the
    archive is told of the poll; None to archive nothing.
    """
    seen = {one.identity.id: _seen(one, known, now) for one in verdicts if _changed(one, known)}
    placed = [(one.identity, one.story) for one in verdicts if one.story is not None]
    return Commit(
        feed=feed,
        url=url,
        state=state,
        seen=seen,
        forgotten=_forgotten(verdicts, seen, known, remember),
        stories=tuple(story for _, story in placed),
        claims=_claims(placed, known),
        settled=_settled(verdicts),
        deliveries=tuple(_deliveries(verdicts, now, arrival, cadences)),
        events=_events(verdicts, known),
        indexed=tuple(_indexed(verdicts, known)),
        count=known.count,
        day=now.date(),
        windows=windows,
        sheet=_sheet(verdicts, origin, now) if origin else None,
    )


def _sheet(verdicts: Sequence[Verdict], origin: Origin, now: datetime) -> Sheet | None:
    """What is new to the feed, for the archive; None where nothing is."""
    new = [one for one in verdicts if one.sameness is not Sameness.SAME_ID]
    if not new:
        return None
    read = tuple(one for one in new if not one.entry.skimmed)
    skimmed = (one.identity for one in new if one.entry.skimmed)
    return Sheet(now, origin, read, tuple(one.link or one.id for one in skimmed))


def _events(verdicts: Sequence[Verdict], known: Known) -> dict[str, EventRef]:
    """The events that the verdicts add to, each with the revision it had."""
    found: dict[str, EventRef] = {}
    for one in verdicts:
        if story := one.story:
            event = found.get(story.event) or known.events.get(story.event)
            found[story.event] = grown(event or EventRef(story.event), story, one)
    return found


def _indexed(verdicts: Sequence[Verdict], known: Known) -> Iterator[Indexed]:
    """New stories with their names, and those whose text changed without."""
    made = set(known.stories)
    for one in verdicts:
        if one.story is None or one.fingerprint is None:
            continue
        story, print_ = one.story, one.fingerprint
        remembered = Remembered(story.id, story.event, story.entry, print_)
        if story.id not in made:
            made.add(story.id)
            yield Indexed(remembered, copy_blocks(print_), event_blocks(print_))
        elif one.sameness is Sameness.UPDATED:
            yield Indexed(remembered)


def _changed(verdict: Verdict, known: Known) -> bool:
    """Whether there is anything to remember: an entry, or a text not known so far."""
    earlier, text = known.seen.get(verdict.identity.id), verdict.identity.text
    return earlier is None or (bool(text) and earlier.text != text)


def _seen(verdict: Verdict, known: Known, now: datetime) -> Seen:
    earlier = known.seen.get(verdict.identity.id)
    story = verdict.story_id or (earlier.story if earlier else None)
    return Seen(verdict.identity.text, story, now.timestamp(), verdict.identity.link)


def _forgotten(
    verdicts: Sequence[Verdict], seen: Mapping[str, Seen], known: Known, remember: int
) -> tuple[str, ...]:
    surplus = len(known.seen.keys() | seen.keys()) - remember
    if surplus <= 0:
        return ()
    present = {one.identity.id for one in verdicts}
    gone = [(one.at, key) for key, one in known.seen.items() if key not in present]
    return tuple(key for _, key in sorted(gone)[:surplus])


def _claims(placed: Sequence[tuple[Identity, Story]], known: Known) -> dict[str, str]:
    """Names that no story holds yet; one already held stays with its first story."""
    taken: dict[str, str] = {}
    for identity, story in placed:
        for name in claims(identity):
            if name not in known.stories:
                taken.setdefault(name, story.id)
    return taken


def _settled(verdicts: Sequence[Verdict]) -> dict[str, frozenset[str]]:
    settled: dict[str, frozenset[str]] = {}
    for one in verdicts:
        if one.story_id and one.settled:
            settled[one.story_id] = settled.get(one.story_id, frozenset()) | one.settled
    return settled


def _deliveries(
    verdicts: Sequence[Verdict],
    now: datetime,
    arrival: Arrival | None,
    cadences: Mapping[str, Cadence],
) -> list[Delivery]:
    """The deliveries of all alerts, the earliest news first.

    Their times are set apart by a microsecond each, since a receiver is sent to in this order.
    """
    alerts = [(alert, one) for one in verdicts for alert in one.alerts]
    alerts.sort(key=lambda pair: pair[0].story.published or now)
    made: dict[str, Delivery] = {}
    for before, (alert, one) in zip(range(len(alerts) - 1, -1, -1), alerts, strict=True):
        name, at = alert.delivery, now - timedelta(microseconds=before)
        cadence = cadences.get(alert.receiver, Cadence())
        spent = budget(one, arrival, now) if arrival else None
        made.setdefault(name, _delivery(name, alert, at, cadence, spent))
    return list(made.values())


def _delivery(
    name: str, alert: Alert, now: datetime, cadence: Cadence, spent: Budget | None
) -> Delivery:
    due, why = hold(alert, cadence, now)
    if why:
        alert = replace(alert, reason=f"{alert.reason}; {why}")
    return Delivery(name, alert, created=now, due=due, budget=spent)
