"""Which entries are one story, which stories one event, and what of it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from monitor.core.digest import delivery_id
from monitor.core.identity import identify
from monitor.core.models import (
    Cadence,
    Entry,
    EventRef,
    Feed,
    Known,
    Outcome,
    Place,
    Sameness,
    Silence,
    Verdict,
    Windows,
)
from monitor.core.novelty import facts
from monitor.core.rulebook import Rulebook
from monitor.core.triage import Policy, read, tell
from monitor.edges.rulebook import load_rulebook
from tests import make
from tests.core.desk import Desk, outcomes

WIRE = Feed("https://wire.example/rss", "The Wire", "en")
FRENCH = Feed("https://fr.example/rss", "Le Fil", "fr")
RUSSIAN = Feed("https://ru.example/rss", "Лента", "ru", state_media=True)
ARABIC = Feed("https://ar.example/rss", "الخبر", "ar")
RAID = (
    "Gunmen kill 12 soldiers at army base near Djibo",
    "Militants stormed the military base outside Djibo in northern Burkina Faso on Sunday, killing"
    " at least 12 soldiers, security sources said.",
)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(None)


@pytest.fixture
def desk(rulebook: Rulebook) -> Desk:
    return Desk(rulebook)


def entry(title: str, summary: str = "", hours: float = 0, **more: Any) -> Entry:
    """An entry published so many hours after NOW, under a name of its own."""
    name = f"{title} {summary} {hours}"
    given = make.entry(title, summary=summary, id=name, link="", published=make.at(hours * 3600))
    return replace(given, language=None, **more)


def judge(desk: Desk, one: Entry, feed: Feed = make.FEED) -> Verdict:
    hours = (one.published or make.NOW) - make.NOW
    (verdict,) = desk.judge(one, feed=feed, later=hours.total_seconds())
    return verdict


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        # A wire's credit, another headline, a shortened and an edited lead.
        (RAID[0], f"OUAGADOUGOU (Reuters) - {RAID[1]}"),
        ("Twelve soldiers die in attack on Djibo base", RAID[1]),
        (RAID[0], "Militants stormed the military base outside Djibo in northern Burkina Faso…"),
        (
            "Burkina Faso: army base near Djibo attacked",
            "At least 12 soldiers were killed when militants stormed the military base outside"
            " Djibo in northern Burkina Faso on Sunday, according to security sources.",
        ),
    ],
)
def test_a_copy_under_another_link_is_the_same_story_and_says_why(
    desk: Desk, title: str, summary: str
) -> None:
    first = judge(desk, entry(*RAID))
    copy = judge(desk, entry(title, summary, hours=5), WIRE)
    assert (copy.story_id, copy.outcome) == (first.story_id, Outcome.DUPLICATE)
    assert copy.sameness is Sameness.SAME_TEXT
    assert copy.reason.startswith(f"copy of {RAID[0]}")
    assert "Djibo" in copy.reason


@pytest.mark.parametrize(
    ("feed", "title", "summary"),
    [
        (
            FRENCH,
            "Burkina Faso : douze militaires tués dans l'attaque d'une base à Djibo",
            "Des hommes armés ont attaqué dimanche le camp militaire de Djibo, dans le nord.",
        ),
        (
            RUSSIAN,
            "При нападении на военную базу в Джибо убиты 12 солдат",
            "Боевики атаковали базу армии на севере Буркина-Фасо.",
        ),
        (
            ARABIC,
            "مقتل 12 جنديا في هجوم على قاعدة عسكرية في جيبو",
            "هاجم مسلحون القاعدة شمالي بوركينا فاسو الأحد.",
        ),
    ],
)
def test_a_report_in_another_language_is_another_story_of_the_same_event_and_not_told(
    desk: Desk, feed: Feed, title: str, summary: str
) -> None:
    first = judge(desk, entry(*RAID))
    report = judge(desk, entry(title, summary, hours=3), feed)
    assert report.event_id == first.event_id
    assert report.story_id != first.story_id
    assert (report.outcome, report.sameness) == (Outcome.SAME_EVENT, Sameness.NEW)
    assert report.reason.startswith(f"same event as {RAID[0]}")


@pytest.mark.parametrize(
    ("title", "summary", "hours"),
    [
        # Another place on the same day, the same place later, a wrap-up, the neighbour.
        ("Gunmen kill 9 soldiers at army post near Diapaga", "In eastern Burkina Faso.", 2),
        (RAID[0].replace("12", "20"), RAID[1].replace("12", "20"), 24 * 20),
        ("What we know about jihadist violence in Burkina Faso", "An explainer.", 10),
        ("Gunmen kill 12 soldiers at army base near Ménaka", "In northern Mali.", 2),
    ],
)
def test_what_only_looks_alike_is_an_event_of_its_own_and_alerts(
    desk: Desk, title: str, summary: str, hours: float
) -> None:
    first = judge(desk, entry(*RAID))
    other = judge(desk, entry(title, summary, hours), WIRE)
    assert other.event_id != first.event_id
    assert other.outcome is Outcome.ALERTED
    assert other.placed.startswith("not seen before")


def test_a_form_filled_in_for_another_place_is_no_copy(desk: Desk) -> None:
    form = "Niger : opération de l'armée à {0}, dix terroristes neutralisés"
    lead = "L'armée du Niger a mené une opération à {0}, a annoncé l'état-major."
    first = judge(desk, entry(form.format("Tillabéri"), lead.format("Tillabéri")), FRENCH)
    second = judge(desk, entry(form.format("Diffa"), lead.format("Diffa"), hours=1), FRENCH)
    assert first.story_id != second.story_id


def test_a_numbered_series_is_no_copy_of_itself(desk: Desk) -> None:
    lead = "As Russia's war enters another day, these are the main developments."
    first = judge(desk, entry("Russia-Ukraine war: list of key events, day 481", lead))
    second = judge(desk, entry("Russia-Ukraine war: list of key events, day 482", lead, 24))
    assert first.story_id != second.story_id


def test_a_higher_toll_is_an_update_of_the_event_that_names_it(desk: Desk) -> None:
    first = judge(desk, entry(*RAID))
    later = judge(
        desk,
        entry(
            "Death toll in Djibo base attack rises to 31 soldiers",
            "The army of Burkina Faso now says 31 soldiers were killed at Djibo.",
            hours=9,
        ),
        WIRE,
    )
    assert (later.outcome, later.event_id) == (Outcome.UPDATED, first.event_id)
    (alert,) = later.alerts
    assert alert.kind == "story.update"
    assert alert.news == ("31 killed (12 before)",)
    assert alert.parent == delivery_id(first.alerts[0].story.id, "desk")
    assert alert.reason.startswith("new: 31 killed (12 before)")
    assert [one.source for one in alert.others] == ["Sahel Daily"]
    lower = judge(desk, entry("20 soldiers killed in Djibo base attack", RAID[1], 10), FRENCH)
    assert lower.outcome in {Outcome.SAME_EVENT, Outcome.DUPLICATE}


def test_a_claim_of_responsibility_is_news_once(desk: Desk) -> None:
    judge(desk, entry(*RAID))
    claim = "JNIM claims responsibility for attack on Djibo army base"
    lead = "The group said its fighters killed soldiers at the base in northern Burkina Faso."
    first = judge(desk, entry(claim, lead, hours=20), WIRE)
    assert first.alerts[0].news == ("responsibility is claimed",)
    again = judge(
        desk,
        entry("Jihadists claim responsibility for Djibo base attack", "JNIM said so.", 21),
        make.OTHER,
    )
    assert again.event_id == first.event_id
    assert again.alerts == ()


@pytest.mark.parametrize(("updates", "outcome"), [("digest", "digest"), ("quiet", "same-event")])
def test_a_route_may_keep_updates_for_the_digest_or_stay_quiet(
    rulebook: Rulebook, updates: str, outcome: str
) -> None:
    desk = Desk(rulebook, make.route("desk", updates=updates))
    judge(desk, entry(*RAID))
    later = judge(
        desk, entry("Djibo base attack: toll rises to 31 soldiers killed", RAID[1], 9), WIRE
    )
    assert later.outcome.value == outcome
    assert desk.last
    due = [one.due for one in desk.last.deliveries]
    assert due == ([make.at(10 * 3600)] if updates == "digest" else [])


def test_a_route_may_keep_first_alerts_for_the_digest_too(rulebook: Rulebook) -> None:
    morning = Cadence("Africa/Bamako", digest=time(7, 30))
    desk = Desk(rulebook, make.route("desk", alerts="digest"), cadences={"desk": morning})
    first = judge(desk, entry(*RAID))
    assert (first.outcome, first.alerts[0].kind) == (Outcome.DIGEST, "digest")
    assert desk.last
    assert [one.due for one in desk.last.deliveries] == [make.at(19.5 * 3600)]
    later = judge(desk, entry("Djibo base attack: toll rises to 31 killed", RAID[1], 9), WIRE)
    assert later.alerts[0].kind == "digest"


def test_what_is_silenced_alerts_nobody_then_or_later_and_says_by_what(rulebook: Rulebook) -> None:
    quiet = Silence("q1", make.at(60), topics=frozenset({"sahel"}), comment="exercise")
    desk = Desk(rulebook, silences=(quiet,))
    first = judge(desk, entry(*RAID))
    assert (first.outcome, first.alerts) == (Outcome.SILENCED, ())
    assert first.reason == "silence q1 until 2026-03-14 12:01 UTC (exercise)"
    (copy,) = desk.judge(entry(*RAID), feed=WIRE, later=120)
    assert (copy.outcome, copy.story_id) == (Outcome.DUPLICATE, first.story_id)


def test_a_silence_set_while_running_holds_for_an_event_and_its_withdrawal(desk: Desk) -> None:
    first = judge(desk, entry(*RAID))
    assert first.event_id
    desk.store.add_silence(Silence("q2", make.at(9e6), events=frozenset({first.event_id})))
    title = "Djibo base attack: toll rises to 31 soldiers killed"
    assert judge(desk, entry(title, RAID[1], 9), WIRE).outcome is Outcome.SILENCED
    gone = replace(entry(*RAID), title="Story withdrawn", summary="Published in error.")
    assert judge(desk, gone).outcome is Outcome.SILENCED
    other = "Cholera outbreak declared in Niger's Zinder region"
    assert judge(desk, entry(other, "Officials confirmed it.", 1)).outcome is Outcome.ALERTED


def test_a_receiver_that_never_heard_of_an_event_gets_its_later_story_as_an_alert(
    rulebook: Rulebook,
) -> None:
    desk = Desk(
        rulebook,
        make.route("english", sources=frozenset({"Sahel Daily"})),
        make.route("french", sources=frozenset({"Le Fil"})),
    )
    judge(desk, entry(*RAID))
    title = "Burkina Faso : douze militaires tués dans l'attaque de la base de Djibo"
    report = judge(desk, entry(title, "Des hommes armés ont attaqué dimanche.", 3), FRENCH)
    (alert,) = report.alerts
    assert (alert.receiver, alert.kind) == ("french", "story.alert")
    assert [one.source for one in alert.others] == ["Sahel Daily"]


def test_an_edited_entry_with_a_new_toll_is_an_update_and_a_cosmetic_edit_is_not(
    desk: Desk,
) -> None:
    first = entry(*RAID)
    told = judge(desk, first)
    cosmetic = judge(desk, replace(first, title=RAID[0] + " - update"))
    assert cosmetic.outcome is Outcome.DUPLICATE
    edited = judge(desk, replace(first, summary=RAID[1].replace("12", "19")))
    assert (edited.outcome, edited.story_id) == (Outcome.UPDATED, told.story_id)
    assert edited.alerts[0].news == ("19 killed (12 before)",)


def test_a_corrected_toll_is_told_also_where_it_is_lower(desk: Desk) -> None:
    first = entry(*RAID)
    judge(desk, first)
    corrected = judge(
        desk,
        replace(
            first,
            title="CORRECTED: Gunmen kill 7 soldiers at army base near Djibo",
            summary=RAID[1].replace("12", "7"),
        ),
    )
    assert corrected.outcome is Outcome.UPDATED
    assert corrected.alerts[0].news == (
        "7 killed, not 12 as told before",
        "it says it was corrected",
    )


def test_a_withdrawn_entry_is_told_to_those_who_were_told_of_it(desk: Desk) -> None:
    first = entry(*RAID)
    judge(desk, first)
    gone = judge(desk, replace(first, title="Story withdrawn", summary="Published in error."))
    assert gone.outcome is Outcome.UPDATED
    assert gone.alerts[0].news == ("withdrawn or corrected",)
    assert judge(desk, replace(first, title="Correction", summary="x"), WIRE).alerts == ()


def test_what_was_never_told_is_withdrawn_in_silence(rulebook: Rulebook) -> None:
    desk = Desk(rulebook, make.route("desk", languages=frozenset({"ru"})))
    first = entry(*RAID)
    judge(desk, first)
    gone = judge(desk, replace(first, title="Story withdrawn", summary="In error."))
    assert (gone.outcome, gone.alerts) == (Outcome.NO_TOPIC, ())


def test_a_guid_used_again_for_another_text_is_a_new_story(desk: Desk) -> None:
    first = replace(entry(*RAID), id="latest")
    told = judge(desk, first)
    other = replace(
        entry("Lavrov lands in Bamako for talks with Goïta", "Arms are on the table."), id="latest"
    )
    next_one = judge(desk, other)
    assert next_one.outcome is Outcome.ALERTED
    assert next_one.story_id != told.story_id


def test_reports_within_one_poll_are_compared_with_each_other(desk: Desk) -> None:
    copy = entry(RAID[0], f"(AP) {RAID[1]}", hours=1)
    verdicts = desk.judge(entry(*RAID), copy)
    assert outcomes(verdicts) == ["alerted", "duplicate"]
    assert verdicts[0].story_id == verdicts[1].story_id


def test_the_windows_are_settings(rulebook: Rulebook) -> None:
    narrow = Desk(rulebook, windows=Windows(timedelta(hours=1), timedelta(hours=2)))
    judge(narrow, entry(*RAID))
    late = judge(narrow, entry(RAID[0] + "!", f"(AP) {RAID[1]} More.", hours=3), WIRE)
    assert late.outcome is Outcome.ALERTED
    assert "over 1 h apart" in late.placed


def test_a_graver_turn_and_a_new_subject_are_news(desk: Desk) -> None:
    judge(desk, entry("Blast heard at army base near Djibo", "In northern Burkina Faso."))
    graver = judge(
        desk,
        entry(
            "Blast at Djibo army base kills 40 soldiers, Wagner fighters among dead",
            "The explosion at the base in northern Burkina Faso also hit Russian instructors.",
            2,
        ),
        WIRE,
    )
    assert graver.outcome is Outcome.UPDATED
    news = graver.alerts[0].news
    assert "40 killed" in news
    assert "now russia-sahel" in news
    assert "now critical" in news


def test_an_undated_report_can_join_an_event(desk: Desk) -> None:
    first = judge(desk, entry(*RAID))
    title = "Burkina Faso : douze militaires tués dans l'attaque d'une base à Djibo"
    (report,) = desk.judge(
        replace(entry(title, "Des hommes armés ont attaqué la base."), published=None), feed=FRENCH
    )
    assert report.event_id == first.event_id


def test_while_all_write_of_one_crisis_its_names_tell_its_turns_no_longer_apart(
    desk: Desk,
) -> None:
    """Forty reports that name the same: a new one needs more than those names."""
    for number in range(45):
        judge(
            desk,
            entry(
                f"Wagner mutiny in Russia, dispatch from street {number} of Rostov",
                f"Witness {number} speaks of house {number} and shop {number}.",
                number / 10,
            ),
        )
    turn = judge(
        desk, entry("Wagner mutiny in Russia: rouble falls", "Markets open lower.", 6), WIRE
    )
    assert turn.outcome is Outcome.ALERTED
    comment = judge(
        desk, entry("What the Wagner mutiny in Russia means", "A dispatch from Rostov.", 6), ARABIC
    )
    assert comment.outcome is Outcome.ALERTED
    remark = judge(
        desk, entry("Wagner mutiny in Russia, seen from a street of Rostov", "Views.", 6.2), WIRE
    )
    assert (remark.outcome, remark.alerts) == (Outcome.SAME_EVENT, ())


def test_in_a_crisis_what_adds_nothing_to_it_is_told_no_more_and_a_turn_is(
    rulebook: Rulebook,
) -> None:
    """The place says which event it would be with on any other day; its facts decide."""
    policy = Policy(rulebook, (make.route("desk", topics=frozenset({"russia"})),))
    one = entry("What the Wagner mutiny means for Russia", "Views.")
    (case,) = read(make.FEED, [(one, identify([one])[0])], {}, rulebook)
    assert case.fingerprint
    told = facts(case.fingerprint, case.tagging, ["russia", "sahel", "russia-sahel"])
    crisis = EventRef("e_1", told={"desk": "d_1"}, facts=told)
    where = Place(Sameness.NEW, "not seen before", crisis="e_1")

    def outcome(known: EventRef) -> Verdict:
        (verdict,) = tell([case], [where], Known(events={"e_1": known}), policy, make.NOW)
        return verdict

    quiet = outcome(crisis)
    assert (quiet.outcome, quiet.event_id) == (Outcome.SAME_EVENT, "e_1")
    assert quiet.reason.startswith("all of it was told of the crisis before")
    turn = outcome(replace(crisis, facts=told - {"#mutiny"}))
    assert (turn.outcome, turn.event_id != "e_1") == (Outcome.ALERTED, True)


def test_the_arrival_of_what_was_promised_is_news_of_the_same_event(desk: Desk) -> None:
    promise = entry(
        "Moscow promises arms and instructors to joint force of Mali, Niger and Burkina Faso",
        "Russia will equip and train the 5,000-strong unit, its foreign minister said after talks"
        " with envoys of the three Sahel states.",
    )
    first = judge(desk, promise, WIRE)
    french = entry(
        "La Russie promet des armes et des instructeurs à la force conjointe de l'AES",
        "Moscou va équiper et former l'unité de 5 000 hommes du Mali, du Niger et du Burkina Faso.",
    )
    judge(desk, french, FRENCH)
    arrival = entry(
        "Russian instructors land in Bamako for Sahel joint force",
        "The instructors promised to Mali, Niger and Burkina Faso by Moscow have arrived, Mali's"
        " army said.",
        hours=7,
    )
    later = judge(desk, arrival, WIRE)
    assert later.event_id == first.event_id
    assert [alert.news for alert in later.alerts] == [("a deployment",)]
