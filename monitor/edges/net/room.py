"""Room in memory for large bodies: what they take up together is bounded, however many come.

Hundreds of hosts may be asked at the same time, and each may send as much as one body may be. Small
bodies need no room here. For a large one all that it may need is taken before it is read on, so
that none waits with half of it; and given back when its bytes are gone. Who came last goes first:
those who send slowly in order to hold much wait longest, and lose what they have to those who wait.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from monitor.core.models import PollOutcome
from monitor.edges.net.errors import Refused

# Bytes of a body that needs no room, and of all others together.
SMALL, _MOST = 131_072, 32_000_000
# How many may wait: each has what came so far, and what its connection holds, some 1 MB together.
_WAITERS = 150
# Seconds that a large body may take while others wait for room.
_PROMPT = 2.0
_CROWDED = "too many large bodies came at the same time"


class Room:
    """For the bodies of one event loop; `largest`: bytes that one may have."""

    def __init__(self, largest: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = max(_MOST, largest)
        self._growing: list[Share] = []
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._alarm: asyncio.TimerHandle | None = None

    async def share(self, size: int) -> Share:
        """So many bytes for a body that is to come, once they are free; to be closed."""
        if self._left < size:
            await self._turn(size)
        else:
            self._left -= size
        made = Share(self, size, self._loop.time())
        self._growing.append(made)
        return made

    async def _turn(self, size: int) -> None:
        turn = self._loop.create_future()
        self._waiting.append((size, turn))
        if len(self._waiting) > _WAITERS:
            self._waiting.pop(0)[1].set_exception(Refused(PollOutcome.TIMEOUT, _CROWDED))
        self._watch()
        try:
            await turn
        except asyncio.CancelledError:
            if (size, turn) in self._waiting:
                self._waiting.remove((size, turn))
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                self.free(size)
            raise

    def _watch(self) -> None:
        """Look again when the one that came first among those that grow has had its time."""
        if self._waiting and self._growing and self._alarm is None:
            at = self._growing[0].since + _PROMPT
            self._alarm = self._loop.call_at(at, self._hurry)

    def _hurry(self) -> None:
        self._alarm = None
        late = self._loop.time() - _PROMPT
        while self._waiting and self._growing and self._growing[0].since <= late:
            self._growing[0].lose()
        self._watch()

    def ended(self, share: Share) -> None:
        """The share grows no more."""
        with contextlib.suppress(ValueError):
            self._growing.remove(share)
        self._watch()

    def free(self, size: int) -> None:
        """So many bytes are gone."""
        self._left += size
        while self._waiting and self._waiting[-1][0] <= self._left:
            wanted, turn = self._waiting.pop()
            if not turn.done():
                self._left -= wanted
                turn.set_result(None)

    def gone(self, size: int) -> None:
        """As `free`, from any thread."""
        # When the loop is closed, nobody waits for room.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.free, size)


@dataclass(eq=False)
class Share:
    """What one body may take up; it has come to nothing (`lost`) when others waited too long."""

    room: Room
    size: int
    since: float
    lost: bool = False
    body: bytearray | None = None

    def hold(self) -> None:
        """Raises Refused when it is lost."""
        if self.lost:
            raise Refused(PollOutcome.TIMEOUT, "a large body came slowly, and others waited")

    def lose(self) -> None:
        """Let go of what came so far."""
        self.lost = True
        if self.body is not None:
            self.body.clear()
        self.close()

    def keep(self, body: bytes) -> bytes:
        """The body as a whole, whose room is free once it is gone; raises Refused."""
        self.hold()
        kept = _Kept(body)
        kept.room, kept.size = self.room, len(body)
        self.size -= len(body)
        return kept

    def close(self) -> None:
        """Give back what is not kept."""
        size, self.size = self.size, 0
        self.room.ended(self)
        self.room.free(size)


class _Kept(bytes):
    """A body that says when it is gone."""

    room: Room
    size = 0

    def __del__(self) -> None:
        if self.size:
            self.room.gone(self.size)
