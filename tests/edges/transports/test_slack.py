"""What arrives in Slack, however hostile the feed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from monitor.core.models import Attempt, Carrier, Delivery, Line, Receiver, Severity
from monitor.core.sample import sample
from monitor.edges.transports.slack import CHANNEL, Slack, escape
from tests.edges.transports.sending import (
    HOSTILE,
    STATUSES,
    came_to,
    hostile_delivery,
    send,
)
from tests.edges.transports.slack_double import SlackDouble, shown
from tests.feed_server import FeedServer, reply
from tests.make import NOW, delivery

PATH = "/services/T0123456/B0123456/abcdefghijklmnopqrstuvwx"


def _desk(server: FeedServer) -> Receiver:
    return Receiver("desk", "slack", {"url": server.url(PATH)})


def _arrived(server: FeedServer, one: Delivery) -> list[str]:
    double = SlackDouble()
    server.serve(PATH, double)
    attempt = send(server, _desk(server), one)
    assert attempt.ok, (attempt, double.faults)
    assert attempt.detail == "200 ok"
    return shown(double.messages[0])


def _other(name: str) -> Carrier:
    return Carrier(name, f"https://{name}.example/feed", f"https://{name}.example/1", NOW, "ar")


def test_an_alert_shows_headline_outlet_time_topics_evidence_reason_and_other_outlets(
    server: FeedServer,
) -> None:
    one = delivery()
    summary = "A first sentence. The Russian minister spoke of Mali. A third."
    matches = tuple(
        replace(one.alert.story.matches[0], field="summary", start=at, end=at + len(word))
        for word, at in (("Russian", summary.index("Russian")), ("Mali", summary.index("Mali")))
    )
    carrier = replace(one.alert.story.carrier, state_media=True)
    story = replace(one.alert.story, summary=summary, matches=matches, carrier=carrier)
    others = tuple(_other(name) for name in "abcdefg")
    alert = replace(one.alert, story=story, others=others)
    assert _arrived(server, replace(one, alert=alert)) == [
        "*Lavrov lands in Bamako* <https://sahel.example/lavrov-bamako>",
        "From Sahel Daily (Mali, English, state media), published 14 Mar 2026 11:00 UTC, 1 h ago",
        "The *Russian* minister spoke of *Mali*.",
        "🟠 high: russia-sahel, sahel, russia",
        "8 independent outlets, 1 state media; Arabic, English; first Sahel Daily (Mali,"
        " English, state media), 14 Mar 12:00 UTC",
        "Why: route 1: russia-sahel",
        "Also carried by a (Arabic) <https://a.example/1>, b (Arabic) <https://b.example/1>,"
        " c (Arabic) <https://c.example/1>, d (Arabic) <https://d.example/1>,"
        " e (Arabic) <https://e.example/1> and 2 more",
    ]


def test_an_update_and_a_test_say_what_they_are(server: FeedServer) -> None:
    one = delivery()
    update = replace(one, alert=replace(one.alert, kind="story.update"))
    assert _arrived(server, update)[0].startswith("*Update: **Lavrov")
    assert _arrived(server, sample("desk", NOW))[0].startswith("*TEST: **Not a real story")


def test_an_alert_without_link_summary_or_evidence_still_arrives(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="javascript:alert(1)", summary="", matches=(), title="")
    assert _arrived(server, replace(one, alert=replace(one.alert, story=story)))[0] == (
        "*javascript:alert(1)*"
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_arrives_as_text_within_every_limit(server: FeedServer, text: str) -> None:
    _arrived(server, hostile_delivery(text))


@pytest.mark.parametrize("severity", Severity)
def test_each_severity_has_its_colour(server: FeedServer, severity: Severity) -> None:
    one = delivery()
    story = replace(one.alert.story, severity=severity)
    line = _arrived(server, replace(one, alert=replace(one.alert, story=story)))[3]
    assert f" {severity.label}:" in line


def test_the_notification_line_is_escaped_in_the_order_that_slack_asks_for() -> None:
    assert escape("&lt; <!here> a&b") == "&amp;lt; &lt;!here&gt; a&amp;b"


@pytest.mark.parametrize(("status", "wanted"), STATUSES)
def test_each_status_comes_to_what_it_means(server: FeedServer, status: int, wanted: str) -> None:
    server.serve(PATH, reply(b"", status, Location=server.url("/elsewhere")))
    attempt = send(server, _desk(server))
    assert (came_to(attempt), attempt.status) == (wanted, status)
    assert not server.asked("/elsewhere")


@pytest.mark.parametrize(
    ("status", "words", "hint"),
    [
        (400, "invalid_payload", ""),
        (403, "action_prohibited", " (an administrator restricts what may be posted there)"),
        (
            404,
            "channel_not_found",
            " (the channel was deleted, its id is wrong, or the bot is not in it)",
        ),
        (410, "channel_is_archived", " (the channel was archived; choose another one)"),
    ],
)
def test_slack_says_itself_why_it_refuses_and_that_is_final(
    server: FeedServer, status: int, words: str, hint: str
) -> None:
    server.serve(PATH, reply(words.encode(), status))
    attempt = send(server, _desk(server))
    assert attempt.permanent
    assert attempt.detail == f"{status} {words}{hint}"


def test_a_rate_limit_is_obeyed_in_seconds_and_as_a_date(server: FeedServer) -> None:
    moment = datetime(2026, 3, 14, 12, 2, tzinfo=UTC)
    date = f"{moment:%a, %d %b %Y %H:%M:%S} GMT"
    server.serve(PATH, reply(b"", 429, Retry_After="30"), reply(b"", 503, Retry_After=date))
    waits = [send(server, _desk(server), now=NOW).retry_after for _ in range(2)]
    assert waits == [30.0, timedelta(minutes=2).total_seconds()]


def test_the_url_is_a_secret_that_no_answer_brings_to_light(server: FeedServer) -> None:
    token = PATH.rpartition("/")[2]
    echo = f"{server.url(PATH)} {PATH} {token} to\x00ken {token[:9]}\x00{token[9:]}"
    server.serve(PATH, reply(echo.encode(), 404))
    attempt = send(server, _desk(server))
    assert "***" in attempt.detail
    assert token not in repr(attempt)
    assert token not in repr(Slack(httpx.AsyncClient(), server.url(PATH)))
    assert token not in repr(_desk(server))


@pytest.mark.parametrize("char", ['"', "&"])
def test_the_longest_message_there_can_be_is_below_slacks_bound(
    server: FeedServer, char: str
) -> None:
    # A quote takes two characters of JSON, an ampersand five of the notification line.
    one = delivery()
    quotes = char * 1_000
    summary = f"a{char}" * 1_000
    matches = tuple(
        replace(one.alert.story.matches[0], field="summary", start=at, end=at + 1)
        for at in range(0, 60, 2)
    )
    carriers = tuple(
        Carrier(
            f"{number}{quotes}",
            "https://o.example/feed",
            "https://o.example/" + "x" * 282,
            NOW,
            language=quotes,
            country=quotes,
            state_media=True,
        )
        for number in range(9)
    )
    story = replace(
        one.alert.story,
        title=quotes,
        summary=summary,
        link="https://n.example/" + "x" * 1_982,
        matches=matches,
        carrier=carriers[0],
    )
    worst = replace(
        one.alert, story=story, others=carriers[1:], reason=quotes, kind=quotes, news=(quotes,) * 9
    )
    lines = _arrived(server, replace(one, alert=worst))
    assert len(lines) == 8
    assert len(server.requests[0].body.decode()) > 7_000


def test_slack_adds_no_preview_of_a_link_and_no_picture_for_a_word(server: FeedServer) -> None:
    double = SlackDouble()
    server.serve(PATH, double)
    send(server, _desk(server), sample("desk", NOW))
    (message,) = double.messages
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
    plain = [part for block in message["blocks"] for part in block["elements"] if "emoji" in part]
    assert plain
    assert not any(part["emoji"] for part in plain)


def test_another_outlet_with_a_very_long_link_is_named_without_it(server: FeedServer) -> None:
    one = delivery()
    links = ("https://o.example/" + "x" * 282, "https://o.example/" + "x" * 283)
    others = tuple(replace(_other(name), link=link) for name, link in zip("ab", links, strict=True))
    line = _arrived(server, replace(one, alert=replace(one.alert, others=others)))[-1]
    assert line == f"Also carried by a (Arabic) <{links[0]}>, b (Arabic)"


def _bot(server: FeedServer, **more: str) -> Receiver:
    options = {"token": "xoxb-secret-token", "channel": "C1", "url": server.url("/api")} | more
    return Receiver("desk", "slack", options)


def _posted(server: FeedServer, one: Delivery, answer: bytes) -> tuple[Attempt, dict[str, Any]]:
    server.serve("/api/chat.postMessage", lambda request: reply(answer))
    attempt = send(server, _bot(server), one)
    return attempt, json.loads(server.requests[-1].body)


def test_a_bots_update_stands_in_the_thread_of_its_events_first_alert(server: FeedServer) -> None:
    answer = b'{"ok":true,"channel":"C1","ts":"1503435956.000247","message":{"ts":"9.9"}}'
    first, message = _posted(server, delivery(), answer)
    assert (first.ok, first.reference) == (True, "1503435956.000247")
    assert (message["channel"], "thread_ts" in message) == ("C1", False)
    assert server.requests[-1].headers["authorization"] == "Bearer xoxb-secret-token"
    update = replace(delivery(), thread=first.reference)
    _, message = _posted(server, update, answer)
    assert (message["thread_ts"], message["reply_broadcast"]) == ("1503435956.000247", True)
    story = replace(update.alert.story, severity=Severity.MEDIUM)
    _, message = _posted(server, replace(update, alert=replace(update.alert, story=story)), answer)
    assert not message["reply_broadcast"]


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        (b'{"ok":false,"error":"not_in_channel"}', True, "invite the bot"),
        (b'{"ok":false,"error":"internal_error"}', False, "internal_error"),
        (b"<html>maintenance</html>", False, "no answer that can be understood"),
    ],
)
def test_a_bots_refusals_are_told_and_only_those_that_may_pass_are_tried_again(
    server: FeedServer, answer: bytes, permanent: bool, said: str
) -> None:
    attempt, _ = _posted(server, delivery(), answer)
    assert (attempt.ok, attempt.permanent) == (False, permanent)
    assert said in attempt.detail
    assert "xoxb" not in attempt.detail


def test_a_bot_whose_post_fails_is_tried_again(server: FeedServer) -> None:
    server.serve("/api/chat.postMessage", lambda request: reply(b"busy", 503))
    attempt = send(server, _bot(server), delivery())
    assert (attempt.ok, attempt.permanent, attempt.reference) == (False, False, "")


def test_an_update_names_what_is_new_and_a_digest_lists_its_reports(server: FeedServer) -> None:
    one = delivery()
    update = replace(one.alert, kind="story.update", news=("31 killed (12 before)",))
    assert _arrived(server, replace(one, alert=update))[1] == "New: *31 killed (12 before)*"
    lines = tuple(Line(f"T{n}", "https://a.example/", "AP", ("x",)) for n in range(10))
    digest = replace(one.alert, kind="digest", lines=lines)
    shown_lines = _arrived(server, replace(one, alert=digest))
    assert shown_lines[0] == "*Digest: 10 reports*"
    assert shown_lines[1] == "Why: route 1: russia-sahel"
    assert shown_lines[2] == "⚪ T0 <https://a.example/> · AP · x"
    assert len(shown_lines) == 12


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_digest_lists_as_many_reports_as_fit_whatever_they_say(
    server: FeedServer, text: str
) -> None:
    hostile = hostile_delivery(text)
    lines = (Line(text, f"https://a.example/{text}", text, (text,) * 9),) * CHANNEL.reports
    alert = replace(hostile.alert, kind="digest", lines=lines, reason="storm")
    assert len(_arrived(server, replace(hostile, alert=alert))) == CHANNEL.reports + 2


def test_a_notice_says_what_is_wrong_and_names_no_outlet(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, topics=frozenset(), title="Given up", summary="410. Look.")
    notice = replace(one.alert, kind="notice", story=replace(story, matches=()), reason="health")
    assert _arrived(server, replace(one, alert=notice)) == [
        "*NOTICE: **Given up* <https://sahel.example/lavrov-bamako>",
        "410. Look.",
        "Why: health",
    ]


# -- a bot's thread, and what it may have posted before -------------------------------

TS = b'{"ok":true,"ts":"171.5"}'


def _thread(server: FeedServer, edit: bytes) -> tuple[Attempt, dict[str, Any]]:
    """An update to a told event, and what the first alert was edited to."""
    server.serve("/api/chat.postMessage", reply(TS))
    server.serve("/api/chat.update", reply(edit))
    first = delivery()
    carrier = replace(first.alert.story.carrier, source="Wire", feed="https://w.example/feed")
    story = replace(first.alert.story, id="s_2", carrier=carrier)
    others = (first.alert.story.carrier, _other("a"))
    update = replace(first.alert, kind="story.update", story=story, others=others)
    one = replace(first, alert=update, thread="99.5", parent=first.alert)
    attempt = send(server, _bot(server), one)
    return attempt, json.loads(server.asked("/api/chat.update")[0].body)


def test_with_an_update_the_first_alert_is_edited_to_count_who_carries_the_event(
    server: FeedServer,
) -> None:
    attempt, edited = _thread(server, TS)
    assert (attempt.ok, attempt.detail, attempt.reference) == (True, "200 ok", "171.5")
    assert (edited["ts"], edited["channel"], "metadata" in edited) == ("99.5", "C1", False)
    lines = shown(edited)
    assert lines[0].startswith("*Lavrov lands in Bamako*")
    assert any(line.startswith("3 independent outlets") for line in lines)


def test_that_the_first_alert_cannot_be_edited_is_told_and_repeats_nothing(
    server: FeedServer,
) -> None:
    attempt, _ = _thread(server, b'{"ok":false,"error":"cant_update_message"}')
    assert attempt.ok
    assert attempt.detail == "200 ok; first alert not edited: 200 cant_update_message"


def _standing(server: FeedServer, history: bytes, thread: str = "") -> Attempt:
    server.serve("/api/chat.postMessage", reply(TS))
    server.serve("/api/conversations.history", reply(history))
    server.serve("/api/conversations.replies", reply(history))
    return send(server, _bot(server), replace(delivery(), uncertain=True, thread=thread))


@pytest.mark.parametrize("thread", ["", "99.5"])
def test_what_may_have_arrived_is_looked_for_and_not_posted_again(
    server: FeedServer, thread: str
) -> None:
    metadata = {"event_type": "monitor_alert", "event_payload": {"delivery": delivery().id}}
    there = [{"ts": "1.1"}, {"ts": "2.2", "metadata": metadata}]
    attempt = _standing(server, json.dumps({"ok": True, "messages": there}).encode(), thread)
    assert attempt == Attempt(ok=True, detail="had arrived before", reference="2.2")
    (asked,) = server.requests
    assert asked.path.endswith("replies" if thread else "history")
    fields = json.loads(asked.body)
    assert (fields["channel"], fields.get("ts", "")) == ("C1", thread)
    assert float(fields["oldest"]) == NOW.timestamp()


@pytest.mark.parametrize(
    "history",
    [
        b'{"ok":true,"messages":[]}',
        b'{"ok":false,"error":"missing_scope"}',
        b"<html>",
        b'{"ok":true,"messages":[{"ts":"1","metadata":{"event_type":"x"}}]}',
    ],
)
def test_what_is_not_found_there_is_posted_with_its_id(server: FeedServer, history: bytes) -> None:
    assert _standing(server, history).reference == "171.5"
    posted = json.loads(server.asked("/api/chat.postMessage")[0].body)
    assert posted["metadata"]["event_payload"] == {"delivery": delivery().id}
