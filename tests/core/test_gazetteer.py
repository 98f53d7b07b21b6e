"""Finding names."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.core.gazetteer import Entity, Gazetteer, Role, Term
from monitor.core.text import fold

ENTITIES = [
    Entity("Q912", "Mali", "country", "sahel"),
    Entity("Q1032", "Niger", "country", "sahel"),
    Entity("cnsp-mali", "CNSP (Mali)", "government", "sahel"),
    Entity("cnsp-niger", "CNSP (Niger)", "government", "sahel"),
    Entity("aes", "Alliance of Sahel States", "organisation", "sahel"),
    Entity("chad", "Chad", "country", "sahel"),
]
TERMS = [
    *(Term(one, Role.ENTITY, "Q912") for one in ("Mali", "مالي", "Azawad")),
    *(Term(one, Role.ENTITY, "Q1032") for one in ("Niger", "النيجر")),
    Term("CNSP", Role.ENTITY, "cnsp-mali", exact=True),
    Term("CNSP", Role.ENTITY, "cnsp-niger", exact=True),
    Term("AES", Role.ENTITY, "aes", exact=True),
    Term("Чад", Role.ENTITY, "chad", capital=True),
    Term("Niger Delta", Role.BLOCKER, "Niger Delta"),
    Term("Mali", Role.BLOCKER, "Mali Lošinj"),
    Term("наемник*", Role.WORD, "mercenaries"),
    Term("delta", Role.WORD, "rivers"),
    Term("جيش", Role.WORD, "army"),
]
ALL = None
GAZETTEER = Gazetteer.build(ENTITIES, [one for one in TERMS if one.name != "Mali Lošinj"], ALL)


def names(text: str, gazetteer: Gazetteer = GAZETTEER) -> list[tuple[str, str]]:
    """What is found, as (name, as written)."""
    folded = fold(text)
    hits = gazetteer.hits(text, folded, gazetteer.scan(folded.text))
    return [(one.term.name, text[one.span[0] : one.span[1]]) for one in hits]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("In Mali.", "Mali"),
        ("l'Azawad", "Azawad"),
        ("l’Azawad", "Azawad"),
        ("MALI: news", "MALI"),
        ("Mali's army", "Mali"),
        ("وفي مالي", "مالي"),
        ("بمالي", "مالي"),
    ],
)
def test_a_name_is_found_as_a_whole_word_in_its_forms(text: str, written: str) -> None:
    assert names(text) == [("Q912", written)]


@pytest.mark.parametrize(
    "text",
    ["Malicious", "Somali", "anomalie", "إجمالي", "شمالي", "المالي", "nigerian", "Сомали", "xمالي"],
)
def test_a_name_inside_another_word_is_not_found(text: str) -> None:
    assert names(text) == []


def test_the_arabic_article_may_melt_into_a_preposition() -> None:
    assert names("للنيجر") == [("Q1032", "للنيجر")]
    assert names("والنيجر") == [("Q1032", "النيجر")]


def test_a_blocker_swallows_only_the_name_inside_it() -> None:
    found = names("Niger Delta, and Niger")
    assert found == [("Niger Delta", "Niger Delta"), ("Q1032", "Niger")]


def test_a_blocker_as_long_as_a_name_wins() -> None:
    blocked = Gazetteer.build(ENTITIES, TERMS, ALL)
    assert names("Mali", blocked) == [("Mali Lošinj", "Mali")]


def test_acronyms_want_their_case_and_names_that_are_words_their_capital() -> None:
    assert names("AES talks, aes keys, Aes") == [("aes", "AES")]
    assert names("Чад и чад") == [("chad", "Чад")]


def test_two_entities_may_share_a_spelling() -> None:
    assert names("CNSP") == [("cnsp-mali", "CNSP"), ("cnsp-niger", "CNSP")]


def test_an_open_term_stands_for_all_words_that_begin_so() -> None:
    assert names("наемниками") == [("mercenaries", "наемниками")]
    assert names("контрнаемник") == []


def test_a_concept_may_carry_the_article_and_never_hides_a_name() -> None:
    assert names("الجيش") == [("army", "جيش")]
    assert names("the delta of Niger") == [("rivers", "delta"), ("Q1032", "Niger")]


def test_the_longer_of_two_names_wins() -> None:
    more = [*TERMS[:3], Term("Mali Federation", Role.ENTITY, "aes")]
    assert names("Mali Federation", Gazetteer.build(ENTITIES, more, ALL)) == [
        ("aes", "Mali Federation")
    ]


def test_a_text_wakes_only_for_what_a_rule_can_start_from() -> None:
    terms = [
        Term("Mali", Role.ENTITY, "Q912", atoms=("side:sahel",)),
        Term("AES", Role.ENTITY, "aes", atoms=("side:sahel",), exact=True),
        Term("наемник*", Role.WORD, "mercenaries", atoms=("#mercenaries",)),
        Term("delta", Role.WORD, "rivers", atoms=("#rivers",)),
    ]
    gazetteer = Gazetteer.build(ENTITIES, terms, frozenset(("side:sahel", "#mercenaries")))

    def wakes(text: str) -> bool:
        folded = fold(text).text
        return gazetteer.wakes(text, folded, gazetteer.scan(folded))

    assert [wakes(one) for one in ("in Mali", "AES says", "наемники")] == [True] * 3
    assert not any(map(wakes, ("malicious", "aes keys", "the delta", "Somali")))


def test_an_entity_lives_between_its_days_and_on_unknown_ones() -> None:
    one = Entity("x", "X", "pmc", "both", begins=date(2014, 5, 1), ends=date(2023, 8, 31))
    days = [date(2014, 4, 30), date(2014, 5, 1), date(2023, 8, 31), date(2023, 9, 1), None]
    assert [one.lives(day) for day in days] == [False, True, True, False, True]
    assert one.atoms == ("entity:x", "type:pmc", "side:both", "side:russia", "side:sahel")
