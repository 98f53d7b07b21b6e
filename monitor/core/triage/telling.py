"""What to tell whom: alerts, updates, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.growing import grown
from monitor.core.models import (
    SKIMMED,
    Alert,
    EventRef,
    Fingerprint,
    Known,
    Outcome,
    Place,
    Sameness,
    Seen,
    Story,
    StoryRef,
    Verdict,
)
from monitor.core.novelty import adds_nothing, changes, facts, news
from monitor.core.routing import Routed, refusals, route, silence
from monitor.core.triage.policy import Policy
from monitor.core.triage.reading import Case
from monitor.core.triage.told import Telling, others_of, story_of, verdict_of


def tell(
    cases: Sequence[Case],
    places: Sequence[Place | None],
    known: Known,
    policy: Policy,
    now: datetime,
    *,
    first_poll: bool = False,
) -> tuple[Verdict, ...]:
    """Decide on the entries of one poll, in feed order; earlier ones count as known.

    `first_poll`: the feed was never read before, so only what is fresh may alert.
    """
    verdicts: list[Verdict] = []
    memory = _Memory(known)
    silences = (*policy.silences, *known.silences)
    for case, placed in zip(cases, places, strict=True):
        if case.sameness is Sameness.SAME_ID:
            verdict = _repeat(case, memory)
        elif case.entry.skimmed:
            verdict = verdict_of(case, case.sameness, Outcome.TOO_OLD, SKIMMED)
        elif placed is None:
            verdict = verdict_of(case, case.sameness, Outcome.NO_TOPIC, _no_topic(case))
        else:
            ref = memory.stories.get(placed.story or "")
            event = memory.events.get(placed.event or "")
            telling = Telling(case, placed, ref, event, policy, now, first_poll, silences)
            one = _settled(telling, memory)
            verdict = _tell(one, case.fingerprint) if case.fingerprint else _take_back(one)
        verdicts.append(verdict)
        memory.add(verdict)
    return tuple(verdicts)


def _settled(one: Telling, memory: _Memory) -> Telling:
    """An entry with the event of a crisis that it has nothing to add to, if there is one."""
    crisis, print_ = memory.events.get(one.place.crisis or ""), one.case.fingerprint
    if crisis is None or print_ is None:
        return one
    if not adds_nothing(print_, _facts(one, print_), crisis.facts):
        return one
    why = "all of it was told of the crisis before"
    return replace(one, place=replace(one.place, event=crisis.id, reason=why), event=crisis)


class _Memory:
    """What is known, with the entries of this poll added one by one."""

    def __init__(self, known: Known) -> None:
        self.seen, self.stories, self.events = (
            dict(known.seen),
            dict(known.stories),
            dict(known.events),
        )

    def add(self, verdict: Verdict) -> None:
        """Let later entries of the same poll know of this one."""
        identity, story = verdict.identity, verdict.story
        earlier = self.seen.get(identity.id)
        name = verdict.story_id or (earlier.story if earlier else None)
        self.seen[identity.id] = Seen(identity.text, name)
        if story is None:
            return
        ref = self.stories.get(story.id, StoryRef(story.id, story.event, story.entry))
        told, carriers = ref.told | verdict.settled, (*ref.carriers, story.carrier)
        self.stories[story.id] = replace(ref, told=told, carriers=carriers)
        event = self.events.get(story.event, EventRef(story.event))
        self.events[story.event] = grown(event, story, verdict)


def _repeat(case: Case, memory: _Memory) -> Verdict:
    """An entry that this feed showed before, unchanged: nothing more to decide."""
    story = memory.stories.get(memory.seen[case.identity.id].story or "")
    why = "this feed showed it before"
    verdict = replace(verdict_of(case, case.sameness, Outcome.DUPLICATE, why), of=case.name)
    if story is None:
        return verdict
    return replace(verdict, of=story.entry, story_id=story.id, event_id=story.event)


def _take_back(one: Telling) -> Verdict:
    """An entry that says it was withdrawn: whoever was told of its event hears of it."""
    story, told = story_of(one), one.event.told if one.event else {}
    if paused := _silenced(one):
        return verdict_of(one.case, Sameness.UPDATED, *paused)
    reason = f"new: {_WITHDRAWN}; {one.place.reason}"
    alerts = tuple(
        Alert(receiver, reason, story, others_of(one, story), "story.update", (_WITHDRAWN,), first)
        for receiver, first in told.items()
    )
    outcome = Outcome.UPDATED if alerts else Outcome.NO_TOPIC
    return replace(
        verdict_of(one.case, Sameness.UPDATED, outcome, reason if alerts else _no_topic(one.case)),
        of=one.place.of,
        story_id=story.id,
        event_id=story.event,
        alerts=alerts,
    )


_WITHDRAWN = "withdrawn or corrected"


def _tell(one: Telling, now: Fingerprint) -> Verdict:
    """An entry with a topic: whom to tell, if anybody."""
    case = one.case
    routed = route(case.tagging, case.entry, case.feed, one.policy.routes)
    story, found = story_of(one), _facts(one, now)
    added = _added(one, now, found)
    alerts = tuple(_alerts(one, story, routed, added))
    outcome, reason = _outcome(one, routed, alerts, added)
    if outcome not in _TOLD:
        alerts = ()
    return replace(
        verdict_of(case, one.place.sameness, outcome, reason),
        of=one.place.of,
        story_id=story.id,
        event_id=story.event,
        story=story,
        alerts=alerts,
        settled=frozenset() if _unjudged(one, outcome) else frozenset(routed),
        placed=one.place.reason,
        fingerprint=now,
        facts=found,
    )


# Outcomes with which somebody is told.
_TOLD = frozenset((Outcome.ALERTED, Outcome.UPDATED, Outcome.DIGEST))


def _facts(one: Telling, now: Fingerprint) -> frozenset[str]:
    topics = one.policy.rulebook.topic_by_name.values()
    subjects = [topic.name for topic in topics if topic.kind == "subject"]
    return facts(now, one.case.tagging, subjects)


def _added(one: Telling, now: Fingerprint, found: frozenset[str]) -> tuple[str, ...]:
    """What the entry says beyond what is known of its event; nothing for a mere copy."""
    event, before = one.event, one.place.before
    if event is None or (one.ref and before is None):
        return ()
    corrected = changes(now, before, event.facts) if before else ()
    return (*news(now, found, event.facts), *corrected)


def _alerts(
    one: Telling, story: Story, routed: Mapping[str, Routed], added: tuple[str, ...]
) -> list[Alert]:
    """An alert for each receiver that has not heard of the event, an update for those that
    have, if there is news and their route wants it.
    """
    others = others_of(one, story)
    event_told = one.event.told if one.event else {}
    story_told = one.ref.told if one.ref else frozenset()
    alerts = []
    for receiver, how in routed.items():
        if receiver in event_told:
            if added and how.updates != "quiet":
                late = "digest" in (how.updates, how.alerts)
                kind = "digest" if late else "story.update"
                said = f"new: {', '.join(added)}; {how.why}"
                alerts.append(
                    Alert(receiver, said, story, others, kind, added, event_told[receiver])
                )
        elif receiver not in story_told:
            said = "; ".join((*story.reasons, how.why))
            kind = "digest" if how.alerts == "digest" else "story.alert"
            alerts.append(Alert(receiver, said, story, others, kind))
    return alerts


def _outcome(
    one: Telling,
    routed: Mapping[str, Routed],
    alerts: Sequence[Alert],
    added: tuple[str, ...],
) -> tuple[Outcome, str]:
    if one.ref and not alerts and (routed or one.ref.told):
        return Outcome.DUPLICATE, one.place.reason
    if late := _too_old(one):
        return late
    if not routed:
        whys = refusals(one.case.tagging, one.case.entry, one.case.feed, one.policy.routes)
        return Outcome.NO_ROUTE, "; ".join(whys) or "no route is configured"
    if paused := _silenced(one):
        return paused
    if not alerts:
        quiet = f"; not told: {', '.join(added)}" if added else "; nothing new"
        return Outcome.SAME_EVENT, one.place.reason + quiet
    return _kind(one, alerts)


def _silenced(one: Telling) -> tuple[Outcome, str] | None:
    """By which silence an entry alerts nobody, if by one."""
    event = one.event.id if one.event else ""
    by = silence(one.silences, one.case.tagging, one.case.feed, event, one.now)
    if by is None:
        return None
    why = f" ({by.comment})" if by.comment else ""
    return Outcome.SILENCED, f"silence {by.id} until {by.until:%Y-%m-%d %H:%M} UTC{why}"


def _kind(one: Telling, alerts: Sequence[Alert]) -> tuple[Outcome, str]:
    """The outcome of what is told: by the most pressing of its alerts."""
    kinds = {alert.kind: alert.reason for alert in alerts}
    if "story.alert" in kinds:
        return Outcome.ALERTED, "; ".join(one.case.tagging.reasons)
    if "story.update" in kinds:
        return Outcome.UPDATED, kinds["story.update"]
    return Outcome.DIGEST, kinds["digest"]


def _unjudged(one: Telling, outcome: Outcome) -> bool:
    """Whether an entry was held back without knowing its age: a dated copy may still alert."""
    return outcome is Outcome.SEEDED and one.case.entry.published is None


def _too_old(one: Telling) -> tuple[Outcome, str] | None:
    """Why an entry is too old to alert, if it is; a date in the future is no reason."""
    published = one.case.entry.published
    if published is None:
        undated = "first poll of this feed, and the entry has no date"
        return (Outcome.SEEDED, undated) if one.first_poll else None
    limit = one.policy.fresh if one.first_poll else one.policy.max_age
    if one.now - published <= limit:
        return None
    when = "first poll of this feed: " if one.first_poll else ""
    hours = limit / timedelta(hours=1)
    age = f"{when}published {published:%Y-%m-%d %H:%M} UTC, over {hours:g} h ago"
    return (Outcome.SEEDED if one.first_poll else Outcome.TOO_OLD), age


def _no_topic(case: Case) -> str:
    return "; ".join(case.tagging.misses) or "no rule matched"
