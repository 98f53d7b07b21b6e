"""The product: entries and what is known of them -> what to tell whom, and why.

The live poll, `replay`, `explain` and every measurement call this one function, so the
measured quality is the shipped quality.

The way of one entry:
  seen before?  -> tag  -> compare with stories  -> fresh enough?  -> route  -> alerts
Tagging comes before comparing: only what carries a topic is compared and remembered as
a story, so the cost follows what matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.dedupe import Comparison, claims, compare, revisit
from monitor.core.digest import digest
from monitor.core.models import (
    Alert,
    Carrier,
    Entry,
    Feed,
    Identity,
    Known,
    Outcome,
    Route,
    Sameness,
    Seen,
    Story,
    StoryRef,
    Tagging,
    Verdict,
)
from monitor.core.routing import refusals, route
from monitor.core.rulebook import Rulebook
from monitor.core.tagging import tag


@dataclass(frozen=True, slots=True)
class Policy:
    """What the people who run the service decided: rules, routes and two ages.

    `fresh`: how old an entry may be to alert at the first poll of its feed;
    `max_age`: the same at any later poll.
    """

    rulebook: Rulebook
    routes: tuple[Route, ...]
    fresh: timedelta = timedelta(hours=24)
    max_age: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Case:
    """One entry with all that is needed to decide on it."""

    feed: Feed
    entry: Entry
    identity: Identity
    known: Known
    policy: Policy
    now: datetime
    first_poll: bool

    @property
    def name(self) -> str:
        """How people and later verdicts refer to the entry."""
        return self.entry.id or self.entry.link or self.identity.id


def triage(
    feed: Feed,
    entries: Sequence[tuple[Entry, Identity]],
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
    seen, stories = dict(known.seen), dict(known.stories)
    for entry, identity in entries:
        case = _Case(feed, entry, identity, Known(seen, stories), policy, now, first_poll)
        verdict = _decide(case)
        verdicts.append(verdict)
        _remember(verdict, seen, stories)
    return tuple(verdicts)


def _decide(case: _Case) -> Verdict:
    earlier = case.known.seen.get(case.identity.id)
    sameness = revisit(earlier, case.identity)
    if sameness is Sameness.SAME_ID:
        return _repeat(case)
    tagging = tag(case.entry, case.policy.rulebook, case.feed)
    if not tagging.topics:
        return _verdict(case, sameness, Outcome.NO_TOPIC, _no_topic(tagging), tagging=tagging)
    return _tell(case, tagging, compare(case.identity, earlier, case.known.stories))


def _repeat(case: _Case) -> Verdict:
    """An entry that this feed showed before, unchanged: nothing more to decide."""
    story = case.known.stories.get(case.known.seen[case.identity.id].story or "")
    verdict = _verdict(
        case, Sameness.SAME_ID, Outcome.DUPLICATE, "this feed showed it before", of=case.name
    )
    if story is None:
        return verdict
    return replace(verdict, of=story.entry, story_id=story.id, event_id=story.event)


def _tell(case: _Case, tagging: Tagging, comparison: Comparison) -> Verdict:
    """An entry with a topic: whom to tell, if anybody."""
    routed = route(tagging, case.entry, case.feed, case.policy.routes)
    told = comparison.story.told if comparison.story else frozenset()
    untold = {receiver: why for receiver, why in routed.items() if receiver not in told}
    outcome, reason = _outcome(case, tagging, comparison, routed, untold)
    verdict = replace(
        _verdict(case, comparison.sameness, outcome, reason, tagging=tagging),
        settled=frozenset() if _unjudged(case, outcome) else frozenset(routed),
    )
    story = _story(case, tagging, comparison.story)
    others = comparison.story.carriers if comparison.story else ()
    alerting = untold if outcome is Outcome.ALERTED else {}
    alerts = tuple(_alert(story, receiver, why, others) for receiver, why in alerting.items())
    placed = replace(verdict, story=story, story_id=story.id, event_id=story.event, alerts=alerts)
    return replace(placed, of=comparison.story.entry) if comparison.story else placed


def _outcome(
    case: _Case,
    tagging: Tagging,
    comparison: Comparison,
    routed: dict[str, str],
    untold: dict[str, str],
) -> tuple[Outcome, str]:
    if comparison.story and not untold:
        return Outcome.DUPLICATE, comparison.reason
    if late := _too_old(case):
        return late
    if not routed:
        whys = refusals(tagging, case.entry, case.feed, case.policy.routes)
        return Outcome.NO_ROUTE, "; ".join(whys) or "no route is configured"
    return Outcome.ALERTED, "; ".join(tagging.reasons)


def _unjudged(case: _Case, outcome: Outcome) -> bool:
    """Whether an entry was held back without knowing its age: a dated copy may still alert."""
    return outcome is Outcome.SEEDED and case.entry.published is None


def _too_old(case: _Case) -> tuple[Outcome, str] | None:
    """Why an entry is too old to alert, if it is; a date in the future is no reason."""
    published = case.entry.published
    if published is None:
        undated = "first poll of this feed, and the entry has no date"
        return (Outcome.SEEDED, undated) if case.first_poll else None
    limit = case.policy.fresh if case.first_poll else case.policy.max_age
    if case.now - published <= limit:
        return None
    when = "first poll of this feed: " if case.first_poll else ""
    hours = limit / timedelta(hours=1)
    age = f"{when}published {published:%Y-%m-%d %H:%M} UTC, over {hours:g} h ago"
    return (Outcome.SEEDED if case.first_poll else Outcome.TOO_OLD), age


def _story(case: _Case, tagging: Tagging, ref: StoryRef | None) -> Story:
    """The entry as a story: under the one it repeats, or a new one of its own."""
    name = digest(case.feed.url, case.identity.id)
    return Story(
        id=ref.id if ref else f"s_{name}",
        event=ref.event if ref else f"e_{name}",
        entry=case.name,
        title=case.entry.title,
        summary=case.entry.summary,
        link=case.entry.link,
        published=case.entry.published,
        first_seen=case.now,
        carrier=_carrier(case),
        topics=tagging.topics,
        severity=tagging.severity,
        matches=tagging.matches,
        reasons=tagging.reasons,
    )


def _carrier(case: _Case) -> Carrier:
    return Carrier(
        source=case.feed.source,
        feed=case.feed.url,
        link=case.entry.link,
        seen=case.now,
        language=case.entry.language or case.feed.language,
        country=case.feed.country,
        state_media=case.feed.state_media,
    )


def _alert(story: Story, receiver: str, why: str, others: tuple[Carrier, ...]) -> Alert:
    reason = "; ".join((*story.reasons, why))
    elsewhere = tuple(one for one in others if one.feed != story.carrier.feed)
    return Alert(receiver=receiver, reason=reason, story=story, others=elsewhere)


def _verdict(
    case: _Case,
    sameness: Sameness,
    outcome: Outcome,
    reason: str,
    *,
    of: str | None = None,
    tagging: Tagging = Tagging(),  # noqa: B008 - frozen, so one shared default is safe
) -> Verdict:
    return Verdict(
        entry=case.entry,
        identity=case.identity,
        sameness=sameness,
        outcome=outcome,
        reason=reason,
        of=of,
        tagging=tagging,
    )


def _no_topic(tagging: Tagging) -> str:
    return "; ".join(tagging.misses) or "no rule matched"


def _remember(verdict: Verdict, seen: dict[str, Seen], stories: dict[str, StoryRef]) -> None:
    """Let later entries of the same poll be compared with this one."""
    identity, story = verdict.identity, verdict.story
    earlier = seen.get(identity.id)
    seen[identity.id] = Seen(
        identity.text, verdict.story_id or (earlier.story if earlier else None)
    )
    if story is None:
        return
    ref = stories.get(story.id, StoryRef(story.id, story.event, story.entry))
    ref = replace(ref, told=ref.told | verdict.settled, carriers=(*ref.carriers, story.carrier))
    named = {name for name, one in stories.items() if one.id == story.id}
    fresh = {name for name in (story.id, *claims(identity)) if name not in stories}
    stories.update(dict.fromkeys(named | fresh, ref))
