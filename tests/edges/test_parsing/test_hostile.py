"""A hostile document costs its own feed a failure, and nobody else anything."""

from __future__ import annotations

import os
import signal
import time

import pytest

from monitor.core.models import Parsed
from monitor.edges.parsing import ParserProcess
from tests.edges.test_parsing.processes import (
    FEED,
    GOOD,
    HALF_SLOW,
    HUGE,
    MEGABYTE,
    SLOW,
    child_of,
    failed,
)


@pytest.mark.slow
def test_a_document_that_takes_too_much_cpu_time_ends_its_child_only(
    strict: ParserProcess,
) -> None:
    started = time.monotonic()
    assert failed(strict.parse(FEED, SLOW)) == "used more than 1 s of CPU time"
    assert time.monotonic() - started < 15
    assert isinstance(strict.parse(FEED, GOOD), Parsed)


@pytest.mark.slow
def test_the_allowance_of_cpu_time_is_each_documents_own(strict: ParserProcess) -> None:
    strict.parse(FEED, GOOD)
    pid = child_of(strict).pid
    for _ in range(6):
        assert isinstance(strict.parse(FEED, HALF_SLOW), Parsed)
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
