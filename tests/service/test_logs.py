"""What the log says, and what it never says."""

from __future__ import annotations

import base64
import io
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from monitor.core.models import (
    Attempt,
    FeedState,
    Identity,
    Move,
    Outcome,
    PollOutcome,
    Sameness,
    Verdict,
)
from monitor.service.logs import Redactor, setup_logs
from monitor.service.pipeline import Polled
from monitor.service.reporting import Throttle, report_poll, report_pulse, report_sent
from monitor.service.sending import Sent
from tests import make

SECRET = "https://hooks.example/T0/B0/canary+secret"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    setup_logs([SECRET, "abc"], out=stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def events(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_level_and_time(out: io.StringIO) -> None:
    structlog.get_logger("monitor").info("hello", feed="https://a/", titles=["Мали"])
    (event,) = events(out)
    assert (event["event"], event["level"], event["titles"]) == ("hello", "info", ["Мали"])
    assert event["timestamp"].endswith("Z")


def test_no_form_of_a_secret_is_ever_written(out: io.StringIO) -> None:
    log = structlog.get_logger("monitor")
    coded = base64.b64encode(SECRET.encode()).decode()
    log.warning(f"to {SECRET}", url=quote(SECRET, safe=""), deep={"a": [SECRET]}, raw=(coded,))
    logging.getLogger("other").error("failed: %s", SECRET)
    try:
        local = SECRET
        raise RuntimeError(f"about {local}")
    except RuntimeError:
        log.exception("boom")
    assert "canary" not in out.getvalue()
    assert "***" in out.getvalue()
    assert len(events(out)) == 3


def test_short_words_are_not_taken_for_secrets() -> None:
    assert Redactor(["abc"]).text("abc") == "abc"
    assert Redactor([])(None, "", {"n": 1}) == {"n": 1}


class Strange:
    def __str__(self) -> str:
        return f"of {SECRET}"


def test_nor_as_a_key_nor_by_an_object_nor_in_the_middle_of_something_in_base64(
    out: io.StringIO,
) -> None:
    log = structlog.get_logger("monitor")
    for before in ("", "a", "ab", "abc"):
        coded = base64.b64encode(f"{before}{SECRET}:more".encode()).decode()
        log.info(f"Basic {coded}", same=coded.replace("+", "-").replace("/", "_"))
    log.info("x", deep={SECRET: Strange()}, odd=Strange(), error=ValueError(SECRET), name="\udcff")
    log.info("y", shown=repr(SECRET), pair=(SECRET, 1, None, 0.5, True))
    told = out.getvalue()
    assert "canary" not in told
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + b"canary+secret").decode()
        assert coded[-(-shift * 8 // 6) : (shift + 13) * 8 // 6] not in told
    assert events(out)[-1]["pair"] == ["***", 1, None, 0.5, True]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_traceback_holds_no_secret_and_no_escape_sequence(
    out: io.StringIO, terminal: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    setup_logs([SECRET], out=stream)
    for log in (structlog.get_logger("monitor"), logging.getLogger("other")):
        try:
            raise RuntimeError(f"about {SECRET} \x1b[2J\x9b \u202e")
        except RuntimeError:
            log.exception("boom", stack_info=True)
    told = stream.getvalue()
    assert told.count("about ***") == 2
    assert "canary" not in told
    assert "\x1b[2J" not in told
    assert "\x9b" not in told
    assert "\u202e" not in told
    assert ("test_logs.py" in told, told.count("\n") == 2) == (True, not terminal)


def test_whoever_writes_past_the_log_writes_no_secret_either(
    out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    setup_logs(["another-secret"])
    setup_logs([SECRET])
    quoted = f"{SECRET} \x1b[31m"
    thread = threading.Thread(target=lambda: int(quoted))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", threading.__excepthook__)
        thread.start()
        thread.join()
    sys.__excepthook__(ValueError, ValueError(quoted), None)
    logging.getLogger("other").error("%d", quoted)
    assert sys.stderr.write(quoted) == len(quoted)
    assert not sys.stderr.isatty()
    told = stream.getvalue()
    assert "canary" not in told
    assert "\x1b" not in told
    assert told.count("***") >= 4


def test_secrets_cost_no_more_the_more_there_are() -> None:
    """A line of 2,000 characters takes as long with ten thousand secrets as with ten."""
    line, took = "Nothing here of what is hidden. " * 60, {}
    for count in (10, 10_000):
        redactor = Redactor(f"secret-of-feed-{n:08}" for n in range(count))
        times = []
        for _ in range(20):
            began = time.perf_counter()
            assert redactor.text(line) == line
            times.append(time.perf_counter() - began)
        took[count] = min(times)
    assert took[10_000] < 20 * took[10] + 0.001


def test_httpx_does_not_write_its_urls_and_ticks_are_not_told(out: io.StringIO) -> None:
    logging.getLogger("httpx").info("GET %s", SECRET)
    logging.getLogger("celery.beat").info("tick")
    assert out.getvalue() == ""


def test_on_a_terminal_texts_from_strangers_stay_in_their_line(out: io.StringIO) -> None:
    terminal = Terminal()
    setup_logs([SECRET], out=terminal)
    structlog.get_logger("monitor").info("alert", title="a\nb\x1b[2Jc", n=1, why=SECRET)
    said = terminal.getvalue()
    assert said.count("\n") == 1
    assert "\x1b[2J" not in said
    assert "canary" not in said


def polled(before: FeedState, after: FeedState, **more: Any) -> Polled:
    return Polled(make.FEED, before, after, **more)


def test_a_feed_is_told_of_when_it_breaks_changes_its_way_and_mends(out: io.StringIO) -> None:
    fine = make.state()
    broken = replace(fine, failures=1, outcome=PollOutcome.DNS, reason="no such name")
    worse = replace(broken, failures=2)
    other = replace(worse, failures=3, outcome=PollOutcome.TIMEOUT)
    unplanned = replace(broken, next_poll=None)
    for before, after in (
        *((fine, broken), (broken, worse), (worse, other), (other, fine), (fine, fine)),
        (fine, unplanned),
    ):
        report_poll(polled(before, after), make.NOW)
    said = [(one["event"], one.get("outcome")) for one in events(out)]
    assert said == [
        ("feed cannot be read", "dns"),
        ("feed cannot be read", "timeout"),
        ("feed can be read again", None),
        ("feed cannot be read", "dns"),
    ]
    assert next(one.get("next_try_in") for one in events(out)) == "0:10:00"


def test_a_feed_that_is_given_up_or_moves_is_a_line(out: io.StringIO) -> None:
    fine = make.state()
    dead = replace(fine, failures=9, outcome=PollOutcome.HTTP_404, dead=make.NOW, reason="404")
    moved = replace(fine, move=Move(url="https://new.example/"))
    quiet = replace(fine, last_new=make.NOW, silent=make.at(90_000))
    steps = ((replace(dead, dead=None), dead), (dead, dead), (fine, moved), (moved, fine))
    silent = ((fine, quiet), (quiet, quiet), (quiet, fine))
    for before, after in (*steps, *silent):
        report_poll(polled(before, after), make.NOW)
    said = [(one["event"], one.get("why"), one.get("to")) for one in events(out)]
    assert said == [
        ("feed given up", "404", None),
        ("feed has moved", None, "https://new.example/"),
        ("feed has moved", None, make.FEED.url),
        ("feed is silent", "it has had no entry since it is watched", None),
        ("feed speaks again", None, None),
    ]


def test_an_overtaken_poll_tells_no_alert(out: io.StringIO) -> None:
    report_poll(polled(make.state(), make.state(), committed=False), make.NOW)
    assert [one["event"] for one in events(out)] == [
        "poll was overtaken by another and is taken anew"
    ]


def test_each_attempt_is_one_line(out: io.StringIO) -> None:
    sent, failed = Attempt(ok=True, detail="200"), Attempt(ok=False, detail="500")
    for attempt, retry in ((sent, None), (failed, make.at(5)), (failed, None)):
        report_sent(Sent(make.delivery(), (make.delivery(),), attempt, retry), make.NOW)
    assert [(one["event"], one["level"]) for one in events(out)] == [
        ("delivered", "info"),
        ("delivery failed", "warning"),
        ("delivery given up", "error"),
    ]


def test_lines_about_a_story_bear_its_ids(out: io.StringIO) -> None:
    one, other = make.delivery("s_1"), make.delivery("s_2")
    ok, story = Attempt(ok=True, detail="200"), make.story()
    identity = Identity("i_1", None, "t")
    verdict = Verdict(make.entry(), identity, Sameness.NEW, Outcome.ALERTED, "", story=story)
    verdict = replace(verdict, story_id="s_1", event_id="e_1", alerts=(one.alert,))
    silenced = replace(verdict, alerts=(), outcome=Outcome.SILENCED, reason="exercise")
    for told in (verdict, silenced):
        report_poll(replace(polled(make.state(), make.state()), verdicts=(told,)), make.NOW)
    report_sent(Sent(one, (one,), ok, None), make.NOW)
    report_sent(Sent(replace(one, id="d_both"), (one, other), ok, None), make.NOW)
    alert, quiet, single, both = events(out)
    ids = {"story": "s_1", "event_id": "e_1", "entry": "i_1", "feed": make.FEED.shown}
    assert ids.items() <= alert.items()
    assert ids.items() <= quiet.items()
    assert (alert["deliveries"], single["delivery"]) == ([one.id], one.id)
    assert (single["story"], single["event_id"]) == ("s_1", "e_1")
    assert (both["delivery"], both["carries"]) == ("d_both", 2)
    assert (both["deliveries"], both["stories"]) == ([one.id, other.id], ["s_1", "s_2"])


def test_the_pulse_tells_how_the_feeds_are(out: io.StringIO) -> None:
    report_pulse({"dns": 1}, 1, 3)
    report_pulse({"dns": 1}, 2, 3)
    first, second = events(out)
    assert first["event"] == "no feed can be read; still trying"
    assert (first["failing"], first["not_polled_yet"], first["dns"]) == (1, 2, 1)
    assert (second["event"], second["healthy"]) == ("watching", 1)


def test_a_silent_feed_is_neither_healthy_nor_unread_in_the_pulse(out: io.StringIO) -> None:
    report_pulse({"silent": 1}, 1, 1)
    (said,) = events(out)
    assert said["event"] == "watching"
    assert (said["healthy"], said["failing"], said["silent"]) == (0, 0, 1)


def test_a_sentence_is_let_through_once_in_a_while() -> None:
    now = [0.0]
    throttle = Throttle(every=60, clock=lambda: now[0])
    assert throttle.lets("a")
    assert throttle.lets("b")
    assert not throttle.lets("a")
    now[0] = 60
    assert throttle.lets("a")


def test_of_a_store_that_is_away_celery_says_one_line_and_a_bug_keeps_its_traceback(
    out: io.StringIO,
) -> None:
    log = logging.getLogger("celery.worker")
    for error in (ConnectionRefusedError("no"), KeyError("a bug")):
        try:
            raise error
        except Exception:
            log.exception("lost the broker\nTraceback: ...\n")
    away, bug = events(out)
    assert (away["event"], "exception" in away) == ("lost the broker", False)
    assert bug["exception"][0]["exc_type"] == "KeyError"
