"""Entities and their aliases, from entities/*.csv."""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitor.core.errors import Fault
from monitor.core.gazetteer import Entity, Role, Term
from monitor.core.inflect import forms
from monitor.core.models.labels import LANGUAGES, SIDES
from monitor.core.text import fold_term

_COLUMNS = ("id", "name", "type", "side", "country", *LANGUAGES, "ambiguous", "company")
_OPTIONAL = ("unless", "weak", "from", "until", "note")
_ACRONYM = 6
_COUNTRY = re.compile(r"[A-Z]{2}")
_DAY = re.compile(r"\d{4}(?:-\d\d){0,2}")
# Aliases for which two entities of different sides would speak are told.
_CLASHING = frozenset(("sahel", "russia", "context"))


@dataclass
class Names:
    """What the entity files hold: entities by id, all their terms, and where each stands."""

    entities: dict[str, Entity] = field(default_factory=dict)
    terms: list[Term] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)


def read_entities(files: Mapping[str, str], faults: list[Fault]) -> Names:
    """All entity files (name -> text) as one; what is wrong is added to `faults`."""
    names = Names()
    for file, text in files.items():
        _read_file(file, text, names, faults)
    faults += _clashes(names)
    return names


def _read_file(file: str, text: str, names: Names, faults: list[Fault]) -> None:
    reader = csv.DictReader(io.StringIO(text))
    try:
        _read_rows(file, reader, names, faults)
    except csv.Error as error:
        faults.append(Fault(f"{file}:{reader.line_num + 1}", f"is no CSV: {error}"))


def _read_rows(file: str, reader: csv.DictReader[str], names: Names, faults: list[Fault]) -> None:
    given = set(reader.fieldnames or ())
    if lacking := set(_COLUMNS) - given:
        faults.append(Fault(f"{file}:1", f"columns are missing: {', '.join(sorted(lacking))}"))
        return
    if extra := given - {*_COLUMNS, *_OPTIONAL}:
        faults.append(Fault(f"{file}:1", f"there is no column {', '.join(sorted(extra))}"))
    for row in reader:
        where = f"{file}:{reader.line_num}"
        if wrong := _wrong(row, names):
            faults.append(Fault(where, *wrong))
            continue
        entity = _entity(row)
        names.entities[entity.id] = entity
        names.places[entity.id] = where
        aliases = _Aliases.of(row)
        faults += [Fault(where, f"{one!r} is ambiguous but no alias") for one in aliases.strangers]
        names.terms += aliases.terms(entity)


def _wrong(row: Mapping[str, Any], names: Names) -> tuple[str, ...]:
    if None in row or None in row.values():
        return ("has not as many columns as the first line", "quote texts that hold a comma")
    if not row["id"] or not row["name"]:
        return ("has no id or no name",)
    if row["id"] in names.entities:
        taken = names.entities[row["id"]]
        return (f"id {row['id']} is {taken.name}'s already ({names.places[taken.id]})",)
    if row["side"] not in SIDES:
        return (f"side {row['side']!r} is unknown", f"one of {', '.join(SIDES)}")
    if row["country"] and not _COUNTRY.fullmatch(row["country"]):
        return (f"country {row['country']!r} is no code of two capitals", "Mali is ML")
    for key in ("from", "until"):
        if row.get(key) and _day(row[key], last=False) is None:
            return (f"{key} {row[key]!r} is no day", "2023, 2023-08 or 2023-08-26")
    return ()


def _entity(row: Mapping[str, str]) -> Entity:
    return Entity(
        id=row["id"],
        name=row["name"],
        type=row["type"],
        side=row["side"],
        country=row["country"],
        begins=_day(row.get("from") or "", last=False),
        ends=_day(row.get("until") or "", last=True),
        note=row.get("note") or "",
    )


def _day(text: str, *, last: bool) -> date | None:
    """The first, or last, day of a year, month or day; None where it is none."""
    if not _DAY.fullmatch(text):
        return None
    year, month, day = (*map(int, text.split("-")), 0, 0)[:3]
    try:
        month = month or (12 if last else 1)
        return date(year, month, day or (monthrange(year, month)[1] if last else 1))
    except ValueError:
        return None


@dataclass(frozen=True)
class _Aliases:
    """One row's ways to write its entity.

    `by_form`: each form with the alias it comes from. `unsure`: aliases or single forms that
    mean other things too, each with company of its own. `weak`: adjectives and places.
    `unless`: concepts that rule them out.
    """

    by_form: Mapping[str, str]
    unsure: Mapping[str, frozenset[str]]
    weak: frozenset[str]
    company: frozenset[str]
    unless: frozenset[str]

    @classmethod
    def of(cls, row: Mapping[str, str]) -> _Aliases:
        by_form: dict[str, str] = {}
        for language in LANGUAGES:
            for alias in _split(row[language]):
                inflected = alias.endswith("~")
                bare = alias.removesuffix("~")
                person = row["type"] == "person"
                for form in forms(bare, language, person=person) if inflected else (bare,):
                    by_form.setdefault(form, alias)
        unsure = {
            alias: frozenset(filter(None, own.split(",")))
            for alias, _, own in (one.partition("=") for one in _split(row["ambiguous"]))
        }
        weak = frozenset(_split(row.get("weak") or ""))
        unless = frozenset(_split(row.get("unless") or ""))
        return cls(by_form, unsure, weak, frozenset(_split(row["company"])), unless)

    @property
    def strangers(self) -> list[str]:
        """What is called ambiguous or weak without being an alias or a form of one."""
        known = {*self.by_form, *self.by_form.values()}
        return sorted({*self.unsure, *self.weak} - known)

    def terms(self, entity: Entity) -> Iterator[Term]:
        """A term for each form."""
        atoms = entity.atoms
        named = (*atoms, *(f"named:{side}" for side in sorted(entity.sides)))
        for form, alias in self.by_form.items():
            single = " " not in form
            key = form if form in self.unsure else alias
            weak = form in self.weak or alias in self.weak
            yield Term(
                text=form,
                role=Role.ENTITY,
                name=entity.id,
                atoms=atoms if weak else named,
                exact=single and form.isupper() and len(form) <= _ACRONYM,
                capital=single and form[:1].isupper(),
                sure=key not in self.unsure,
                weak=weak,
                company=self.unsure.get(key) or self.company,
                unless=self.unless,
            )


def _split(cell: str) -> list[str]:
    return [one.strip() for one in cell.split("|") if one.strip()]


def _clashes(names: Names) -> Iterator[Fault]:
    """Aliases that mean, for sure, two entities of different sides."""
    owner: dict[str, Term] = {}
    for term in names.terms:
        if not term.sure:
            continue
        first = owner.setdefault(f"{term.exact}{fold_term(term.text)}", term)
        sides = names.entities[first.name].sides ^ names.entities[term.name].sides
        if sides & _CLASHING and first.name != term.name:
            other = names.entities[first.name]
            yield Fault(
                names.places[term.name],
                f"{term.text!r} is an alias of {other.name} too ({names.places[other.id]})",
                "list it as ambiguous in both",
            )
