"""Reading an answer's body within a bound that holds before and after decompression.

httpx decodes a whole chunk at once, which a bomb turns into hundreds of megabytes; the
decompressors here are never asked for more than there is room for.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Collection
from typing import Protocol

import brotli
import httpx

from monitor.core.models import PollOutcome
from monitor.edges.net.errors import Refused
from monitor.edges.net.room import SMALL, Room, Share

if sys.version_info >= (3, 14):  # pragma: no cover - the tests run on one Python
    from compression import zstd
else:
    from backports import zstd

_UNCODED = frozenset({"", "identity", "none", "utf-8"})  # the last two are seen in the wild
_GZIP_START = b"\x1f\x8b\x08"
_ZSTD_WINDOW_LOG = 23  # 8 MB, all that HTTP lets a sender ask for (RFC 9659)
_MEMBERS = 1000
# A sender that cuts a body into single bytes would keep one core busy for its whole time.
_CHUNKS = 100_000
_DAMAGED = (zlib.error, brotli.error, zstd.ZstdError)


async def read_body(response: httpx.Response, limit: int, room: Room | None = None) -> bytes:
    """The decoded body of an open streaming response, `limit` bytes at most.

    Raises Refused (too_large, decode): longer than `limit`, announced or real, packed or
    unpacked; coded twice or in an unknown way; damaged or cut off. A large one takes its part of
    the `room`, and comes too slowly (timeout) when others wait for that.
    """
    coding = _coding(response)
    length = int(response.headers.get("content-length", 0))
    if length > limit:
        raise _too_large(limit)
    reading = _Reading(coding, limit, room, needs=limit if coding or not length else length)
    try:
        async for chunk in response.aiter_raw():
            await reading.add(chunk)
        return reading.whole()
    except _DAMAGED as error:
        raise Refused(PollOutcome.DECODE, f"the {coding} body is damaged") from error
    finally:
        reading.close()


class _Reading:
    """A body, small at first; one that turns out to be large goes on in its room. If it is packed
    it is begun again there, for a few packed bytes may unpack to as much as there may be.
    """

    def __init__(self, coding: str, limit: int, room: Room | None, needs: int) -> None:
        self._coding, self._limit, self._room, self._needs = coding, limit, room, needs
        self._body = _Body(coding, min(limit, SMALL) if room else limit)
        self._packed: list[bytes] = []
        self._share: Share | None = None

    async def add(self, chunk: bytes) -> None:
        if self._room is None or self._share is not None:
            self._grow(chunk)
            return
        full = False
        try:
            self._body.add(chunk)
        except _Full:
            full = True
        # Not within the handler: what is raised there holds on to all that came.
        if full:
            await self._go_on(self._room, chunk)
        elif self._body.packed:
            self._packed.append(chunk)

    async def _go_on(self, room: Room, chunk: bytes) -> None:
        again = [*self._packed, chunk] if self._body.packed else []
        self._packed.clear()
        if again:
            self._body = _Body(self._coding, self._limit)
        self._share = await room.share(self._needs)
        self._share.body = self._body.unpacked
        self._body.widen(self._limit)
        for one in again:
            self._grow(one)

    def _grow(self, chunk: bytes) -> None:
        if self._share:
            self._share.hold()
        self._body.add(chunk)

    def whole(self) -> bytes:
        whole = self._body.whole()
        return self._share.keep(whole) if self._share else whole

    def close(self) -> None:
        if self._share:
            self._share.close()


def _coding(response: httpx.Response) -> str:
    named = response.headers.get("content-encoding", "").lower().split(",")
    codings = [name for name in map(str.strip, named) if name not in _UNCODED]
    if len(codings) > 1:
        raise Refused(PollOutcome.DECODE, "the body is compressed more than once")
    if codings and codings[0] not in _UNPACKERS:
        raise Refused(PollOutcome.DECODE, "the body is compressed in an unknown way")
    return codings[0] if codings else ""


class _Full(Refused):
    """A body is larger than it may be."""


def _too_large(limit: int) -> _Full:
    return _Full(PollOutcome.TOO_LARGE, f"the body is larger than {limit} bytes")


class _Body:
    """What has been read so far, packed and unpacked, against the limit for either."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding
        self._limit = limit
        self._chunks = 0
        self._read = 0
        self.unpacked = bytearray()
        self._unpacker: _Unpacker | None = None

    def add(self, chunk: bytes) -> None:
        if self._unpacker is None:
            self._unpacker = self._unpacker_for(chunk)
        self._chunks += 1
        self._read += len(chunk)
        if self._unpacker is None:
            self.unpacked += chunk
        else:
            room = self._limit - len(self.unpacked)
            self.unpacked += self._unpacker.unpack(chunk, room + 1)
        self.widen(self._limit)
        if self._chunks > _CHUNKS:
            raise Refused(PollOutcome.TOO_LARGE, f"the body comes in over {_CHUNKS} chunks")

    @property
    def packed(self) -> bool:
        """Whether what was read so far is."""
        return self._unpacker is not None

    def widen(self, limit: int) -> None:
        """From now on a body may have so many bytes; raises Refused if it has more by now."""
        self._limit = limit
        if max(self._read, len(self.unpacked)) > limit:
            raise _too_large(limit)

    def whole(self) -> bytes:
        if self._unpacker is not None and not self._unpacker.complete:
            raise Refused(PollOutcome.DECODE, "the compressed body is cut off")
        return bytes(self.unpacked)

    def _unpacker_for(self, chunk: bytes) -> _Unpacker | None:
        # A packed file served as it lies on the disk (feed.xml.gz) has no coding to its name.
        unnamed = not self._coding and not self._read and chunk.startswith(_GZIP_START)
        return _UNPACKERS["gzip" if unnamed else self._coding]()


