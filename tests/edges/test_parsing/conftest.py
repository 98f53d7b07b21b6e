"""Parsers that end with their test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitor.edges.parsing import ParserProcess


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
