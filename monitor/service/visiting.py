"""Visiting: many hosts at the same time, the feeds of one host one after the other.

A batch of feeds is begun (which are still ours, and may their hosts be asked?), each is fetched,
and what came is handed to the pipeline: documents one by one, all the rest together.

It goes on in a thread of its own while Celery's tasks come and go: a task hands over its batch
and ends as soon as there is room for another, so a host that hangs holds up nobody but itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.batching import by_host, host_of
from monitor.core.models import Begun, Claimed, Failure, Feed, Freed
from monitor.core.schedule import DAY
from monitor.service.pipeline import Fetched, Pipeline, Polled
from monitor.service.ports import Fetcher, PollStore

# Feeds in hand at the same time; a further batch is begun when it fits. Most of them wait for
# their turn with a host.
ROOM = 2_000
# Hosts asked at the same time, each with what it brings in memory until that is read.
_AT_ONCE = 100
# Feeds of one host visited in one go; the others have their turn right after.
_IN_A_ROW = 20
# Documents read together at most.
_TOGETHER = 16
# Seconds for which what brought nothing to read is gathered, to be written in one go.
_GATHER = 0.1
# Seconds that a host is left alone that has too much to do and does not say for how long.
_BUSY = 60.0
# Seconds that visits in hand have to end when the process does; their leases run out anyway.
_LAST = 2.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Feeds claimed together, by key, and the lease (epoch seconds) they are held by."""

    feeds: tuple[str, ...]
    lease: float


@dataclass
class Visitor:
    """Polls batches, from any thread of one process.

    `connect` makes a Fetcher, on the loop that it is used on. `gap` lies between two requests to
    a host; `lease` is how long a feed stays ours, twice as long as fetching and parsing take.
    `done` hears of each poll that came to its end, `trouble` of each that an exception ended.
    """

    pipeline: Pipeline
    store: PollStore
    feeds: Mapping[str, Feed]
    connect: Callable[[], AbstractAsyncContextManager[Fetcher]]
    clock: Callable[[], datetime]
    gap: timedelta
    lease: timedelta
    done: Callable[[Polled], None]
    trouble: Callable[[Exception], None]
    _round: _Round | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def poll(self, batch: Batch) -> None:
        """Begin a batch once there is room; return when there is room for another like it.

        Raises Unavailable when it cannot be begun.
        """
        with self._lock:
            if self._round is None:
                self._round = _Round(self)
            loop = self._round.loop
        asyncio.run_coroutine_threadsafe(self._round.take(batch), loop).result()

    def close(self) -> None:
        """Let what is in hand end, but not for long."""
        with self._lock:
            if self._round:
                self._round.close()
            self._round = None


