"""Which feeds are taken to be polled out of turn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.core.models import FeedState
from monitor.service.polling_now import held
from tests import make

LEASE = timedelta(seconds=90)
PLANNED = FeedState(next_poll=make.at(60))


@pytest.mark.parametrize(
    ("state", "turn", "told"),
    [
        (PLANNED, 60, False),
        (PLANNED, -1, False),
        (PLANNED, 0, False),
        (PLANNED, 59, True),
        (PLANNED, 90, True),
        (PLANNED, 91, False),
        (FeedState(), 5, True),
    ],
)
def test_a_turn_that_was_not_planned_and_can_be_a_lease_is_taken_for_one(
    state: FeedState, turn: float, told: bool
) -> None:
    assert held(state, make.at(turn).timestamp(), make.NOW, LEASE) is told


def test_who_takes_no_turns_is_in_nobodys_hands() -> None:
    assert not held(PLANNED, None, make.NOW, LEASE)
