"""The rule language: queries over names, words and fields of an entry.

`parse` text -> tree, `analysis` what a tree refers to and needs, `evaluate` tree + entry ->
evidence. The language is described in docs/rulebook.md.
"""

from monitor.core.query.analysis import (
    anchors,
    atoms_of,
    conjuncts,
    contradiction,
    leaves,
    rebuilt,
    starts_anywhere,
)
from monitor.core.query.evaluate import Reading, holds, missing
from monitor.core.query.mistakes import QueryError
from monitor.core.query.parse import parse
from monitor.core.query.tree import Query

__all__ = [
    "Query",
    "QueryError",
    "Reading",
    "anchors",
    "atoms_of",
    "conjuncts",
    "contradiction",
    "holds",
    "leaves",
    "missing",
    "parse",
    "rebuilt",
    "starts_anywhere",
]
