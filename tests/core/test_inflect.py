"""The forms that a name has in its language."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from monitor.core.gazetteer import Role
from monitor.core.inflect import forms
from monitor.core.rulebook import Rulebook
from monitor.core.text import fold
from monitor.edges.rulebook import load_rulebook

FORMS = tomllib.loads((Path(__file__).parent / "forms.toml").read_text(encoding="utf-8"))
PARADIGMS = [
    (language, name, one.get("person", False), one["forms"])
    for language, names in FORMS["paradigms"].items()
    for name, one in names.items()
]
FOUND = [(who, form) for who, written in FORMS["found"].items() for form in written]
NOT_FOUND = [(who, form) for who, written in FORMS["not_found"].items() for form in written]


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(None)


def entities(rulebook: Rulebook, text: str) -> set[str]:
    """The ids of all entities that a text may name."""
    folded = fold(text)
    gazetteer = rulebook.gazetteer
    hits = gazetteer.hits(text, folded, gazetteer.scan(folded.text))
    return {one.term.name for one in hits if one.term.role is Role.ENTITY}


@pytest.mark.parametrize(("language", "name", "person", "wanted"), PARADIGMS)
def test_a_name_has_every_form_of_its_paradigm(
    language: str, name: str, person: bool, wanted: list[str]
) -> None:
    found = forms(name, language, person=person)
    assert found[0] == name
    assert set(wanted) <= set(found)


@pytest.mark.parametrize(("who", "form"), FOUND)
def test_a_form_in_a_sentence_is_found_as_its_entity(
    rulebook: Rulebook, who: str, form: str
) -> None:
    for text in (f"… {form} …", f"({form}),", f"{form}: x", f"«{form}»"):
        assert who in entities(rulebook, text)


@pytest.mark.parametrize(("who", "form"), NOT_FOUND)
def test_another_word_that_looks_alike_is_not_found(
    rulebook: Rulebook, who: str, form: str
) -> None:
    assert who not in entities(rulebook, f"… {form} …")


def test_no_shipped_name_has_an_empty_form_or_a_mark_left(rulebook: Rulebook) -> None:
    for name in ("Мали", "Мопти", "Абдель Кадер ульд", "АЗ"):
        assert all(one.strip() and "~" not in one for one in forms(name, "ru"))
