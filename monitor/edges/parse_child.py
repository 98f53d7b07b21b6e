"""The process that parses: started, fed and, if need be, killed by monitor.edges.parsing.

Over standard input and output go frames: four bytes of length, then that many bytes. A
request is two frames (JSON about feed and document, then the body), an answer is one
(JSON). Before each document the CPU allowance is set anew; who uses it up is ended by
the kernel (SIGPROF), and the parent sees the pipe close.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Protocol

from pydantic import TypeAdapter

from monitor.core.models import Document, Earlier, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse import ParseLimits, parse

_LENGTH = struct.Struct("!I")
# New objects before the collector looks for circles among them: a document makes thousands.
_COLLECT = 20_000
# Seconds between looks at whether the parent still lives.
_LOOK_AROUND = 2.0


@dataclass(frozen=True, slots=True)
class Request:
    """All about a document but its body."""

    feed: Feed
    url: str
    content_type: str
    limits: ParseLimits
    earlier: Earlier = field(default_factory=Earlier)


@dataclass(frozen=True, slots=True)
class Answer:
    """Entries or a failure; `last` if it is the last this process will give."""

    parsed: Parsed | None = None
    failure: Failure | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process may use: CPU seconds a document, bytes of memory in all.

    `parent` is the process it works for, and without which it ends; `nice` as of nice(2).
    """

    cpu_seconds: float
    memory_bytes: int
    parent: int
    nice: int = 0


REQUEST, ANSWER, BOUNDS = TypeAdapter(Request), TypeAdapter(Answer), TypeAdapter(Bounds)


class Readable(Protocol):
    """What bytes come from; b"" or None once there are no more."""

    def read(self, size: int, /) -> bytes | None:
        """At most so many bytes."""


class Writable(Protocol):
    """What bytes go to, and how many at a time it says itself."""

    def write(self, piece: memoryview, /) -> int:
        """Take bytes, and say how many were taken."""
        ...

    def flush(self) -> None:
        """Send on what was kept back."""


def write_frame(stream: Writable, payload: bytes) -> None:
    """One frame out; the stream may be unbuffered."""
    # Not put together first: the payload may be large.
    for piece in (_LENGTH.pack(len(payload)), payload):
        rest = memoryview(piece)
        while rest:
            rest = rest[stream.write(rest) :]
    stream.flush()


def read_frame(stream: Readable) -> bytes | None:
    """One frame in; None when the other side has closed."""
    head = _read(stream, _LENGTH.size)
    return None if head is None else _read(stream, _LENGTH.unpack(head)[0])


def _read(stream: Readable, size: int) -> bytes | None:
    pieces: list[bytes] = []
    while size > 0:
        if not (piece := stream.read(size)):
            return None
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def serve(incoming: IO[bytes], outgoing: IO[bytes], cpu_seconds: float) -> None:
    """Answer requests until the parent closes the pipe."""
    while True:
        _allow_cpu(cpu_seconds)
        head, body = read_frame(incoming), read_frame(incoming)
        if head is None or body is None:
            return
        answer = _answer(REQUEST.validate_json(head), body)
        write_frame(outgoing, ANSWER.dump_json(answer, exclude_defaults=True))
        if answer.last:
            return


def _answer(request: Request, body: bytes) -> Answer:
    document = Document(request.url, body, request.content_type)
    try:
        found = parse(request.feed, document, request.limits, request.earlier)
    except MemoryError:
        # Told here and not by the last words: only now is the memory free again to do so.
        failure = Failure(PollOutcome.PARSE_ERROR, "the document needs too much memory")
        return Answer(failure=failure, last=True)
    return Answer(failure=found) if isinstance(found, Failure) else Answer(parsed=found)


def _allow_cpu(seconds: float) -> None:
    """Let this process use so much CPU time from now on, and no more.

    A timer, for RLIMIT_CPU counts in whole seconds.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit(kind: int, soft: int) -> None:
    """Set a limit, as far as one set from outside allows."""
    hard = resource.getrlimit(kind)[1]
    most = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(kind, (most, hard))


def _bound(bounds: Bounds) -> None:
    """No more memory, no core file, no life without the parent.

    The parent may be gone with its end of the pipe still held open by a process that it
    forked. Linux could send a signal (PR_SET_PDEATHSIG), but does so already when the
    *thread* ends that started us, and ours come and go. So the parent is looked for.
    """
    if sys.platform != "darwin":  # there the limit cannot be set
        _limit(resource.RLIMIT_AS, bounds.memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    os.nice(bounds.nice)
    # What is sent to the whole group is the parent's to answer; its document may be ours.
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _leave_without(bounds.parent))
    signal.setitimer(signal.ITIMER_REAL, _LOOK_AROUND, _LOOK_AROUND)


def _leave_without(parent: int) -> Callable[[int, FrameType | None], None]:
    def look(_signal: int, _frame: FrameType | None) -> None:
        if os.getppid() != parent:
            os._exit(0)

    return look


def _last_words(
    outgoing: IO[bytes],
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Tell the parent what ended us, in place of a traceback that nobody would see."""

    def tell(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        said = f"the parser failed with {kind.__name__} at {where}"
        answer = Answer(failure=Failure(PollOutcome.PARSE_ERROR, said), last=True)
        write_frame(outgoing, ANSWER.dump_json(answer, exclude_defaults=True))

    return tell


def main() -> None:
    """Serve; what is printed by mistake must not enter the frames."""
    bounds = BOUNDS.validate_json(sys.argv[1])
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.excepthook = _last_words(outgoing)
    _bound(bounds)
    # What is loaded by now stays: the collector need not look through it again and again.
    gc.freeze()
    gc.set_threshold(_COLLECT)
    serve(sys.stdin.buffer, outgoing, bounds.cpu_seconds)


if __name__ == "__main__":
    main()
