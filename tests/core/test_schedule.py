"""When feeds are polled and deliveries tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.models import Attempt, Failure, FeedState, PollOutcome, Validators
from monitor.core.schedule import (
    RETRY_SCHEDULE,
    Polling,
    after_failure,
    after_reading,
    failure_gap,
    next_gap,
    retry_gap,
    spread,
)
from tests import make

POLLING = Polling(interval=600, min_interval=60, max_interval=86_400)
FAILED = Attempt(ok=False, detail="500")


def test_a_feed_starts_at_the_configured_gap_and_nears_one_that_publishes() -> None:
    assert next_gap(0, fresh=False, polling=POLLING) == pytest.approx(660)
    assert next_gap(600, fresh=True, polling=POLLING) == 300
    assert next_gap(60, fresh=True, polling=POLLING) == 60


def test_a_quiet_feed_is_polled_ever_more_rarely_up_to_a_ceiling() -> None:
    gap = 600.0
    for _ in range(100):
        gap = next_gap(gap, fresh=False, polling=POLLING)
    assert gap == 3_600


def test_a_ceiling_below_six_intervals_holds() -> None:
    tight = Polling(interval=2, min_interval=1, max_interval=4)
    assert next_gap(4, fresh=False, polling=tight) == 4


def test_failures_back_off_to_a_quarter_of_an_hour_so_that_recovery_is_seen() -> None:
    gaps = [failure_gap(PollOutcome.DNS, n, None, POLLING) for n in range(1, 8)]
    assert gaps == [60, 120, 240, 480, 900, 900, 900]
    assert failure_gap(PollOutcome.DNS, 5_000, None, POLLING) == 900


def test_what_is_gone_is_asked_for_more_rarely() -> None:
    assert failure_gap(PollOutcome.HTTP_410, 20, None, POLLING) == 6 * 3_600


def test_a_server_that_asks_for_patience_gets_it_for_a_day_at_most() -> None:
    assert failure_gap(PollOutcome.HTTP_429, 1, 300, POLLING) == 300
    assert failure_gap(PollOutcome.HTTP_429, 1, 10**9, POLLING) == 86_400


def test_a_gap_is_spread_by_up_to_a_tenth() -> None:
    assert (spread(600, 0), spread(600, 1)) == (600, 660)


def test_a_poll_that_worked_sets_validators_gap_and_times_and_ends_the_failures() -> None:
    before = make.state(4, failures=3, failing_since=make.at(-9), last_new=make.at(-99))
    after = after_reading(
        before,
        outcome=PollOutcome.OK,
        note="",
        validators=Validators('"x"'),
        body="d",
        fresh=True,
        polling=POLLING,
        now=make.NOW,
        jitter=0,
    )
    assert (after.revision, after.failures, after.failing_since) == (5, 0, None)
    assert (after.last_poll, after.last_new) == (make.NOW, make.NOW)
    assert after.next_poll == make.NOW + timedelta(seconds=300)


def test_a_poll_that_failed_keeps_what_was_known_and_counts() -> None:
    before = make.state(4, validators=Validators('"x"'), failures=1, failing_since=make.at(-60))
    failure = Failure(PollOutcome.DNS, "no such name")
    after = after_failure(before, failure, polling=POLLING, now=make.NOW, jitter=0)
    assert (after.failures, after.validators, after.body) == (2, Validators('"x"'), "b")
    assert (after.failing_since, after.reason) == (make.at(-60), "no such name")
    assert after.next_poll == make.NOW + timedelta(seconds=120)


def test_after_a_protocol_fault_the_next_request_is_unconditional() -> None:
    failure = Failure(PollOutcome.PROTOCOL, "304 to nothing")
    after = after_failure(
        FeedState(validators=Validators('"x"')), failure, polling=POLLING, now=make.NOW, jitter=0
    )
    assert after.validators == Validators()
    assert after.failing_since == make.NOW


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
