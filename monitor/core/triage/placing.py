"""Which story an entry carries, and which event it tells of.

Looked for in this order: the entry as its feed showed it before; a story with the same link or
text; a story whose text is a copy; an event that a similar story tells of. When in doubt, apart:
a wrong merge hides news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from monitor.core.dedupe import claims
from monitor.core.likeness.blocks import copy_blocks, event_blocks
from monitor.core.likeness.judge import Likeness, clashes, differ, liken, rarity_now
from monitor.core.models import (
    Fingerprint,
    Known,
    Near,
    Place,
    Remembered,
    Sameness,
    StoryRef,
)
from monitor.core.triage.policy import Policy
from monitor.core.triage.reading import Case

Scored = tuple[Likeness, Remembered]


def place(
    cases: Sequence[Case], known: Known, near: Near, policy: Policy
) -> tuple[Place | None, ...]:
    """The place of each case; None for what was seen before unchanged or has no topic,
    unless it takes back what it said.

    `near`: for each case what the store remembers that may be like it; cases before it in
    the same poll count as remembered too.
    """
    places: list[Place | None] = []
    poll = _Poll(known, policy, near)
    for case, found in zip(cases, near.likes, strict=True):
        if case.fingerprint:
            places.append(poll.place(case, case.fingerprint, found))
        else:
            places.append(poll.withdrawn(case) if case.withdrawn else None)
    return tuple(places)


class _Poll:
    """The entries of one poll, each remembered for those behind it."""

    def __init__(self, known: Known, policy: Policy, near: Near) -> None:
        self._known = known
        self._policy = policy
        models = policy.rulebook.models
        self._rarity = rarity_now(models, near.told, near.recent)
        self._claimed: dict[str, Remembered] = {}
        self._blocks: dict[str, list[Remembered]] = {}

    def withdrawn(self, case: Case) -> Place | None:
        """The story that an entry carried before it took it back."""
        ref = self._own(case)
        return Place(Sameness.UPDATED, _CHANGED, ref.id, ref.event, ref.entry) if ref else None

    def place(self, case: Case, print_: Fingerprint, found: Sequence[Remembered]) -> Place:
        blocks = (*copy_blocks(print_), *event_blocks(print_))
        near = {one.story: one for one in found}
        near |= {one.story: one for block in blocks for one in self._blocks.get(block, ())}
        placed = self._place(case, print_, near)
        self._remember(case, print_, placed, blocks)
        return placed

    def _place(self, case: Case, print_: Fingerprint, near: dict[str, Remembered]) -> Place:
        ref = self._own(case)
        before = near.get(ref.id) if ref else None
        if before and differ(print_, before.fingerprint):
            # Its feed gave another text the name of one that it showed before.
            return self._found(case, print_, near)
        if ref:
            known = before.fingerprint if before else None
            return Place(Sameness.UPDATED, _CHANGED, ref.id, ref.event, ref.entry, known)
        placed = self._found(case, print_, near)
        return replace(placed, sameness=case.sameness) if _is_changed(case) else placed

    def _own(self, case: Case) -> StoryRef | None:
        """The story that this feed's entry carried before its text changed."""
        earlier = self._known.seen.get(case.identity.id)
        return self._known.stories.get(earlier.story or "") if earlier else None

    def _found(self, case: Case, print_: Fingerprint, near: dict[str, Remembered]) -> Place:
        if placed := self._claim(case, print_, near):
            return placed
        scored = [(self._liken(print_, one, self._rarity), one) for one in near.values()]
        placed = self._copy(print_, scored) or self._event(print_, scored)
        return placed or self._first(print_, scored, near)

    def _first(
        self, print_: Fingerprint, scored: Sequence[Scored], near: dict[str, Remembered]
    ) -> Place:
        """An event of its own; in a crisis, with the event it would join on any other day."""
        first = Place(Sameness.NEW, self._nearest(print_, scored))
        usual = self._policy.rulebook.models.rarity
        if self._rarity is usual:
            return first
        wide = [(self._liken(print_, one, usual), one) for one in near.values()]
        told = self._event(print_, wide)
        return replace(first, crisis=told.event) if told else first

    def _claim(self, case: Case, print_: Fingerprint, near: dict[str, Remembered]) -> Place | None:
        """The story that has the same link or text; a link alone may lead to another text."""
        for claim in claims(case.identity):
            ref = self._known.stories.get(claim) or self._ref(claim)
            if ref is None:
                continue
            before = near.get(ref.id)
            linked = claim.startswith("link:")
            if linked and before and differ(print_, before.fingerprint):
                continue
            sameness = Sameness.SAME_LINK if linked else Sameness.SAME_TEXT
            why = f"same {'link' if linked else 'text'} as {ref.entry}"
            return Place(sameness, why, ref.id, ref.event, ref.entry)
        return None

    def _ref(self, claim: str) -> StoryRef | None:
        one = self._claimed.get(claim)
        return StoryRef(one.story, one.event, one.entry) if one else None

    def _liken(
        self, print_: Fingerprint, other: Remembered, rarity: Mapping[str, float]
    ) -> Likeness:
        return liken(print_, other.fingerprint, self._policy.rulebook.models, rarity)

    def _copy(self, print_: Fingerprint, scored: Iterable[Scored]) -> Place | None:
        models, window = self._policy.rulebook.models, self._policy.windows.copy
        copies = [
            (like, one)
            for like, one in scored
            if like.copy >= models.copies.threshold and _within(print_, one.fingerprint, window)
        ]
        if not copies:
            return None
        like, best = max(copies, key=lambda pair: pair[0].copy)
        why = f"copy of {best.entry}: {like.copy:.0%} sure; {self._alike(print_, best)}"
        return Place(Sameness.SAME_TEXT, why, best.story, best.event, best.entry)

    def _event(self, print_: Fingerprint, scored: Iterable[Scored]) -> Place | None:
        """The event that is told likeliest: by the two of its stories that are most alike, for
        one alone may be alike by chance.
        """
        window = self._policy.windows.event
        by_event: dict[str, list[Scored]] = {}
        for like, one in scored:
            if _within(print_, one.fingerprint, window):
                by_event.setdefault(one.event, []).append((like, one))
        ranked = [_likeliest(found) for found in by_event.values()]
        chance, best = max(ranked, key=lambda pair: pair[0], default=(0.0, None))
        if best is None or chance < self._policy.rulebook.models.events.threshold:
            return None
        why = f"same event as {best.entry}: {chance:.0%} sure; {self._alike(print_, best)}"
        return Place(Sameness.NEW, why, None, best.event, best.entry)

    def _nearest(self, print_: Fingerprint, scored: Sequence[Scored]) -> str:
        """That an entry is new, and what came nearest to it."""
        like, best = max(scored, key=lambda pair: pair[0].event, default=(None, None))
        if like is None or best is None or like.event < _WORTH_SAYING:
            return _NEW
        models, window = self._policy.rulebook.models, self._policy.windows.event
        wanted = f"{models.events.threshold:.0%} needed"
        if not _within(print_, best.fingerprint, window):
            wanted = f"over {window / timedelta(hours=1):g} h apart"
        shared, apart = self._alike(print_, best), "; ".join(clashes(print_, best.fingerprint))
        return f"{_NEW}; nearest is {best.entry}: {like.event:.0%} sure, {wanted}; {shared}" + (
            f"; but {apart}" if apart else ""
        )

    def _alike(self, print_: Fingerprint, best: Remembered) -> str:
        """What two texts share, in one line."""
        other, known = best.fingerprint, self._policy.rulebook.gazetteer.entities
        names = [one[2:] for one in sorted(print_.names & other.names)]
        shared = [known[one].name if one in known else one for one in names]
        concepts = sorted(print_.concepts & other.concepts)
        words = len(frozenset(print_.words) & frozenset(other.words))
        said = [
            ", ".join(shared),
            ", ".join(concepts),
            ", ".join(sorted(print_.counts & other.counts)),
        ]
        return "; ".join([one for one in said if one] + [f"{words} words"] * bool(words))

    def _remember(
        self, case: Case, print_: Fingerprint, placed: Place, blocks: Iterable[str]
    ) -> None:
        story = placed.story or f"s_{case.own}"
        event = placed.event or f"e_{case.own}"
        one = Remembered(story, event, case.name, print_)
        for claim in claims(case.identity):
            self._claimed.setdefault(claim, one)
        if placed.story is None:
            for block in blocks:
                self._blocks.setdefault(block, []).append(one)


def _likeliest(found: Sequence[Scored]) -> tuple[float, Remembered]:
    """The mean chance of the two stories of an event that are most alike, and the first of them."""
    ranked = sorted(found, key=lambda pair: -pair[0].event)[:2]
    return sum(like.event for like, _ in ranked) / len(ranked), ranked[0][1]


_NEW = "not seen before"
# The chance of being the same event from which on a story is named as the nearest.
_WORTH_SAYING = 0.1
_CHANGED = "its text changed since it was first seen"


def _is_changed(case: Case) -> bool:
    return case.sameness is Sameness.UPDATED


def _within(one: Fingerprint, other: Fingerprint, window: timedelta) -> bool:
    """Whether two texts are not too far apart in time; unknown times are never too far."""
    if one.at is None or other.at is None:
        return True
    return abs(one.at - other.at) <= window.total_seconds()
