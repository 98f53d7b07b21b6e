"""What goes between parent and child, without a process."""

from __future__ import annotations

import io

import pytest

from monitor.core.models import Failure, PollOutcome
from monitor.core.parse import ParseLimits, parse
from monitor.edges.parse_child import (
    ANSWER,
    REQUEST,
    Answer,
    Request,
    read_frame,
    serve,
    write_frame,
)
from tests.edges.test_parsing.processes import (
    FEED,
    GOOD,
)


class Dripping(io.RawIOBase):
    """A stream that takes and gives three bytes at a time."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)

    def write(self, piece: object) -> int:
        taken = bytes(piece)[:3]  # type: ignore[call-overload]
        self.content += taken
        return len(taken)

    def read(self, size: int = -1) -> bytes:
        given = bytes(self.content[: min(size, 3)])
        del self.content[: len(given)]
        return given


@pytest.mark.parametrize("payload", [b"", b"x", b"0123456789" * 3])
def test_a_frame_goes_through_a_stream_that_drips(payload: bytes) -> None:
    stream = Dripping()
    write_frame(stream, payload)
    assert read_frame(stream) == payload


@pytest.mark.parametrize("torn", [b"", b"\0\0", b"\0\0\0\5abc"])
def test_a_torn_frame_is_none(torn: bytes) -> None:
    assert read_frame(io.BytesIO(torn)) is None


def test_requests_are_answered_until_the_input_ends() -> None:
    incoming, outgoing = io.BytesIO(), io.BytesIO()
    request = Request(FEED, GOOD.url, GOOD.content_type, ParseLimits())
    for body in (GOOD.body, b""):
        write_frame(incoming, REQUEST.dump_json(request))
        write_frame(incoming, body)
    write_frame(incoming, b"the body of this never comes")
    incoming.seek(0)
    serve(incoming, outgoing, cpu_seconds=1_000)
    outgoing.seek(0)
    answers = [ANSWER.validate_json(read_frame(outgoing) or b"") for _ in range(2)]
    assert answers[0].parsed == parse(FEED, GOOD)
    assert answers[1] == Answer(failure=Failure(PollOutcome.EMPTY, "the document is empty"))
