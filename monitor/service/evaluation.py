"""Labelled entries through the very triage that the service uses, and the score.

A line is an entry as `replay` reads it, with booleans `sahel`, `russia`, `russia_sahel` and the
slugs `copy` and `event`; labels that a line does not have are not scored.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.core import scoring
from monitor.core.errors import Fault
from monitor.core.models import Verdict
from monitor.core.scoring import Member, Score
from monitor.service.offline import Replay, read_entry

TOPICS = {"sahel": "sahel", "russia": "russia", "russia-sahel": "russia_sahel"}
ALL = "all"
# Points that a topic may lose in a language against an earlier evaluation.
_TOLERATED = 0.01
_FIGURES = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Miss:
    """An entry that got a topic it should not have, or lacks one it should; and why."""

    entry: str
    language: str
    topic: str
    wrong: bool
    title: str
    why: str


@dataclass
class Evaluation:
    """The scores by topic and language, of copies and events, and every miss."""

    entries: int = 0
    topics: dict[str, dict[str, Score]] = field(default_factory=lambda: defaultdict(dict))
    misses: list[Miss] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    groups: dict[str, list[Member]] = field(default_factory=lambda: {"copies": [], "events": []})

    def add(self, labels: Mapping[str, Any], verdict: Verdict) -> None:
        """Count one entry."""
        self.entries += 1
        for topic, label in TOPICS.items():
            if isinstance(labels.get(label), bool):
                self._count(topic, labels[label], verdict)
        language, alone = verdict.entry.language or "?", f"entry {self.entries}"
        for kind, label, ours in _GROUPINGS:
            if label in labels:
                member = Member(
                    ours(verdict) or alone, labels[label] or alone, language, verdict.entry.id
                )
                self.groups[kind].append(member)

    def _count(self, topic: str, wanted: bool, verdict: Verdict) -> None:
        found = topic in verdict.tagging.topics
        language = verdict.entry.language or "?"
        score = scoring.one(found, wanted)
        for part in (language, ALL):
            self.topics[topic][part] = self.topics[topic].get(part, Score()) + score
        if found != wanted:
            why = verdict.tagging.reasons if found else verdict.tagging.misses
            entry = verdict.entry
            self.misses.append(Miss(entry.id, language, topic, found, entry.title, "; ".join(why)))


_GROUPINGS: Sequence[tuple[str, str, Callable[[Verdict], str | None]]] = (
    ("copies", "copy", lambda verdict: verdict.story_id),
    ("events", "event", lambda verdict: verdict.event_id),
)


def evaluate(replay: Replay, name: str, lines: Iterable[bytes]) -> Evaluation:
    """Judge every line; what cannot be read is a fault, and nothing else is lost."""
    found = Evaluation()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            feed, entry = read_entry(line)
        except ValueError as error:
            found.faults.append(Fault(f"{name}:{number}", f"is not an entry: {error}"))
            continue
        found.add(json.loads(line), replay.judge(replay.feeds.get(feed.url, feed), entry))
    return found


def row(found: Evaluation) -> dict[str, Any]:
    """An evaluation as JSON."""
    return {
        "entries": found.entries,
        "topics": {
            topic: {language: _figures(score) for language, score in sorted(by.items())}
            for topic, by in found.topics.items()
        },
        **{kind: _grouping(members) for kind, members in found.groups.items()},
        "misses": [
            {
                "id": one.entry,
                "lang": one.language,
                "topic": one.topic,
                "kind": "false-positive" if one.wrong else "false-negative",
                "title": one.title,
                "why": one.why,
            }
            for one in found.misses
        ],
    }


def _grouping(members: Sequence[Member]) -> dict[str, Any]:
    """The scores of one kind of grouping: of all pairs, within languages and across them."""
    found, wanted = [one.found for one in members], [one.wanted for one in members]
    score = scoring.pairs(found, wanted)
    return {
        **{name: round(getattr(score, name), 4) for name in _FIGURES},
        "pairs": score.right + score.missed,
        "adjusted_rand": round(scoring.adjusted_rand(found, wanted), 4),
        **{scope: _scoped(members, scope) for scope in scoring.SCOPES},
        "mixed": _torn(members, "found", "wanted"),
        "split": _torn(members, "wanted", "found"),
    }


def _torn(members: Sequence[Member], by: str, apart: str) -> list[list[str]]:
    """The groups of one grouping whose members the other tells apart, as ids."""
    groups: dict[Hashable, list[Member]] = {}
    for one in members:
        groups.setdefault(getattr(one, by), []).append(one)
    return [
        [one.id for one in group]
        for group in groups.values()
        if len({getattr(one, apart) for one in group}) > 1
    ]


def _scoped(members: Sequence[Member], scope: str) -> dict[str, Any]:
    score, cubed = scoring.pairs_in(members, scope), scoring.bcubed(members, scope)
    return {
        "pairs": score.right + score.missed,
        "pairwise": {name: round(getattr(score, name), 4) for name in _FIGURES},
        "bcubed": {name: round(getattr(cubed, name), 4) for name in _FIGURES},
    }


def _figures(score: Score) -> dict[str, float]:
    counts = {"right": score.right, "wrong": score.wrong, "missed": score.missed}
    return {name: round(getattr(score, name), 4) for name in _FIGURES} | counts


def losses(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Where a topic lost more than one point of F1 in a language, or a grouping in a scope,
    against an earlier row.
    """
    return [*_lost_topics(now, before), *_lost_groups(now, before)]


def _lost_groups(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    return [
        f"{kind} {scope}: {measure} {figure} {now[kind][scope][measure][figure]:.3f}, was {was:.3f}"
        for kind, _, _ in _GROUPINGS
        for scope in scoring.SCOPES
        for measure in ("pairwise", "bcubed")
        for figure, was in before.get(kind, {}).get(scope, {}).get(measure, {}).items()
        if now[kind][scope][measure][figure] < was - _TOLERATED
    ]


def _lost_topics(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    return [
        f"{topic} in {language}: F1 {_f1(now, topic, language):.3f}, was {figures['f1']:.3f}"
        for topic, by in before.get("topics", {}).items()
        for language, figures in by.items()
        if _f1(now, topic, language) < figures["f1"] - _TOLERATED
    ]


def _f1(row: Mapping[str, Any], topic: str, language: str) -> float:
    found: float = row["topics"].get(topic, {}).get(language, {}).get("f1", 0.0)
    return found
