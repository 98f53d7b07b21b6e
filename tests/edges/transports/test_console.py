"""Alerts as lines."""

from __future__ import annotations

import asyncio
import io
import os
from dataclasses import replace
from typing import TextIO

import httpx
import pytest

from monitor.core.models import Attempt, Delivery, Line, Receiver, Severity
from monitor.core.sample import sample
from monitor.edges import transports
from tests.edges.transports.sending import HOSTILE, hostile_delivery
from tests.make import NOW, delivery


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Unplugged(io.StringIO):
    """A stream whose reader has gone."""

    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")


def _send(out: TextIO | None, one: Delivery) -> Attempt:
    transport = transports.build(Receiver("console", "console"), httpx.AsyncClient(), out=out)
    return asyncio.run(transport.send(one, NOW))


def _written(one: Delivery, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    assert _send(out, one) == Attempt(ok=True, detail="written")
    return out.getvalue()


def test_an_alert_is_a_few_readable_lines() -> None:
    assert _written(sample("console", NOW)) == (
        "TEST: Not a real story: Moscow promises arms and instructors to the joint force of"
        " Mali, Niger and Burkina Faso\n"
        "  https://example-courier.example/test\n"
        "  From Example Courier (Mali, English), published 14 Mar 2026 11:48 UTC, 12 min ago\n"
        "  In a real one, this sentence would tell how »Russia« means to equip and train the"
        " joint force of »Mali«, »Niger« and »Burkina Faso«.\n"
        "  🟠 high: russia-sahel, sahel, russia\n"
        "  2 independent outlets; English; first Example Courier (Mali, English),"
        " 14 Mar 12:00 UTC\n"
        '  Why: russia-sahel: a sample: "Russia", "Mali"; asked for by hand: monitor send-test\n'
        "  also: Example Wire (Mali, English) https://example-wire.example/test\n\n"
    )


def test_on_a_terminal_headline_and_evidence_are_bold() -> None:
    text = _written(delivery(), Terminal())
    assert text.startswith("\x1b[1mLavrov lands in Bamako\x1b[0m\n")
    assert "»" not in text


def test_more_others_than_are_named_are_counted() -> None:
    one = delivery()
    carriers = tuple(replace(one.alert.story.carrier, source=f"O{n}") for n in range(8))
    text = _written(replace(one, alert=replace(one.alert, others=carriers)))
    assert text.endswith("  also: 3 more\n\n")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_character_of_a_feed_moves_the_cursor_or_makes_a_line(text: str) -> None:
    written = _written(hostile_delivery(text))
    assert all(char.isprintable() or char in "\n\ufe0f" for char in written)
    assert all(line.startswith(("  ", "")) for line in written.splitlines())
    assert written.count("\n") <= 14


def test_letters_that_the_stream_has_not_become_question_marks() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    assert _send(out, hostile_delivery("لافروف")).ok
    assert raw.getvalue().startswith(b"??????\n")


def test_a_pipe_whose_reader_has_gone_is_a_failed_attempt() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    out = os.fdopen(writer, "w")
    attempt = _send(out, delivery())
    assert attempt == Attempt(ok=False, detail="cannot write to the console: Broken pipe")
    with pytest.raises(BrokenPipeError):
        out.close()


@pytest.mark.parametrize("closed_later", [True, False])
def test_a_closed_stream_is_a_failed_attempt(closed_later: bool) -> None:
    # A standard output closed before Python starts is None.
    out = io.StringIO() if closed_later else None
    if out:
        out.close()
    attempt = _send(out, delivery())
    assert attempt == Attempt(ok=False, detail="cannot write to the console: it is closed")


def test_each_alert_is_flushed_at_once() -> None:
    assert not _send(Unplugged(), delivery()).ok


def test_an_update_says_what_is_new_and_a_digest_is_a_list() -> None:
    one = sample("console", NOW)
    update = replace(one.alert, kind="story.update", news=("31 killed (12 before)",))
    assert "  New: 31 killed (12 before)\n" in _written(replace(one, alert=update))
    grave = Line("", "", "X", severity=Severity.CRITICAL, others=3)
    lines = (Line("Toll rises", "https://a.example/", "AP", ("31 killed",)), grave)
    digest = replace(one.alert, kind="digest", lines=lines, reason="by the hour")
    assert _written(replace(one, alert=digest)) == (
        "Digest: 2 reports\n"
        "  Why: by the hour\n"
        "  ⚪ Toll rises · AP · 31 killed\n"
        "    https://a.example/\n"
        "  🔴 (no title) · X, and 3 more\n\n"
    )
