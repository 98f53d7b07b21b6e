"""Where the time between a publication and its alert goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from monitor.core.latency import BOUNDS, SUM, Histogram, budget, lag, parts, tally
from monitor.core.models import (
    Alert,
    Arrival,
    Budget,
    Identity,
    Lag,
    Outcome,
    Sameness,
    Verdict,
)
from tests import make

# The feed is polled at 0 and at 60 seconds, and decided on a second later.
POLLED = Arrival(fetched=make.at(60), last=make.NOW)
DECIDED = make.at(61)


def verdict(published: datetime | None, sameness: Sameness = Sameness.NEW) -> Verdict:
    entry = make.entry(published=published)
    return Verdict(entry, Identity("i", None, "t"), sameness, Outcome.ALERTED, "")


def spent(seconds: float | None, arrival: Arrival = POLLED, **more: Any) -> Budget:
    published = None if seconds is None else make.at(seconds)
    return budget(verdict(published, **more), arrival, DECIDED)


def test_what_came_out_after_the_last_poll_only_waited_for_the_next() -> None:
    assert spent(20) == Budget(feed=0.0, wait=40.0, work=1.0)


def test_what_came_out_before_the_last_poll_was_held_back_by_its_feed() -> None:
    assert spent(-30) == Budget(feed=30.0, wait=60.0, work=1.0)


def test_a_date_to_come_is_taken_for_the_moment_it_was_fetched() -> None:
    assert spent(9_999) == Budget(feed=0.0, wait=0.0, work=1.0)


def test_without_a_date_nothing_is_known_of_the_feeds_part() -> None:
    assert spent(None) == Budget(feed=None, wait=60.0, work=1.0)


def test_the_date_of_an_edited_text_is_not_that_of_its_edit() -> None:
    assert spent(-9_999, sameness=Sameness.UPDATED) == Budget(None, 60.0, 1.0)


def test_while_a_feed_cannot_be_read_all_of_it_is_waiting() -> None:
    failing = replace(POLLED, last=None)
    assert spent(-30, failing) == Budget(None, 90.0, 1.0)
    assert spent(None, failing) == Budget(None, 0.0, 1.0)


def test_for_what_is_pushed_nobody_waits() -> None:
    pushed = replace(POLLED, pushed=True)
    assert spent(20, pushed) == Budget(40.0, 0.0, 1.0)
    assert spent(None, pushed) == Budget(None, 0.0, 1.0)


def test_clocks_that_differ_take_nothing_off() -> None:
    ahead = Arrival(fetched=make.at(60), last=make.at(70))
    assert budget(verdict(make.at(65)), ahead, make.at(50)) == Budget(0.0, 0.0, 0.0)


def test_a_feeds_lag_follows_its_new_dated_entries() -> None:
    first = lag(Lag(), [verdict(make.at(-30)), verdict(make.at(20))], POLLED, DECIDED)
    assert first == Lag(feed=15.0, wait=50.0)
    assert lag(first, [verdict(make.at(59))], POLLED, DECIDED) == Lag(13.1, 43.9)


@pytest.mark.parametrize(
    "told",
    [
        verdict(None),
        verdict(make.at(-30), Sameness.SAME_ID),
        verdict(make.at(-30), Sameness.UPDATED),
        verdict(make.at(-8 * 86_400)),
    ],
)
def test_what_is_undated_known_edited_or_no_news_teaches_no_lag(told: Verdict) -> None:
    assert lag(Lag(1, 2), [told], POLLED, DECIDED) == Lag(1, 2)


def test_a_first_reading_teaches_no_lag() -> None:
    assert lag(Lag(1, 2), [verdict(make.NOW)], None, DECIDED) == Lag(1, 2)


def test_the_parts_of_a_delivery_add_up_to_its_total() -> None:
    one = replace(make.delivery(), budget=Budget(10.0, 5.0, 1.0))
    found = parts(one, make.at(2))
    assert found == {"feed": 10.0, "wait": 5.0, "work": 1.0, "delivery": 2.0, "total": 18.0}
    undated = replace(one, budget=Budget(None, 5.0, 1.0))
    assert parts(undated, make.at(2)) == {"wait": 5.0, "work": 1.0, "delivery": 2.0, "total": 8.0}
    assert parts(replace(one, budget=None), make.at(2)) == {"delivery": 2.0}


def test_what_was_held_for_its_hour_counts_from_then() -> None:
    held = replace(make.delivery(), budget=Budget(0.0, 0.0, 0.0), due=make.at(3_600))
    assert parts(held, make.at(3_602))["delivery"] == 2.0
    assert list(tally([held], make.at(3_602))) == []


@pytest.mark.parametrize("kind", ["notice", "canary"])
def test_what_is_no_news_is_not_counted(kind: str) -> None:
    notice = Alert("desk", "", make.story(), kind=kind)
    assert list(tally([replace(make.delivery(), alert=notice)], make.NOW)) == []


def test_counts_say_how_many_came_up_to_each_bound_and_their_sum() -> None:
    one = replace(make.delivery(), budget=Budget(None, 0.0, 0.2))
    counted = {(part, number): by for part, number, by in tally([one, one], make.at(1))}
    second = str(BOUNDS.index(1.0))
    assert counted["delivery", second] == 2
    assert counted["delivery", SUM] == 2_000
    assert counted["work", str(BOUNDS.index(0.25))] == 2
    assert counted["wait", "0"] == 2
    assert ("feed", SUM) not in counted


def test_quantiles_lie_between_the_bounds_that_hold_them() -> None:
    fast, slow = str(BOUNDS.index(1.0)), str(BOUNDS.index(10.0))
    found = Histogram.read({fast: "90", slow: 10, SUM: "150000"})
    assert (found.count, found.sum) == (100, 150.0)
    assert found.quantile(0.5) == pytest.approx(0.778, abs=0.001)
    assert found.quantile(0.95) == 7.5
    assert Histogram().quantile(0.5) is None
    beyond = Histogram.read({str(len(BOUNDS)): 1})
    assert beyond.quantile(0.5) == 86_400
