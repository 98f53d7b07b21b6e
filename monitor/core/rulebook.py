"""The rulebook: topics, rules, concepts and entities, compiled from their files' texts.

Files: entities.csv (who and what), concepts.toml (word lists by name), blockers.txt
(phrases that swallow a name), topics.toml (what labels mean), rules.toml (when they hold).
A rulebook whose own samples fail does not load.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.core import forms
from monitor.core.errors import BadInput, Fault
from monitor.core.gazetteer import Entity, Gazetteer, Role, Term
from monitor.core.models import Severity

LANGUAGES = ("en", "fr", "ru", "ar")
SIDES = ("sahel", "russia", "both", "context")
_FILES = ("entities.csv", "concepts.toml", "blockers.txt", "topics.toml", "rules.toml")
_ACRONYM = 6


@dataclass(frozen=True, slots=True)
class Topic:
    """A label. `against`: concepts that speak against it, each with its weight.
    `company`: concepts of which one must be there where no title names its side; `outright`:
    the same where nothing but weak aliases do. `beside`: concepts that add their weight to a
    name they stand next to.
    """

    name: str
    side: str | None
    threshold: float
    against: Mapping[str, float]
    implies: frozenset[str]
    company: frozenset[str]
    outright: frozenset[str]
    beside: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Rule:
    """When a topic holds, how much it matters and why.

    `near`: two conditions whose evidence must stand within `within` words of each other.
    `any`: conditions of which one must be met, if there are any.
    """

    id: str
    topic: str
    why: str
    severity: Severity
    near: tuple[str, str] | None
    within: int
    any: tuple[str, ...]
    must_match: tuple[str, ...]
    must_not_match: tuple[str, ...]


@dataclass(frozen=True)
class Rulebook:
    """Everything compiled; `version` is a hash over all files."""

    version: str
    gazetteer: Gazetteer = field(repr=False)
    topic_by_name: Mapping[str, Topic] = field(repr=False)
    rules: tuple[Rule, ...] = field(repr=False)

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of all topics."""
        return tuple(self.topic_by_name)


def compile_rulebook(files: Mapping[str, str]) -> Rulebook:
    """Compile the files (name -> text); raises BadInput with every fault, its file and line."""
    missing = [Fault(name, "is missing from the rulebook") for name in _FILES if name not in files]
    if missing:
        raise BadInput(missing)
    faults: list[Fault] = []
    entities, terms = _entities(files["entities.csv"], faults)
    concepts = _toml("concepts.toml", files["concepts.toml"], faults)
    terms += _concept_terms(concepts, faults)
    terms += _blockers(files["blockers.txt"])
    topics = _topics(_toml("topics.toml", files["topics.toml"], faults), concepts, faults)
    known = _Known(frozenset(topics), frozenset(concepts), frozenset(entities))
    rules = _rules(_toml("rules.toml", files["rules.toml"], faults), known, faults)
    if faults:
        raise BadInput(faults)
    version = hashlib.blake2b(digest_size=6)
    for name in _FILES:
        version.update(files[name].encode("utf-8", "surrogatepass"))
    gazetteer = Gazetteer.build(entities.values(), terms)
    return Rulebook(version.hexdigest(), gazetteer, topics, rules)


@dataclass(frozen=True, slots=True)
class _Known:
    topics: frozenset[str]
    concepts: frozenset[str]
    entities: frozenset[str]


def _entities(text: str, faults: list[Fault]) -> tuple[dict[str, Entity], list[Term]]:
    reader = csv.DictReader(io.StringIO(text))
    wanted = {"id", "name", "type", "side", *LANGUAGES, "ambiguous", "company"}
    if lacking := wanted - set(reader.fieldnames or ()):
        faults.append(Fault("entities.csv:1", f"columns are missing: {', '.join(sorted(lacking))}"))
        return {}, []
    entities: dict[str, Entity] = {}
    terms: list[Term] = []
    for row in reader:
        where = f"entities.csv:{reader.line_num}"
        if wrong := _wrong_entity(row, entities):
            faults.append(Fault(where, *wrong))
            continue
        entity = Entity(row["id"], row["name"], row["type"], row["side"], row.get("note") or "")
        entities[entity.id] = entity
        terms += _aliases(row)
    return entities, terms


def _wrong_entity(row: Mapping[str, Any], entities: Mapping[str, Entity]) -> tuple[str, ...]:
    if None in row or None in row.values():
        return ("has not as many columns as the first line", "quote texts that hold a comma")
    if not row["id"] or not row["name"]:
        return ("has no id or no name",)
    if row["id"] in entities:
        return (f"id {row['id']} is {entities[row['id']].name}'s already",)
    if row["side"] not in SIDES:
        return (f"side {row['side']!r} is unknown", f"one of {', '.join(SIDES)}")
    return ()


def _aliases(row: Mapping[str, str]) -> Iterator[Term]:
    """Every way to write an entity; those listed as ambiguous need company.

    `alias=concept,concept` gives one of them company of its own.
    """
    unsure = dict(one.partition("=")[::2] for one in _split(row["ambiguous"]))
    weak = set(_split(row.get("weak") or ""))
    aliases = {alias for language in LANGUAGES for alias in _split(row[language])}
    for alias in sorted(aliases | unsure.keys()):
        single = " " not in alias
        own = list(filter(None, unsure.get(alias, "").split(",")))
        yield Term(
            text=alias,
            role=Role.ENTITY,
            name=row["id"],
            exact=single and alias.isupper() and len(alias) <= _ACRONYM,
            capital=single and alias[:1].isupper(),
            sure=alias not in unsure,
            weak=alias in weak,
            company=frozenset(own or _split(row["company"])),
        )