class _Round:
    """One loop, in a thread of its own, with all that is in hand on it."""

    def __init__(self, visitor: Visitor) -> None:
        self._our = visitor
        self._load = 0
        self._hands: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._asking = asyncio.Semaphore(_AT_ONCE)
        self._quiet: list[Fetched] = []
        self._queue: list[tuple[Fetched, asyncio.Future[None]]] = []
        self._freed: list[Freed] = []
        # One document after the other: the parser is one process.
        self._reader = ThreadPoolExecutor(1, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")
        self._ready, self._over = threading.Event(), asyncio.Event()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="visitor", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        async with self._our.connect() as self._fetcher:
            self._ready.set()
            while not self._over.is_set():
                await asyncio.sleep(_GATHER)
                await self._flush()

    def close(self) -> None:
        """As Visitor.close."""
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result()
        self._thread.join()
        self._reader.shutdown(wait=False, cancel_futures=True)
        self._writer.shutdown()

    async def _end(self) -> None:
        if self._hands:
            await asyncio.wait(self._hands, timeout=_LAST)
        for one in self._hands:
            one.cancel()
        await self._flush()
        self._over.set()

    # -- a batch ---------------------------------------------------------------------

    async def take(self, batch: Batch) -> None:
        """As Visitor.poll."""
        size = min(len(batch.feeds), ROOM)
        await self._room(size)
        self._load += size
        until = self._until()
        try:
            begun = await self._begin(self._claimed(batch), until)
        except BaseException:
            await self._put_down(size)
            raise
        await self._put_down(size - len(begun))
        for feeds in by_host(begun, lambda one: one.host):
            hand = asyncio.create_task(self._visit(feeds, until))
            self._hands.add(hand)
            hand.add_done_callback(self._hands.discard)
        await self._room(size)

    async def _room(self, size: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._load + size <= ROOM)

    async def _put_down(self, count: int) -> None:
        async with self._changed:
            self._load -= count
            self._changed.notify_all()

    def _claimed(self, batch: Batch) -> list[Claimed]:
        lease = datetime.fromtimestamp(batch.lease, UTC)
        ours = [self._our.feeds[key] for key in batch.feeds if key in self._our.feeds]
        return [Claimed(feed.key, host_of(feed.url), lease) for feed in ours]

    async def _begin(self, claimed: Sequence[Claimed], until: datetime) -> tuple[Begun, ...]:
        take, now = self._our.store.take_turns, self._our.clock()
        return await self.loop.run_in_executor(self._writer, take, claimed, now, until)

    # -- a host ----------------------------------------------------------------------

    async def _visit(self, feeds: Sequence[Begun], until: datetime) -> None:
        """Ask for the feeds of one host in turn, with a gap in between, as long as it bears it."""
        held, gap = until, self._our.gap
        wait, asked = gap, 0
        for one in feeds[:_IN_A_ROW]:
            asked += 1
            turn: Begun | None = one
            if asked > 1:
                await asyncio.sleep(gap.total_seconds())
            if self._our.clock() > held - self._our.lease / 2:
                again, held = Claimed(one.feed, one.host, until, held), self._until()
                turn = await self._renewed(again, held)
            wait = max(gap, await self._ask(turn))
            if wait > gap:
                break
        await self._put_down(len(feeds) - asked)
        left = tuple(Claimed(one.feed, one.host, until) for one in feeds[asked:])
        self._freed.append(Freed(feeds[0].host, held, self._our.clock() + wait, left))

    def _until(self) -> datetime:
        return self._our.clock() + self._our.lease

    async def _renewed(self, claimed: Claimed, until: datetime) -> Begun | None:
        """The feed, if it is still ours now that its turn has come."""
        try:
            return next(iter(await self._begin([claimed], until)), None)
        except Exception as error:  # noqa: BLE001 - told there
            self._our.trouble(error)
            return None

    async def _ask(self, one: Begun | None) -> timedelta:
        """Poll a feed; returns how long its host wants to be left alone."""
        if one is None:
            await self._put_down(1)
            return timedelta()
        try:
            async with self._asking:
                fetched = await self._fetch(self._our.feeds[one.feed], one)
                if fetched.brings:
                    await self._be_read(fetched)
        except Exception as error:  # noqa: BLE001 - told there; the others have their turn
            self._our.trouble(error)
            await self._put_down(1)
            return timedelta()
        if fetched.brings:
            await self._put_down(1)
        else:
            self._quiet.append(fetched)
        return _patience(fetched)

    async def _fetch(self, feed: Feed, begun: Begun) -> Fetched:
        approach = self._our.pipeline.approach(feed, begun.state)
        answer = await self._fetcher.fetch(feed, approach.validators, approach.url)
        return Fetched(feed, begun.state, approach, answer)

    # -- what came of it -------------------------------------------------------------

    async def _be_read(self, fetched: Fetched) -> None:
        """Queue for the reader, who takes several at a time when they come fast."""
        read: asyncio.Future[None] = self.loop.create_future()
        self._queue.append((fetched, read))
        if len(self._queue) == 1:
            await self._work_off()
        await read

    async def _work_off(self) -> None:
        """Read what is in the queue, until nothing is."""
        while self._queue:
            taken = self._queue[:_TOGETHER]
            documents = [fetched for fetched, _ in taken]
            await self.loop.run_in_executor(self._reader, self._read, documents)
            del self._queue[: len(taken)]
            for _, read in taken:
                read.set_result(None)

    def _read(self, documents: Sequence[Fetched]) -> None:
        try:
            for polled in self._our.pipeline.read(documents):
                self._our.done(polled)
        except Exception as error:  # noqa: BLE001 - told there
            # One of them must not cost the others: each alone, if there are any.
            if len(documents) == 1:
                self._our.trouble(error)
            for one in documents if len(documents) > 1 else ():
                self._read([one])

    async def _flush(self) -> None:
        """Write what was gathered since the last time."""
        quiet, self._quiet = self._quiet, []
        freed, self._freed = self._freed, []
        if not quiet and not freed:
            return
        try:
            await self.loop.run_in_executor(self._writer, self._write, quiet, freed)
        except Exception as error:  # noqa: BLE001 - told there; the leases bring it all back
            self._our.trouble(error)
        await self._put_down(len(quiet))

    def _write(self, quiet: Sequence[Fetched], freed: Sequence[Freed]) -> None:
        for polled in self._our.pipeline.settle(quiet):
            self._our.done(polled)
        self._our.store.free_hosts(freed)


def _patience(fetched: Fetched) -> timedelta:
    """How long a host that has too much to do is to be left alone."""
    answer = fetched.answer
    if not isinstance(answer, Failure) or not answer.busy:
        return timedelta()
    return timedelta(seconds=min(answer.retry_after or _BUSY, DAY))
