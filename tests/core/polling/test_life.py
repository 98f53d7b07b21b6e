"""When a feed that fails is asked again, when it is given up, and how it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.core.models import FeedState, PollOutcome, Validators
from monitor.core.polling import HEALTHS, health, why
from monitor.core.polling.life import failure_gap
from tests import make
from tests.core.polling.feeds import POLLING, Watched

DAY = 86_400.0


def failing(outcome: PollOutcome, **time: float) -> Watched:
    """A feed that worked and fails in this way since then."""
    one = Watched(make.state())
    end = one.now + timedelta(**time)
    one.fail(outcome)
    while one.state.dead is None and one.turn().now <= end:
        one.fail(outcome)
    return one


def died_after(outcome: PollOutcome) -> float:
    """Hours from the first failure to death."""
    one = failing(outcome, days=60)
    assert one.state.dead
    return (one.state.dead - make.NOW).total_seconds() / 3_600


def test_failures_back_off_to_a_quarter_of_an_hour_so_that_recovery_is_seen() -> None:
    gaps = [failure_gap(PollOutcome.DNS, n, None, POLLING) for n in range(1, 8)]
    assert gaps == [60, 120, 240, 480, 900, 900, 900]
    assert failure_gap(PollOutcome.DNS, 5_000, None, POLLING) == 900


def test_what_is_not_there_is_asked_for_more_rarely() -> None:
    assert failure_gap(PollOutcome.HTTP_404, 20, None, POLLING) == 6 * 3_600
    assert failure_gap(PollOutcome.HTTP_410, 1, None, POLLING) == 3_600


def test_a_server_that_asks_for_patience_gets_it_for_a_day_at_most() -> None:
    assert failure_gap(PollOutcome.HTTP_429, 1, 300, POLLING) == 300
    one = Watched()
    assert one.fail(PollOutcome.HTTP_429, after=10.0**9).next_poll == make.at(DAY)
    assert one.state.because == "retry_after 86400"
    assert one.turn().fail(PollOutcome.HTTP_429, after=5.0).because == "failing"


def test_a_poll_that_failed_keeps_what_was_known_and_counts() -> None:
    one = Watched(make.state(4, validators=Validators('"x"'), failures=1))
    one.state = one.fail()
    assert (one.state.failures, one.state.validators, one.state.body) == (2, Validators('"x"'), "b")
    assert (one.state.failing_since, one.state.reason) == (make.NOW, "it is dns")
    assert (one.state.next_poll, one.state.interval) == (make.at(120), 120)
    one.turn().fail()
    assert one.state.failing_since == make.NOW


def test_after_a_protocol_fault_the_next_request_is_unconditional() -> None:
    one = Watched(make.state(validators=Validators('"x"')))
    assert one.fail(PollOutcome.PROTOCOL).validators == Validators()


@pytest.mark.parametrize(
    ("outcome", "hours"),
    [
        (PollOutcome.DNS, 168),
        (PollOutcome.HTTP_5XX, 168),
        (PollOutcome.HTTP_429, 168),
        (PollOutcome.NOT_A_FEED, 84),
        (PollOutcome.HTTP_403, 84),
        (PollOutcome.HTTP_404, 24),
        (PollOutcome.SSRF_BLOCKED, 24),
    ],
)
def test_how_long_a_feed_may_fail_depends_on_how(outcome: PollOutcome, hours: float) -> None:
    assert hours <= died_after(outcome) <= hours + 6


def test_gone_is_believed_after_three_answers_that_take_hours() -> None:
    one = Watched(make.state())
    for _ in range(2):
        assert one.fail(PollOutcome.HTTP_410).dead is None
        one.turn()
    assert one.fail(PollOutcome.HTTP_410).dead == one.now
    assert one.now - make.NOW >= timedelta(hours=2)


def test_a_pause_of_ours_weighs_no_more_than_the_gap_that_was_planned() -> None:
    one = Watched(make.state())
    one.fail(PollOutcome.HTTP_404)
    one.wait(days=30).fail(PollOutcome.HTTP_404)
    assert one.state.badness == pytest.approx(7 / 60)
    one.wait(days=-60).fail(PollOutcome.HTTP_404)
    assert one.state.badness == pytest.approx(7 / 60)


def test_a_single_failure_after_a_long_pause_weighs_nothing() -> None:
    one = Watched(make.state())
    assert one.wait(days=99).fail(PollOutcome.HTTP_404).badness == 0
    never = Watched()
    assert never.fail(PollOutcome.HTTP_404).badness == 0


def test_a_dead_feed_is_asked_once_a_day_for_thirty_days_and_then_no_more() -> None:
    one = failing(PollOutcome.HTTP_404, days=9)
    dead, probes = one.state.dead, 0
    while one.state.next_poll:
        assert (one.gap, one.state.because.partition(" ")[0]) == (DAY, "dead")
        assert health(one.state) == "dead"
        one.turn().fail(PollOutcome.HTTP_404)
        probes += 1
    assert (probes, one.state.dead) == (30, dead)
    assert health(one.state) == "retired"
    assert why(one.state) == "dead for too long: asked no more until the service starts anew"


def test_a_reading_revives_the_dead() -> None:
    one = failing(PollOutcome.HTTP_404, days=9)
    after = one.turn().unchanged()
    assert (after.dead, after.badness, after.failures, health(after)) == (None, 0, 0, "healthy")
    assert one.gap <= 3_600


def test_health_is_one_word() -> None:
    assert health(FeedState()) == "waiting"
    assert health(make.state()) == "healthy"
    assert health(make.state(failures=1)) == "failing"
    assert health(make.state(silent=make.NOW)) == "silent"
    assert health(make.state(silent=make.NOW, failures=1)) == "failing"
    assert set(HEALTHS) == {*["waiting", "healthy", "failing", "silent", "dead", "retired"]}
