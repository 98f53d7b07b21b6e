"""How fast a receiver is sent to, when not at all, and what goes into one message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Attempt, Condition, Delivery, Pace, Receiver, Severity
from monitor.core.pacing import (
    BATCH,
    FAILURES,
    Turn,
    about_the_message,
    after,
    parcels,
    recovered,
    set_back,
    turn,
)
from tests import make

OK, FAILED = Attempt(ok=True, detail="200", status=200), Attempt(ok=False, detail="500", status=500)
FREE = Receiver("desk", "webhook")
SLOW = replace(FREE, pace=Pace(1, 1.0))
CALM = Condition()


def attempts(receiver: Receiver, *all_attempts: Attempt, at: float = 1_000.0) -> Condition:
    """The condition after these attempts, all at the same time."""
    condition = CALM
    for one in all_attempts:
        condition = after(receiver, condition, make.delivery(), one, at, 0.0)
    return condition


def test_without_limits_much_is_sent_at_once() -> None:
    assert turn(FREE, CALM, 1_000.0) == Turn(messages=BATCH)
    assert attempts(FREE, OK, OK) == CALM


def test_a_pace_of_one_a_second_is_kept() -> None:
    assert turn(SLOW, CALM, 1_000.0) == Turn(messages=1)
    condition = attempts(SLOW, OK)
    assert turn(SLOW, condition, 1_000.0).wait == 1.0
    assert turn(SLOW, condition, 1_000.75).wait == 0.25
    assert turn(SLOW, condition, 1_001.0).wait == 0.0


@given(
    st.integers(1, 20),
    st.floats(0.5, 600.0),
    st.lists(st.floats(0.0, 30.0), min_size=1, max_size=80),
)
def test_no_span_ever_holds_more_than_a_burst_and_the_pace_of_its_length(
    count: int, seconds: float, pauses: list[float]
) -> None:
    receiver = replace(FREE, pace=Pace(count, seconds))
    condition, now, sent = CALM, 1_000.0, []
    for pause in pauses:
        now += pause
        now += turn(receiver, condition, now).wait
        condition = after(receiver, condition, make.delivery(), OK, now, 0.0)
        sent.append(now)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            most = count + (sent[last] - sent[first]) * count / seconds
            assert last - first + 1 <= most + 0.001


def test_a_clock_that_ran_ahead_owes_at_most_one_full_bucket_and_one_day() -> None:
    ahead = Condition(paced=9e9, closed=9e9)
    assert turn(SLOW, ahead, 1_000.0).wait == 1.0


def test_a_receiver_that_fails_in_a_row_is_left_alone_longer_each_time_and_then_probed() -> None:
    pauses = []
    condition = CALM
    for number in range(12):
        condition = after(FREE, condition, make.delivery(), FAILED, 1_000.0 + number, 0.0)
        pauses.append(max(0.0, condition.closed - 1_000.0 - number))
    assert pauses == [0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
    assert condition.since == 1_000.0
    assert turn(FREE, condition, 1_012.0).wait == pytest.approx(299.0)
    assert turn(FREE, condition, 1_012.0).closed
    assert turn(FREE, condition, 1_400.0) == Turn(messages=1, probe=True)


def test_one_that_arrives_ends_it() -> None:
    condition = attempts(FREE, *[FAILED] * FAILURES)
    assert recovered(condition, OK, 1_030.0)
    assert not recovered(condition, OK, 1_029.0)
    assert not recovered(condition, FAILED, 1_030.0)
    assert not recovered(attempts(FREE, FAILED), OK, 1_030.0)
    assert after(FREE, condition, make.delivery(), OK, 1_001.0, 0.0) == CALM


def test_whoever_asks_for_patience_gets_it_and_too_many_is_no_failure() -> None:
    busy = Attempt(ok=False, detail="429", status=429, retry_after=30.0)
    assert attempts(FREE, busy) == Condition(since=1_000.0, closed=1_030.0)
    assert attempts(FREE, replace(busy, retry_after=None)).closed == 1_005.0
    away = Attempt(ok=False, detail="503", status=503, retry_after=40.0)
    assert attempts(FREE, away) == Condition(failures=1, since=1_000.0, closed=1_040.0)
    years = Attempt(ok=False, detail="429", status=429, retry_after=9e9)
    assert attempts(FREE, years).closed == 1_000.0 + 86_400.0


def test_in_a_storm_what_takes_the_last_room_takes_all_that_waits() -> None:
    stormy = replace(FREE, storm=Pace(3, 30.0))
    condition, seen = CALM, []
    for _ in range(3):
        seen.append(turn(stormy, condition, 1_000.0))
        condition = after(stormy, condition, make.delivery(), OK, 1_000.0, 0.0)
    assert [(one.messages, one.rolled) for one in seen] == [(2, False), (1, False), (1, True)]
    assert turn(stormy, condition, 1_000.0) == Turn(10.0, rolled=True)
    assert turn(stormy, condition, 1_010.0) == Turn(0.0, 1, rolled=True)
    assert turn(stormy, condition, 1_030.0) == Turn(0.0, 2)


def test_only_alerts_count_for_a_storm() -> None:
    stormy = replace(SLOW, storm=Pace(3, 30.0))
    notice = make.delivery()
    notice = replace(notice, alert=replace(notice.alert, kind="notice"))
    assert after(stormy, CALM, notice, OK, 1_000.0, 0.0).stormed == 0.0
    rolled = replace(notice, bundle="b_1", alert=replace(notice.alert, kind="digest"))
    assert after(stormy, CALM, rolled, OK, 1_000.0, 0.0).stormed == 1_010.0
    assert turn(stormy, CALM, 1_000.0) == Turn(messages=1)


# -- what goes into one message ------------------------------------------------------


def due(*kinds: str, bundle: str = "") -> list[Delivery]:
    found = []
    for number, kind in enumerate(kinds):
        one = make.delivery(f"s_{number}", created=make.at(number))
        found.append(replace(one, bundle=bundle, alert=replace(one.alert, kind=kind)))
    return found


def shown(found: list[tuple[Delivery, ...]]) -> list[list[str]]:
    return [[one.alert.story.id for one in parcel] for parcel in found]


def test_alerts_go_one_by_one_up_to_the_first_that_goes_together() -> None:
    waiting = due("story.alert", "story.update", "digest", "story.alert")
    assert shown(parcels(waiting, Turn(), 30)) == [["s_0"], ["s_1"]]
    assert shown(parcels(waiting, Turn(messages=1), 30)) == [["s_0"]]


def test_a_digest_takes_all_reports_the_gravest_first_as_many_as_one_message_lists() -> None:
    waiting = due("digest", "digest", "story.alert", "digest")
    grave = replace(waiting[1].alert.story, severity=Severity.CRITICAL)
    waiting[1] = replace(waiting[1], alert=replace(waiting[1].alert, story=grave))
    assert shown(parcels(waiting, Turn(), 30)) == [["s_1", "s_0", "s_3"]]
    assert shown(parcels(waiting, Turn(), 2)) == [["s_1", "s_0"]]


def test_in_a_storm_alerts_go_together_and_notices_do_not() -> None:
    waiting = due("story.alert", "notice", "story.update", "digest")
    storm = Turn(messages=1, rolled=True)
    assert shown(parcels(waiting, storm, 30)) == [["s_1"]]
    waiting.pop(1)
    assert shown(parcels(waiting, storm, 30)) == [["s_0", "s_2"]]


def test_what_a_receiver_may_know_by_its_own_id_is_never_put_together_with_others() -> None:
    waiting = due("story.alert", "story.alert", "story.alert", "story.alert")
    waiting[1] = replace(waiting[1], tries=1)
    waiting[2] = replace(waiting[2], uncertain=True)
    storm = Turn(messages=1, rolled=True)
    assert shown(parcels(waiting, storm, 30)) == [["s_0", "s_3"]]
    assert shown(parcels(waiting[1:], storm, 30)) == [["s_1"]]
    tried = due("digest", "digest")
    tried[0] = replace(tried[0], tries=1)
    assert shown(parcels(tried, Turn(), 30)) == [["s_0"]]


@pytest.mark.parametrize(
    "room", [Turn(), Turn(messages=1, rolled=True), Turn(messages=1, probe=True)]
)
@pytest.mark.parametrize("kind", ["story.alert", "digest"])
def test_a_bundle_that_is_not_first_is_never_torn_however_old_its_members_are(
    room: Turn, kind: str
) -> None:
    late = make.delivery("s_late", created=make.at(99))
    waiting = [late, *due(kind, kind, bundle="b_1")]
    assert shown(parcels(waiting, room, 30)) == [["s_late"]]


def test_a_probe_is_what_was_tried_least_and_of_that_the_latest() -> None:
    waiting = due("story.alert", "story.alert", "story.alert")
    waiting[2] = replace(waiting[2], tries=3)
    assert shown(parcels(waiting, Turn(messages=1, probe=True), 30)) == [["s_1"]]


def test_what_is_wrong_with_one_message_says_nothing_against_the_receiver() -> None:
    for status, about in (
        (400, True),
        (413, True),
        (552, True),
        (410, False),
        (307, False),
        (535, False),
    ):
        refused = Attempt(ok=False, detail="no", status=status, permanent=True)
        assert about_the_message(refused) is about
        assert attempts(FREE, FAILED, refused).failures == (0 if about else 2)
    assert not about_the_message(FAILED)


def test_a_condition_is_moved_with_a_clock_that_was_set_back() -> None:
    given = Condition(paced=5_000.0, stormed=0.0, failures=3, since=4_000.0, closed=100.0)
    assert set_back(given, 1_000.0) == Condition(4_000.0, 0.0, 3, 3_000.0, 0.0)


def test_what_went_out_together_once_goes_out_together_again() -> None:
    waiting = due("story.alert", "story.alert", bundle="b_1")
    assert shown(parcels(waiting, Turn(messages=1), 1)) == [["s_0", "s_1"]]
