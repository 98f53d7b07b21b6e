"""What the shipped rulebook says of texts; all of them made up for this purpose."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.core.models import Entry, Feed, Severity, Tagging
from monitor.core.rulebook import Rulebook, compile_rulebook
from monitor.core.tagging import tag
from monitor.edges.rulebook import load_rulebook
from tests.core.test_rulebook import GOOD


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(None)


@pytest.fixture
def read(rulebook: Rulebook) -> Reader:
    return Reader(rulebook)


class Reader:
    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook

    def __call__(self, title: str, summary: str = "") -> Tagging:
        entry = Entry(feed="", id="", title=title, summary=summary)
        tagging = tag(entry, self.rulebook)
        for match in tagging.matches:
            assert getattr(entry, match.field)[match.start : match.end] == match.text
        return tagging


def subjects(tagging: Tagging) -> set[str]:
    """The topics a desk watches, without the kinds of event and countries."""
    return set(tagging.topics & {"sahel", "russia", "russia-sahel"})


ARMS = [
    "Kremlin to send weapons and instructors to Niger's junta",
    "La Russie livre des armes et des instructeurs à l'armée malienne",
    "Россия направит инструкторов и оружие военным Буркина-Фасо",
    "روسيا ترسل مدربين وأسلحة إلى جيش النيجر",
]


@pytest.mark.parametrize("title", ARMS)
def test_russian_arms_and_training_for_the_sahel_are_critical_in_four_languages(
    read: Reader, title: str
) -> None:
    tagging = read(title)
    assert subjects(tagging) == {"russia-sahel", "sahel", "russia"}
    assert tagging.severity is Severity.CRITICAL
    assert len(tagging.reasons) == 1
    assert tagging.reasons[0].startswith("russia-sahel: ")


@pytest.mark.parametrize(
    "title",
    [
        "Wagner fighters leave Timbuktu as the army takes over",
        "Africa Corps convoy ambushed near Ménaka",
        "Le groupe Wagner quitte le Mali",
        "Вагнеровцы покинули Мали",
        "قوات فاغنر تنسحب من مالي",
        "Goïta denies hiring Wagner",
        "Inside Mali: the state that bet on Wagner",
    ],
)
def test_russias_private_army_in_the_sahel_is_both(read: Reader, title: str) -> None:
    assert "russia-sahel" in read(title).topics


@pytest.mark.parametrize(
    "title",
    [
        "Gunmen attack a market in Burkina Faso",
        "Nigerien court frees a journalist",
        "Nouvelle attaque à Tessalit, dans l'Azawad",
        "Чадский парламент принял закон о выборах",
        "هجوم على قاعدة للجيش في شمال مالي",
        "JNIM claims a raid on the army near Djibo",
        "Chad's president names a new government",
    ],
)
def test_the_sahel_alone_is_the_sahel_only(read: Reader, title: str) -> None:
    assert subjects(read(title)) == {"sahel"}


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Spill in the Niger Delta angers villagers", ""),
        ("Niger State governor sacks aides", ""),
        ("Утечка нефти в дельте Нигера", ""),
        ("انتخابات في ولاية النيجر", ""),
        ("Étoile du Sahel s'incline à Sousse", ""),
        ("أمطار على الساحل الشمالي", ""),
        ("ساحل العاج تستعد للانتخابات", ""),
        ("وزارة المالية تنشر الموازنة", ""),
        ("Arm unveils a Mali GPU for phones", ""),
        ("Singer Mali Okafor tours Wales", ""),
        ("Chad Boyd signs with a new club", ""),
        ("AES-256 keys leak from a cloud provider", ""),
        ("Bayreuth opens with Richard Wagner's Ring", ""),
        ("Oper zeigt Wagner", "Ein Abend mit dem Orchester."),
        ("Les montagnes russes les plus hautes d'Europe", ""),
        ("Кроме того, в городе дым и чад", ""),
        ("Florida Fla. police arrest two", ""),
        ("Mali beat Kenya in AFCON qualifier", "The striker scored in the second half."),
        ("Weather for the weekend", "Sun in the north, rain in the south."),
    ],
)
def test_traps_stay_silent(read: Reader, title: str, summary: str) -> None:
    assert subjects(read(title, summary)) == set()


def test_russia_elsewhere_is_russia_only(read: Reader) -> None:
    assert subjects(read("Putin meets Erdogan in Sochi")) == {"russia"}
    assert subjects(read("Wagner chief Prigozhin halts his march on Moscow")) == {"russia"}


def test_a_name_deep_in_a_text_or_in_a_list_of_states_is_too_light(read: Reader) -> None:
    filler = "The board of the harbour met again to talk about the ferry timetable. " * 6
    deep = read("Harbour board meets", f"{filler} The president of Niger came to see it.")
    assert subjects(deep) == set()
    assert "weight 1, 2 needed" in deep.misses[0]
    listed = read("China cuts duties for Angola, Kenya, Mali and Zambia")
    assert subjects(listed) == set()


def test_a_name_beside_no_word_of_its_matters_is_named_in_passing(read: Reader) -> None:
    tagging = read("Two held at the airport", "One of them had flown in from Bamako.")
    assert subjects(tagging) == set()
    assert "sahel: no @matters" in tagging.misses[0]


def test_a_row_of_only_sahel_states_is_no_mere_list(read: Reader) -> None:
    assert "sahel" in read("Mali, Niger, Burkina Faso and Chad close their borders").topics


def test_names_far_apart_make_no_relation_and_it_is_said(read: Reader) -> None:
    filler = "word " * 50
    tagging = read("Mali army fights jihadists", f"{filler} In Moscow, the Kremlin said no more.")
    assert "russia-sahel" not in tagging.topics


def test_an_unsure_name_is_kept_by_good_company_and_its_loss_is_told(read: Reader) -> None:
    assert "sahel" in read("FLA rebels seize a camp", "Fighting went on near Kidal.").topics
    alone = read("FLA holds its annual dinner")
    assert subjects(alone) == set()
    assert "may be" in alone.misses[0]


def test_words_of_sport_count_against_but_do_not_kill_a_heavy_story(read: Reader) -> None:
    heavy = read(
        "Mali junta bans match after Bamako attack",
        "Goïta's government in Bamako said the army had foiled a JNIM attack in Kati.",
    )
    assert "sahel" in heavy.topics


def test_evidence_names_the_entity_and_the_rule(read: Reader) -> None:
    match = next(one for one in read("Niamey calls").matches if one.text == "Niamey")
    assert (match.topic, match.rule, match.field, match.start) == ("sahel", "sahel", "title", 0)
    assert match.entity
    assert match.name == "Niamey"


def test_a_blocker_beside_a_real_name_does_not_hide_it(read: Reader) -> None:
    tagging = read("Niger Delta traders flee to Niamey, where Niger's army waits")
    assert subjects(tagging) == {"sahel"}
    assert {one.text for one in tagging.matches} >= {"Niamey", "Niger"}


def test_a_friendly_between_the_two_is_no_relation(read: Reader) -> None:
    tagging = read("Mali beat Russia 2-1 in friendly")
    assert subjects(tagging) == set()
    assert any("words against it" in one for one in tagging.misses)


def test_a_rule_may_ask_for_one_entity(rulebook: Rulebook) -> None:
    small = compile_rulebook(GOOD)
    tagging = tag(Entry(feed="", id="", title="Mali and Russia talk"), small)
    assert tagging.topics == {"sahel", "both"}


LABELS = {
    "russia-sahel": {"russia-sahel", "russia", "sahel"},
    "russia": {"russia"},
    "sahel": {"sahel"},
    "none": set(),
}
HEADLINES = tomllib.loads((Path(__file__).parent / "headlines.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("label", "title"), [(label, one) for label, titles in HEADLINES.items() for one in titles]
)
def test_a_headline_gets_the_label_a_person_would_give_it(
    read: Reader, label: str, title: str
) -> None:
    assert subjects(read(title)) == LABELS[label]


def test_what_happened_and_where_are_topics_too(read: Reader) -> None:
    tagging = read("Dozens killed as gunmen attack a village in Burkina Faso")
    assert tagging.topics == {"sahel", "attack", "burkina-faso"}
    assert tagging.severity is Severity.CRITICAL
    # The severity says what it comes from, beside why the story is told at all.
    assert tagging.reasons[0].startswith("sahel: ")
    assert tagging.reasons[1].startswith("critical: many dead in the Sahel: ")
    assert {one.topic for one in tagging.matches} == tagging.topics


def test_a_topic_that_is_only_implied_has_the_evidence_of_what_implies_it(read: Reader) -> None:
    tagging = read("Mali", "Lavrov met the minister.")
    assert {one.topic for one in tagging.matches} == tagging.topics
    assert "russia" in tagging.topics


def test_a_near_miss_names_the_rule_and_what_was_missing(read: Reader) -> None:
    far = read("Harbour board", "word " * 60 + "Niger's army")
    assert any("needed (rule sahel)" in one for one in far.misses)


def test_ten_megabytes_of_names_are_tagged_in_a_moment_by_their_beginning(read: Reader) -> None:
    text = "Russia and Mali and troops. " * 400_000
    started = time.process_time()
    tagging = read("Mali's army", text)
    assert time.process_time() - started < 5
    assert "russia-sahel" in tagging.topics
    assert max(one.end for one in tagging.matches) <= 20_000


@pytest.mark.parametrize(
    "title",
    [
        "マリ軍、首都バマコ近郊で作戦",
        "मौसम की रिपोर्ट",
        "\u202eilaM\u202c \u2066news\u2069",
        "عاجل: Breaking новости ニュース",
        "\ud800 lone surrogate",
        "",
    ],
)
def test_other_scripts_and_mixed_directions_are_read_without_harm(read: Reader, title: str) -> None:
    assert subjects(read(title)) == set()


@pytest.mark.parametrize(
    "title",
    [
        "Gunmen attack army in M\u200bali",
        "Gunmen attack army in Ma\u00adli",
        "Gunmen attack army in \u202aMali\u202c",
        "هجوم على الجيش في م\u0640الي",
        "В Ма\u200dли боевики напали на армию",
        "Gunmen attack army in M&#97;li",
    ],
)
def test_invisible_characters_in_a_name_do_not_hide_it(read: Reader, title: str) -> None:
    assert "sahel" in subjects(read(title))


def test_an_entity_outside_its_years_needs_company() -> None:
    rulebook = load_rulebook(None)

    def topics(year: int) -> frozenset[str]:
        published = datetime(year, 5, 1, tzinfo=UTC)
        title = "Africa Corps veterans gather"
        return tag(Entry(feed="", id="", title=title, published=published), rulebook).topics

    assert "russia" in topics(2025)
    assert topics(1999) == frozenset()


def test_rules_may_ask_for_the_feeds_source_and_country() -> None:
    rules = (
        "[[rules]]\nid = 'r'\ntopic = 'sahel'\nseverity = 'low'\nwhy = 'w'\n"
        "query = 'side:sahel AND source:tass AND country:Russia'\n"
    )
    rulebook = compile_rulebook(GOOD | {"rules.toml": rules})
    entry = Entry(feed="f", id="", title="In Mali")
    assert tag(entry, rulebook, Feed("f", name="TASS", country="Russia")).topics == {"sahel"}
    assert tag(entry, rulebook, Feed("f", name="RFI", country="Russia")).topics == frozenset()
    assert tag(entry, rulebook).topics == frozenset()


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        (
            "Heat wave in India",
            "BAMAKO (AFP) — In Rajasthan, India, schools closed as security fell.",
        ),
        ("Rice deal for the Philippines", "МОСКВА, 5 янв — РИА Новости. Вьетнам поставит рис."),
        (
            "Rice deal",
            "MOSCOW, Jan 5 (TASS) - Vietnam will sell rice to the Philippines, officials said.",
        ),
    ],
)
def test_the_place_a_report_came_from_is_not_what_it_is_about(
    read: Reader, title: str, summary: str
) -> None:
    assert subjects(read(title, summary)) == set()


def test_a_report_that_names_no_other_place_is_about_where_it_came_from(read: Reader) -> None:
    assert (
        "sahel" in read("Gunmen kill soldiers", "BAMAKO (AFP) — An army post was attacked.").topics
    )


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("Traoré scored two goals at the stadium", "beside"),
        ("Poorer than Mali: the villages of Wales", ""),
        ("Russian tourists stranded in Phuket", ""),
    ],
)
def test_namesakes_comparisons_and_private_persons_make_no_topic(
    read: Reader, title: str, why: str
) -> None:
    tagging = read(title)
    assert subjects(tagging) == set()
    assert why in " ".join(tagging.misses)
