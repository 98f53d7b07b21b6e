"""Bodies are read within a bound, packed or not."""

from __future__ import annotations

import asyncio
import gzip
import sys
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterable

import brotli
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import PollOutcome
from monitor.edges.net import Refused, read_body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FEED = "<rss>Мали, Нигер, Буркина-Фасо</rss>".encode() * 50


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", raw_deflate),
    "br": ("br", lambda body: bytes(brotli.compress(body, quality=5))),
    "zstd": ("zstd", zstd.compress),
}
SHRINKING = ["gzip", "deflate", "bare deflate", "br", "zstd"]


class Chunks(httpx.AsyncByteStream):
    """A body that comes in these chunks; `taken` counts how many were asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.taken += 1
            yield chunk


def read(
    chunks: Chunks | Iterable[bytes], coding: str = "", limit: int = 1_000_000, **headers: str
) -> bytes:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if coding:
        given["Content-Encoding"] = coding
    stream = chunks if isinstance(chunks, Chunks) else Chunks(chunks)
    return asyncio.run(read_body(httpx.Response(200, headers=given, stream=stream), limit))


def refusal(
    chunks: Chunks | Iterable[bytes], coding: str = "", limit: int = 1_000_000, **headers: str
) -> PollOutcome:
    with pytest.raises(Refused) as caught:
        read(chunks, coding, limit, **headers)
    return caught.value.outcome


def sliced(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_a_body_is_decoded_however_it_is_cut(name: str, size: int) -> None:
    coding, pack = PACKERS[name]
    assert read(sliced(pack(FEED), size), coding) == FEED


@given(body=st.binary(max_size=3000), name=st.sampled_from(SHRINKING), size=st.integers(1, 99))
def test_every_body_comes_back_as_it_was_packed(body: bytes, name: str, size: int) -> None:
    coding, pack = PACKERS[name]
    assert read(sliced(pack(body), size), coding) == body


@pytest.mark.parametrize("name", PACKERS)
def test_a_body_of_exactly_the_limit_is_read(name: str) -> None:
    coding, pack = PACKERS[name]
    assert read([pack(FEED)], coding, limit=len(FEED)) == FEED


@pytest.mark.parametrize("name", PACKERS)
def test_one_byte_more_than_the_limit_is_too_large(name: str) -> None:
    coding, pack = PACKERS[name]
    assert refusal([pack(FEED)], coding, limit=len(FEED) - 1) is PollOutcome.TOO_LARGE


@pytest.mark.parametrize("name", SHRINKING)
def test_a_bomb_stops_at_the_limit_with_memory_flat(name: str) -> None:
    coding, pack = PACKERS[name]
    bomb = pack(bytes(20_000_000))
    tracemalloc.start()
    try:
        outcome = refusal([bomb], coding)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome is PollOutcome.TOO_LARGE
    assert peak < 8_000_000


def test_an_endless_body_is_left_at_the_limit() -> None:
    endless = Chunks(b"x" * 1000 for _ in iter(int, 1))
    assert refusal(endless, limit=10_000) is PollOutcome.TOO_LARGE
    assert endless.taken == 11


def test_input_that_unpacks_to_nothing_is_bounded_too() -> None:
    nothing = Chunks(b"\x50\x2a\x4d\x18\xe8\x03\x00\x00" + b"x" * 1000 for _ in iter(int, 1))
    assert refusal(nothing, "zstd", limit=10_000) is PollOutcome.TOO_LARGE
    assert nothing.taken == 10


def test_an_announced_length_over_the_limit_is_refused_before_reading() -> None:
    stream = Chunks([b"x"])
    assert refusal(stream, limit=1000, Content_Length="1001") is PollOutcome.TOO_LARGE
    assert stream.taken == 0


def test_a_body_in_single_bytes_is_refused_in_the_end() -> None:
    assert refusal(b"x" for _ in range(100_001)) is PollOutcome.TOO_LARGE


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,br", "br, identity, zstd"])
def test_more_than_one_coding_is_refused(coding: str) -> None:
    assert refusal([gzip.compress(gzip.compress(FEED))], coding) is PollOutcome.DECODE


def test_codings_that_change_nothing_do_not_count() -> None:
    assert read([gzip.compress(FEED)], "identity, gzip") == FEED
    assert read([FEED], "utf-8") == FEED
    assert read([FEED], "none") == FEED


def test_an_unknown_coding_is_refused() -> None:
    assert refusal([FEED], "compress") is PollOutcome.DECODE


@pytest.mark.parametrize("name", SHRINKING)
def test_a_body_cut_off_is_refused(name: str) -> None:
    coding, pack = PACKERS[name]
    assert refusal([pack(FEED)[:-1]], coding) is PollOutcome.DECODE


@pytest.mark.parametrize("name", SHRINKING)
def test_a_body_that_is_not_packed_as_it_says_is_refused(name: str) -> None:
    assert refusal([FEED], PACKERS[name][0]) is PollOutcome.DECODE


@pytest.mark.parametrize("name", SHRINKING)
def test_a_packed_header_over_no_body_is_an_empty_body(name: str) -> None:
    assert read([], PACKERS[name][0]) == b""


def test_a_gzip_file_without_a_header_for_it_is_unpacked() -> None:
    assert read(sliced(gzip.compress(FEED), 100)) == FEED


def test_a_plain_body_may_hold_the_mark_of_gzip_later_on() -> None:
    assert read([b"<rss>", b"\x1f\x8b\x08"]) == b"<rss>\x1f\x8b\x08"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1, 65_536])
def test_members_one_after_another_are_all_read(coding: str, size: int) -> None:
    pack = PACKERS[coding][1]
    assert read(sliced(pack(FEED) + pack(b"") + pack(b"<end/>"), size), coding) == FEED + b"<end/>"


@pytest.mark.parametrize("coding", ["gzip", "zstd", "deflate"])
@pytest.mark.parametrize("size", [1, 65_536])
def test_what_follows_the_last_member_is_dropped(coding: str, size: int) -> None:
    packed = PACKERS[coding][1](FEED) + b"\n\x1f(not read)"
    assert read(sliced(packed, size), coding) == FEED


def test_a_body_of_very_many_members_is_refused() -> None:
    assert refusal([gzip.compress(b"x") * 1001], "gzip") is PollOutcome.DECODE


def test_a_zstd_window_over_8_mb_is_refused() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 24}
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(FEED) + packer.flush()
    assert refusal([packed], "zstd") is PollOutcome.DECODE
