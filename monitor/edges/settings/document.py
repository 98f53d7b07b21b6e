"""Reading one TOML file: environment variables, form, and faults that name file and line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from monitor.core.errors import BadInput, Fault
from monitor.core.shown import shown_url
from monitor.edges.files import read_text

Table = TypeVar("Table", bound=BaseModel)

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")

# What pydantic says, in our own words.
_SAYS = {
    "extra_forbidden": "there is no such key",
    "missing": "is missing",
    "string_type": "is not a text",
    "bool_type": "is neither true nor false",
    "tuple_type": "is not a list",
    "too_short": "is empty",
    "string_pattern_mismatch": "does not have the right form",
    "literal_error": "is none of the words it can be",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "string_too_long": "is too long",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "finite_number": "is not a whole number",
    "bool_parsing": "is neither true nor false",
    "model_type": "is not a table",
}
# How pydantic names the choices of a union in a fault's place.
_TEXT = {"str", "constrained-str"}
_UNION = {*_TEXT, "FeedTable"}
_HINTS = {
    "string_pattern_mismatch": "wanted: {pattern}",
    "literal_error": "{expected}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_long": "at most {max_length} characters",
}


# What gives the text of a file; raises BadInput.
Reader = Callable[[Path], str]


def read_toml(
    path: Path, form: type[Table], environ: Mapping[str, str], read: Reader = read_text
) -> Table:
    """A TOML file in the given form; raises BadInput with all its faults at once."""
    text = read(path)
    faults: list[Fault] = []

    def fault(loc: list[Any], what: str, hint: str = "") -> None:
        faults.append(Fault(_place(path, text, loc), f"{_key(loc)} {what}", hint))

    try:
        filled = _fill(tomllib.loads(text), environ, fault, [])
        table = form.model_validate(filled)
    except RecursionError:
        raise BadInput([Fault(str(path), "is nested too deeply")]) from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Fault(*_syntax(path, text, str(error)))]) from None
    except ValidationError as error:
        raise BadInput([*faults, *faults_of(path, text, error, form)]) from None
    except ValueError:
        # All that Python itself refuses are numbers of more than 4,300 digits.
        raise BadInput([Fault(_digits(path, text), "has too many digits for a number")]) from None
    if faults:
        raise BadInput(faults)
    return table


def _syntax(path: Path, text: str, said: str) -> tuple[str, str, str]:
    what, _, where = said.partition(" (at ")
    found = re.search(r"line (\d+), column (\d+)", where)
    # Without a place, the fault shows only at the end of the file.
    place = f"{path}:{found[1]}:{found[2]}" if found else f"{path}:{text.count(chr(10)) + 1}"
    return place, f"is not valid TOML: {what}", "texts need quotes, tables [brackets]"


def _digits(path: Path, text: str) -> str:
    """Where a number of more than 4,000 digits stands."""
    found = re.search(r"\d{4000}", text)
    return f"{path}:{text.count(chr(10), 0, found.start()) + 1}" if found else str(path)


def filled(text: str, environ: Mapping[str, str]) -> str:
    """A text with its variables filled in; raises BadInput where one is not set."""
    faults: list[Fault] = []

    def fault(_: list[Any], what: str, hint: str = "") -> None:
        faults.append(Fault(shown_url(text), what, hint))

    found = str(_fill(text, environ, fault, []))
    if faults:
        raise BadInput(faults)
    return found


def _fill(value: Any, environ: Mapping[str, str], fault: Any, loc: list[Any]) -> Any:
    """The value with `${NAME}` and `${NAME:-default}` filled in, all the way down."""
    if isinstance(value, dict):
        return {k: _fill(v, environ, fault, [*loc, k]) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, environ, fault, [*loc, n]) for n, v in enumerate(value)]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: _variable(found, environ, fault, loc), value)
    return value


def _variable(found: re.Match[str], environ: Mapping[str, str], fault: Any, loc: list[Any]) -> str:
    name, default = found[1], found[2]
    if environ.get(name):
        return environ[name]
    if file := environ.get(f"{name}_FILE"):
        try:
            return read_text(Path(file)).strip()
        except BadInput as bad:
            fault(loc, f"the file that {name}_FILE names cannot be read: {bad.faults[0].what}")
            return ""
    if default is None:
        fault(loc, f"environment variable {name} is not set", f"set it, or {name}_FILE")
    return default or ""


def _key(loc: list[Any]) -> str:
    """A place within a file, as in "feeds[3].url"."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".")


def _place(path: Path | str, text: str, loc: list[Any]) -> str:
    line = _line(text, loc)
    return f"{path}:{line}" if line else str(path)


def faults_of(
    path: Path | str, text: str, error: ValidationError, form: type[BaseModel]
) -> list[Fault]:
    """What is wrong with tables of a form, each fault with its place in the file's text."""
    faults = []
    for one in error.errors(include_url=False, include_input=False):
        # A list member that may be a text or a table is reported once for each; that a
        # table is no text is not what is wrong with it.
        if one["loc"][-1] in _TEXT:
            continue
        loc = [part for part in one["loc"] if part not in _UNION]
        context = {name: str(value) for name, value in one.get("ctx", {}).items()}
        what = _SAYS.get(one["type"]) or one["msg"].removeprefix("Value error, ")
        hint = _HINTS.get(one["type"], "").format_map(context)
        if one["type"] == "extra_forbidden":
            hint = _nearest(loc, form)
        faults.append(Fault(_place(path, text, loc), f"{_key(loc)} {what}".strip(), hint))
    return faults


def _line(text: str, loc: list[Any]) -> int | None:
    """The line a fault stands in: its key's, else that of the table it is in."""
    lines = text.splitlines()
    start, end, name = _table(lines, loc)
    key = re.compile(rf"\s*{re.escape(name)}\s*[.=]")
    for number in range(0 if start is None else start + 1, end):
        if start is not None and lines[number].lstrip().startswith("["):
            break
        if key.match(lines[number]):
            return number + 1
    return None if start is None else start + 1


def _table(lines: list[str], loc: list[Any]) -> tuple[int | None, int, str]:
    """Where the innermost table that a place names begins, if it does, where it ends, and the key
    in it that holds the rest; a table written within a line begins nowhere.
    """
    path, start, end = "", None, len(lines)
    for part, after in zip(loc, [*loc[1:], None], strict=True):
        if not isinstance(part, str):
            continue
        path = f"{path}.{part}".removeprefix(".")
        header = re.compile(rf"\s*\[\[?\s*{re.escape(path)}\s*\]\]?")
        found = [n for n in range(start or 0, end) if header.match(lines[n])]
        nth = after if isinstance(after, int) else 0
        if nth >= len(found):
            return start, end, part
        start, end = found[nth], found[nth + 1] if nth + 1 < len(found) else end
    return start, end, next((part for part in reversed(loc) if isinstance(part, str)), "")


def _nearest(loc: list[Any], form: type[BaseModel]) -> str:
    """The known key that a wrong one comes nearest to, at its own place."""
    known: list[str] = sorted(_keys_at([one for one in loc[:-1] if isinstance(one, str)], form))
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"


def _keys_at(path: list[str], form: type[BaseModel]) -> set[str]:
    for part in path:
        annotation = str(form.model_fields[part].annotation)
        tables = {one.__name__: one for one in BaseModel.__subclasses__() for one in _below(one)}
        form = next((one for name, one in tables.items() if f".{name}" in annotation), form)
    return {one.alias or name for name, one in form.model_fields.items()}


def _below(table: type[BaseModel]) -> list[type[BaseModel]]:
    return [table, *(one for sub in table.__subclasses__() for one in _below(sub))]
