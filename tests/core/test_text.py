"""Folding, and the way back to the text as published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text import Words, fold, fold_term, fold_text


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("MALI", "mali"),
        ("Goïta", "goita"),
        ("N’Djamena", "n'djamena"),
        ("Burkina-Faso", "burkina faso"),
        ("Burkina\u00a0 Faso", "burkina faso"),
        ("Ещё", "еще"),
        ("Чёрный й", "черный й"),
        ("أزواد إلى مالية", "ازواد الي ماليه"),
        ("مـــالي", "مالي"),
        ("مَالِي", "مالي"),
        ("Ma\u200bli", "mali"),
        ("ﬁn œuvre", "fin oeuvre"),
        ("İstanbul", "istanbul"),
        ("B&eacute;nin &amp; Go&#239;ta", "benin & goita"),
        ("Go\u0069\u0308ta", "goita"),
        ("Нии\u0306с", "нийс"),
        ("Burkina — Faso", "burkina faso"),
        ("کیدال", "كيدال"),
    ],
)
def test_ways_to_write_a_word_fold_alike(written: str, folded: str) -> None:
    assert fold_term(written) == folded


@pytest.mark.parametrize("text", ["plain ascii", "Goïta à Bamako", "œuvre de Déby", "مَالِي اليوم"])
def test_a_folded_word_leads_back_to_the_original_one(text: str) -> None:
    folded = fold(text)
    first = folded.text.split(" ")[0]
    start, end = folded.span(0, len(first))
    assert text[start:end] == text.split(" ")[0]


def test_a_word_in_the_middle_is_found_again_behind_letters_that_fold_away() -> None:
    text = "L\u200b’Azawad\u00ad, au  Mali"
    folded = fold(text)
    at = folded.text.index("mali")
    start, end = folded.span(at, at + 4)
    assert text[start:end] == "Mali"
    at = folded.text.index("azawad")
    start, end = folded.span(at, at + 6)
    assert text[start:end].startswith("Azawad")


def test_a_character_reference_and_a_mark_on_a_letter_are_part_of_what_is_found() -> None:
    for text, written in (
        ("le B&eacute;nin dit", "B&eacute;nin"),
        ("a Be\u0301nin", "Be\u0301nin"),
    ):
        folded = fold(text)
        at = folded.text.index("benin")
        start, end = folded.span(at, at + 5)
        assert text[start:end] == written


@given(
    st.text(alphabet="aéÉ йЙиИ\u0306\u0301&;amp# -–\u200b\u064bالمىةـœ'’ \n\tﬁİ½ﷺ1", max_size=30)
)
def test_the_quick_way_folds_as_the_traced_one(text: str) -> None:
    assert fold_text(text) == fold(text).text


@given(st.text(max_size=60))
def test_folding_never_fails_and_every_span_lies_in_the_text(text: str) -> None:
    folded = fold(text)
    for index in range(len(folded.text)):
        start, end = folded.span(index, index + 1)
        assert 0 <= start < end <= len(text)
    assert "  " not in folded.text


def test_a_place_knows_the_number_of_its_word() -> None:
    words = Words("one, two three four")
    assert words.starts == [0, 5, 9, 15]
    assert [words.index(at) for at in (0, 2, 6, 16)] == [0, 0, 1, 3]
