"""A feed of a test with what is remembered of it: visited, failed, pushed to, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.core.models import Failure, Feed, FeedState, PollOutcome, Validators, Visit
from monitor.core.polling import (
    Approach,
    Polling,
    after_failure,
    after_push,
    after_reading,
    next_visit,
)
from tests import make

POLLING = Polling(interval=600, min_interval=60, max_interval=86_400)
READ = Visit(PollOutcome.OK, Validators('"x"'), "b")


@dataclass
class Watched:
    """A feed and its state at a moment; `jitter` is as in Polling.delay."""

    state: FeedState = field(default_factory=FeedState)
    feed: Feed = make.FEED
    polling: Polling = POLLING
    now: datetime = make.NOW
    jitter: float = 0.0

    def wait(self, **time: float) -> Watched:
        """Let time pass."""
        self.now += timedelta(**time)
        return self

    def turn(self) -> Watched:
        """Wait until the next poll is due."""
        assert self.state.next_poll
        self.now = max(self.now, self.state.next_poll)
        return self

    def read(self, *new: datetime, **more: Any) -> FeedState:
        """A poll that works and brings entries published at these times."""
        visit = replace(READ, new=new, **more)
        self.state = after_reading(
            self.state, self.feed, visit, polling=self.polling, now=self.now, jitter=self.jitter
        )
        return self.state

    def unchanged(self, **more: Any) -> FeedState:
        """A poll answered with 304."""
        return self.read(outcome=PollOutcome.NOT_MODIFIED, **more)

    def fail(self, outcome: PollOutcome = PollOutcome.DNS, after: float | None = None) -> FeedState:
        """A poll that fails."""
        failure = Failure(outcome, f"it is {outcome.value}", after)
        self.state = after_failure(
            self.state, self.feed, failure, polling=self.polling, now=self.now, jitter=self.jitter
        )
        return self.state

    def push(self, *new: datetime) -> FeedState:
        """A push of the hub."""
        self.state = after_push(self.state, new, now=self.now)
        return self.state

    def approach(self) -> Approach:
        """How it is asked now."""
        return next_visit(self.state, self.feed, self.now)

    @property
    def gap(self) -> float:
        """Seconds until the next poll."""
        assert self.state.next_poll
        return (self.state.next_poll - self.now).total_seconds()
