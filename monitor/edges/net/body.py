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


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """The decoded body of an open streaming response, `limit` bytes at most.

    Raises Refused (too_large, decode): longer than `limit`, announced or real, packed or
    unpacked; coded twice or in an unknown way; damaged or cut off.
    """
    coding = _coding(response)
    if int(response.headers.get("content-length", 0)) > limit:
        raise _too_large(limit)
    body = _Body(coding, limit)
    try:
        async for chunk in response.aiter_raw():
            body.add(chunk)
    except _DAMAGED as error:
        raise Refused(PollOutcome.DECODE, f"the {coding} body is damaged") from error
    return body.whole()


def _coding(response: httpx.Response) -> str:
    named = response.headers.get("content-encoding", "").lower().split(",")
    codings = [name for name in map(str.strip, named) if name not in _UNCODED]
    if len(codings) > 1:
        raise Refused(PollOutcome.DECODE, "the body is compressed more than once")
    if codings and codings[0] not in _UNPACKERS:
        raise Refused(PollOutcome.DECODE, "the body is compressed in an unknown way")
    return codings[0] if codings else ""


def _too_large(limit: int) -> Refused:
    return Refused(PollOutcome.TOO_LARGE, f"the body is larger than {limit} bytes")


class _Body:
    """What has been read so far, packed and unpacked, against the limit for either."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding
        self._limit = limit
        self._chunks = 0
        self._packed = 0
        self._unpacked = bytearray()
        self._unpacker: _Unpacker | None = None

    def add(self, chunk: bytes) -> None:
        if self._unpacker is None:
            self._unpacker = self._unpacker_for(chunk)
        self._chunks += 1
        self._packed += len(chunk)
        if self._unpacker is None:
            self._unpacked += chunk
        else:
            room = self._limit - len(self._unpacked)
            self._unpacked += self._unpacker.unpack(chunk, room + 1)
        if max(self._packed, len(self._unpacked)) > self._limit:
            raise _too_large(self._limit)
        if self._chunks > _CHUNKS:
            raise Refused(PollOutcome.TOO_LARGE, f"the body comes in over {_CHUNKS} chunks")

    def whole(self) -> bytes:
        if self._unpacker is not None and not self._unpacker.complete:
            raise Refused(PollOutcome.DECODE, "the compressed body is cut off")
        return bytes(self._unpacked)

    def _unpacker_for(self, chunk: bytes) -> _Unpacker | None:
        # A packed file served as it lies on the disk (feed.xml.gz) has no coding to its name.
        unnamed = not self._coding and not self._packed and chunk.startswith(_GZIP_START)
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
