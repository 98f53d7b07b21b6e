"""What is wrong with a query, said so that people can mend it: the column, and a hint."""

from __future__ import annotations

import difflib

from lark import UnexpectedCharacters, UnexpectedToken
from lark.exceptions import UnexpectedInput

from monitor.core.query.tree import META_FIELDS, NAME_KINDS, TEXT_FIELDS

_FIELDS = (*TEXT_FIELDS, *META_FIELDS, *NAME_KINDS, "exact")
# Letters of a long line that are shown to both sides of a mistake.
_SHOWN = 100


class QueryError(ValueError):
    """What is wrong with a query, at which column (from 0), and what may help."""

    def __init__(self, column: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.column, self.what, self.hint = column, what, hint

    def shown(self, text: str) -> str:
        """The error with the line of the query it is in and a caret under the place."""
        begin = max(text.rfind("\n", 0, self.column) + 1, self.column - _SHOWN)
        line = text[begin : self.column + _SHOWN].partition("\n")[0]
        caret = " " * (self.column - begin) + "^"
        return f"{self.what}\n    {line}\n    {caret}"


def explained(error: UnexpectedInput, text: str) -> QueryError:
    """What the parser stumbled over, in our own words."""
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
