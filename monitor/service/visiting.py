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
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.batching import by_host, host_of
from monitor.core.models import Begun, Claimed, Feed, Freed
from monitor.service.pipeline import Fetched, Pipeline, Polled
from monitor.service.ports import Fetcher, PollStore
from monitor.service.settling import Settler
from monitor.service.stays import Stay, patience_of, planned

# Feeds in hand at the same time; a further batch is begun when it fits. Most of them wait for
# their turn with a host.
ROOM = 2_000
# Hosts asked at the same time, each with what it brings in memory until that is read; and seconds
# after which a host that has not answered does not count any more, so that many which hang
# hold up nobody.
_AT_ONCE, _PROMPT = 100, 2.0
# Feeds of one host visited in one go; the others have their turn right after.
_IN_A_ROW = 20
# Seconds for which what brought nothing to read is gathered, to be written in one go.
_GATHER = 0.1
# Seconds that visits in hand have to end when the process does; their leases run out anyway.
_LAST = 2.0
# Seconds after which a feed comes again that is not known here: whoever dealt it out has read a
# newer configuration.
_UNKNOWN = 5.0


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
    `done` hears of each poll that came to its end, `trouble` of what an exception ended, `fetched`
    of each answer; `tally` is called every second or so, off the loop.
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
    fetched: Callable[[Fetched], None] = lambda _: None
    tally: Callable[[], None] = lambda: None
    _round: _Round | None = None
    _retired: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def poll(self, batch: Batch) -> bool:
        """Begin a batch once there is room; return when there is room for another like it. False,
        and nothing is begun, once this was retired.

        Raises Unavailable when it cannot be begun; and once, what ended the thread meanwhile.
        """
        with self._lock:
            if self._retired:
                return False
            ours = self._round = self._round or _Round(self)
            if ours.fault:
                self._round = None
            begun = ours.begin(batch)
        begun.result()
        return True

    def close(self) -> None:
        """Let what is in hand end, but not for long; the rest is given back."""
        self._end(_LAST, wait=False)

    def retire(self) -> None:
        """Take no batch any more, and come back when all requests in hand have been answered and
        settled: another has taken over.
        """
        with self._lock:
            self._retired = True
        self._end(self.lease.total_seconds(), wait=True)

    def _end(self, patience: float, *, wait: bool) -> None:
        with self._lock:
            ours, self._round = self._round, None
        if ours and not ours.fault:
            ours.close(patience, wait=wait)


