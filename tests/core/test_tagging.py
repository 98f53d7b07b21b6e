"""What the shipped rulebook says of texts; all of them made up for this purpose."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from monitor.core.models import Entry, Severity, Tagging
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
