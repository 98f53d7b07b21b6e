"""A hostile document costs its own feed a failure, and nobody else anything."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.core.models import Document, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse import ParseLimits, parse
from monitor.edges import parsing
from monitor.edges.parse_child import (
    ANSWER,
    REQUEST,
    Answer,
    Request,
    read_frame,
    serve,
    write_frame,
)
from monitor.edges.parsing import ParserProcess

FEED = Feed("https://a.example/feed", language="fr", credentials=("user", "secret"))
MEGABYTE = 1 << 20


def rss(inner: str) -> Document:
    text = f'<rss version="2.0"><channel>{inner}</channel></rss>'
    return Document("https://a.example/final", text.encode(), "text/xml")


GOOD = rss(
    "<item><guid>1</guid><title>Été à Niamey</title><link>/1</link><author>N</author>"
    "<category>x</category><pubDate>Tue, 05 Mar 2024 08:30:00 GMT</pubDate></item>"
)
# A text of the author without any "@", on which feedparser's search for an address is slow.
SLOW = rss(f"<item><title>t</title><author>{'a' * 120_000}</author></item>")
CROWDED = rss("<item " + " ".join(f'a{n}="x"' for n in range(100_000)) + "/>")
HUGE = rss("<a>" * 1_500_000)


@pytest.fixture
def parser() -> Iterator[ParserProcess]:
    made = ParserProcess()
    yield made
    made.close()


@pytest.fixture
def strict() -> Iterator[ParserProcess]:
    """One that gives a document a second."""
    made = ParserProcess(cpu_seconds=1)
    yield made
    made.close()


def child_of(parser: ParserProcess) -> subprocess.Popen[bytes]:
    child = parser._child
    assert child is not None
    return child._process


def failed(found: Parsed | Failure) -> str:
    assert isinstance(found, Failure), found
    assert found.outcome is PollOutcome.PARSE_ERROR
    return found.reason


def gone(pid: int) -> bool:
    """Whether a process has ended (it may wait for whoever adopted it to say so)."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True


def wait_for(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


# --- frames and requests, without a process -------------------------------------------


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
    write_frame(stream, payload)  # type: ignore[arg-type]
    assert read_frame(stream) == payload  # type: ignore[arg-type]


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


# --- a child at work --------------------------------------------------------------------


@pytest.mark.slow
def test_a_document_is_parsed_as_it_would_be_here(parser: ParserProcess) -> None:
    assert parser.parse(FEED, GOOD) == parse(FEED, GOOD)
    assert parser.parse(FEED, Document("https://a.example/", b"[]")) == parse(
        FEED, Document("https://a.example/", b"[]")
    )
    assert parser.parse(FEED, rss("")) == Parsed(())


@pytest.mark.slow
def test_the_limits_go_with_the_document() -> None:
    parser = ParserProcess(limits=ParseLimits(entries=1))
    found = parser.parse(FEED, rss("<item><title>a</title></item><item><title>b</title></item>"))
    parser.close()
    assert isinstance(found, Parsed)
    assert len(found.entries) == 1


@pytest.mark.slow
def test_the_child_lives_on_from_document_to_document_and_is_renewed_in_time(
    parser: ParserProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "_RECYCLE", 3)
    pids = []
    for _ in range(4):
        parser.parse(FEED, GOOD)
        pids.append(child_of(parser).pid)
    assert pids[0] == pids[1] == pids[2] != pids[3]
    assert gone(pids[0])


@pytest.mark.slow
def test_threads_take_turns(parser: ParserProcess) -> None:
    titles = [f"t{n}" for n in range(12)]
    found: list[str] = []

    def work(title: str) -> None:
        parsed = parser.parse(FEED, rss(f"<item><title>{title}</title></item>"))
        assert isinstance(parsed, Parsed)
        assert parsed.entries[0].title == title
        found.append(title)

    threads = [threading.Thread(target=work, args=(title,)) for title in titles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(titles)


@pytest.mark.slow
def test_the_child_outlives_the_thread_that_started_it(parser: ParserProcess) -> None:
    thread = threading.Thread(target=parser.parse, args=(FEED, GOOD))
    thread.start()
    thread.join()
    pid = child_of(parser).pid
    parser.parse(FEED, GOOD)
    assert child_of(parser).pid == pid


@pytest.mark.slow
def test_the_child_sees_no_secret(parser: ParserProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.example/secret")
    parser.parse(FEED, GOOD)
    environment = Path(f"/proc/{child_of(parser).pid}/environ").read_bytes()
    assert b"secret" not in environment


# --- hostile documents ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("bomb", [SLOW, CROWDED], ids=["author", "attributes"])
def test_a_document_that_takes_too_much_cpu_time_ends_its_child_only(
    strict: ParserProcess, bomb: Document
) -> None:
    started = time.monotonic()
    assert failed(strict.parse(FEED, bomb)) == "used more than 1 s of CPU time"
    assert time.monotonic() - started < 15
    assert isinstance(strict.parse(FEED, GOOD), Parsed)


@pytest.mark.slow
def test_the_allowance_of_cpu_time_is_each_documents_own(strict: ParserProcess) -> None:
    half = rss(f"<item><title>t</title><author>{'a' * 10_000}</author></item>")
    strict.parse(FEED, GOOD)
    pid = child_of(strict).pid
    for _ in range(6):
        assert isinstance(strict.parse(FEED, half), Parsed)
    assert child_of(strict).pid == pid


@pytest.mark.slow
def test_a_document_that_takes_too_long_ends_its_child_only() -> None:
    parser = ParserProcess(wall_seconds=1.5)
    parser.parse(FEED, GOOD)
    os.kill(child_of(parser).pid, signal.SIGSTOP)
    assert failed(parser.parse(FEED, GOOD)) == "took longer than 1.5 s"
    assert isinstance(parser.parse(FEED, GOOD), Parsed)
    parser.close()


@pytest.mark.slow
def test_a_document_that_takes_too_much_memory_is_a_failure() -> None:
    parser = ParserProcess(cpu_seconds=60, memory_bytes=200 * MEGABYTE, wall_seconds=60)
    assert "memory" in failed(parser.parse(FEED, HUGE))
    assert isinstance(parser.parse(FEED, GOOD), Parsed)
    parser.close()


# --- children that die ------------------------------------------------------------------


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


# --- parents that fork or die -----------------------------------------------------------


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
