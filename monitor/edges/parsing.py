"""Parsing where a hostile document can do no harm: in a child process that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

from monitor.core.models import Document, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse import ParseLimits
from monitor.edges.parse_child import ANSWER, REQUEST, Request, read_frame, write_frame

_MEGABYTE = 1 << 20
# After so many documents a new child is started, so that no leak grows for ever.
_RECYCLE = 2_000


class ParserProcess:
    """A parser in a child process, started when first needed and again after each death.

    `cpu_seconds` and `wall_seconds` bound one document, `memory_bytes` the child. One
    document at a time; may be called from any thread, and after a fork.
    """

    def __init__(
        self,
        cpu_seconds: float = 8.0,
        memory_bytes: int = 512 * _MEGABYTE,
        wall_seconds: float = 20.0,
        limits: ParseLimits | None = None,
    ) -> None:
        self._cpu, self._memory, self._wall = cpu_seconds, memory_bytes, wall_seconds
        self._limits = limits or ParseLimits()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._served = 0

    def parse(self, feed: Feed, document: Document) -> Parsed | Failure:
        """The entries of a document, or why there are none."""
        # The child needs no credentials, and what it does not have it cannot leak.
        request = Request(
            feed=replace(feed, credentials=None),
            url=document.url,
            content_type=document.content_type,
            limits=self._limits,
            cpu_seconds=self._cpu,
        )
        with self._lock:
            child = self._started()
            late = threading.Timer(self._wall, child.kill)
            late.start()
            try:
                answer = self._ask(child, REQUEST.dump_json(request), document.body)
            finally:
                late.cancel()
            if answer is None:
                return self._mourn(child)
        found = ANSWER.validate_json(answer)
        return found.parsed or found.failure or Parsed(())

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():
            # Forked: the child belongs to our parent, its pipes must be left alone.
            self._child, self._owner = None, os.getpid()
        if self._child is not None and self._served >= _RECYCLE:
            self._end()
        if self._child is None:
            command = [sys.executable, "-m", "monitor.edges.parse_child", str(self._memory)]
            self._child = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._served = 0
        self._served += 1
        return self._child

    @staticmethod
    def _ask(child: subprocess.Popen[bytes], head: bytes, body: bytes) -> bytes | None:
        """The child's answer; None when it died over the question."""
        if child.stdin is None or child.stdout is None:
            raise AssertionError("the child was started with pipes")
        try:
            write_frame(child.stdin, head)
            write_frame(child.stdin, body)
            return read_frame(child.stdout)
        except (BrokenPipeError, ConnectionResetError):
            return None

    def _mourn(self, child: subprocess.Popen[bytes]) -> Failure:
        """What killed the child, as this feed's outcome."""
        self._end()
        code = child.returncode
        if code == -signal.SIGXCPU:
            why = f"used more than {self._cpu:g} s of CPU time"
        elif code == -signal.SIGKILL:
            why = f"took longer than {self._wall:g} s, or was killed for memory"
        else:
            why = f"the parser process died (exit {code})"
        return Failure(PollOutcome.PARSE_ERROR, why)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                _close(pipe)
        try:
            child.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _close(pipe: object) -> None:
    """Close a pipe whose reader may be gone with something still unwritten."""
    try:
        pipe.close()  # type: ignore[attr-defined]
    except BrokenPipeError:
        return
