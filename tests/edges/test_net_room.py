"""Room for large bodies: bounded together, and never all in the hands of those who are slow."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from monitor.core.models import PollOutcome
from monitor.edges.net import Refused, Room, read_body
from monitor.edges.net import room as rooms

LARGE = 1_000_000


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for two large bodies, some milliseconds each, while three more wait."""
    monkeypatch.setattr(rooms, "_MOST", 2 * LARGE)
    monkeypatch.setattr(rooms, "_PROMPT", 0.05)
    monkeypatch.setattr(rooms, "_WAITERS", 3)


class Body(httpx.AsyncByteStream):
    """A body that comes in these pieces; a number is a pause in seconds."""

    def __init__(self, *pieces: bytes | float) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for one in self._pieces:
            if isinstance(one, bytes):
                yield one
            else:
                await asyncio.sleep(one)


async def read(room: Room, *pieces: bytes | float, **headers: str) -> bytes | Refused:
    """What reading a body comes to."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    try:
        return await read_body(
            httpx.Response(200, headers=named, stream=Body(*pieces)), LARGE, room
        )
    except Refused as refused:
        return refused


def run(step: Callable[[Room], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(5):
            await step(Room(LARGE))

    asyncio.run(within())


def test_a_large_body_is_read_whole_packed_or_not_in_one_piece_or_many() -> None:
    async def step(room: Room) -> None:
        text = bytes(range(250)) * 4_000
        pieces = [text[at : at + 50_000] for at in range(0, len(text), 50_000)]
        assert await read(room, text) == text
        assert await read(room, *pieces) == text
        assert await read(room, gzip.compress(text), Content_Encoding="gzip") == text
        packed = gzip.compress(text)
        halves = packed[: len(packed) // 2], packed[len(packed) // 2 :]
        assert await read(room, *halves) == text

    run(step)


def test_a_large_body_waits_until_the_bytes_of_another_are_gone() -> None:
    async def step(room: Room) -> None:
        held: list[bytes | Refused] = [await read(room, bytes(LARGE)) for _ in range(2)]
        third = asyncio.create_task(read(room, bytes(LARGE)))
        small = await read(room, bytes(1_000))
        await asyncio.sleep(0.02)
        assert (small, third.done()) == (bytes(1_000), False)
        held.pop()
        assert await third == bytes(LARGE)

    run(step)


def test_who_sends_slowly_loses_the_room_to_those_who_wait() -> None:
    async def step(room: Room) -> None:
        slow = [asyncio.create_task(read(room, bytes(LARGE // 2), 60.0)) for _ in range(2)]
        await asyncio.sleep(0.01)
        assert await read(room, bytes(LARGE)) == bytes(LARGE)
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    run(step)


def test_a_body_that_lost_its_room_is_a_timeout_as_soon_as_more_of_it_comes() -> None:
    async def step(room: Room) -> None:
        half = bytes(LARGE // 2)
        slow = [asyncio.create_task(read(room, half, 0.2, b"x")) for _ in range(2)]
        await asyncio.sleep(0.01)
        await read(room, bytes(LARGE))
        await read(room, bytes(LARGE))
        for refused in await asyncio.gather(*slow):
            assert isinstance(refused, Refused)
            assert refused.outcome is PollOutcome.TIMEOUT

    run(step)


def test_of_too_many_that_wait_the_one_that_came_first_is_refused() -> None:
    async def step(room: Room) -> None:
        held = [await read(room, bytes(LARGE)) for _ in range(2)]
        waiting = [asyncio.create_task(read(room, bytes(LARGE))) for _ in range(4)]
        await asyncio.sleep(0.02)
        assert [one.done() for one in waiting] == [True, False, False, False]
        assert isinstance(waiting[0].result(), Refused)
        held.clear()
        while len(waiting) > 1:
            assert isinstance(await waiting.pop(), bytes)

    run(step)


def test_who_waits_no_longer_takes_no_room() -> None:
    async def step(room: Room) -> None:
        held = [await read(room, bytes(LARGE)) for _ in range(2)]
        waiting = asyncio.create_task(read(room, bytes(LARGE)))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        held.clear()
        await asyncio.sleep(0.01)
        again = await asyncio.gather(*(read(room, bytes(LARGE)) for _ in range(2)))
        assert [len(one) for one in again if isinstance(one, bytes)] == [LARGE, LARGE]

    run(step)


def test_a_body_that_is_refused_gives_its_room_back() -> None:
    async def step(room: Room) -> None:
        for _ in range(5):
            refused = await read(room, bytes(LARGE + 1))
            assert isinstance(refused, Refused)
            assert refused.outcome is PollOutcome.TOO_LARGE
        assert await read(room, bytes(LARGE)) == bytes(LARGE)

    run(step)


def test_bytes_that_outlive_the_loop_end_quietly() -> None:
    kept: list[bytes | Refused] = []

    async def step(room: Room) -> None:
        kept.append(await read(room, bytes(LARGE)))

    run(step)
    kept.clear()
