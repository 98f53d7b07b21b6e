"""The rule language: how queries are read, what they find, and what they say of mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.gazetteer import Entity, Gazetteer, Role, Term
from monitor.core.mentions import find_mentions
from monitor.core.models import Entry
from monitor.core.query import (
    Query,
    QueryError,
    Reading,
    anchors,
    atoms_of,
    contradiction,
    holds,
    missing,
    parse,
    starts_anywhere,
)

MALI = Entity("Q912", "Mali", "country", "sahel", "ML")
RUSSIA = Entity("Q159", "Russia", "country", "russia", "RU")
WORDS = ("gold", "mine*", "deal", "troops", "opera", "two words", "l'azawad")


def reading(title: str, summary: str = "", **values: str) -> Reading:
    """A text in which Mali, Russia and a few words are known."""
    terms = [
        Term("Mali", Role.ENTITY, "Q912", (*MALI.atoms, "named:sahel")),
        Term("Malian", Role.ENTITY, "Q912", MALI.atoms, weak=True),
        Term("Russia", Role.ENTITY, "Q159", (*RUSSIA.atoms, "named:russia")),
        *(Term(one, Role.WORD, one, (f"word:{one}",)) for one in WORDS),
        Term("AES", Role.WORD, "AES", ("exact:AES",), exact=True),
        Term("match", Role.WORD, "sport", ("#sport",)),
        Term("goal", Role.WORD, "sport", ("#sport",)),
    ]
    gazetteer = Gazetteer.build([MALI, RUSSIA], terms, None)
    entry = Entry(feed="", id="", title=title, summary=summary)
    given_values = {name: (value,) for name, value in values.items()}
    return Reading.of(find_mentions(entry, gazetteer), given_values)


def found(query: str, title: str, summary: str = "", **values: str) -> list[str] | None:
    """The evidence as written; None where the query does not hold."""
    evidence = holds(parse(query), reading(title, summary, **values))
    return None if evidence is None else [one.text for one in evidence]


@pytest.mark.parametrize(
    ("query", "title", "evidence"),
    [
        ("entity:Q912", "In Mali", ["Mali"]),
        ("side:russia", "In Mali", None),
        ("type:country", "Mali, Russia", ["Mali", "Russia"]),
        ("about:ML", "Malian", ["Malian"]),
        ("named:sahel", "Malian", None),
        ("gold AND deal", "a gold deal", ["gold", "deal"]),
        ("gold AND deal", "a deal", None),
        ("gold OR deal", "a deal", ["deal"]),
        ("gold AND NOT deal", "gold", ["gold"]),
        ("gold AND NOT deal", "gold deal", None),
        ("NOT gold", "deal", []),
        ("mine*", "the mines", ["mines"]),
        ('"two words"', "in two  words", ["two  words"]),
        ("l'azawad", "L’Azawad", ["L’Azawad"]),
        ("exact:AES", "AES", ["AES"]),
        ("exact:AES", "aes", None),
        ("#sport", "match", ["match"]),
        ("gold AND (deal OR troops)", "gold troops", ["gold", "troops"]),
        ("gold NEAR/1 deal", "deal for gold", ["gold", "deal"]),
        ("gold NEAR/0 deal", "deal for gold", None),
        ("gold ONEAR/1 deal", "deal for gold", None),
        ("deal ONEAR/1 gold", "deal for gold", ["deal", "gold"]),
        ("(gold OR mine*) NEAR/1 deal", "mine: a deal", ["mine", "deal"]),
        ("side:sahel UNLESS/2 opera", "Mali opera", None),
        ("side:sahel UNLESS/2 opera", "Mali opera, and far from it all: Mali", ["Mali"]),
        ("gold UNLESS deal", "gold", ["gold"]),
        ("atleast/2(gold)", "gold and gold", ["gold", "gold"]),
        ("atleast/2(gold)", "gold", None),
        ("atleast/2(gold OR deal)", "gold deal", ["gold", "deal"]),
        ("score/3(side:sahel)", "Mali", ["Mali"]),
        ("score/3(side:sahel, #sport^-1)", "Mali match", None),
        ("score/3.5(side:sahel)", "Mali and Mali", ["Mali", "Mali"]),
        ("score/4(lang:fr, side:sahel)", "Mali", None),
        ("gold WHEN deal", "a gold deal", ["gold"]),
        ("gold WHEN deal", "gold", None),
        ("gold WHEN deal", "deal", None),
        ("gold OR mine* WHEN deal AND troops", "mine deal troops", ["mine"]),
        ("(gold WHEN deal) AND troops", "gold deal troops", ["gold", "troops"]),
    ],
)
def test_a_query_holds_for_its_evidence(query: str, title: str, evidence: list[str] | None) -> None:
    assert found(query, title) == evidence


@pytest.mark.parametrize(
    ("query", "holds_for"),
    [
        ("title:gold", {"title"}),
        ("summary:gold", {"lead", "rest"}),
        ("lead:gold", {"lead"}),
        ("title:(gold OR deal)", {"title"}),
    ],
)
def test_a_field_narrows_what_is_looked_at(query: str, holds_for: set[str]) -> None:
    texts = {
        "title": ("gold", ""),
        "lead": ("", "there is gold"),
        "rest": ("", "word " * 60 + "gold"),
    }
    assert {name for name, text in texts.items() if found(query, *text) is not None} == holds_for


@pytest.mark.parametrize(
    ("query", "value", "does"),
    [
        ("lang:fr", "fr", True),
        ("lang:(fr OR ru)", "ru", True),
        ("lang:f", "fr", False),
        ("country:Mali", "mali", True),
        ("category:politi*", "Politics", True),
        ('source:"Al Jazeera"', "Al Jazeera English", True),
        ("source:jazeer", "Al Jazeera English", False),
        ("source:jazeer*", "Al Jazeera English", True),
        ("author:diallo", "Awa Diallo", True),
        ('url:"/sport/"', "https://example.org/sport/1", True),
        ("url:news", "https://example.org/sport/1", False),
    ],
)
def test_fields_of_entry_and_feed_are_compared_as_a_whole(
    query: str, value: str, does: bool
) -> None:
    name = query.partition(":")[0]
    assert (found(query, "gold", **{name: value}) is not None) is does
    assert found(query, "gold") is None


def test_an_earlier_topic_is_evidence_too() -> None:
    known = reading("Mali and gold")
    assert holds(parse("topic:sahel"), known) is None
    known.topics["sahel"] = tuple(known.mentions["side:sahel"])
    assert holds(parse("topic:sahel AND gold"), known) is not None


def test_a_saved_query_that_was_not_put_in_is_a_bug_and_loud() -> None:
    with pytest.raises(AssertionError, match="@matters was not put in"):
        holds(parse("@matters"), reading("gold"))


def test_the_closest_pair_in_the_title_is_the_evidence() -> None:
    query = parse("side:sahel NEAR/20 side:russia")
    evidence = holds(query, reading("Mali and then Russia", "Mali Russia"))
    assert evidence is not None
    assert [one.field for one in evidence] == ["title", "title"]


@pytest.mark.parametrize(
    ("query", "title", "lack"),
    [
        ("gold", "deal", ""),
        ("gold", "gold", ""),
        ("gold AND deal", "gold", "no deal"),
        ("gold AND deal", "troops", ""),
        ("gold AND NOT deal", "gold deal", '"deal" speaks against it'),
        ("gold AND NOT lang:fr", "gold", 'lang:"fr" speaks against it'),
        (
            "gold NEAR/1 deal",
            "gold " + "and " * 5 + "deal",
            "gold and deal stand 5 words apart, 1 at most",
        ),
        ("gold NEAR/1 deal", "gold", ""),
        ("gold NEAR/1 deal", "deal", ""),
        ("gold WHEN deal", "gold", "no deal"),
        ("gold WHEN deal", "deal", "no gold"),
        ("gold NEAR/1 deal WHEN troops", "gold troops", ""),
        ("gold NEAR/1 deal WHEN troops", "gold deal", "no troops"),
        ("gold NEAR/1 deal", "", ""),
        ("summary:gold", "gold", "gold not in the summary"),
        ("summary:gold", "deal", ""),
        ("atleast/3(gold)", "gold gold", "gold found 2 times of 3"),
        ("atleast/3(gold)", "", ""),
        ("gold UNLESS/2 opera", "gold opera", "gold only within 2 words of opera"),
        ("gold UNLESS/2 opera", "", ""),
        ("score/4(side:sahel, #sport^-1)", "Mali", "weight 3, 4 needed"),
        (
            "score/4(side:sahel, #sport^-1)",
            "Mali goal",
            "weight 3 less 3 for words against it, 4 needed",
        ),
        ("score/4(side:sahel)", "", ""),
        ("(gold OR deal) AND (troops OR mine*)", "gold", "no troops OR mine*"),
    ],
)
def test_what_nearly_holds_says_what_is_missing(query: str, title: str, lack: str) -> None:
    values = {"lang": "fr"} if "lang" in query else {}
    assert missing(parse(query), reading(title, **values)) == lack


@pytest.mark.parametrize(
    "query",
    [
        "side:russia NEAR/40 side:sahel",
        'title:(mali OR "burkina faso") AND NOT #sport',
        "score/2(side:sahel, #sport^-2, (a NEAR/3 b)^.5)",
        'atleast/2(gold*) AND lang:(fr OR ru) AND source:"Al Jazeera"',
        'entity:"Africa Corps" UNLESS/3 rommel',
        'exact:"IB" AND topic:sahel AND @matters',
        "a ONEAR/3 b",
        "a AND b WHEN c OR NOT d",
        "(a WHEN b) OR c",
        "NOT (a OR b)",
        'мали NEAR/3 "в Нигере"',
        'lead:"مالي"',
    ],
)
def test_a_query_written_out_again_reads_the_same(query: str) -> None:
    assert parse(str(parse(query))) == parse(query)


@pytest.mark.parametrize(
    ("query", "column", "what", "hint"),
    [
        ("", 0, "empty", ""),
        ("mali niger", 5, "'niger' cannot stand here", "quotation marks around a phrase"),
        ("a and b", 2, "'and'", "in capitals: AND"),
        ("not mali", 4, "'mali'", "in capitals: NOT"),
        ("a AND OR b", 6, "OR", "between two parts"),
        ("a NOT b", 2, "NOT", "write AND NOT"),
        ("titel:mali", 0, "there is no field titel", "did you mean title:?"),
        ("x:mali", 0, "there is no field x", "fields: title"),
        ("(a OR b", 7, "ends too soon", "never closed"),
        ("a OR b)", 6, "cannot stand here", "one parenthesis too many"),
        ("()", 1, "cannot stand here", "something is missing"),
        ("a NEAR/3", 8, "ends too soon", "behind the last word"),
        ("a NEAR b", 2, "NEAR", "NEAR/5"),
        ("a w/5 b", 2, "'w'", "NEAR/5"),
        ('a AND "b', 6, "never closed", ""),
        ("a^2", 1, "cannot stand here", "inside score/n"),
        ("a,b", 1, "cannot stand here", "score/n"),
        ("a NEAR/3 (b AND c)", 2, "NEAR takes words", "outside"),
        ("a UNLESS/3 NOT b", 11, "NOT", ""),
        ("atleast/2(NOT a)", 0, "atleast takes words", "outside"),
        ('"a b"~5', 5, "'~'", "NEAR/5"),
        ("a + b", 2, "'+'", "AND word"),
        ("a? OR b", 1, "'?'", "a * at the end"),
        ("*", 0, "'*'", "at least two letters"),
        ("a # b", 2, "'#'", "concept"),
        ("a @ b", 2, "'@'", "saved"),
        ("a NEAR/3 topic:x", 2, "NEAR takes words", "topics"),
        ("a WHEN b WHEN c", 9, "WHEN", "between two parts"),
        ("a / b", 2, "'/'", "NEAR/5"),
        ("(" * 151 + "a" + ")" * 151, 0, "more than 150 parentheses", ""),
    ],
)
def test_a_mistake_is_pointed_at_with_a_hint(query: str, column: int, what: str, hint: str) -> None:
    with pytest.raises(QueryError) as told:
        parse(query)
    assert what in told.value.what
    assert hint in told.value.hint
    assert told.value.column == column


def test_the_caret_stands_under_the_mistake_in_its_line() -> None:
    query = "mali AND\n  (niger burkina)"
    with pytest.raises(QueryError) as told:
        parse(query)
    assert told.value.shown(query).splitlines()[1:] == [
        "      (niger burkina)",
        "             ^",
    ]


@given(st.text(alphabet='ab "()/*^~#@:,.3-ANDORTNEU\n', max_size=40))
def test_whatever_is_written_is_read_or_refused_in_words(query: str) -> None:
    error, tree = _read(query)
    if error:
        assert 0 <= error.column <= len(query)
        assert error.what
    if tree:
        assert parse(str(tree)) == tree


def _read(query: str) -> tuple[QueryError | None, Query | None]:
    try:
        return None, parse(query)
    except QueryError as error:
        return error, None


@pytest.mark.parametrize(
    ("query", "starts"),
    [
        ("side:sahel AND gold", {"side:sahel"}),
        ("gold AND side:sahel", {"side:sahel"}),
        ("side:sahel OR gold", {"side:sahel", "word:gold"}),
        ("side:sahel OR lang:fr", None),
        ("NOT side:sahel", None),
        ("side:russia NEAR/3 (side:sahel OR gold)", {"side:russia"}),
        ("gold UNLESS deal", {"word:gold"}),
        ("gold WHEN side:sahel", {"side:sahel"}),
        ("title:atleast/2(gold)", {"word:gold"}),
        ("score/2(side:sahel, #sport^-1)", {"side:sahel"}),
        ("score/0(side:sahel)", None),
        ("score/1(#sport^-1)", None),
        ("topic:sahel AND gold", {"side:sahel"}),
    ],
)
def test_a_query_knows_what_a_text_must_hold_for_it(query: str, starts: set[str] | None) -> None:
    known = {"sahel": frozenset(("side:sahel",))}
    found_anchors = anchors(parse(query), known)
    assert found_anchors == (None if starts is None else frozenset(starts))


def test_a_query_knows_its_atoms_whether_it_starts_anywhere_and_contradicts_itself() -> None:
    query = parse("title:(a OR #b) AND topic:c AND lang:fr")
    assert atoms_of(query) == {"word:a", "#b", "topic:c"}
    assert starts_anywhere(parse("NOT a"))
    assert not starts_anywhere(parse("topic:c"))
    assert contradiction(parse("a AND NOT b")) == ""
    assert contradiction(parse("(a AND NOT a) OR b")) == ""
    assert contradiction(parse("c AND (a AND NOT a)"))
    assert contradiction(parse("title:(lead:a)"))
    assert not contradiction(parse("lead:(summary:a)"))
    assert not contradiction(parse("title:(title:a)"))
