"""Sending what waits for one receiver: look, claim, act, record.

One receiver is served by one sender at a time (a lease), in the order of its outbox, so
a receiver that hangs delays only itself. What may be sent now, and what goes together, is decided
in core/pacing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.digests import bundle_of, message_of
from monitor.core.errors import Unavailable
from monitor.core.models import Attempt, Condition, Delivery, Receiver
from monitor.core.notices import notices
from monitor.core.pacing import (
    BATCH,
    Turn,
    about_the_message,
    after,
    parcels,
    recovered,
    turn,
)
from monitor.core.schedule import retry_gap
from monitor.service.ports import Outbox, Transport

# What is looked at where it goes together: a digest is ranked as a whole.
_DIGEST = 500
# Attempts that ended without a record (the process was killed) before it counts as a failure.
_INTERRUPTED = 5
# Seconds waited here for a pace to be kept; what takes longer is left to the sweep.
_NAP = 5.0
# Seconds that a send has beyond its time-out.
_GRACE = 0.5
# Seconds between tries to write down an answer while the store is away.
_AGAIN = 0.2

Parcel = tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What one attempt came to: the message, and the deliveries it carried; `retry_at` is None
    when there is none to come.
    """

    delivery: Delivery
    carried: Parcel
    attempt: Attempt
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Served:
    """What serving a receiver came to: attempts made, whether more is due now, and the receivers
    that were put something into their outboxes.
    """

    attempts: int = 0
    again: bool = False
    noticed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what waits. `token` draws a name for a lease that nobody else has.

    `timeout`: what a send may take in all. `patience`: after this long the rest is left to the
    next wake-up, and so long an answer is kept while the store is away. `stopping`: whether to
    end after the message in hand. `notify`: who is told of receivers in trouble. `elapsed`: seconds
    by a clock that nobody sets.
    """

    outbox: Outbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    token: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    elapsed: Callable[[], float] = time.monotonic
    stopping: Callable[[], bool] = lambda: False
    notify: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=15)
    patience: timedelta = timedelta(seconds=30)

    @property
    def lease(self) -> timedelta:
        """How long a receiver stays ours: twice what a send can take."""
        return 2 * self.timeout

    async def serve(
        self,
        receiver: Receiver,
        transport: Transport,
        told: Callable[[Sent], None],
        reports: int = 30,
    ) -> Served:
        """Send what is due to a receiver; `told` hears of each attempt as soon as it is written
        down. `reports`: how many reports one message can list.
        """
        lease, token = f"receiver:{receiver.name}", self.token()
        if not self.outbox.acquire(lease, token, self.lease):
            return Served()
        serving = _Serving(self, receiver, transport, told, reports, lease, token)
        try:
            ended = await serving.run()
        finally:
            self.outbox.release(lease, token)
        # Looked at once more without the lease: what came while we held it was left to us.
        more = ended and bool(self.outbox.due(receiver.name, self.clock(), 1))
        return Served(serving.attempts, more, tuple(serving.noticed))


@dataclass
class _Serving:
    """One receiver while it is ours."""

    sender: Sender
    receiver: Receiver
    transport: Transport
    told: Callable[[Sent], None]
    reports: int
    lease: str
    token: str
    attempts: int = 0
    noticed: dict[str, None] = field(default_factory=dict)
    _condition: Condition = field(default_factory=Condition)
    _renewed: float = 0.0
    _lost: bool = False

    async def run(self) -> bool:
        """Serve until nothing is due, or it is enough; whether to look for more at once."""
        sender, name = self.sender, self.receiver.name
        self._condition = sender.outbox.condition(name)
        self._renewed = sender.elapsed()
        enough = self._renewed + sender.patience.total_seconds()
        while self._goes_on() and sender.elapsed() < enough:
            room = turn(self.receiver, self._condition, sender.clock().timestamp())
            if not (due := self._due(room)):
                return True
            if room.closed or room.wait > _NAP:
                return False
            if room.wait:
                await sender.sleep(room.wait)
                continue
            await self._send_all(parcels(due, room, self.reports))
        return not sender.stopping() and not self._lost

    def _goes_on(self) -> bool:
        """Whether to make another attempt; the lease on the receiver is renewed in time."""
        now, lease = self.sender.elapsed(), self.sender.lease
        # A third of it may pass unrenewed: what is left is longer than a send.
        if now - self._renewed >= lease.total_seconds() / 3:
            self._lost = not self.sender.outbox.renew(self.lease, self.token, lease)
            self._renewed = now
        return not self._lost and not self.sender.stopping()

    def _due(self, room: Turn) -> Parcel:
        outbox, now = self.sender.outbox, self.sender.clock()
        due = outbox.due(self.receiver.name, now, 1 if room.wait else BATCH)
        together = room.rolled or room.probe or (due and due[0].alert.kind == "digest")
        if len(due) == BATCH and together:
            return outbox.due(self.receiver.name, now, _DIGEST)
        return due

    async def _send_all(self, messages: Sequence[Parcel]) -> None:
        """Claim all, then send one by one; what is left after a failure is given back."""
        left, now = list(messages), self.sender.clock()
        claimed = [one for parcel in messages for one in parcel]
        until = now + self.sender.lease
        if not self.sender.outbox.claim(claimed, now, until, bundle_of(messages[0])):
            # Somebody else had them while we slept: what is due now is looked at anew.
            self._lost = True
            return
        try:
            while left and self._goes_on() and await self._send(left.pop(0)):
                continue
        finally:
            if left and not self._lost:
                self.sender.outbox.let_go([one for parcel in left for one in parcel])

    async def _send(self, parcel: Parcel) -> bool:
        """Send one message and write down what came of it; whether it arrived."""
        message = message_of(parcel)
        if message.interrupted >= _INTERRUPTED:
            why = f"{message.interrupted} attempts were interrupted before their answer"
            await self._record(message, parcel, _failed(why), self._condition)
            return False
        try:
            self.sender.outbox.begin(parcel)
            attempt = await self._attempt(message)
        except Unavailable:
            raise
        except Exception as bug:
            # Written down first, so that the delivery waits its turn like any failed one
            # and does not come back at once to hit the same bug; then it is loud.
            await self._record(message, parcel, _failed(f"bug: {type(bug).__name__}"))
            raise
        await self._record(message, parcel, attempt)
        return attempt.ok

    async def _attempt(self, message: Delivery) -> Attempt:
        seconds = self.sender.timeout.total_seconds()
        try:
            # A channel's own deadline comes first: it knows whether anything was sent.
            async with asyncio.timeout(seconds + _GRACE):
                return await self.transport.send(message, self.sender.clock())
        except TimeoutError:
            why = f"no complete answer came within {seconds:g} s"
            return Attempt(ok=False, detail=why, uncertain=True)

    async def _record(
        self,
        message: Delivery,
        parcel: Parcel,
        attempt: Attempt,
        condition: Condition | None = None,
    ) -> None:
        """Write down an attempt; `condition`: the receiver's, where it says nothing of that."""
        sender, before, now = self.sender, self._condition, self.sender.clock()
        retry_at, apart = self._retry(parcel, attempt, now)
        self._condition = condition or after(
            self.receiver, before, message, attempt, now.timestamp(), sender.jitter()
        )
        self.attempts += 1
        if recovered(before, attempt, now.timestamp()):
            # Before the record: who dies in between does it again.
            sender.outbox.hurry(self.receiver.name, now)
        await self._write(parcel, attempt, now, retry_at, apart=apart)
        given_up = not attempt.ok and retry_at is None
        self._notify(before, attempt, len(parcel) if given_up else 0)
        self.told(Sent(message, parcel, attempt, retry_at))

    def _retry(
        self, parcel: Parcel, attempt: Attempt, now: datetime
    ) -> tuple[datetime | None, bool]:
        """When to try again, None for never; and whether each by itself from then on: a message
        of several that is refused is taken apart, for it may be one of them that is wrong.
        """
        if attempt.ok:
            return None, False
        if len(parcel) > 1 and about_the_message(attempt):
            return now, True
        tries = min(one.tries - one.base for one in parcel) + 1
        gap = retry_gap(tries, attempt, self.sender.jitter())
        return (None if gap is None else now + timedelta(seconds=gap)), False

    async def _write(
        self,
        parcel: Parcel,
        attempt: Attempt,
        now: datetime,
        retry_at: datetime | None,
        *,
        apart: bool,
    ) -> None:
        """Write down an answer. It is kept while the store is away: an answer that is lost
        would mean a repeat.
        """
        end = self.sender.elapsed() + self.sender.patience.total_seconds()
        outbox = self.sender.outbox
        while True:
            try:
                outbox.record(parcel, attempt, now, retry_at, self._condition, apart=apart)
            except Unavailable:
                if self.sender.elapsed() >= end:
                    raise
                await self.sender.sleep(_AGAIN)
            else:
                return

    def _notify(self, before: Condition, attempt: Attempt, dead: int) -> None:
        told = notices(
            self.receiver.name,
            before,
            self._condition,
            attempt,
            dead=dead,
            to=self.sender.notify,
            now=self.sender.clock(),
        )
        for one in self.sender.outbox.put(told):
            self.noticed[one.alert.receiver] = None


def _failed(why: str) -> Attempt:
    return Attempt(ok=False, detail=why)
