"""Sending what waits for one receiver: claim, act, record.

One receiver is served by one sender at a time (a lease), in the order of its outbox, so
a receiver that hangs delays only itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.digests import digest_of
from monitor.core.models import Attempt, Delivery
from monitor.core.schedule import retry_gap
from monitor.service.ports import Outbox, Transport

# Reports in one digest; what is more comes in the next message.
_LONGEST_DIGEST = 30


@dataclass(frozen=True, slots=True)
class Sent:
    """What one attempt came to; `retry_at` is None when there is none to come."""

    delivery: Delivery
    attempt: Attempt
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what waits. `token` draws a name for a lease that nobody else has.

    `lease`: how long a delivery stays ours; twice what a send can take. `patience`: after
    this long the rest is left to the next wake-up.
    """

    outbox: Outbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    token: Callable[[], str]
    lease: timedelta = timedelta(seconds=30)
    patience: timedelta = timedelta(seconds=30)

    async def drain(self, receiver: str, transport: Transport, told: Callable[[Sent], None]) -> int:
        """Send what is due to a receiver; how many attempts were made.

        `told` hears of each attempt as soon as it is written down.
        """
        attempts = 0
        with self._alone(receiver) as ours:
            enough = self.clock() + self.patience
            while ours() and self.clock() < enough:
                all_sent = await self._send_next(receiver, transport)
                if not all_sent:
                    break
                for sent in all_sent:
                    told(sent)
                attempts += 1
                if sent.attempt.status is None and not sent.attempt.ok:
                    # It hangs or is away: the rest waits for a wake-up, others for this turn.
                    break
        return attempts

    @contextmanager
    def _alone(self, receiver: str) -> Iterator[Callable[[], bool]]:
        name, token = f"receiver:{receiver}", self.token()
        try:
            yield lambda: self.outbox.acquire(name, token, self.lease)
        finally:
            self.outbox.release(name, token)

    async def _send_next(self, receiver: str, transport: Transport) -> tuple[Sent, ...]:
        """Send what is due next: one alert, or all reports of a digest as one message."""
        claimed = await asyncio.to_thread(self._claim, receiver)
        if not claimed:
            return ()
        try:
            attempt = await transport.send(digest_of(claimed), self.clock())
        except Exception as bug:
            # Written down first, so that the delivery waits its turn like any failed one
            # and does not come back at once to hit the same bug; then it is loud.
            for one in claimed:
                self._record(one, Attempt(ok=False, detail=f"bug: {type(bug).__name__}"))
            raise
        return tuple([await asyncio.to_thread(self._record, one, attempt) for one in claimed])

    def _claim(self, receiver: str) -> list[Delivery]:
        """The next due delivery; of a digest all that is due of it, up to the first other."""
        claimed: list[Delivery] = []
        while len(claimed) < _LONGEST_DIGEST:
            now = self.clock()
            one = self.outbox.claim_delivery(receiver, now, now + self.lease)
            if one is None:
                break
            claimed.append(one)
            if one.alert.kind != "digest":
                break
        if len(claimed) > 1 and claimed[-1].alert.kind != "digest":
            # Claimed in passing: it is due again at once, behind the digest.
            self.outbox.let_go(claimed.pop(), self.clock())
        return claimed

    def _record(self, delivery: Delivery, attempt: Attempt) -> Sent:
        now = self.clock()
        gap = None if attempt.ok else retry_gap(delivery.tries + 1, attempt, self.jitter())
        retry_at = None if gap is None else now + timedelta(seconds=gap)
        self.outbox.record(delivery, attempt, now, retry_at)
        return Sent(delivery, attempt, retry_at)
