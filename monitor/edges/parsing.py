"""Parsing where a hostile document can do no harm: in a child process that can be killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import replace

from monitor.core.models import Document, Earlier, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse import ParseLimits
from monitor.edges.parse_child import (
    ANSWER,
    BOUNDS,
    REQUEST,
    Bounds,
    Request,
    read_frame,
    write_frame,
)

_MEGABYTE = 1 << 20
_NOTHING = Earlier()
# After so many documents a new child is started, so that no leak grows for ever.
_RECYCLE = 2_000
# Seconds for a child to end by itself once its input is closed.
_PATIENCE = 2.0
# What the child may see of our environment: no secret is in it.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_", "TZ", "TMPDIR", "PYTHON", "VIRTUAL_ENV", "LD_", "COV")


class ParserProcess:
    """A parser in a child process, started when first needed and again after each death.

    `cpu_seconds` and `wall_seconds` bound one document, `memory_bytes` the child. `nice`: by how
    much it steps back behind other processes; `keep`: whether it stays for the next document. One
    document at a time; may be called from any thread, and after a fork.
    """

    def __init__(
        self,
        cpu_seconds: float = 8.0,
        memory_bytes: int = 256 * _MEGABYTE,
        wall_seconds: float = 15.0,
        limits: ParseLimits | None = None,
        *,
        nice: int = 0,
        keep: bool = True,
    ) -> None:
        self._nice, self._keep = nice, keep
        self._cpu, self._memory, self._wall = cpu_seconds, memory_bytes, wall_seconds
        self._limits = limits or ParseLimits()
        self._lock = threading.Lock()
        self._child: _Child | None = None
        _ALL.add(self)

    def parse(
        self, feed: Feed, document: Document, earlier: Earlier = _NOTHING
    ) -> Parsed | Failure:
        """The entries of a document, or why there are none; by what is known from `earlier`
        only the new ones (see Parsed).
        """
        # The child needs no credentials, and what it does not have it cannot leak.
        bare = replace(feed, credentials=None)
        request = Request(bare, document.url, document.content_type, self._limits, earlier)
        with self._lock:
            child = self._taken()
            frame = child.ask(REQUEST.dump_json(request), document.body)
            answer = ANSWER.validate_json(frame) if frame else None
            if answer is None or answer.last or child.overdue or not self._keep:
                child.end()
            else:
                self._child = child
        if answer is None:
            overran = child.overdue or child.code == -signal.SIGPROF
            return Failure(PollOutcome.PARSE_ERROR, self._why(child), overran=overran)
        return answer.parsed or answer.failure or Parsed(())

    def start(self) -> None:
        """Have a child ready for the first document."""
        with self._lock:
            self._child = self._taken()

    def close(self) -> None:
        """End the child; the next document would start another."""
        with self._lock:
            child, self._child = self._child, None
            if child:
                child.end()

    def forget(self) -> None:
        """After a fork: the child is our parent's, and the lock may never be released."""
        self._lock = threading.Lock()
        self._child = None

    def _taken(self) -> _Child:
        """A child that works, which is put back only after a whole exchange.

        Who is interrupted in between must not leave an answer for the next to read.
        """
        child, self._child = self._child, None
        if child and child.alive and child.served < _RECYCLE:
            return child
        if child:
            child.end()
        return _Child(Bounds(self._cpu, self._memory, os.getpid(), self._nice), self._wall)

    def _why(self, child: _Child) -> str:
        """What the document's child died of."""
        if child.overdue:
            return f"took longer than {self._wall:g} s"
        if child.code == -signal.SIGPROF:
            return f"used more than {self._cpu:g} s of CPU time"
        return f"the parser process died (exit {child.code})"


class _Pipe:
    """Our end of a pipe, used up to a point in time (time.monotonic); TimeoutError after it."""

    def __init__(self, end: int, event: int, until: float) -> None:
        self._end, self._until = end, until
        self._poll = select.poll()
        self._poll.register(end, event)
        os.set_blocking(end, False)

    def read(self, size: int) -> bytes:
        self._wait()
        return os.read(self._end, size)

    def write(self, piece: memoryview) -> int:
        self._wait()
        return os.write(self._end, piece)

    def flush(self) -> None:
        """Nothing is kept back."""

    def _wait(self) -> None:
        if not self._poll.poll(max(0.0, self._until - time.monotonic()) * 1_000):
            raise TimeoutError


class _Child:
    """One running process: its pipes, how much it did, and whether its time ran out."""

    def __init__(self, bounds: Bounds, wall: float) -> None:
        self._wall = wall
        self.served = 0
        self.overdue = False
        # Unbuffered, so that after a fork nothing is left for two processes to flush.
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "monitor.edges.parse_child", BOUNDS.dump_json(bounds).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={key: text for key, text in os.environ.items() if key.startswith(_PASSED_ON)},
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def code(self) -> int | None:
        """As in subprocess: the exit code, or minus the signal that ended it."""
        return self._process.returncode

    def ask(self, head: bytes, body: bytes) -> bytes | None:
        """The child's answer; None when it died over the question."""
        self.served += 1
        try:
            return self._exchange(head, body)
        except (BrokenPipeError, ConnectionResetError):
            return None
        except TimeoutError:
            self.overdue = True
            self._process.kill()
            return None

    def _exchange(self, head: bytes, body: bytes) -> bytes | None:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("the child was started with pipes")
        until = time.monotonic() + self._wall
        pipe = _Pipe(stdin.fileno(), select.POLLOUT, until)
        write_frame(pipe, head)
        write_frame(pipe, body)
        return read_frame(_Pipe(stdout.fileno(), select.POLLIN, until))

    def end(self) -> None:
        """Close the pipes and wait for the process, with little patience."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        try:
            self._process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_ALL: weakref.WeakSet[ParserProcess] = weakref.WeakSet()


def _after_fork() -> None:
    for parser in list(_ALL):
        parser.forget()


os.register_at_fork(after_in_child=_after_fork)
