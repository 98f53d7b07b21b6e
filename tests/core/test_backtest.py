"""Two rulings on past entries, compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from monitor.core.backtest import Comparison, Count, Noise, Report, Ruling, recorded, ruling
from monitor.core.backtest.sampling import Thinned, evenly
from monitor.core.identity import identify
from monitor.core.models import (
    Alert,
    Archived,
    Match,
    Outcome,
    Sameness,
    Tagging,
    Verdict,
)
from tests import make

BEFORE, DAY = make.at(-1), timedelta(days=1)


def archived(number: int = 0, source: str = "Sahel Daily", days: float = 0.0) -> Archived:
    """An entry that came so many days after NOW and was told to nobody."""
    entry = make.entry(f"Title {number}", id=f"g-{number}")
    at = make.NOW + days * DAY
    return Archived(at, "f", source, entry, Outcome.NO_TOPIC, "no rule matched", Sameness.NEW)


def told(*receivers: str, event: str | None = "e_1", topics: str = "sahel") -> Ruling:
    """A ruling that alerts these."""
    names = frozenset(topics.split())
    return Ruling(Outcome.ALERTED, "because", names, event, frozenset(receivers), True, 2)


NOTHING = Ruling(Outcome.NO_TOPIC, "no rule matched")


def compared(*cases: tuple[Archived, Ruling, Ruling], sample: int = 10) -> Report:
    comparison = Comparison(BEFORE, sample)
    for case in cases:
        comparison.add(*case)
    return comparison.report()


def test_a_ruling_is_what_a_verdict_tells_whom_and_by_which_evidence() -> None:
    entry = make.entry()
    (identity,) = identify([entry])
    matches = (
        Match("sahel", "one", "summary", 0, 4, "Mali"),
        Match("sahel", "two", "title", 0, 4, "Mali"),
    )
    verdict = Verdict(
        entry,
        identity,
        Sameness.NEW,
        Outcome.ALERTED,
        "what it is about",
        event_id="e_1",
        tagging=Tagging(frozenset({"sahel"}), matches=matches),
        alerts=(Alert("desk", "route 1", make.story()), Alert("hook", "route 2", make.story())),
    )
    whom, topics = frozenset({"desk", "hook"}), frozenset({"sahel"})
    assert ruling(verdict) == Ruling(Outcome.ALERTED, "route 1", topics, "e_1", whom, True, 2)
    quiet = replace(
        verdict, alerts=(), outcome=Outcome.NO_ROUTE, reason="no route", tagging=Tagging()
    )
    assert ruling(quiet) == Ruling(Outcome.NO_ROUTE, "no route", event="e_1")


def test_what_was_decided_is_a_ruling_too() -> None:
    one = replace(
        archived(),
        outcome=Outcome.UPDATED,
        topics=("sahel", "russia"),
        event="e_1",
        alerts=(("desk", "story.update"),),
    )
    topics, whom = frozenset({"sahel", "russia"}), frozenset({"desk"})
    assert recorded(one) == Ruling(Outcome.UPDATED, "no rule matched", topics, "e_1", whom)


def test_alerts_on_one_side_only_are_gained_and_lost_by_topic_and_receiver() -> None:
    found = compared(
        (archived(1), told("desk", "hook"), told("desk", event="e_2", topics="sahel russia")),
        (archived(2), NOTHING, told("desk", event="e_3", topics="russia")),
        (archived(3), NOTHING, NOTHING),
    )
    assert (found.entries, found.same, found.moved) == (3, 1, 0)
    assert found.alerts == Count(2, 2, 1, 1)
    assert dict(found.receivers) == {"desk": Count(1, 2, 1, 0), "hook": Count(1, 0, 0, 1)}
    assert dict(found.topics) == {"sahel": Count(2, 1, 0, 1), "russia": Count(0, 2, 1, 0)}
    assert [one.title for one in found.gained] == ["Title 2"]
    (lost,) = found.lost
    assert (lost.title, set(lost.lost), set(lost.gained)) == ("Title 1", {"hook"}, set())
    assert found.changed == 0


def test_an_event_told_by_another_entry_is_the_same_alert_by_either_sides_grouping() -> None:
    found = compared(
        (archived(1), told("desk", event="e_now"), NOTHING),
        (archived(2), replace(NOTHING, event="e_now"), told("desk", event="e_then")),
        (archived(3), told("desk", event="e_other"), replace(NOTHING, event="e_both")),
        (archived(4), NOTHING, told("desk", event="e_both")),
    )
    assert (found.same, found.moved) == (2, 2)
    assert (found.alerts, found.gained, found.lost) == (Count(2, 2, 0, 0), (), ())


def test_one_alert_makes_up_for_one_and_only_for_the_same_receiver() -> None:
    found = compared(
        (archived(1), told("desk"), NOTHING),
        (archived(2), told("desk"), NOTHING),
        (archived(3), replace(NOTHING, event="e_1"), told("hook")),
        (archived(4), replace(NOTHING, event="e_1"), told("desk")),
    )
    assert (found.moved, found.alerts.gained, found.alerts.lost) == (1, 1, 1)
    assert [one.title for one in found.lost] == ["Title 2"]
    assert [one.gained for one in found.gained] == [{"hook"}]


def test_an_alert_that_both_groupings_lead_to_makes_up_for_one_only() -> None:
    found = compared(
        (archived(1), told("desk", event="e_now"), NOTHING),
        (archived(2), told("desk", event=None), replace(NOTHING, event="e_then")),
        (archived(3), replace(NOTHING, event="e_now"), told("desk", event="e_then")),
    )
    assert (found.moved, found.alerts.gained, found.alerts.lost) == (1, 0, 1)
    assert [one.title for one in found.lost] == ["Title 2"]


def test_an_alert_without_an_event_is_only_the_same_for_the_same_entry() -> None:
    found = compared(
        (archived(1), told("desk", event=None), NOTHING),
        (archived(2), NOTHING, told("desk", event=None)),
        (archived(3), told("desk", event="e_1"), told("desk", event="e_2")),
    )
    assert (found.same, found.alerts.gained, found.alerts.lost) == (1, 1, 1)


def test_what_came_before_is_not_counted_but_says_what_was_told_by_then() -> None:
    found = compared(
        (archived(1, days=-1), told("desk"), NOTHING),
        (archived(2, days=-1), told("hook", event="e_7"), NOTHING),
        (archived(3), replace(NOTHING, event="e_1"), told("desk", event="e_9")),
    )
    assert (found.entries, found.alerts) == (1, Count(0, 1, 0, 0))
    assert (found.gained, found.lost, found.moved) == ((), (), 0)


def test_each_day_is_listed_with_its_alerts_and_days_without_any_too() -> None:
    found = compared(
        (archived(1), told("desk"), told("desk")),
        (archived(2, days=2), NOTHING, told("desk", event="e_2")),
    )
    first = make.NOW.date()
    assert found.days == ((first, 1, 1), (first + DAY, 0, 0), (first + 2 * DAY, 0, 1))
    assert (found.first, found.last, found.span) == (make.NOW, make.at(2 * 86_400), 2.0)
    assert compared((archived(1), NOTHING, NOTHING)).span == 1.0


def test_of_nothing_nothing_is_told() -> None:
    assert compared() == Report()
    assert (Report().span, Report().days) == (1.0, ())


def test_other_topics_without_other_alerts_are_counted_by_topic() -> None:
    found = compared(
        (archived(1), told("desk"), told("desk", topics="russia")),
        (archived(2), NOTHING, replace(NOTHING, topics=frozenset({"russia"}))),
        (archived(3, days=-1), NOTHING, replace(NOTHING, topics=frozenset({"russia"}))),
    )
    assert found.changed == 2
    assert dict(found.retopics) == {"russia": Count(gained=2), "sahel": Count(lost=1)}
    assert [one.title for one in found.retagged] == ["Title 1", "Title 2"]


def test_a_gained_alert_is_likely_noise_where_it_shows_all_three_signs() -> None:
    weak = replace(told("desk", "hook"), titled=False, rules=1)
    found = compared(
        (archived(1), NOTHING, weak),
        (archived(2), NOTHING, replace(weak, event="e_2")),
        (archived(3, "The Wire"), NOTHING, replace(NOTHING, event="e_2")),
        (archived(4, "The Wire"), NOTHING, replace(NOTHING, event="e_2")),
        (archived(5), NOTHING, replace(told("desk", event="e_3"), rules=1)),
    )
    assert found.noise == Noise(untitled=4, one_rule=5, alone=3, likely=2)


def test_a_sample_is_spread_evenly_and_its_room_is_bounded() -> None:
    assert evenly("abc", 3) == tuple("abc")
    assert evenly(range(10), 5) == (0, 2, 4, 6, 8)
    thinned = Thinned[int](4)
    for number in range(1_000):
        thinned.add(number)
    kept = tuple(thinned)
    assert len(kept) == 4
    assert kept[0] == 0
    assert kept[-1] > 500
    nothing = Thinned[int](0)
    nothing.add(1)
    assert tuple(nothing) == ()
    found = compared(
        *((archived(n), NOTHING, told("desk", event=f"e_{n}")) for n in range(9)), sample=3
    )
    assert [one.title for one in found.gained] == ["Title 0", "Title 3", "Title 6"]
    assert found.alerts.gained == 9


def test_an_entry_without_a_title_is_shown_by_its_text() -> None:
    one = replace(archived(), entry=make.entry("", summary="Only a text"))
    (change,) = compared((one, NOTHING, told("desk"))).gained
    assert change.title == "Only a text"
    assert change.at.date() == date(2026, 3, 14)
