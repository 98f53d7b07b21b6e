"""Checking tables that people wrote: which keys there are, and what they hold."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from monitor.core.errors import Fault
from monitor.core.text import fold_term

# Letters of the shortest stem, before its *.
_SHORTEST_STEM = 2

# By key: whether a table must have it, what fits, and what is wanted in words.
Form = Mapping[str, tuple[bool, Callable[[object], bool], str]]


def wrong_form(table: object, form: Form, where: str) -> Iterator[Fault]:
    """What is wrong with a table's keys and with the types of what they hold."""
    if not isinstance(table, dict):
        yield Fault(where, "is not a table")
        return
    for key in sorted(table.keys() - form.keys()):
        yield from unknown(key, form, where, "key")
    for key, (required, fits, wanted) in form.items():
        if key not in table:
            if required:
                yield Fault(f"{where}.{key}", "is missing")
        elif not fits(table[key]):
            yield Fault(f"{where}.{key}", f"wants {wanted}")


def fitting(table: object, form: Form) -> dict[str, Any]:
    """What of a table has the right form."""
    given = table if isinstance(table, dict) else {}
    return {key: value for key, value in given.items() if key in form and form[key][1](value)}


def unknown(name: str, known: Iterable[str], where: str, kind: str) -> Iterator[Fault]:
    """A fault with the nearest known name, unless the name is known."""
    names = sorted(known)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else ""
        yield Fault(where, f"there is no {kind} {name}", hint)


def is_text(value: object) -> bool:
    """A text."""
    return isinstance(value, str)


def is_texts(value: object) -> bool:
    """A list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def is_list(value: object) -> bool:
    """A list of anything."""
    return isinstance(value, list)


def is_table_of_texts(value: object) -> bool:
    """A table of texts."""
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def is_lists(keys: Collection[str]) -> Callable[[object], bool]:
    """A table of lists of texts under some of these keys."""

    def fits(value: object) -> bool:
        return isinstance(value, dict) and all(
            key in keys and is_texts(one) for key, one in value.items()
        )

    return fits


# Longer than any name; what finds them in a text takes time by the square of the longest.
LONGEST_TERM = 300


def wrong_stem(word: str) -> str:
    """What is wrong with a word that may end in *."""
    if "*" in word[:-1]:
        return "only one * and only at the end"
    if len(word.strip("* ")) < (_SHORTEST_STEM if word.endswith("*") else 1):
        return "too short"
    if len(word) > LONGEST_TERM:
        return f"longer than {LONGEST_TERM} letters"
    return "" if fold_term(word.strip("* ")) else "holds neither letter nor number"