class _Round:
    """One loop, in a thread of its own, with all that is in hand on it."""

    def __init__(self, visitor: Visitor) -> None:
        self._our = visitor
        self.fault: Exception | None = None
        # Whoever brings a batch while the thread ends must not wait for it for ever.
        self._gate = threading.Lock()
        self._load = 0
        self._ending = False
        self._hands: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._asking = asyncio.Semaphore(_AT_ONCE)
        parts = (visitor.pipeline, visitor.store, visitor.done, visitor.trouble, visitor.tally)
        self._settler = Settler(*parts)
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="visitor", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        try:
            async with self._our.connect() as self._fetcher:
                self._ready.set()
                while not self._over.is_set():
                    await asyncio.sleep(_GATHER)
                    await self._put_down(await self._settler.flush())
        except Exception as error:  # noqa: BLE001 - raised where the next batch comes
            with self._gate:
                self.fault = error
            self._ready.set()

    def begin(self, batch: Batch) -> Future[None]:
        """Have a batch taken; raises what ended the thread."""
        with self._gate:
            if self.fault:
                raise self.fault
            return asyncio.run_coroutine_threadsafe(self._take(batch), self._loop)

    def close(self, patience: float, *, wait: bool) -> None:
        """End, once what is in hand has ended or so many seconds have passed. `wait`: also for
        what is being read.
        """
        asyncio.run_coroutine_threadsafe(self._end(patience), self._loop).result()
        self._thread.join()
        self._settler.close(wait=wait)

    async def _end(self, patience: float) -> None:
        self._ending, end = True, self._loop.time() + patience
        await self._put_down(0)
        # Batches that waited for room are among them, and bring more.
        while self._hands and self._loop.time() < end:
            await asyncio.wait(self._hands, timeout=end - self._loop.time())
        for one in self._hands:
            one.cancel()
        await asyncio.gather(*self._hands, return_exceptions=True)
        await self._settler.flush()
        self._over.set()

    # -- a batch ---------------------------------------------------------------------

    async def _take(self, batch: Batch) -> None:
        """As Visitor.poll."""
        if task := asyncio.current_task():
            self._hold(task)
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
        for feeds in by_host(sorted(begun, key=planned), lambda one: one.host):
            self._hold(asyncio.create_task(self._visit(feeds, until)))
        await self._room(size)

    def _hold(self, hand: asyncio.Task[None]) -> None:
        self._hands.add(hand)
        hand.add_done_callback(self._hands.discard)

    async def _room(self, size: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._ending or self._load + size <= ROOM)

    async def _put_down(self, count: int) -> None:
        async with self._changed:
            self._load -= count
            self._changed.notify_all()

    def _claimed(self, batch: Batch) -> list[Claimed]:
        lease = datetime.fromtimestamp(batch.lease, UTC)
        feeds = self._our.feeds
        ours = [feeds[key] for key in batch.feeds if key in feeds]
        if unknown := tuple(Claimed(key, "", lease) for key in batch.feeds if key not in feeds):
            # Freed of no host: only the feeds come again.
            at = self._our.clock() + timedelta(seconds=_UNKNOWN)
            self._settler.freed.append(Freed("", lease, at, unknown))
        return [Claimed(feed.key, host_of(feed.url), lease) for feed in ours]

    async def _begin(self, claimed: Sequence[Claimed], until: datetime) -> tuple[Begun, ...]:
        take, now = self._our.store.take_turns, self._our.clock()
        return await self._settler.write(take, claimed, now, until)

    # -- a host ----------------------------------------------------------------------

    async def _visit(self, feeds: Sequence[Begun], until: datetime) -> None:
        """Ask for the feeds of one host in turn, with a gap in between, as long as it bears it."""
        row, gap = feeds[:_IN_A_ROW], self._our.gap
        await self._put_down(len(feeds) - len(row))
        stay = Stay(feeds, until, until, gap)
        try:
            for one in row:
                if stay.asked:
                    await asyncio.sleep(gap.total_seconds())
                if self._ending:
                    break
                stay.wait = max(gap, await self._ask(one, stay))
                stay.asked += 1
                if stay.wait > gap:
                    break
            await self._put_down(len(row) - stay.asked)
        finally:
            self._let_go(stay)

    def _let_go(self, stay: Stay) -> None:
        """Of the host, and of those of its feeds that were not asked to the end."""
        rest = stay.feeds[stay.asked :]
        left = tuple(Claimed(one.feed, one.host, stay.lease) for one in rest)
        at = self._our.clock() + stay.wait
        self._settler.freed.append(Freed(stay.feeds[0].host, stay.held, at, left))

    def _until(self) -> datetime:
        return self._our.clock() + self._our.lease

    async def _ask(self, one: Begun, stay: Stay) -> timedelta:
        """Poll a feed; returns how long its host wants to be left alone."""
        fetched = None
        try:
            with ExitStack() as place:
                await self._asking.acquire()
                place.callback(self._asking.release)
                fetched = await self._answer(one, stay, place)
                if fetched and fetched.brings:
                    await self._settler.read(fetched)
        except Exception as error:  # noqa: BLE001 - told there; the others have their turn
            self._our.trouble(error)
            fetched = None
        if fetched and not fetched.brings:
            self._settler.quiet.append(fetched)
        else:
            await self._put_down(1)
        return patience_of(fetched) if fetched else timedelta()

    async def _answer(self, one: Begun, stay: Stay, place: ExitStack) -> Fetched | None:
        """What a feed brings, if it is still ours now that it has its place."""
        turn = await self._renewed(one, stay)
        if turn is None:
            return None
        slow = self._loop.call_later(_PROMPT, place.close)
        try:
            return await self._fetch(self._our.feeds[turn.feed], turn)
        finally:
            slow.cancel()

    async def _renewed(self, one: Begun, stay: Stay) -> Begun | None:
        """The feed; where our lease is half over, with a new one, if it is still ours."""
        if self._our.clock() <= stay.held - self._our.lease / 2:
            return one
        claimed, held = Claimed(one.feed, one.host, stay.lease, stay.held), self._until()
        for turn in await self._begin([claimed], held):
            stay.held = held
            return turn
        return None

    async def _fetch(self, feed: Feed, begun: Begun) -> Fetched:
        approach = self._our.pipeline.approach(feed, begun.state)
        answer = await self._fetcher.fetch(feed, approach.validators, approach.url)
        fetched = Fetched(feed, begun.state, approach, answer, self._our.clock())
        self._our.fetched(fetched)
        return fetched