class _Decompressor(Protocol):
    """What zlib and zstd decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, chunk: bytes, max_length: int, /) -> bytes: ...


class _Brotli:
    """A Brotli decompressor with the methods of the others; it takes nothing after its end."""

    unused_data = b""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._stream.is_finished())

    def decompress(self, chunk: bytes, max_length: int, /) -> bytes:
        return bytes(self._stream.process(chunk, output_buffer_limit=max_length))


class _Unpacker:
    """Decodes a row of members (gzip members, zstd frames), one after another.

    `begins`: the bytes that a further member may begin with. Anything else after the end
    of a member is padding or a stray newline, and dropped.
    """

    def __init__(self, new: Callable[[bytes], _Decompressor], begins: Collection[int] = ()) -> None:
        self._new = new
        self._begins = begins
        self._member: _Decompressor | None = None
        self._members = 0

    @property
    def complete(self) -> bool:
        return self._member is None or self._member.eof

    def unpack(self, chunk: bytes, most: int) -> bytes:
        """What `chunk` adds, but not more than `most` bytes."""
        unpacked = b""
        while chunk and len(unpacked) < most and (member := self._member_for(chunk)):
            unpacked += member.decompress(chunk, most - len(unpacked))
            chunk = member.unused_data
        return unpacked

    def _member_for(self, chunk: bytes) -> _Decompressor | None:
        if self._member is None or (self._member.eof and chunk[0] in self._begins):
            self._member = self._next(chunk)
        elif self._member.eof:
            self._begins = ()
            return None
        return self._member

    def _next(self, chunk: bytes) -> _Decompressor:
        self._members += 1
        if self._members > _MEMBERS:
            raise Refused(PollOutcome.DECODE, "the body is compressed in too many pieces")
        return self._new(chunk)


def _gzip() -> _Unpacker:
    return _Unpacker(lambda _: zlib.decompressobj(16 + zlib.MAX_WBITS), _GZIP_START[:1])


def _deflate() -> _Unpacker:
    # Meant is the zlib format, but some send the bare stream; the first byte tells.
    return _Unpacker(
        lambda chunk: zlib.decompressobj(zlib.MAX_WBITS * (1 if chunk[0] & 15 == 8 else -1))
    )


def _brotli() -> _Unpacker:
    return _Unpacker(lambda _: _Brotli())


def _zstd() -> _Unpacker:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    # 0x28 begins a frame, 0x50 to 0x5f one to skip (RFC 8878).
    return _Unpacker(lambda _: zstd.ZstdDecompressor(options=options), (0x28, *range(0x50, 0x60)))


def _plain() -> None:
    return None


_UNPACKERS: dict[str, Callable[[], _Unpacker | None]] = {
    "": _plain,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
