"""What a rulebook holds once it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.core.errors import Fault
from monitor.core.gazetteer import Gazetteer
from monitor.core.likeness.judge import Models
from monitor.core.likeness.lexicon import Lexicon
from monitor.core.models import Severity
from monitor.core.query import Query


@dataclass(frozen=True, slots=True)
class Topic:
    """A label. `kind`: subject (what a desk watches), event (what happened) or country;
    `implies`: the topics that hold whenever it does.
    """

    name: str
    kind: str
    implies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text that a rule must match, or must not; its first line is the title."""

    language: str
    text: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """When a topic holds, how much it matters and why.

    `anchors`: atoms of which a text must hold one; None: the rule may hold for any text.
    """

    id: str
    topic: str
    why: str
    severity: Severity
    query: Query
    anchors: frozenset[str] | None
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Rulebook:
    """Everything compiled; `version` is a hash over all files. `rules` stand in an order in
    which each comes behind those whose topics it asks for; `lexicon` and `models` are what texts
    are compared by; `notes` tell what looks wrong
    but does not keep the rulebook from working.
    """

    version: str
    gazetteer: Gazetteer = field(repr=False)
    topic_by_name: Mapping[str, Topic] = field(repr=False)
    rules: tuple[Rule, ...] = field(repr=False)
    lexicon: Lexicon = field(repr=False)
    models: Models = field(repr=False)
    notes: tuple[Fault, ...] = field(default=(), repr=False)

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of all topics."""
        return tuple(self.topic_by_name)
