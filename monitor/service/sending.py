"""Sending what waits for one receiver: look, claim, act, record.

One receiver is served by one sender at a time (a lease), in the order of its outbox, so
a receiver that hangs delays only itself. What may be sent now, and what goes together, is decided
in core/pacing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.digests import bundle_of, message_of
from monitor.core.errors import Unavailable
from monitor.core.models import Attempt, Condition, Delivery, Receiver
from monitor.core.notices import notices
from monitor.core.pacing import BATCH, Turn, after, parcels, recovered, turn
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
    end after the message in hand. `notify`: who is told of receivers in trouble.
    """

    outbox: Outbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    token: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
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
        with self._alone(receiver.name) as ours:
            if not ours():
                return Served()
            serving = _Serving(self, receiver, transport, told, reports, ours)
            ended = await serving.run()
        # Looked at once more without the lease: what came while we held it was left to us.
        more = ended and bool(self.outbox.due(receiver.name, self.clock(), 1))
        return Served(serving.attempts, more, tuple(serving.noticed))

    @contextmanager
    def _alone(self, receiver: str) -> Iterator[Callable[[], bool]]:
        name, token = f"receiver:{receiver}", self.token()
        try:
            yield lambda: self.outbox.acquire(name, token, self.lease)
        finally:
            self.outbox.release(name, token)


@dataclass
class _Serving:
    """One receiver while it is ours."""

    sender: Sender
    receiver: Receiver
    transport: Transport
    told: Callable[[Sent], None]
    reports: int
    ours: Callable[[], bool]
    attempts: int = 0
    noticed: dict[str, None] = field(default_factory=dict)
    _condition: Condition = field(default_factory=Condition)
    _held_until: datetime | None = None
    _lost: bool = False

    async def run(self) -> bool:
        """Serve until nothing is due, or it is enough; whether to look for more at once."""
        clock, name = self.sender.clock, self.receiver.name
        self._condition = self.sender.outbox.condition(name)
        enough = clock() + self.sender.patience
        while self._goes_on() and clock() < enough:
            room = turn(self.receiver, self._condition, clock().timestamp())
            due = self._due(room)
            if not due:
                return True
            if room.wait > _NAP or self._condition.closed > clock().timestamp():
                return False
            if room.wait:
                await self.sender.sleep(room.wait)
                continue
            await self._send_all(parcels(due, room, self.reports))
        return not self.sender.stopping()

    def _goes_on(self) -> bool:
        """Whether to make another attempt; the lease on the receiver is renewed in time."""
        now = self.sender.clock()
        if self._held_until is None or now >= self._held_until:
            self._lost = not self.ours()
            # From here on a third of it may pass: what is left is longer than a send.
            self._held_until = now + self.sender.lease / 3
        return not self._lost and not self.sender.stopping()

    def _due(self, room: Turn) -> Parcel:
        outbox, now = self.sender.outbox, self.sender.clock()
        if room.wait:
            return outbox.due(self.receiver.name, now, 1)
        due = outbox.due(self.receiver.name, now, BATCH)
        if len(due) == BATCH and (room.rolled or due[0].alert.kind == "digest"):
            return outbox.due(self.receiver.name, now, _DIGEST)
        return due

    async def _send_all(self, messages: Sequence[Parcel]) -> None:
        """Claim all, then send one by one; what is left after a failure is given back."""
        left = list(messages)
        until = self.sender.clock() + self.sender.lease
        all_claimed = [one for parcel in messages for one in parcel]
        self.sender.outbox.claim(all_claimed, until, bundle_of(messages[0]))
        try:
            while left and self._goes_on() and await self._send(left.pop(0)):
                continue
        finally:
            if not self._lost:
                self.sender.outbox.let_go([one for parcel in left for one in parcel])

    async def _send(self, parcel: Parcel) -> bool:
        """Send one message and write down what came of it; whether it arrived."""
        message = message_of(parcel)
        try:
            attempt = await self._attempt(message)
        except Exception as bug:
            # Written down first, so that the delivery waits its turn like any failed one
            # and does not come back at once to hit the same bug; then it is loud.
            await self._record(message, parcel, _failed(f"bug: {type(bug).__name__}"))
            raise
        await self._record(message, parcel, attempt)
        return attempt.ok

    async def _attempt(self, message: Delivery) -> Attempt:
        if message.interrupted >= _INTERRUPTED:
            return _failed(f"{message.interrupted} attempts were interrupted before their answer")
        seconds = self.sender.timeout.total_seconds()
        try:
            # A channel's own deadline comes first: it knows whether anything was sent.
            async with asyncio.timeout(seconds + _GRACE):
                return await self.transport.send(message, self.sender.clock())
        except TimeoutError:
            why = f"no complete answer came within {seconds:g} s"
            return Attempt(ok=False, detail=why, uncertain=True)

    async def _record(self, message: Delivery, parcel: Parcel, attempt: Attempt) -> None:
        sender, before, now = self.sender, self._condition, self.sender.clock()
        tries = message.tries - message.base + 1
        gap = retry_gap(tries, attempt, sender.jitter())
        retry_at = None if gap is None or attempt.ok else now + timedelta(seconds=gap)
        self._condition = after(
            self.receiver, before, message, attempt, now.timestamp(), sender.jitter()
        )
        self.attempts += 1
        await self._write(parcel, attempt, now, retry_at)
        if recovered(before, attempt):
            sender.outbox.hurry(self.receiver.name)
        self._notify(before, attempt, len(parcel) if retry_at is None and not attempt.ok else 0)
        self.told(Sent(message, parcel, attempt, retry_at))

    async def _write(
        self, parcel: Parcel, attempt: Attempt, now: datetime, retry_at: datetime | None
    ) -> None:
        """Write down an answer. It is kept while the store is away: an answer that is lost
        would mean a repeat.
        """
        end = self.sender.clock() + self.sender.patience
        while True:
            try:
                self.sender.outbox.record(parcel, attempt, now, retry_at, self._condition)
            except Unavailable:
                if self.sender.clock() >= end:
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
