"""Settling: what visits brought is read by one thread and written by another, off their loop.

Documents are read as they come, several at a time when they come fast. All the rest is gathered
for a moment and written in one go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from monitor.core.errors import Unavailable
from monitor.core.models import Freed
from monitor.service.pipeline import Fetched, Pipeline, Polled
from monitor.service.ports import PollStore

# Documents read together at most.
_TOGETHER = 16

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Settler:
    """Reads and writes for one loop. `quiet` is what brought nothing to read, `freed` the hosts to
    let go of: both are written by the next `flush`. `done` and `trouble` are as Visitor's, and
    called from other threads.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: PollStore,
        done: Callable[[Polled], None],
        trouble: Callable[[Exception], None],
    ) -> None:
        self._pipeline, self._store = pipeline, store
        self._done, self._trouble = done, trouble
        self.quiet: list[Fetched] = []
        self.freed: list[Freed] = []
        self._queue: list[tuple[Fetched, asyncio.Event]] = []
        self._reading: asyncio.Task[None] | None = None
        # One document after the other: the parser is one process.
        self._reader = ThreadPoolExecutor(1, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")

    def close(self) -> None:
        """Write to the end, and read no more."""
        self._reader.shutdown(wait=False, cancel_futures=True)
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
        if quiet or freed:
            try:
                await self.write(self._settle, quiet, freed)
            except Exception as error:  # noqa: BLE001 - told there; the leases bring it all back
                self._trouble(error)
        return len(quiet)

    async def read(self, fetched: Fetched) -> None:
        """Have a document read; comes back when that is done."""
        read = asyncio.Event()
        self._queue.append((fetched, read))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._work_off())
        await read.wait()

    async def _work_off(self) -> None:
        """Read what is in the queue, until nothing is."""
        while self._queue:
            taken, self._queue = self._queue[:_TOGETHER], self._queue[_TOGETHER:]
            documents = [fetched for fetched, _ in taken]
            step = self._reader.submit(self._bring_home, documents, self._pipeline.read)
            try:
                await asyncio.wrap_future(step)
            finally:
                for _, read in taken:
                    read.set()

    def _settle(self, quiet: Sequence[Fetched], freed: Sequence[Freed]) -> None:
        self._bring_home(quiet, self._pipeline.settle)
        self._store.free_hosts(freed)

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
