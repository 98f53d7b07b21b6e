"""The process that parses: started, fed and, if need be, killed by monitor.edges.parsing.

Over standard input and output go frames: four bytes of length, then that many bytes. A
request is two frames (JSON about feed and document, then the body), an answer is one
(JSON). Before each document the CPU allowance is set anew; who uses it up is ended by
the kernel (SIGXCPU), and the parent sees the pipe close.
"""

from __future__ import annotations

import math
import os
import resource
import struct
import sys
from dataclasses import dataclass
from typing import IO

from pydantic import TypeAdapter

from monitor.core.models import Document, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse import ParseLimits, parse

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Request:
    """All about a document but its body."""

    feed: Feed
    url: str
    content_type: str
    limits: ParseLimits
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Either of the two."""

    parsed: Parsed | None = None
    failure: Failure | None = None


REQUEST, ANSWER = TypeAdapter(Request), TypeAdapter(Answer)


def write_frame(stream: IO[bytes], payload: bytes) -> None:
    """One frame out."""
    stream.write(_LENGTH.pack(len(payload)) + payload)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """One frame in; None when the other side has closed."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    payload = stream.read(size)
    return payload if len(payload) == size else None


def serve(incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Answer requests until the parent closes the pipe."""
    while (head := read_frame(incoming)) is not None:
        body = read_frame(incoming)
        if body is None:
            return
        request = REQUEST.validate_json(head)
        _allow_cpu(request.cpu_seconds)
        write_frame(outgoing, ANSWER.dump_json(_answer(request, body), exclude_defaults=True))


def _answer(request: Request, body: bytes) -> Answer:
    document = Document(request.url, body, request.content_type)
    try:
        found = parse(request.feed, document, request.limits)
    except MemoryError:
        return Answer(failure=Failure(PollOutcome.PARSE_ERROR, "needs too much memory"))
    return Answer(failure=found) if isinstance(found, Failure) else Answer(parsed=found)


def _allow_cpu(seconds: float) -> None:
    """Let this process use so much CPU time from now on, and no more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def main() -> None:
    """Serve with bounded memory; what is printed by mistake must not enter the frames."""
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main()
