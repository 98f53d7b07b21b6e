"""Settling: what visits brought is read by one thread and written by another, off their loop.

Documents are read as they come, several at a time when they come fast. One that takes long to read
is taken away and read by itself, in a lane where it holds up none but its like. All the rest is
gathered for a moment and written in one go.
"""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeVar

from monitor.core.errors import Unavailable
from monitor.core.models import Failure, Freed, PollOutcome
from monitor.service.pipeline import Fetched, Pipeline, Polled
from monitor.service.ports import PollStore

# Documents read together at most.
_TOGETHER = 16
# Bytes of a document for which it lets others go first for a second, so that the small ones are not
# held up by what was made to be large; and of one that is read by itself.
_BEHIND, _LARGE = 200_000, 200_000
# Bytes of one that is not tried to be read in passing.
_HUGE = 1_000_000
# Documents that take long and may wait for one another: as many as are read before a lease ends.
_WAITING = 3
# Feeds remembered for such a document.
_REMEMBERED = 1_000
# Seconds between calls of `tally` where nothing else is to be written.
_TALLY = 1.0

_CROWDED = Failure(
    PollOutcome.PARSE_ERROR, "it takes long to read, and others that do are before it"
)

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class _Lane:
    """A queue of documents, and a thread that reads them, small ones together.

    `step` reads them, and returns those that it could not read.
    """

    def __init__(
        self, name: str, step: Callable[[Sequence[Fetched]], Collection[Fetched]], together: int
    ) -> None:
        self._step, self._together = step, together
        self._queue: list[_Waiting] = []
        self._reading: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, name)

    @property
    def waiting(self) -> int:
        """How many are to be read before another would be."""
        return len(self._queue)

    def close(self, *, wait: bool) -> None:
        """Read no more; `wait` until what is being read has been."""
        self._thread.shutdown(wait=wait, cancel_futures=True)

    async def read(self, fetched: Fetched) -> bool:
        """Whether it was read, when its turn has come; True too when that was ended by a bug."""
        one = _Waiting(fetched, time.monotonic() + fetched.size / _BEHIND)
        insort(self._queue, one, key=lambda one: one.turn)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._work_off())
        return await one.done

    async def _work_off(self) -> None:
        """Read what is in the queue, until nothing is."""
        while self._queue:
            taken = self._take()
            left: Collection[Fetched] = ()
            try:
                step = self._thread.submit(self._step, [one.fetched for one in taken])
                left = await asyncio.wrap_future(step)
            finally:
                for one in taken:
                    if not one.done.done():
                        one.done.set_result(one.fetched not in left)

    def _take(self) -> list[_Waiting]:
        """Those whose turn it is; a large one by itself, for the others would wait for it."""
        large = next((n for n, one in enumerate(self._queue) if one.fetched.size > _LARGE), None)
        count = self._together if large is None else min(self._together, max(large, 1))
        taken, self._queue = self._queue[:count], self._queue[count:]
        return taken


@dataclass(frozen=True)
class _Waiting:
    """A document that is to be read, and when its turn is (time.monotonic)."""

    fetched: Fetched
    turn: float
    done: asyncio.Future[bool] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Settler:
    """Reads and writes for one loop. `quiet` is what brought nothing to read, `freed` the hosts to
    let go of: both are written by the next `flush`. `done`, `trouble` and `tally` are as Visitor's,
    and called from other threads.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: PollStore,
        done: Callable[[Polled], None],
        trouble: Callable[[Exception], None],
        tally: Callable[[], None],
    ) -> None:
        self._tally, self._tallied = tally, 0.0
        self._pipeline, self._store = pipeline, store
        self._done, self._trouble = done, trouble
        self.quiet: list[Fetched] = []
        self.freed: list[Freed] = []
        # Each lane reads one document after the other: its parser is one process.
        self._quick = _Lane("reader", self._glance, _TOGETHER)
        self._patient = _Lane("patient reader", self._read, 1)
        # Feeds whose documents take long, and whether that was in vain: then others go first.
        self._slow: dict[str, bool] = {}
        self._writer = ThreadPoolExecutor(1, "writer")

    def close(self, *, wait: bool) -> None:
        """Write to the end, and read no more; `wait` until what is being read has been."""
        self._quick.close(wait=wait)
        self._patient.close(wait=wait)
        self._writer.shutdown()

    async def write(
        self, step: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        """What a step of the store gives, in turn with all that is written."""
        future = self._writer.submit(step, *given, **named)
        return await asyncio.wrap_future(future)

    async def flush(self) -> int:
        """Write what was gathered since the last time; of how many polls it was the end."""
        quiet, self.quiet = self.quiet, []
        freed, self.freed = self.freed, []
        if quiet or freed or time.monotonic() - self._tallied >= _TALLY:
            self._tallied = time.monotonic()
            try:
                await self.write(self._settle, quiet, freed)
            except Exception as error:  # noqa: BLE001 - told there; the leases bring it all back
                self._trouble(error)
        return len(quiet)

    async def read(self, fetched: Fetched) -> None:
        """Have a document read; comes back when that is done."""
        feed = fetched.feed.key
        small = fetched.size <= _HUGE
        if small and feed not in self._slow and await self._quick.read(fetched):
            return
        if len(self._slow) >= _REMEMBERED:
            self._slow.clear()
        failed = self._slow.setdefault(feed, False)
        if self._patient.waiting < (1 if failed else _WAITING):
            self._slow[feed] = not await self._patient.read(fetched)
        else:
            await self.write(self._settle, [replace(fetched, answer=_CROWDED)], ())

    def _glance(self, these: Sequence[Fetched]) -> Collection[Fetched]:
        """Read what takes little time; returns the rest."""
        left: list[Fetched] = []

        def step(these: Sequence[Fetched]) -> list[Polled]:
            polled, late = self._pipeline.glance(these)
            left.extend(late)
            return polled

        self._bring_home(these, step)
        return left

    def _read(self, these: Sequence[Fetched]) -> Collection[Fetched]:
        """Read with patience; returns what could not be read even so."""
        failed: list[str] = []

        def step(these: Sequence[Fetched]) -> list[Polled]:
            polled = self._pipeline.read(these)
            failed.extend(one.feed.key for one in polled if one.state.failures)
            return polled

        self._bring_home(these, step)
        return [one for one in these if one.feed.key in failed]

    def _settle(self, quiet: Sequence[Fetched], freed: Sequence[Freed]) -> None:
        self._bring_home(quiet, self._pipeline.settle)
        if freed:
            self._store.free_hosts(freed)
        self._tally()

    def _bring_home(
        self, these: Sequence[Fetched], step: Callable[[Sequence[Fetched]], list[Polled]]
    ) -> None:
        """Take the last step of these polls; one of them must not cost the others."""
        try:
            for polled in step(these):
                self._tell(polled)
        except Exception as error:  # noqa: BLE001 - told there
            if len(these) == 1 or isinstance(error, Unavailable):
                self._trouble(error)
                return
            for one in these:
                self._bring_home([one], step)

    def _tell(self, polled: Polled) -> None:
        try:
            self._done(polled)
        except Exception as error:  # noqa: BLE001 - told there; it is written by now
            self._trouble(error)
