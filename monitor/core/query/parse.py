"""From a query as written to its tree, with errors that point at the column."""

from __future__ import annotations

import difflib
from functools import cache

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken
from lark.exceptions import UnexpectedInput, VisitError

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
_FIELDS = (*TEXT_FIELDS, *META_FIELDS, *NAME_KINDS, "exact")
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
# Each of them nests the tree one deeper; what people write stays far below.
_DEEPEST = 150


class QueryError(ValueError):
    """What is wrong with a query, at which column (from 0), and what may help."""

    def __init__(self, column: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.column, self.what, self.hint = column, what, hint

    def shown(self, text: str) -> str:
        """The error with the line of the query it is in and a caret under the place."""
        begin = text.rfind("\n", 0, self.column) + 1
        line = text[begin:].partition("\n")[0]
        caret = " " * (self.column - begin) + "^"
        return f"{self.what}\n    {line}\n    {caret}"


def parse(text: str) -> Query:
    """The tree of a query; raises QueryError."""
    if not text.strip():
        raise QueryError(0, "the query is empty")
    if text.count("(") + text.count("NOT ") > _DEEPEST:
        raise QueryError(0, f"the query has more than {_DEEPEST} parentheses and NOTs")
    try:
        built: Query = _Builder().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise _explained(error, text) from None
    except VisitError as error:
        raise error.orig_exc from None
    return built


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
        name, _, words = str(operator).partition("/")
        for side in (left, right):
            _refuse_absence(side, operator)
        return Near(left, right, int(words), ordered=name == "ONEAR")  # type: ignore[arg-type]

    def unless(self, found: list[object]) -> Query:
        left, operator, right = found
        for side in (left, right):
            _refuse_absence(side, operator)
        words = int(str(operator).partition("/")[2] or _WORDS_BETWEEN)
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
        return AtLeast(int(str(found[0]).partition("/")[2]), found[1])  # type: ignore[arg-type]

    def scored(self, found: list[object]) -> tuple[object, float]:
        return found[0], float(str(found[1])[1:]) if len(found) > 1 else 1.0

    def score(self, found: list[object]) -> Query:
        threshold = float(str(found[0]).partition("/")[2])
        return Score(threshold, tuple(found[1:]))  # type: ignore[arg-type]


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


def _explained(error: UnexpectedInput, text: str) -> QueryError:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return QueryError(len(text.rstrip()), "the query ends too soon", _unclosed(text) or _CUT)
    column: int = error.pos_in_stream or 0  # type: ignore[redundant-expr]
    if isinstance(error, UnexpectedCharacters):
        return _bad_character(column, text)
    token = str(getattr(error, "token", ""))
    return QueryError(column, f"{token!r} cannot stand here", _misplaced(token, text, column))


def _bad_character(column: int, text: str) -> QueryError:
    char = text[column]
    if char == ":":
        begin = column
        while begin > 0 and (text[begin - 1].isalnum() or text[begin - 1] in "_-"):
            begin -= 1
        field = text[begin:column]
        close = difflib.get_close_matches(field.lower(), _FIELDS, n=1)
        hint = f"did you mean {close[0]}:?" if close else f"fields: {', '.join(_FIELDS)}"
        return QueryError(begin, f"there is no field {field}", hint)
    if word := _operator_at(text, column):
        return QueryError(column, f"{word} cannot stand here", _operator_hint(word))
    if char == '"':
        return QueryError(column, "this quotation mark is never closed")
    return QueryError(column, f"{char!r} cannot stand here", _HINTS.get(char, ""))


_OPERATORS = frozenset(("AND", "OR", "NOT", "NEAR", "ONEAR", "UNLESS", "WHEN"))


def _operator_at(text: str, column: int) -> str:
    word = text[column:].split(maxsplit=1)[0].rstrip("()")
    return word if word in _OPERATORS else ""


def _operator_hint(word: str) -> str:
    if word in {"NEAR", "ONEAR"}:
        return f"{word} wants a number of words: {word}/5"
    return "an operator stands between two parts" if word != "NOT" else "write AND NOT"


_LONE = {
    ")": "something is missing before it",
    ",": "commas part the items of score/n( ... ) only",
}
_CUT = "something is missing behind the last word"
_HINTS = {
    "~": '"two words"~5 is written: two NEAR/5 words',
    "+": "+word is written: AND word",
    "&": "& is written: AND",
    "|": "| is written: OR",
    "!": "! is written: NOT",
    "*": "* stands at the end of a word of at least two letters",
    "?": "only a * at the end of a word stands for other letters",
    "/": "w/5 is written NEAR/5, pre/5 is written ONEAR/5; a text with / goes in quotes",
    "[": "ranges are not known",
    "^": "a weight stands inside score/n( ... )",
    "#": "#name is a concept of concepts.toml",
    "@": "@name is a saved query",
}


def _misplaced(found: str, text: str, column: int) -> str:
    if found.startswith("^"):
        return _HINTS["^"]
    if found in _LONE:
        return (found == ")" and _unclosed(text)) or _LONE[found]
    if found in _OPERATORS:
        return _operator_hint(found)
    if text[column + len(found) :].startswith("/"):
        return _HINTS["/"]
    if found.upper() in _OPERATORS:
        return f"operators are written in capitals: {found.upper()}"
    before = text[:column].split()
    if before and before[-1].upper() in {"AND", "OR", "NOT"} and before[-1].islower():
        return f"operators are written in capitals: {before[-1].upper()}"
    return "put AND, OR or NEAR/n between two words, or quotation marks around a phrase"


def _unclosed(text: str) -> str:
    opened, closed = text.count("("), text.count(")")
    if opened > closed:
        return "a parenthesis is never closed"
    return "there is one parenthesis too many" if closed > opened else ""
