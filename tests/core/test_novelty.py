"""What a later report adds to an event."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.models import Fingerprint, Severity, Tagging
from monitor.core.novelty import adds_nothing, changes, facts, news


def printed(*counts: str, concepts: str = "", headed: str = "") -> Fingerprint:
    return Fingerprint(
        counts=frozenset(counts),
        concepts=frozenset((concepts + " " + headed).split()),
        headed=frozenset(headed.split()),
    )


def told(one: Fingerprint, severity: Severity = Severity.LOW, *topics: str) -> frozenset[str]:
    return facts(one, Tagging(frozenset(topics), severity), ["sahel", "russia"])


def test_the_highest_toll_above_all_known_ones_is_news() -> None:
    known = told(printed("killing 12", "wounding 3"))
    one = printed("killing 1400", "killing 9", "wounding 2")
    assert news(one, told(one), known) == ("1,400 killed (12 before)",)
    first = printed("killing 4")
    assert news(first, told(first), told(printed())) == ("4 killed",)


def test_a_turn_counts_where_the_title_speaks_of_it_and_nobody_did_before() -> None:
    title, text = printed(headed="claim"), printed(concepts="claim")
    assert news(title, told(title), told(printed())) == ("responsibility is claimed",)
    assert news(text, told(text), told(printed())) == ()
    assert news(title, told(title), told(text)) == ()


def test_a_new_subject_and_a_graver_severity_are_news_other_topics_are_not() -> None:
    known = told(printed(), Severity.MEDIUM, "sahel")
    now = told(printed(), Severity.CRITICAL, "sahel", "russia", "attack")
    assert news(printed(), now, known) == ("now russia", "now critical")
    milder = told(printed(), Severity.LOW, "sahel")
    assert news(printed(), milder, known) == ()
    still = told(printed(), Severity.MEDIUM, "sahel")
    assert news(printed(), still, told(printed(), Severity.LOW, "sahel")) == ()


def test_an_edit_that_lowers_a_number_or_says_corrected_is_a_change() -> None:
    before, now = printed("killing 12"), printed("killing 9", concepts="correction")
    known = told(before)
    assert changes(now, before, known) == (
        "9 killed, not 12 as told before",
        "it says it was corrected",
    )
    assert changes(before, before, known) == ()
    assert changes(printed("killing 9"), before, known | {"killing 9"}) == ()
    assert changes(printed(), before, known) == ()


def test_a_title_without_a_new_name_or_concept_adds_nothing() -> None:
    known = told(printed("killing 12", concepts="coup troops")) | {"h:goita"}
    comment = replace(printed(headed="coup"), titled=frozenset({"h:goita"}))
    assert adds_nothing(comment, told(comment), known)
    assert not adds_nothing(printed(headed="airport"), told(printed(headed="airport")), known)
    stranger = replace(comment, titled=frozenset({"h:tiani"}))
    assert not adds_nothing(stranger, told(stranger), known)
    graver = printed("killing 30")
    assert not adds_nothing(graver, told(graver), known)
