"""Past entries through triage, for two sides on the same footing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.backtest import Comparison, Report
from monitor.core.errors import BadInput, Unavailable
from monitor.core.models import Archived, Outcome, Route, Sameness, Silence
from monitor.core.triage import Policy
from monitor.edges.rulebook import SHIPPED, load_rulebook
from monitor.service.backtesting import (
    Backtest,
    Poll,
    Side,
    apart,
    as_decided,
    beginnings,
    compare,
    here,
)
from tests import make

START = datetime(2026, 1, 1, tzinfo=UTC)
DESK = Route(("desk",), topics=frozenset({"sahel"}))
KNOWN = {make.FEED.key: make.FEED, make.OTHER.key: make.OTHER}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy(load_rulebook(None), (DESK,))


def archived(number: int = 0, title: str = "Lavrov lands in Bamako", **more: object) -> Archived:
    """An entry of FEED, decided on number hours after NOW and published an hour before that."""
    at = make.at(3_600 * number)
    link = f"https://sahel.example/{number}"
    entry = make.entry(title, feed="", id=f"g-{number}", link=link, summary="", published=at)
    one = Archived(
        at, make.FEED.key, "Sahel Daily", entry, Outcome.NO_TOPIC, "no rule", Sameness.NEW
    )
    return replace(one, **more)  # type: ignore[arg-type]


def ran(entries: Iterable[Archived], now: Policy | None, then: Policy) -> Report:
    """What two policies make of entries; `now` is None for what was decided."""
    comparison = Comparison(START, sample=10)
    side = here(Side(now) if now else as_decided)
    Backtest(KNOWN, comparison).run(entries, side, Side(then))
    return comparison.report()


def outcomes(policy: Policy, *entries: Archived) -> list[Outcome]:
    return [one.outcome for one in Side(policy)([Poll(make.FEED, [one]) for one in entries])]


def test_two_sides_alike_differ_in_nothing(policy: Policy) -> None:
    entries = [archived(0), archived(1), archived(2, "Gunmen raid Djibo in Burkina Faso")]
    found = ran(entries, policy, policy)
    assert (found.entries, found.same, found.changed) == (3, 2, 0)
    assert (found.gained, found.lost) == ((), ())


def test_other_routes_gain_and_lose_alerts(policy: Policy) -> None:
    other = Route(("hook",), topics=frozenset({"russia"}))
    found = ran([archived(0)], policy, replace(policy, routes=(other,)))
    assert (found.alerts.gained, found.alerts.lost) == (1, 1)
    (gained,) = found.gained
    assert "route 1: russia" in gained.then.reason


def test_the_configured_rulebook_is_held_against_what_was_decided(policy: Policy) -> None:
    told = archived(0, alerts=(("old-desk", "story.alert"),), outcome=Outcome.ALERTED)
    comparison = Comparison(START, sample=10)
    assert compare([told], KNOWN, policy, comparison) == {}
    found = comparison.report()
    assert [set(one.gained) for one in found.gained] == [{"desk"}]
    assert [set(one.lost) for one in found.lost] == [{"old-desk"}]


def test_an_entry_is_judged_at_the_moment_it_was_decided_on(policy: Policy) -> None:
    old = archived(0)
    old = replace(old, entry=replace(old.entry, published=old.at - timedelta(days=8)))
    assert outcomes(policy, old) == [Outcome.TOO_OLD]
    assert outcomes(policy, archived(-24 * 300)) == [Outcome.ALERTED]


def test_what_was_seeded_tells_that_all_of_its_poll_was_a_first_one(policy: Policy) -> None:
    seeded = archived(0, outcome=Outcome.SEEDED)
    undated = replace(seeded, entry=replace(seeded.entry, published=None))
    beside = archived(0, "Gunmen raid Djibo in Burkina Faso")
    beside = replace(beside, entry=replace(beside.entry, id="g-2", link="", published=None))
    side = Side(policy)
    first = side([Poll(make.FEED, [beside, undated])])
    assert [one.outcome for one in first] == [Outcome.SEEDED, Outcome.SEEDED]
    assert outcomes(policy, beside) == [Outcome.ALERTED]


def test_silences_of_today_are_not_asked_and_what_was_silenced_stays_so(policy: Policy) -> None:
    until = make.at(86_400 * 365)
    quiet = replace(policy, silences=(Silence("all", until, topics=frozenset({"sahel"})),))
    silenced = archived(1, "Gunmen raid Djibo in Burkina Faso", outcome=Outcome.SILENCED)
    other = archived(2, "Russian mercenaries kill nine in Kidal")
    told = [archived(0), silenced, other]
    assert outcomes(quiet, *told) == [Outcome.ALERTED, Outcome.SILENCED, Outcome.ALERTED]
    together = [replace(one, at=make.NOW) for one in told]
    rulings = Side(quiet)([Poll(make.FEED, together)])
    assert [one.outcome for one in rulings] == [Outcome.ALERTED, Outcome.SILENCED, Outcome.ALERTED]
    assert ran(told, quiet, quiet).same == 2


def test_feeds_are_looked_up_and_those_that_are_gone_are_made_up_and_counted(
    policy: Policy,
) -> None:
    country = replace(policy, routes=(Route(("desk",), countries=frozenset({"Mali"})),))
    known, gone = archived(0), archived(1, "Gunmen raid Djibo in Burkina Faso", feed="gone")
    comparison = Comparison(START, sample=10)
    assert compare([known, gone, replace(gone, at=make.at(9_000))], KNOWN, country, comparison) == {
        "gone": 2
    }
    (gained,) = comparison.report().gained
    assert gained.title == known.entry.title
    named = replace(policy, routes=(Route(("desk",), sources=frozenset({"Gone Daily"})),))
    comparison = Comparison(START, sample=10)
    compare([replace(gone, source="Gone Daily")], KNOWN, named, comparison)
    assert comparison.report().alerts.then == 1


def test_many_entries_are_handed_over_in_parts_and_all_are_compared(policy: Policy) -> None:
    many = [archived(n, f"Bread prices in town {n}") for n in range(1_201)]
    assert ran(many, policy, policy).entries == 1_201
    assert ran([], policy, policy) == Report()


def test_entries_are_judged_from_the_window_of_events_before_they_are_counted(
    policy: Policy,
) -> None:
    counted, judged = beginnings(make.NOW, timedelta(days=30), policy)
    assert (make.NOW - counted, counted - judged) == (timedelta(days=30), timedelta(hours=72))
    comparison = Comparison(make.at(1_800), sample=10)
    compare([archived(0), archived(1)], KNOWN, policy, comparison)
    assert comparison.report().alerts.then == 0


@pytest.mark.slow
def test_a_side_in_a_process_of_its_own_rules_as_one_in_this(policy: Policy) -> None:
    entries = [archived(n, f"Lavrov lands in Bamako {n}") for n in range(3)]
    polls = [Poll(make.FEED, [one]) for one in entries]
    with apart(None, policy) as asked:
        heard = [asked([one])() for one in polls]
    assert [one for part in heard for one in part] == Side(policy)(polls)
    comparison = Comparison(START, sample=10)
    assert compare(entries, KNOWN, policy, comparison, policy.rulebook, live=SHIPPED) == {}
    assert comparison.report().same == 1
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_a_side_whose_process_dies_is_told_in_a_sentence(policy: Policy) -> None:
    polls = [Poll(make.FEED, [archived(0)])]
    with apart(None, policy) as asked:
        asked(polls)()
        (process,) = multiprocessing.active_children()
        process.kill()
        process.join()
        with pytest.raises(Unavailable, match="has ended"):
            asked(polls)()


@pytest.mark.slow
def test_a_side_that_is_left_in_the_middle_ends_in_good_order(policy: Policy) -> None:
    many = [Poll(make.FEED, [archived(n, f"Lavrov lands in Bamako {n}")]) for n in range(300)]
    with apart(None, policy) as asked:
        (process,) = multiprocessing.active_children()
        asked(many)
    assert process.exitcode == 0


@pytest.mark.slow
def test_a_side_without_a_rulebook_ends_before_it_is_heard(policy: Policy) -> None:
    with apart(SHIPPED / "none", policy) as asked, pytest.raises(Unavailable):
        asked([Poll(make.FEED, [archived(0)])])()
    with pytest.raises(BadInput):
        load_rulebook(SHIPPED / "none")
