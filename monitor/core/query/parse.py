"""From a query as written to its tree."""

from __future__ import annotations

from functools import cache

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from monitor.core.query.analysis import children
from monitor.core.query.mistakes import QueryError, explained
from monitor.core.query.tree import (
    META_FIELDS,
    NAME_KINDS,
    TEXT_FIELDS,
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
)

_NAME = "|".join(NAME_KINDS)
_META = "|".join(META_FIELDS)
_TEXT = "|".join(TEXT_FIELDS)
# A bare word takes part in a query as it stands; apostrophes and hyphens are part of it.
_GRAMMAR = rf"""
?start: whole
?whole: either
      | either "WHEN" either -> when
?either: both ("OR" both)*
?both: negated ("AND" negated)*
?negated: "NOT" negated -> negation
        | joined
?joined: term
       | joined NEAR term -> near
       | joined UNLESS term -> unless
?term: TEXT_FIELD term -> scope
     | META_FIELD meta -> meta_field
     | NAME -> name
     | CONCEPT -> concept
     | SAVED -> saved
     | EXACT -> exact
     | word
     | ATLEAST "(" either ")" -> at_least
     | SCORE "(" scored ("," scored)* ")" -> score
     | "(" whole ")"
scored: either WEIGHT?
word: WORD | PHRASE
?meta: word -> metum
     | "(" metum_list ")"
metum_list: word ("OR" word)*

NEAR.5: /O?NEAR\/\d+/
UNLESS.5: /UNLESS(\/\d+)?/
ATLEAST.5: /atleast\/\d+/
SCORE.5: /score\/\d+(\.\d+)?/
TEXT_FIELD.5: /({_TEXT}):/
META_FIELD.5: /({_META}):/
NAME.5: /({_NAME}):("[^"]+"|[^\s()",:^@#*]+)/
EXACT.5: /exact:("[^"]+"|[^\s()",:^@#]+)/
CONCEPT.5: /#[\w-]+/
SAVED.5: /@[\w-]+/
WEIGHT.5: /\^-?(\d+(\.\d+)?|\.\d+)/
PHRASE: /"[^"]+"/
WORD: /(?!(AND|OR|NOT|NEAR|ONEAR|UNLESS|WHEN)\b)[^\s()",:^@#*~\[\]{{}}<>=+!|&?\/]+\*?/
%ignore /\s+/
"""
# Words that `UNLESS` without a number looks at to both sides.
_WORDS_BETWEEN = 10
# Levels of a tree, and what makes most of them; what people write stays far below.
_DEEPEST = 150
_SPLIT = "give parts of it names, as saved queries"
# Words between two parts, and parts of a list: longer than a text that is looked at.
_LARGEST = 10_000


def parse(text: str) -> Query:
    """The tree of a query; raises QueryError."""
    if not text.strip():
        raise QueryError(0, "the query is empty")
    if text.count("(") + text.count("NOT ") > _DEEPEST:
        raise QueryError(0, f"the query has more than {_DEEPEST} parentheses and NOTs")
    try:
        built: Query = _Builder().transform(_parser().parse(text))
        if nested_too_deeply(built):
            raise RecursionError
    except RecursionError:
        raise QueryError(0, f"the query is nested more than {_DEEPEST} deep", _SPLIT) from None
    except UnexpectedInput as error:
        raise explained(error, text) from None
    except VisitError as error:
        raise error.orig_exc from None
    return built


def nested_too_deeply(query: Query) -> bool:
    """Whether a tree has more levels than can be walked down at any time."""
    level: list[Query] = [query]
    for _ in range(_DEEPEST):
        level = [part for one in level for part in children(one)]
        if not level:
            return False
    return True


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr")


class _Builder(Transformer[Token, Query]):
    """Tree nodes from what the parser found; one method for each rule of the grammar."""

    def when(self, found: list[Query]) -> Query:
        return When(found[0], found[1])

    def either(self, found: list[Query]) -> Query:
        return Some(tuple(found))

    def both(self, found: list[Query]) -> Query:
        return All(tuple(found))

    def negation(self, found: list[Query]) -> Query:
        return Not(found[0])

    def near(self, found: list[object]) -> Query:
        left, operator, right = found
        for side in (left, right):
            _refuse_absence(side, operator)
        ordered = str(operator).startswith("ONEAR")
        return Near(left, right, _count(operator), ordered=ordered)  # type: ignore[arg-type]

    def unless(self, found: list[object]) -> Query:
        left, operator, right = found
        for side in (left, right):
            _refuse_absence(side, operator)
        words = _count(operator) if "/" in str(operator) else _WORDS_BETWEEN
        return Unless(left, right, words)  # type: ignore[arg-type]

    def scope(self, found: list[object]) -> Query:
        return Scope(str(found[0])[:-1], found[1])  # type: ignore[arg-type]

    def word(self, found: list[Token]) -> Atom:
        return Atom(f"word:{_unquoted(found[0])}", _column(found[0]))

    def metum(self, found: list[Atom]) -> list[Atom]:
        return found

    def metum_list(self, found: list[Atom]) -> list[Atom]:
        return found

    def meta_field(self, found: list[object]) -> Query:
        field, words = found
        parts = tuple(
            Meta(str(field)[:-1], word.key.removeprefix("word:"), word.column)
            for word in words  # type: ignore[attr-defined]
        )
        return parts[0] if len(parts) == 1 else Some(parts)

    def name(self, found: list[Token]) -> Query:
        kind, _, value = str(found[0]).partition(":")
        return Atom(f"{kind}:{value.strip(chr(34))}", _column(found[0]))

    def exact(self, found: list[Token]) -> Query:
        value = str(found[0]).partition(":")[2].strip('"')
        return Atom(f"exact:{value}", _column(found[0]))

    def concept(self, found: list[Token]) -> Query:
        return Atom(str(found[0]), _column(found[0]))

    def saved(self, found: list[Token]) -> Query:
        return Saved(str(found[0])[1:], column=_column(found[0]))

    def at_least(self, found: list[object]) -> Query:
        _refuse_absence(found[1], found[0])
        return AtLeast(_count(found[0]), found[1])  # type: ignore[arg-type]

    def scored(self, found: list[object]) -> tuple[object, float]:
        return found[0], float(str(found[1])[1:]) if len(found) > 1 else 1.0

    def score(self, found: list[object]) -> Query:
        threshold = float(str(found[0]).partition("/")[2])
        return Score(threshold, tuple(found[1:]))  # type: ignore[arg-type]


def _count(operator: object) -> int:
    """The number behind an operator's slash."""
    name, _, digits = str(operator).partition("/")
    if len(digits) > 5 or int(digits) > _LARGEST:
        column = _column(operator) if isinstance(operator, Token) else 0
        raise QueryError(column, f"{name}/n takes a number up to {_LARGEST}")
    return int(digits)


def _refuse_absence(part: object, operator: object) -> None:
    """What is not there stands near nothing."""
    topic = isinstance(part, Atom) and part.key.startswith("topic:")
    if topic or isinstance(part, Not | All | Meta | Score | When):
        name = str(operator).partition("/")[0]
        column = _column(operator) if isinstance(operator, Token) else 0
        hint = "use AND, NOT, WHEN, topics and fields outside of it"
        raise QueryError(column, f"{name} takes words, names, or several with OR", hint)


def _unquoted(token: Token) -> str:
    return str(token).strip('"')


def _column(token: Token) -> int:
    return token.start_pos or 0
