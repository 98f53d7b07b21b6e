"""What looks wrong in a rulebook that works: rules that can never hold, that decide nothing
beside another, or that hold for too much; words that nothing asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor.core.errors import Fault
from monitor.core.gazetteer import Role, Term
from monitor.core.query import Query, atoms_of, conjuncts, contradiction
from monitor.core.query.tree import Some
from monitor.core.rulebook.model import Rule, Topic
from monitor.core.text import fold_term

# A beginning of fewer letters stands for too many words.
_SHORT = 3
# Concepts that the program itself asks for.
_OWN = frozenset(("#states", "#comparison", "#foreign"))


def advice(
    rules: Sequence[Rule], terms: Sequence[Term], topics: Mapping[str, Topic]
) -> tuple[Fault, ...]:
    """A note for each thing that looks wrong."""
    answered = {atom for term in terms for atom in term.atoms}
    given = {rule.topic for rule in rules} | {
        one for rule in rules for one in topics[rule.topic].implies
    }
    answered |= {f"topic:{one}" for one in given}
    notes = [note for rule in rules for note in _of_rule(rule, rules, answered)]
    notes += [
        Fault(f"topics.toml: {name}", "no rule gives this topic") for name in topics.keys() - given
    ]
    return (*notes, *_hidden(terms), *_unused(rules, terms))


def _of_rule(rule: Rule, rules: Sequence[Rule], answered: set[str]) -> Iterator[Fault]:
    where = f"rules.toml: rule {rule.id}"
    if why := contradiction(rule.query):
        yield Fault(where, f"can never hold: {why}")
    elif rule.anchors is not None and not rule.anchors & answered:
        yield Fault(where, f"can never hold: no name or word stands for {_few(rule.anchors)}")
    for other in rules:
        if _shadows(other, rule):
            yield Fault(where, f"decides nothing: {other.id} holds whenever it does")
    if rule.anchors is None:
        yield Fault(where, "holds for too much: it starts from no name and no word")
    for key in sorted(atoms_of(rule.query)):
        stem = key.partition(":")[2]
        if key.startswith(("word:", "exact:")) and stem.endswith("*") and len(stem) <= _SHORT:
            yield Fault(where, f"holds for too much: {stem} stands for very many words")


def _few(atoms: frozenset[str]) -> str:
    return ", ".join(sorted(atoms)[:3])


def _shadows(other: Rule, rule: Rule) -> bool:
    """Whether another rule gives the same at least as gravely, and asks for no more."""
    if other.id == rule.id or other.topic != rule.topic or other.severity < rule.severity:
        return False
    asked, more = _asked(other.query), _asked(rule.query)
    if asked == more and other.severity == rule.severity:
        return other.id < rule.id
    return all(any(_wider(one, part) for part in more) for one in asked)


def _asked(query: Query) -> frozenset[Query]:
    return conjuncts(query)


def _wider(one: Query, part: Query) -> bool:
    """Whether one holds wherever a part does, as far as can be told from how it is written."""
    options = frozenset(one.parts) if isinstance(one, Some) else frozenset((one,))
    return part in options or (isinstance(part, Some) and frozenset(part.parts) <= options)


def _hidden(terms: Sequence[Term]) -> Iterator[Fault]:
    """Aliases that a blocker swallows wherever they stand."""
    blockers = {fold_term(term.text) for term in terms if term.role is Role.BLOCKER}
    for term in terms:
        if term.role is Role.ENTITY and fold_term(term.text) in blockers:
            yield Fault("blockers.txt", f"{term.text!r} hides an alias of {term.name} everywhere")


def _unused(rules: Sequence[Rule], terms: Sequence[Term]) -> Iterator[Fault]:
    """Concepts that no rule and no ambiguous alias asks for."""
    asked = {key for rule in rules for key in atoms_of(rule.query)}
    asked |= {f"#{name}" for term in terms for name in term.company | term.unless} | _OWN
    concepts = {atom for term in terms for atom in term.atoms if atom.startswith("#")}
    for name in sorted(concepts - asked):
        yield Fault(f"concepts.toml: {name[1:]}", "no rule and no alias asks for this concept")