def _split(cell: str) -> list[str]:
    return [one.strip() for one in cell.split("|") if one.strip()]


def _toml(name: str, text: str, faults: list[Fault]) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = re.search(r"line (\d+)", said)
        where = f"{name}:{found[1]}" if found else name
        faults.append(Fault(where, f"is not valid TOML: {said.partition(' (at')[0]}"))
        return {}


def _concept_terms(concepts: Mapping[str, Any], faults: list[Fault]) -> list[Term]:
    terms = []
    for name, table in concepts.items():
        if not isinstance(table, dict) or not all(
            forms.is_texts(words) for words in table.values()
        ):
            faults.append(Fault(f"concepts.toml: {name}", "is not a table of word lists"))
            continue
        for language, words in table.items():
            where = f"concepts.toml: {name}.{language}"
            wrong = [word for word in words if "*" in word[:-1] or not word.strip("* ")]
            faults += [Fault(where, f"{word!r}: only one * and only at the end") for word in wrong]
            terms += [Term(word, Role.CONCEPT, name) for word in words if word not in wrong]
    return terms


def _blockers(text: str) -> list[Term]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Term(line, Role.BLOCKER, line) for line in lines if line]


_TOPIC_FORM: forms.Form = {
    "side": (False, lambda value: value in SIDES, f"one of {', '.join(SIDES)}"),
    "threshold": (False, forms.is_number, "a number"),
    "against": (False, forms.is_weights, "a table of numbers"),
    "implies": (False, forms.is_texts, "a list of topics"),
    "company": (False, forms.is_texts, "a list of concepts"),
    "outright": (False, forms.is_texts, "a list of concepts"),
    "beside": (False, forms.is_weights, "a table of numbers"),
}
_RULE_FORM: forms.Form = {
    "id": (True, forms.is_text, "a text"),
    "topic": (True, forms.is_text, "a text"),
    "why": (True, forms.is_text, "a text"),
    "severity": (True, forms.is_text, "a text"),
    "near": (False, forms.is_pair, "two conditions"),
    "within": (False, forms.is_whole, "a whole number"),
    "any": (False, forms.is_texts, "a list of texts"),
    "must_match": (False, forms.is_texts, "a list of texts"),
    "must_not_match": (False, forms.is_texts, "a list of texts"),
}


def _topics(
    tables: Mapping[str, Any], concepts: Mapping[str, Any], faults: list[Fault]
) -> dict[str, Topic]:
    topics = {}
    for name, written in tables.items():
        where = f"topics.toml: {name}"
        faults += forms.wrong_form(written, _TOPIC_FORM, where)
        table = forms.fitting(written, _TOPIC_FORM)
        for key, known, kind in (
            ("against", concepts, "concept"),
            ("implies", tables, "topic"),
            ("company", concepts, "concept"),
            ("outright", concepts, "concept"),
            ("beside", concepts, "concept"),
        ):
            for one in table.get(key, ()):
                faults += forms.unknown(one, known, f"{where}.{key}", kind)
        topics[name] = _topic(name, table)
    return topics


def _topic(name: str, table: Mapping[str, Any]) -> Topic:
    return Topic(
        name=name,
        side=table.get("side"),
        threshold=float(table.get("threshold", 0)),
        against=table.get("against", {}),
        implies=frozenset(table.get("implies", ())),
        company=frozenset(table.get("company", ())),
        outright=frozenset(table.get("outright", ())),
        beside=table.get("beside", {}),
    )


def _rules(tables: Mapping[str, Any], known: _Known, faults: list[Fault]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for number, written in enumerate(tables.get("rules", ())):
        where = f"rules.toml: rules[{number}]"
        wrong = list(forms.wrong_form(written, _RULE_FORM, where))
        table = forms.fitting(written, _RULE_FORM)
        wrong += _unknown_names(table, known, where)
        if table.get("id") in {one.id for one in rules}:
            wrong.append(Fault(f"{where}.id", f"{table['id']} is another rule's id too"))
        if not wrong:
            rules.append(_rule(table))
        faults += wrong
    return tuple(rules)


def _unknown_names(table: Mapping[str, Any], known: _Known, where: str) -> Iterator[Fault]:
    """What a rule refers to that does not exist."""
    levels = [one.label for one in Severity]
    for key, names in (("topic", known.topics), ("severity", levels)):
        if key in table:
            yield from forms.unknown(table[key], names, f"{where}.{key}", key)
    for key in ("near", "any"):
        for condition in table.get(key, ()):
            yield from _wrong_condition(condition, known, f"{where}.{key}")


def _rule(table: Mapping[str, Any]) -> Rule:
    near = table.get("near")
    return Rule(
        id=table["id"],
        topic=table["topic"],
        why=table["why"],
        severity=Severity.from_label(table["severity"]),
        near=(near[0], near[1]) if near else None,
        within=table.get("within", 30),
        any=tuple(table.get("any", ())),
        must_match=tuple(table.get("must_match", ())),
        must_not_match=tuple(table.get("must_not_match", ())),
    )


def _wrong_condition(condition: str, known: _Known, where: str) -> Iterator[Fault]:
    """A condition is `side:NAME`, `concept:NAME` or `entity:ID`."""
    kind, _, name = condition.partition(":")
    names = {"side": SIDES, "concept": known.concepts, "entity": known.entities}
    if kind in names:
        yield from forms.unknown(name, names[kind], where, kind)
    else:
        yield Fault(where, f"{condition!r} is no condition", "side:, concept: or entity:")
