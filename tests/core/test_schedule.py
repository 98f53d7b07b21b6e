"""When deliveries are tried again."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.models import Attempt
from monitor.core.schedule import RETRY_SCHEDULE, retry_gap, spread

FAILED = Attempt(ok=False, detail="500")


def test_a_gap_is_spread_by_up_to_a_tenth() -> None:
    assert (spread(600, 0), spread(600, 1)) == (600, 660)


def test_failed_deliveries_follow_the_published_schedule_and_then_end() -> None:
    gaps = [retry_gap(tries, FAILED, 0) for tries in range(1, 11)]
    assert gaps == [*RETRY_SCHEDULE[1:], None]


def test_a_permanent_refusal_ends_a_delivery_at_once() -> None:
    assert retry_gap(1, Attempt(ok=False, detail="410", permanent=True), 0) is None


def test_a_receiver_that_asks_for_patience_is_obeyed_and_never_given_up() -> None:
    patient = Attempt(ok=False, detail="503", status=503, retry_after=120)
    assert retry_gap(1, patient, 0) == 120
    assert retry_gap(99, patient, 0) == 3_600


def test_what_came_too_fast_is_tried_again_soon_however_often() -> None:
    for tries in (1, 5, 99):
        assert retry_gap(tries, Attempt(ok=False, detail="429", status=429), 0) == 5
    asked = Attempt(ok=False, detail="429", status=429, retry_after=40)
    assert retry_gap(9, asked, 0) == 40


def test_what_may_have_arrived_waits_for_half_a_minute_at_least_and_ends_like_all() -> None:
    lost = replace(FAILED, uncertain=True)
    assert [retry_gap(tries, lost, 0) for tries in (1, 2, 10)] == [30, 300, None]
