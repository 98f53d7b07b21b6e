"""From the texts of a rulebook's files to the rulebook, with every fault told."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from monitor.core.errors import BadInput, Fault
from monitor.core.gazetteer import Entity, Gazetteer, Role, Term
from monitor.core.likeness.lexicon import read_lexicon
from monitor.core.likeness.weights import read_models
from monitor.core.query import atoms_of
from monitor.core.rulebook.advice import advice
from monitor.core.rulebook.entities import read_entities
from monitor.core.rulebook.model import Rule, Rulebook
from monitor.core.rulebook.rules import Known, read_rules, read_topics
from monitor.core.rulebook.words import blocker_terms, concept_terms

_FILES = ("concepts.toml", "blockers.txt", "topics.toml", "rules.toml")
# What texts are compared by; a rulebook without them uses the shipped ones.
COMPARING = ("lexicon.csv", "stopwords.txt", "likeness.toml")
_ENTITIES = re.compile(r"entities/[^/]+\.csv")


def compile_rulebook(files: Mapping[str, str]) -> Rulebook:
    """Compile the files (name -> text); raises BadInput with every fault, its file and line."""
    named = {name: files[name] for name in sorted(files) if _ENTITIES.fullmatch(name)}
    missing = [name for name in (*_FILES, *COMPARING) if name not in files]
    missing += [] if named else ["entities/*.csv"]
    if missing:
        raise BadInput([Fault(name, "is missing from the rulebook") for name in missing])
    faults: list[Fault] = []
    names = read_entities(named, faults)
    concepts = _toml("concepts.toml", files, faults)
    terms = [*names.terms, *concept_terms(concepts, faults), *blocker_terms(files["blockers.txt"])]
    topics = read_topics(_toml("topics.toml", files, faults), faults)
    known = Known(names, topics, concepts)
    rules = read_rules(_toml("rules.toml", files, faults), known, faults)
    lexicon = read_lexicon(files["lexicon.csv"], files["stopwords.txt"], faults)
    models = read_models(files["likeness.toml"], faults)
    if faults:
        raise BadInput(faults)
    return Rulebook(
        version=version_of(files),
        gazetteer=gazetteer_of(names.entities.values(), terms, rules),
        topic_by_name=topics,
        rules=rules,
        lexicon=lexicon,
        models=models,
        notes=advice(rules, [*terms, *_query_terms(rules)], topics),
    )


def gazetteer_of(
    entities: Iterable[Entity], terms: Iterable[Term], rules: Sequence[Rule]
) -> Gazetteer:
    """All that is to be found in a text: the terms, and the words that rules ask for."""
    return Gazetteer.build(entities, [*terms, *_query_terms(rules)], _starts(rules))


def _query_terms(rules: Sequence[Rule]) -> Iterator[Term]:
    """The words that queries ask for themselves."""
    for key in sorted({key for rule in rules for key in atoms_of(rule.query)}):
        kind, _, text = key.partition(":")
        if kind in {"word", "exact"}:
            yield Term(text, Role.WORD, text, atoms=(key,), exact=kind == "exact")


def _starts(rules: Sequence[Rule]) -> frozenset[str] | None:
    """All atoms that a rule can start from; None where one can start from nothing."""
    found = [rule.anchors for rule in rules]
    if any(one is None for one in found):
        return None
    return frozenset(atom for one in found if one is not None for atom in one)


def version_of(files: Mapping[str, str]) -> str:
    """The name of what the files say (name -> text): others have another."""
    version = hashlib.blake2b(digest_size=6)
    for name in sorted(files):
        if name in (*_FILES, *COMPARING) or _ENTITIES.fullmatch(name):
            version.update(f"{name}\0{files[name]}\0".encode("utf-8", "surrogatepass"))
    return version.hexdigest()


def _toml(name: str, files: Mapping[str, str], faults: list[Fault]) -> dict[str, Any]:
    try:
        return tomllib.loads(files[name])
    except (ValueError, RecursionError) as error:
        said = str(error)
        found = re.search(r"line (\d+)", said)
        where = f"{name}:{found[1]}" if found else name
        faults.append(Fault(where, f"is not valid TOML: {said.partition(' (at')[0]}"))
        return {}
