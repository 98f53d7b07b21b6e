"""A child at work."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from monitor.core.models import Document, Parsed
from monitor.core.parse import ParseLimits, parse
from monitor.edges import parsing
from monitor.edges.parsing import ParserProcess
from tests.edges.test_parsing.processes import (
    FEED,
    GOOD,
    child_of,
    gone,
    rss,
)


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
