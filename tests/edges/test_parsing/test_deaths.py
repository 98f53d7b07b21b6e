"""Children that die, and parents that fork or die."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading

import pytest

from monitor.core.models import Parsed
from monitor.core.parse import ParseLimits
from monitor.edges import parsing
from monitor.edges.parse_child import (
    ANSWER,
    REQUEST,
    Request,
    read_frame,
    write_frame,
)
from monitor.edges.parsing import ParserProcess
from tests.edges.test_parsing.processes import (
    FEED,
    GOOD,
    HALF_SLOW,
    SLOW,
    child_of,
    failed,
    gone,
    wait_for,
)


@pytest.mark.slow
def test_a_child_killed_over_a_document_is_that_documents_failure(parser: ParserProcess) -> None:
    parser.parse(FEED, GOOD)
    pid = child_of(parser).pid
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
    assert failed(parser.parse(FEED, SLOW)) == "the parser process died (exit -9)"
    assert isinstance(parser.parse(FEED, GOOD), Parsed)


@pytest.mark.slow
def test_a_child_that_died_idle_is_nobodys_failure(parser: ParserProcess) -> None:
    parser.parse(FEED, GOOD)
    child = child_of(parser)
    child.kill()
    assert wait_for(lambda: gone(child.pid))
    assert isinstance(parser.parse(FEED, GOOD), Parsed)


@pytest.mark.slow
def test_an_interrupted_call_leaves_no_answer_for_the_next(parser: ParserProcess) -> None:
    def interrupt(_signal: int, _frame: object) -> None:
        raise InterruptedError

    parser.parse(FEED, GOOD)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(InterruptedError):
            parser.parse(FEED, HALF_SLOW)
    finally:
        signal.signal(signal.SIGALRM, before)
    found = parser.parse(FEED, GOOD)
    assert isinstance(found, Parsed)
    assert found.entries[0].title == "Été à Niamey"


@pytest.mark.slow
def test_signals_to_the_whole_group_are_the_parents_to_answer(parser: ParserProcess) -> None:
    parser.parse(FEED, GOOD)
    pid = child_of(parser).pid
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, one)
    assert isinstance(parser.parse(FEED, GOOD), Parsed)
    assert child_of(parser).pid == pid


@pytest.mark.slow
def test_a_mistake_in_the_parser_is_told_with_its_place() -> None:
    code = (
        "import monitor.edges.parse_child as child\n"
        "def wrong(*_): raise ZeroDivisionError('x')\n"
        "child.parse = wrong\n"
        "child.main()"
    )
    bounds = f'{{"cpu_seconds": 9, "memory_bytes": {1 << 30}, "parent": {os.getpid()}}}'
    incoming = io.BytesIO()
    write_frame(incoming, REQUEST.dump_json(Request(FEED, "u", "", ParseLimits())))
    write_frame(incoming, b"")
    done = subprocess.run(
        [sys.executable, "-c", code, bounds], input=incoming.getvalue(), stdout=subprocess.PIPE
    )
    failure = ANSWER.validate_json(read_frame(io.BytesIO(done.stdout)) or b"").failure
    assert failure is not None
    assert failure.reason == "the parser failed with ZeroDivisionError at <string>:2"


@pytest.mark.slow
def test_after_a_fork_each_process_has_a_child_of_its_own(parser: ParserProcess) -> None:
    parser.parse(FEED, GOOD)
    pid = child_of(parser).pid
    with parser._lock:  # as if another thread were parsing just now
        forked = os.fork()
        if forked == 0:
            good = isinstance(parser.parse(FEED, GOOD), Parsed) and child_of(parser).pid != pid
            parser.close()
            os._exit(0 if good else 1)
    assert os.waitpid(forked, 0)[1] == 0
    assert isinstance(parser.parse(FEED, GOOD), Parsed)
    assert child_of(parser).pid == pid


PARENT = """
import time
from monitor.core.models import Document, Feed
from monitor.edges.parsing import ParserProcess
parser = ParserProcess()
parser.parse(Feed("u"), Document("u", b"<rss/>"))
print(parser._child._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_the_child_ends_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert wait_for(lambda: gone(pid), 3.0)


LINGERING = """
import os, time
from monitor.core.models import Document, Feed
from monitor.edges.parsing import ParserProcess
parser = ParserProcess()
parser.parse(Feed("u"), Document("u", b"<rss/>"))
pid = parser._child._process.pid
held = os.dup(parser._child._process.stdin.fileno())
forked = os.fork()
if forked:
    print(pid, forked, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_the_child_ends_with_its_parent_even_if_another_process_holds_the_pipe() -> None:
    parent = subprocess.Popen([sys.executable, "-c", LINGERING], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid, forked = map(int, parent.stdout.readline().split())
    parent.kill()
    parent.wait()
    try:
        assert wait_for(lambda: gone(pid))
    finally:
        os.kill(forked, signal.SIGKILL)
        parent.stdout.close()


@pytest.mark.slow
def test_closing_ends_the_child_and_may_be_done_twice(parser: ParserProcess) -> None:
    parser.parse(FEED, GOOD)
    pid = child_of(parser).pid
    parser.close()
    parser.close()
    assert gone(pid)


@pytest.mark.slow
def test_closing_does_not_wait_for_a_child_that_does_not_end(
    parser: ParserProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "_PATIENCE", 0.1)
    parser.parse(FEED, GOOD)
    pid = child_of(parser).pid
    os.kill(pid, signal.SIGSTOP)
    parser.close()
    assert gone(pid)
