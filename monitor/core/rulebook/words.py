"""Concepts (word lists by name) and blockers (phrases that swallow a name)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.core import forms, inflect
from monitor.core.errors import Fault
from monitor.core.gazetteer import Role, Term
from monitor.core.models.labels import LANGUAGES


def concept_terms(concepts: Mapping[str, Any], faults: list[Fault]) -> Iterator[Term]:
    """A term for each word of concepts.toml; what is wrong is added to `faults`."""
    for name, table in concepts.items():
        where = f"concepts.toml: {name}"
        if not isinstance(table, dict) or not all(map(forms.is_texts, table.values())):
            faults.append(Fault(where, "is not a table of word lists"))
            continue
        for language, words in table.items():
            if language not in LANGUAGES:
                faults += forms.unknown(language, LANGUAGES, where, "language")
                continue
            for word in words:
                if wrong := forms.wrong_stem(word):
                    faults.append(Fault(f"{where}.{language}", f"{word!r}: {wrong}"))
                for form in () if wrong else inflect.written(word, language):
                    yield Term(form, Role.WORD, name, atoms=(f"#{name}",))


def blocker_terms(text: str) -> Iterator[Term]:
    """A term for each line of blockers.txt."""
    for line in text.splitlines():
        if phrase := line.partition("#")[0].strip():
            yield Term(phrase, Role.BLOCKER, phrase)
