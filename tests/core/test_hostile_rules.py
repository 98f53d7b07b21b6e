"""Rules, words and tables written by mistake or in malice: told with their place, in no time."""

from __future__ import annotations

import time

import pytest

from monitor.core.query import QueryError, parse
from tests.core.test_rulebook import GOOD, compiled, faults, one_rule


def told(query: str) -> QueryError:
    with pytest.raises(QueryError) as error:
        parse(query)
    return error.value


@pytest.mark.parametrize(
    "query",
    [
        "(" * 1_000 + "mali" + ")" * 1_000,
        "(" * 100_000 + "mali" + ")" * 100_000,
        "(" * 100_000,
        "mali AND " + "NOT\n" * 5_000 + "niger",
        "title:" * 5_000 + "mali",
        " NEAR/3 ".join(["mali"] * 5_000),
        " UNLESS ".join(["mali"] * 200),
    ],
    ids=["1,000 (", "100,000 (", "never closed", "NOT", "title:", "NEAR", "UNLESS"],
)
def test_a_query_that_is_nested_too_deeply_is_refused_at_once(query: str) -> None:
    begun = time.perf_counter()
    assert "150" in told(query).what
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "operator", ["mali NEAR/{} niger", "mali UNLESS/{} niger", "atleast/{}(a)"]
)
@pytest.mark.parametrize("number", ["10001", "9" * 5_000])
def test_a_number_beyond_all_texts_is_refused_where_it_stands(operator: str, number: str) -> None:
    error = told(operator.format(number))
    assert "takes a number up to 10000" in error.what
    assert error.column == max(operator.find("NEAR"), operator.find("UNLESS"), 0)


def test_of_a_long_query_only_what_is_near_the_mistake_is_shown() -> None:
    query = "mali OR " * 10_000 + ") OR niger" + " OR chad" * 10_000
    line, caret = told(query).shown(query).splitlines()[1:]
    assert len(line) < 250
    assert line[caret.index("^")] == ")"


def test_saved_queries_that_double_each_other_end_before_they_fill_the_memory() -> None:
    lines = [f'q{one} = "@q{one + 1} OR @q{one + 1}"\n' for one in range(15)]
    begun = time.perf_counter()
    said = faults(rules_toml="[queries]\n" + "".join(lines) + 'q15 = "mali"\n')
    assert any("holds more than 10000 words" in one for one in said)
    assert time.perf_counter() - begun < 5


def test_a_circle_of_saved_queries_is_named_once() -> None:
    (first, *_) = faults(rules_toml='[queries]\na = "@b"\nb = "@a"\n')
    assert first.count("goes round in a circle") == 1
    assert first.startswith("rules.toml: queries.a: @")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("", "too short"),
        ("  ", "too short"),
        ("*", "too short"),
        ("a*", "too short"),
        ("ab " * 100_000, "longer than 300 letters"),
        ("---", "holds neither letter nor number"),
        ("\\u202e", "holds neither letter nor number"),
        ("\\u0000", "holds neither letter nor number"),
    ],
)
def test_a_keyword_of_nothing_is_refused_with_its_place(word: str, why: str) -> None:
    (said,) = faults(concepts_toml=GOOD["concepts.toml"] + f'[empty]\nen = ["{word}"]\n')
    assert said.startswith("concepts.toml: empty.en: ")
    assert why in said


def test_a_query_for_signs_alone_is_refused() -> None:
    assert "holds neither letter" in "\n".join(faults(rules_toml=one_rule('"---"')))


@pytest.mark.parametrize("word", ["a", "я", "the", "a\\u0000b", "#loop"])
def test_odd_keywords_do_no_harm(word: str) -> None:
    compiled(concepts_toml=GOOD["concepts.toml"] + f'[loop]\nen = ["{word}"]\n')


def test_a_blocker_of_signs_alone_or_as_long_as_a_book_blocks_nothing() -> None:
    compiled(blockers_txt="---\n\0\n" + "ab " * 100_000 + "\n" + GOOD["blockers.txt"])


@pytest.mark.parametrize("more", ["x = " + "9" * 5_000, "x = " + "[" * 3_000])
@pytest.mark.parametrize("file", ["concepts", "likeness"])
def test_a_number_or_a_nesting_beyond_toml_is_told_as_a_fault_of_the_file(
    file: str, more: str
) -> None:
    text = f"{more}\n{GOOD[f'{file}.toml']}"
    assert any(
        one.startswith(f"{file}.toml: is not valid TOML")
        for one in faults(**{f"{file}_toml": text})
    )


@pytest.mark.parametrize("file", ["entities/states.csv", "lexicon.csv"])
def test_a_cell_that_never_ends_is_told_with_its_line(file: str) -> None:
    key = file.rpartition("/")[2].replace(".", "_")
    lines = GOOD[file].count("\n") + 1
    said = faults(**{key: GOOD[file] + f'"{"x" * 200_000}\n'})
    assert f"{file}:{lines}: is no CSV: field larger than field limit (131072)" in said


def test_a_rulebook_of_100_000_terms_compiles_in_seconds() -> None:
    words = ", ".join(f'"term {one:x} of many"' for one in range(100_000))
    begun = time.perf_counter()
    compiled(concepts_toml=GOOD["concepts.toml"] + f"[many]\nen = [{words}]\n")
    assert time.perf_counter() - begun < 10
