"""Topics and rules, from topics.toml and rules.toml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any

from monitor.core import forms
from monitor.core.errors import Fault
from monitor.core.models import Severity
from monitor.core.models.labels import LANGUAGES, SIDES
from monitor.core.query import Query, QueryError, anchors, atoms_of, leaves, parse, rebuilt
from monitor.core.query.parse import nested_too_deeply
from monitor.core.query.tree import Atom, Saved
from monitor.core.rulebook.entities import Names
from monitor.core.rulebook.model import Rule, Sample, Topic

KINDS = ("subject", "event", "country")
_TOPIC_FORM: forms.Form = {
    "kind": (False, lambda value: value in KINDS, f"one of {', '.join(KINDS)}"),
    "implies": (False, forms.is_texts, "a list of topics"),
}
_SAMPLES_WANTED = f"a table of lists by language ({', '.join(LANGUAGES)})"
_RULE_FORM: forms.Form = {
    "id": (True, forms.is_text, "a text"),
    "topic": (True, forms.is_text, "a text"),
    "query": (True, forms.is_text, "a query"),
    "why": (True, forms.is_text, "a text"),
    "severity": (True, forms.is_text, "a text"),
    "must_match": (False, forms.is_lists(LANGUAGES), _SAMPLES_WANTED),
    "must_not_match": (False, forms.is_lists(LANGUAGES), _SAMPLES_WANTED),
}
_FILE_FORM: forms.Form = {
    "queries": (False, forms.is_table_of_texts, "a table of queries"),
    "rules": (False, forms.is_list, "a list of tables"),
}
_DEEPEST = 20
_CIRCLE = f"goes round in a circle, or more than {_DEEPEST} deep"
# Words and names of a saved query, with those that it names itself.
_MOST = 10_000


def read_topics(tables: Mapping[str, Any], faults: list[Fault]) -> dict[str, Topic]:
    """The topics by name; what is wrong is added to `faults`."""
    topics = {}
    for name, written in tables.items():
        where = f"topics.toml: {name}"
        faults += forms.wrong_form(written, _TOPIC_FORM, where)
        table = forms.fitting(written, _TOPIC_FORM)
        for one in table.get("implies", ()):
            faults += forms.unknown(one, tables, f"{where}.implies", "topic")
        implies = frozenset(table.get("implies", ()))
        topics[name] = Topic(name, table.get("kind", "subject"), implies)
    return topics


@dataclass(frozen=True)
class Known:
    """What queries may refer to."""

    names: Names
    topics: Mapping[str, Topic]
    concepts: Mapping[str, Any]

    @cached_property
    def vocabulary(self) -> Mapping[str, Mapping[str, str]]:
        """By kind of name: each way to write it, and what it stands for in an atom."""
        entities = self.names.entities.values()
        alike = Counter(one.name for one in entities)
        states = {one.name: one.country for one in entities if one.type == "country"}
        return {
            "entity": {one.name: one.id for one in entities if alike[one.name] == 1}
            | {one.id: one.id for one in entities},
            "about": states | {one.country: one.country for one in entities if one.country},
            "side": {one: one for one in SIDES},
            "named": {one: one for one in SIDES},
            "type": {one.type: one.type for one in entities},
            "topic": {one: one for one in self.topics},
            "concept": {one: one for one in self.concepts},
        }


def read_rules(file: Mapping[str, Any], known: Known, faults: list[Fault]) -> tuple[Rule, ...]:
    """The rules in an order in which each comes behind those whose topics it asks for."""
    faults += forms.wrong_form(file, _FILE_FORM, "rules.toml")
    file = forms.fitting(file, _FILE_FORM)
    saved = _Saved(file.get("queries", {}), known, faults)
    rules: list[Rule] = []
    for number, written in enumerate(file.get("rules", ())):
        where = f"rules.toml: {_title(written, number)}"
        wrong = [*forms.wrong_form(written, _RULE_FORM, where), *_unknown(written, known, where)]
        if isinstance(written, dict) and written.get("id") in {one.id for one in rules}:
            wrong.append(Fault(f"{where}.id", f"{written['id']} is another rule's id too"))
        faults += wrong
        query = saved.read(written.get("query"), where) if isinstance(written, dict) else None
        if query is not None and not wrong:
            rules.append(_rule(written, query))
    return _anchored(_ordered(rules, known.topics, faults), known.topics)


def _title(written: object, number: int) -> str:
    name = written.get("id") if isinstance(written, dict) else None
    return f"rule {name}" if isinstance(name, str) else f"rules[{number}]"


def _unknown(written: object, known: Known, where: str) -> Iterator[Fault]:
    table = forms.fitting(written, _RULE_FORM)
    levels = [one.label for one in Severity]
    for key, names in (("topic", known.topics), ("severity", levels)):
        if key in table:
            yield from forms.unknown(table[key], names, f"{where}.{key}", key)


def _rule(table: Mapping[str, Any], query: Query) -> Rule:
    samples = tuple(
        Sample(language, text, wanted)
        for key, wanted in (("must_match", True), ("must_not_match", False))
        for language, texts in table.get(key, {}).items()
        for text in texts
    )
    severity = Severity.from_label(table["severity"])
    return Rule(table["id"], table["topic"], table["why"], severity, query, None, samples)


class _Saved:
    """Reads queries, and puts saved ones in where they are named."""

    def __init__(self, written: Mapping[str, str], known: Known, faults: list[Fault]) -> None:
        self._written, self._known, self._faults = written, known, faults
        self._faulty: set[str] = set()
        self._found: dict[str, Query] = {}
        for name, text in written.items():
            if self.read(text, f"rules.toml: queries.{name}") is None:
                self._faulty.add(name)

    def read(self, text: object, where: str) -> Query | None:
        """The query with everything put in and resolved; None where a fault was told."""
        if not isinstance(text, str):
            return None
        try:
            query = parse(text)
            if self._faulty.isdisjoint(_named(query)):
                return self._resolved(query, 0)
        except QueryError as error:
            self._faults.append(Fault(where, error.shown(text), error.hint))
        return None

    def _resolved(self, query: Query, depth: int) -> Query:
        def change(leaf: Query) -> Query:
            if isinstance(leaf, Saved):
                return self._named(leaf, depth)
            return _resolved(leaf, self._known) if isinstance(leaf, Atom) else leaf

        return rebuilt(query, change)

    def _named(self, leaf: Saved, depth: int) -> Query:
        if depth > _DEEPEST:
            raise QueryError(leaf.column, f"@{leaf.name} {_CIRCLE}")
        if leaf.name not in self._written:
            raise _not_there(leaf.column, leaf.name, self._written, "saved query")
        try:
            if leaf.name not in self._found:
                inner = self._resolved(parse(self._written[leaf.name]), depth + 1)
                self._found[leaf.name] = _bounded(inner)
        except QueryError as error:
            what = error.what if _CIRCLE in error.what else f"@{leaf.name}: {error.what}"
            raise QueryError(leaf.column, what, error.hint) from None
        return replace(leaf, query=self._found[leaf.name])


def _bounded(query: Query) -> Query:
    """The query, unless it has grown by what it names beyond what can be asked of each entry."""
    if nested_too_deeply(query) or sum(1 for _ in islice(leaves(query), _MOST + 1)) > _MOST:
        raise QueryError(0, f"holds more than {_MOST} words, or is nested too deeply")
    return query


def _named(query: Query) -> set[str]:
    """The names of the saved queries in a query."""
    return {one.name for one in leaves(query) if isinstance(one, Saved)}


def _resolved(atom: Atom, known: Known) -> Atom:
    """An atom as mentions answer to it; raises QueryError where there is no such thing."""
    kind, _, value = atom.key.partition(":")
    if atom.key.startswith("#"):
        kind, value = "concept", atom.key[1:]
    if kind in {"word", "exact"}:
        if wrong := forms.wrong_stem(value):
            raise QueryError(atom.column, f"{value!r}: {wrong}")
        return atom
    vocabulary = known.vocabulary[kind]
    if (found := vocabulary.get(value)) is None:
        raise _not_there(atom.column, value, vocabulary, kind)
    return atom if kind == "concept" else replace(atom, key=f"{kind}:{found}")


def _not_there(
    column: int, name: str, names: Sequence[str] | Mapping[str, Any], kind: str
) -> QueryError:
    (fault,) = forms.unknown(name, names, "", kind)
    return QueryError(column, fault.what, fault.hint)


def _givers(topic: str, rules: Sequence[Rule], topics: Mapping[str, Topic]) -> set[str]:
    """The ids of the rules that give a topic, themselves or by what theirs implies."""
    return {one.id for one in rules if one.topic == topic or topic in topics[one.topic].implies}


def _asked(rule: Rule) -> set[str]:
    return {key[6:] for key in atoms_of(rule.query) if key.startswith("topic:")}


def _ordered(rules: Sequence[Rule], topics: Mapping[str, Topic], faults: list[Fault]) -> list[Rule]:
    before = {
        rule.id: {one for topic in _asked(rule) for one in _givers(topic, rules, topics)}
        for rule in rules
    }
    by_id = {rule.id: rule for rule in rules}
    try:
        return [by_id[name] for name in TopologicalSorter(before).static_order()]
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        faults.append(Fault("rules.toml", f"rules ask for each other's topics: {circle}"))
        return list(rules)


def _anchored(rules: Sequence[Rule], topics: Mapping[str, Topic]) -> tuple[Rule, ...]:
    """Each rule with the atoms that it can start from."""
    of_topic: dict[str, frozenset[str] | None] = {}
    found = []
    for rule in rules:
        own = anchors(rule.query, of_topic)
        found.append(replace(rule, anchors=own))
        for topic in (rule.topic, *topics[rule.topic].implies):
            earlier = of_topic.get(topic, frozenset())
            of_topic[topic] = None if own is None or earlier is None else earlier | own
    return tuple(found)
