"""What triage decides on one poll's entries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.identity import identify
from monitor.core.models import Outcome, Sameness
from monitor.core.rulebook import Rulebook
from monitor.core.triage import Policy
from monitor.edges.rulebook import load_rulebook
from tests import make
from tests.core.desk import Desk, outcomes


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(None)


@pytest.fixture
def desk(rulebook: Rulebook) -> Desk:
    return Desk(rulebook)


def test_a_new_story_on_a_topic_alerts_its_receivers_and_says_why(desk: Desk) -> None:
    (verdict,) = desk.judge(make.entry())
    assert verdict.outcome is Outcome.ALERTED
    (alert,) = verdict.alerts
    assert alert.receiver == "desk"
    assert "russia-sahel" in alert.reason
    assert "Lavrov" in alert.reason
    assert "route 1" in alert.reason
    assert verdict.story_id == alert.story.id
    assert verdict.event_id


def test_an_entry_shown_again_is_a_duplicate_of_its_own_story(desk: Desk) -> None:
    (first,) = desk.judge(make.entry())
    (again,) = desk.judge(make.entry())
    assert (again.outcome, again.sameness) == (Outcome.DUPLICATE, Sameness.SAME_ID)
    assert (again.of, again.story_id) == ("guid-1", first.story_id)
    assert again.alerts == ()


def test_an_entry_about_nothing_of_ours_has_no_topic_and_is_not_told_twice(desk: Desk) -> None:
    plain = make.entry("Ferry timetable changes", summary="Earlier crossings in spring.")
    (verdict,) = desk.judge(plain)
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_TOPIC, "no rule matched")
    (again,) = desk.judge(plain)
    assert (again.outcome, again.of, again.story_id) == (Outcome.DUPLICATE, "guid-1", None)


def test_a_near_miss_is_named(desk: Desk) -> None:
    (verdict,) = desk.judge(make.entry("Spill in the Niger Delta", summary="Oil again."))
    assert verdict.outcome is Outcome.NO_TOPIC
    assert "Niger Delta" in verdict.reason


@pytest.mark.parametrize(
    ("change", "sameness"),
    [
        ({"title": "Russia's envoy in Mali"}, Sameness.SAME_LINK),
        ({"link": "https://wire.example/other"}, Sameness.SAME_TEXT),
        ({"link": ""}, Sameness.SAME_TEXT),
    ],
)
def test_a_copy_in_another_feed_does_not_alert_and_joins_the_story(
    desk: Desk, change: dict[str, str], sameness: Sameness
) -> None:
    (first,) = desk.judge(make.entry())
    copy = make.entry(id="other", feed=make.OTHER.url, **change)
    (verdict,) = desk.judge(copy, feed=make.OTHER)
    assert (verdict.outcome, verdict.sameness) == (Outcome.DUPLICATE, sameness)
    assert (verdict.story_id, verdict.of) == (first.story_id, "guid-1")
    (stored,) = desk.store.stories(make.at(-9))
    assert [one.source for one in stored.carriers] == ["Sahel Daily", "The Wire"]


def test_copies_within_one_document_alert_once(desk: Desk) -> None:
    verdicts = desk.judge(make.entry(), make.entry(id="guid-2", link="https://x.example/2"))
    assert outcomes(verdicts) == ["alerted", "duplicate"]


def test_an_entry_with_one_storys_link_and_anothers_text_carries_that_text(desk: Desk) -> None:
    one = make.entry()
    two = make.entry(
        "Niger's junta meets Putin's envoy",
        id="2",
        link="https://x.example/2",
        summary="Uranium was on the table.",
    )
    desk.judge(one, two)
    crossed = replace(one, id="3", link=two.link)
    (verdict,) = desk.judge(crossed, feed=make.OTHER)
    assert (verdict.of, verdict.sameness) == ("guid-1", Sameness.SAME_TEXT)
    assert desk.judge(replace(two, id="4"), feed=make.OTHER)[0].of == "2"


def test_an_entry_that_gains_a_topic_when_edited_alerts_then(desk: Desk) -> None:
    desk.judge(make.entry("Breaking: more follows", summary=""))
    (verdict,) = desk.judge(make.entry())
    assert (verdict.outcome, verdict.sameness) == (Outcome.ALERTED, Sameness.UPDATED)


def test_an_edited_entry_that_was_told_is_an_update_without_a_second_alert(desk: Desk) -> None:
    (first,) = desk.judge(make.entry())
    (verdict,) = desk.judge(make.entry("Lavrov lands in Bamako for two days"))
    assert (verdict.outcome, verdict.sameness) == (Outcome.DUPLICATE, Sameness.UPDATED)
    assert verdict.story_id == first.story_id
    (gone,) = desk.judge(make.entry("Nothing of ours any more", summary="At all."))
    assert gone.outcome is Outcome.NO_TOPIC
    (back,) = desk.judge(make.entry())
    assert (back.outcome, back.story_id) == (Outcome.DUPLICATE, first.story_id)


def test_an_entry_edited_into_a_copy_of_a_told_story_stays_silent(desk: Desk) -> None:
    desk.judge(make.entry(), feed=make.OTHER)
    desk.judge(make.entry("Breaking: more follows", summary="", link=""))
    (verdict,) = desk.judge(make.entry(link=""))
    assert (verdict.outcome, verdict.sameness) == (Outcome.DUPLICATE, Sameness.UPDATED)


def test_the_first_poll_alerts_only_what_is_fresh(desk: Desk) -> None:
    old = make.entry(published=make.at(-25 * 3600))
    undated = make.entry(
        "Wagner leaves Mali",
        id="2",
        link="https://x.example/2",
        summary="The mercenaries say their mission is over.",
        published=None,
    )
    fresh = make.entry(
        "Putin calls Goïta", id="3", link="https://x.example/3", summary="They spoke of grain."
    )
    verdicts = desk.judge(old, undated, fresh, first_poll=True)
    assert outcomes(verdicts) == ["seeded", "seeded", "alerted"]
    assert "24 h" in verdicts[0].reason
    assert "no date" in verdicts[1].reason


def test_a_copy_of_a_seeded_story_stays_silent_too(desk: Desk) -> None:
    desk.judge(make.entry(published=make.at(-99 * 3600)), first_poll=True)
    copy = make.entry(id="x", published=make.at(-60))
    (verdict,) = desk.judge(copy, feed=make.OTHER)
    assert verdict.outcome is Outcome.DUPLICATE


def test_later_polls_take_undated_and_future_entries_but_not_last_weeks(desk: Desk) -> None:
    undated = make.entry(published=None)
    future = make.entry(
        "Putin calls Goïta", id="2", link="", summary="On grain.", published=make.at(9e6)
    )
    old = make.entry(
        "Wagner in Mali", id="3", link="", summary="A portrait.", published=make.at(-8 * 86_400)
    )
    verdicts = desk.judge(undated, future, old)
    assert outcomes(verdicts) == ["alerted", "alerted", "too-old"]
    assert "168 h" in verdicts[2].reason


def test_a_topic_that_no_route_takes_is_told_to_nobody_and_says_which_refused(
    rulebook: Rulebook,
) -> None:
    picky = Desk(rulebook, make.route("desk", languages=frozenset({"ru"})))
    (verdict,) = picky.judge(make.entry())
    assert verdict.outcome is Outcome.NO_ROUTE
    assert verdict.reason == "route 1: wants language ru, this is en"
    unrouted = Desk(rulebook)
    unrouted.policy = Policy(rulebook, ())
    assert unrouted.judge(make.entry())[0].reason == "no route is configured"


def test_a_receiver_that_was_not_told_hears_of_a_story_by_a_copy(rulebook: Rulebook) -> None:
    desk = Desk(
        rulebook,
        make.route("mali", countries=frozenset({"Mali"})),
        make.route("france", countries=frozenset({"France"})),
    )
    desk.judge(make.entry())
    (verdict,) = desk.judge(make.entry(id="copy"), feed=make.OTHER)
    assert [one.receiver for one in verdict.alerts] == ["france"]
    assert [one.source for one in verdict.alerts[0].others] == ["Sahel Daily"]


def test_an_entry_without_guid_is_called_by_its_link_or_else_its_identity(desk: Desk) -> None:
    bare = make.entry(id="")
    desk.judge(bare)
    assert desk.judge(bare)[0].of == bare.link
    nameless = make.entry(
        "Wagner quits Mali for good, says Goïta", id="", link="", summary="He thanked its men."
    )
    desk.judge(nameless)
    (again,) = desk.judge(nameless)
    assert again.of == identify([nameless])[0].id


def test_a_skimmed_entry_is_noted_as_seen_and_neither_read_nor_told(desk: Desk) -> None:
    full = make.entry()
    (verdict,) = desk.judge(replace(full, summary="", skimmed=True), first_poll=True)
    assert (verdict.outcome, verdict.sameness) == (Outcome.TOO_OLD, Sameness.NEW)
    assert verdict.reason == "older than the first poll may alert: only noted as seen"
    assert verdict.tagging.topics == frozenset()
    assert desk.last is not None
    assert desk.last.claims == {}
    assert [one.text for one in desk.last.seen.values()] == [""]


def test_the_text_of_a_skimmed_entry_is_filled_in_once_it_is_read(desk: Desk) -> None:
    full = make.entry()
    desk.judge(replace(full, summary="", skimmed=True), first_poll=True)
    (again,) = desk.judge(full)
    assert (again.outcome, again.sameness) == (Outcome.DUPLICATE, Sameness.SAME_ID)
    assert desk.last is not None
    assert [one.text for one in desk.last.seen.values()] == [again.identity.text]
    (changed,) = desk.judge(replace(full, title=f"{full.title} again"))
    assert changed.sameness is Sameness.UPDATED


def test_a_known_text_is_not_forgotten_where_it_is_skimmed_later(desk: Desk) -> None:
    desk.judge(make.entry())
    (again,) = desk.judge(replace(make.entry(), skimmed=True))
    assert again.outcome is Outcome.DUPLICATE
    assert desk.last is not None
    assert desk.last.seen == {}
