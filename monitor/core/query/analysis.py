"""What a query refers to, what a text must hold for it, and whether it can hold at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from monitor.core.query.tree import (
    All,
    AtLeast,
    Atom,
    Meta,
    Near,
    Not,
    Query,
    Saved,
    Scope,
    Score,
    Some,
    Unless,
    When,
    behind,
)

Anchors = frozenset[str] | None


def children(query: Query) -> tuple[Query, ...]:
    """The parts that a query is made of, from left to right."""
    match query:
        case All(parts) | Some(parts):
            return parts
        case Not(part) | AtLeast(_, part) | Scope(_, part):
            return (part,)
        case Near(left, right, _, _) | Unless(left, right, _):
            return (left, right)
        case When(part, condition):
            return (part, condition)
        case Score(_, parts):
            return tuple(part for part, _ in parts)
        case Saved(_, part) if part is not None:
            return (part,)
        case _:
            return ()


def leaves(query: Query) -> Iterator[Atom | Meta | Saved]:
    """Everything a query asks for."""
    if isinstance(query, Atom | Meta) or (isinstance(query, Saved) and query.query is None):
        yield query
    yield from chain.from_iterable(leaves(part) for part in children(query))


def atoms_of(query: Query) -> frozenset[str]:
    """The keys of all atoms in a query."""
    return frozenset(one.key for one in leaves(query) if isinstance(one, Atom))


def rebuilt(query: Query, change: Callable[[Query], Query]) -> Query:
    """A query with every leaf replaced by what `change` makes of it."""
    match query:
        case All(parts) | Some(parts):
            return type(query)(tuple(rebuilt(part, change) for part in parts))
        case Not(part) | AtLeast(_, part) | Scope(_, part):
            return replace(query, part=rebuilt(part, change))
        case Near(left, right, _, _) | Unless(left, right, _):
            return replace(query, left=rebuilt(left, change), right=rebuilt(right, change))
        case When(part, condition):
            return When(rebuilt(part, change), rebuilt(condition, change))
        case Score(threshold, parts):
            return Score(threshold, tuple((rebuilt(one, change), w) for one, w in parts))
        case _:
            return change(query)


def anchors(query: Query, of_topic: Mapping[str, Anchors]) -> Anchors:
    """Atoms of which a text must hold at least one for the query to hold; None: it may hold
    for a text without any. `of_topic`: the same of each topic already known.
    """
    match behind(query):
        case Atom(key):
            kind, _, name = key.partition(":")
            return of_topic.get(name) if kind == "topic" else frozenset((key,))
        case All(parts):
            known = [one for one in (anchors(part, of_topic) for part in parts) if one is not None]
            return min(known, key=_commonness, default=None)
        case Some(parts):
            return _union([anchors(part, of_topic) for part in parts])
        case Near(left, right, _, _) | When(left, right):
            return anchors(All((left, right)), of_topic)
        case Unless(left, _, _):
            return anchors(left, of_topic)
        case AtLeast(_, part) | Scope(_, part):
            return anchors(part, of_topic)
        case Score(threshold, parts) if threshold > 0:
            return _union([anchors(part, of_topic) for part, weight in parts if weight > 0])
        case _:
            return None


def _union(found: list[Anchors]) -> Anchors:
    if not found or any(one is None for one in found):
        return None
    return frozenset(chain.from_iterable(one for one in found if one is not None))


def _commonness(found: frozenset[str]) -> tuple[bool, int]:
    """Names are rarer than words, few are rarer than many."""
    return any(one.startswith(("#", "word:", "exact:")) for one in found), len(found)


def starts_anywhere(query: Query) -> bool:
    """Whether a query can hold for a text in which nothing was found at all."""
    return anchors(query, {}) is None and not any(
        isinstance(one, Atom) and one.key.startswith("topic:") for one in leaves(query)
    )


def conjuncts(query: Query) -> frozenset[Query]:
    """The parts that must all hold."""
    meant = behind(query)
    if isinstance(meant, When):
        return conjuncts(meant.part) | conjuncts(meant.condition)
    return frozenset(meant.parts) if isinstance(meant, All) else frozenset((query,))


def contradiction(query: Query) -> str:
    """Why a query can never hold, or "": something wanted and excluded at once, or wanted in
    two fields at once.
    """
    parts = conjuncts(query)
    for part in parts:
        if isinstance(part, Not) and part.part in parts:
            return f"{part.part} is wanted and excluded"
        if isinstance(part, Scope) and (inner := _other_field(part)):
            return f"nothing stands in the {part.field} and the {inner} at once"
    if isinstance(query, Some):
        found = [contradiction(part) for part in query.parts]
        return found[0] if all(found) else ""
    return next(filter(None, (contradiction(one) for one in parts if one != query)), "")


def _other_field(scope: Scope) -> str:
    """The field inside a scope that shares no text with it."""
    inner = scope.part
    if not isinstance(inner, Scope):
        return ""
    fields = {scope.field, inner.field}
    return inner.field if "title" in fields and fields != {"title"} else ""
