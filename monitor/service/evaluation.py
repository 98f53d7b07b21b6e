"""Labelled entries through the very triage that the service uses, and the score.

A line is an entry as `replay` reads it, with booleans `sahel`, `russia`, `russia_sahel` and the
slugs `copy` and `event`; labels that a line does not have are not scored.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.core import scoring
from monitor.core.errors import Fault
from monitor.core.models import Verdict
from monitor.core.scoring import Score
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
    _groups: dict[str, list[tuple[Hashable, Hashable]]] = field(
        default_factory=lambda: {"copy": [], "event": []}
    )

    def add(self, labels: Mapping[str, Any], verdict: Verdict) -> None:
        """Count one entry."""
        self.entries += 1
        for topic, label in TOPICS.items():
            if isinstance(labels.get(label), bool):
                self._count(topic, labels[label], verdict)
        for kind, ours in (("copy", verdict.story_id), ("event", verdict.event_id)):
            if kind in labels:
                alone = f"entry {self.entries}"
                self._groups[kind].append((ours or alone, labels[kind] or alone))

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

    def grouping(self, kind: str) -> dict[str, float]:
        """The scores of copies or events."""
        found, wanted = [a for a, _ in self._groups[kind]], [b for _, b in self._groups[kind]]
        score = scoring.pairs(found, wanted)
        figures = {name: round(getattr(score, name), 4) for name in _FIGURES}
        return figures | {
            "adjusted_rand": round(scoring.adjusted_rand(found, wanted), 4),
            "pairs": score.right + score.missed,
        }


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
        "copies": found.grouping("copy"),
        "events": found.grouping("event"),
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


def _figures(score: Score) -> dict[str, float]:
    counts = {"right": score.right, "wrong": score.wrong, "missed": score.missed}
    return {name: round(getattr(score, name), 4) for name in _FIGURES} | counts


def losses(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Where a topic lost more than one point of F1 in a language against an earlier row."""
    return [
        f"{topic} in {language}: F1 {_f1(now, topic, language):.3f}, was {figures['f1']:.3f}"
        for topic, by in before.get("topics", {}).items()
        for language, figures in by.items()
        if _f1(now, topic, language) < figures["f1"] - _TOLERATED
    ]


def _f1(row: Mapping[str, Any], topic: str, language: str) -> float:
    found: float = row["topics"].get(topic, {}).get(language, {}).get("f1", 0.0)
    return found
