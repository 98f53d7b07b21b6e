"""The sentence that an alert shows, and what is marked in it."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.evidence import Piece, marked, sentence
from monitor.core.models import Match, Story
from monitor.core.parse.plain import clean
from tests.make import story


def _story(summary: str, *words: str, title: str = "", in_title: str = "") -> Story:
    matches = [_match("summary", *found.span()) for one in words for found in _all(one, summary)]
    matches += [_match("title", *found.span()) for found in _all(in_title, title) if in_title]
    return replace(story(), title=title, summary=summary, matches=tuple(matches))


def _all(word: str, text: str) -> list[re.Match[str]]:
    return list(re.finditer(re.escape(word), text))


def _match(field: str, start: int, end: int) -> Match:
    return Match("sahel", "place", field, start, end, "")


def _marked(one: Story) -> str:
    return "".join(f"»{p.text}«" if p.evidence else p.text for p in sentence(one))


def test_the_sentence_with_most_evidence_is_shown() -> None:
    text = "Prices rose. Russia sends men to Mali! In Niger nothing. Was it so?"
    assert _marked(_story(text, "Russia", "Mali", "Niger")) == "»Russia« sends men to »Mali«!"


@pytest.mark.parametrize(
    "text",
    [
        "One thing.  Mali, then\nanother",
        'He said "no." Mali, then… Another',
        "أولا؟ Mali, then۔ آخر",
        "Mali, then",
    ],
)
def test_sentences_end_at_marks_of_several_scripts_and_at_line_ends(text: str) -> None:
    assert _marked(_story(text, "Mali")).rstrip("…۔") == "»Mali«, then"


def test_a_decimal_point_ends_no_sentence() -> None:
    assert _marked(_story("Mali paid 3.5 million", "Mali")) == "»Mali« paid 3.5 million"


def test_of_two_alike_the_summary_is_shown_for_the_title_stands_above_anyway() -> None:
    both = _story("In Mali.", "Mali", title="Mali", in_title="Mali")
    assert _marked(both) == "In »Mali«."


def test_the_title_is_shown_where_the_evidence_is_there_only() -> None:
    assert _marked(_story("No word of it.", title="Mali", in_title="Mali")) == "»Mali«"


def test_without_evidence_the_first_sentence_is_shown_and_without_text_none() -> None:
    assert _marked(_story("First. Second.", title="Title")) == "First."
    assert _marked(_story(" \n", title="Title")) == "Title"
    assert sentence(_story("", title="\u200b")) == ()


def test_overlapping_and_touching_evidence_is_marked_once() -> None:
    one = _story("Burkina Faso and Mali", "Burkina Faso", "Faso", "Faso and")
    assert _marked(one) == "»Burkina Faso and« Mali"


def test_spans_that_point_nowhere_are_passed_over() -> None:
    matches = tuple(_match("summary", *span) for span in ((-1, 2), (3, 3), (4, 2), (0, 99)))
    assert _marked(replace(_story("Mali"), matches=matches)) == "Mali"


def test_a_long_sentence_is_shown_from_a_little_before_its_evidence() -> None:
    text = "word " * 100 + "Mali " + "more " * 100
    shown = _marked(_story(text, "Mali"))
    assert shown.startswith("…word ")
    assert shown.endswith("more…")
    assert 60 < shown.index("»Mali«") < 90
    assert len(shown) <= 306


def test_a_long_sentence_is_shown_to_its_end_where_the_evidence_is_late() -> None:
    assert _marked(_story("word " * 100 + "Mali.", "Mali")).endswith("word »Mali«.")


def test_a_long_sentence_without_blanks_is_cut_where_it_must_be() -> None:
    one = _story("x" * 500 + "Mali" + "y" * 500, "Mali")
    assert _marked(one) == "…" + "x" * 80 + "»Mali«" + "y" * 216 + "…"
    assert _marked(_story("x" * 500)) == "x" * 300 + "…"


def test_evidence_beyond_what_is_shown_is_left_out() -> None:
    shown = _marked(_story("Mali " + "word " * 100 + "Niger", "Mali", "Niger"))
    assert shown.startswith("»Mali« word")
    assert "Niger" not in shown


def test_no_more_than_a_dozen_words_are_marked() -> None:
    assert _marked(_story("Mali " * 20, "Mali")).count("»") == 12


def test_invisible_characters_go_and_blanks_around_evidence_stay() -> None:
    one = _story("in \u202eMali\u202c\u200b and\x1b beyond", "\u202eMali\u202c")
    assert sentence(one) == (Piece("in "), Piece("Mali", evidence=True), Piece(" and beyond"))


def test_a_whole_field_is_cut_where_its_evidence_begins_and_ends() -> None:
    one = _story("In Mali, and\nin \u202eNiger.", "Mali", "Niger", title="Coup", in_title="Coup")
    words = [(piece.text, piece.evidence) for piece in marked(one, "summary")]
    assert words == [
        ("In ", False),
        ("Mali", True),
        (", and in ", False),
        ("Niger", True),
        (".", False),
    ]
    assert marked(one, "title") == (Piece("Coup", evidence=True),)
    assert marked(_story(""), "summary") == ()


@given(st.text(max_size=700), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 30))))
def test_whatever_the_text_and_spans_it_is_one_short_clean_line(
    text: str, spans: list[tuple[int, int]]
) -> None:
    matches = tuple(_match("summary", start, start + size) for start, size in spans)
    pieces = sentence(replace(story(), title="", summary=text, matches=matches))
    shown = "".join(one.text for one in pieces)
    assert all(one.text for one in pieces)
    assert len(shown) <= 1_000
    assert "\n" not in shown
    assert bool(clean(text)) == bool(pieces)


def test_a_long_row_of_full_stops_takes_time_by_its_length_only() -> None:
    one = _story("." * 50_000)
    started = time.perf_counter()
    sentence(one)
    # By the square of its length it takes half a minute.
    assert time.perf_counter() - started < 1
