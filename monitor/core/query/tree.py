"""What a query is made of. Equal queries are equal trees: columns do not count."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TypeAlias

# Fields of the text, of which each holds the next narrower one's words as well.
TEXT_FIELDS = ("title", "lead", "summary")
# Fields of an entry or its feed that are compared as a whole.
META_FIELDS = ("source", "lang", "country", "author", "category", "url")
# Ways to ask for names; `named` leaves out adjectives and places.
NAME_KINDS = ("entity", "side", "named", "type", "about", "topic")


# What needs no quotes to be read as one word.
_PLAIN = re.compile(r"[\w*-]+")


@dataclass(frozen=True, slots=True)
class Atom:
    """Names, a concept or a word, by the key that mentions answer to ("side:russia", "#arms",
    "word:fuel*").
    """

    key: str
    column: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        kind, _, value = self.key.partition(":")
        quoted = value if _PLAIN.fullmatch(value) else f'"{value}"'
        if not value:
            return self.key
        return quoted if kind == "word" else f"{kind}:{quoted}"


@dataclass(frozen=True, slots=True)
class Meta:
    """A field of the entry or its feed that holds a text; one ending in * only begins so."""

    field: str
    value: str
    column: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        return f'{self.field}:"{self.value}"'


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Query, ...]

    def __str__(self) -> str:
        return " AND ".join(_inside(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Query, ...]

    def __str__(self) -> str:
        parts = (f"({part})" if isinstance(part, When) else f"{part}" for part in self.parts)
        return " OR ".join(parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold anywhere in the entry."""

    part: Query

    def __str__(self) -> str:
        return f"NOT {_inside(self.part)}"


@dataclass(frozen=True, slots=True)
class Near:
    """Something of both within so many words; `ordered`: the left one first."""

    left: Query
    right: Query
    words: int
    ordered: bool = False

    def __str__(self) -> str:
        name = "ONEAR" if self.ordered else "NEAR"
        return f"{_inside(self.left)} {name}/{self.words} {_inside(self.right)}"


@dataclass(frozen=True, slots=True)
class Unless:
    """Those of the left that nothing of the right stands within so many words of."""

    left: Query
    right: Query
    words: int

    def __str__(self) -> str:
        return f"{_inside(self.left)} UNLESS/{self.words} {_inside(self.right)}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The part is found so many times."""

    times: int
    part: Query

    def __str__(self) -> str:
        return f"atleast/{self.times}({self.part})"


@dataclass(frozen=True, slots=True)
class Scope:
    """The part, looked for in one field only."""

    field: str
    part: Query

    def __str__(self) -> str:
        return f"{self.field}:{_inside(self.part)}"


@dataclass(frozen=True, slots=True)
class Score:
    """The weights of what is found add up to the threshold."""

    threshold: float
    parts: tuple[tuple[Query, float], ...]

    def __str__(self) -> str:
        parts = ", ".join(f"{_inside(part)}^{weight:g}" for part, weight in self.parts)
        return f"score/{self.threshold:g}({parts})"


@dataclass(frozen=True, slots=True)
class When:
    """The part, where a condition holds too that is no evidence itself."""

    part: Query
    condition: Query

    def __str__(self) -> str:
        return f"{_inside(self.part)} WHEN {_inside(self.condition)}"


@dataclass(frozen=True, slots=True)
class Saved:
    """A query saved under a name; `query` is put in when the rulebook is compiled."""

    name: str
    query: Query | None = None
    column: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        return f"@{self.name}"


Query: TypeAlias = (
    Atom | Meta | All | Some | Not | Near | Unless | AtLeast | Scope | Score | When | Saved
)


def behind(query: Query) -> Query:
    """The query that a name stands for; any other one itself."""
    return query.query if isinstance(query, Saved) and query.query is not None else query


def _inside(part: Query) -> str:
    return f"({part})" if isinstance(part, All | Some | Near | Unless | When) else str(part)
