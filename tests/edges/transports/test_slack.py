"""What arrives in Slack, however hostile the feed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.core.models import Attempt, Delivery, Receiver, Severity
from monitor.core.sample import sample
from monitor.edges.transports.slack import escape
from tests.edges.transports.alerts import longest, other
from tests.edges.transports.channels import SLACK
from tests.edges.transports.sending import send
from tests.edges.transports.slack_double import shown
from tests.feed_server import FeedServer, reply
from tests.make import NOW, delivery


def test_the_notification_line_is_escaped_in_the_order_that_slack_asks_for() -> None:
    assert escape("&lt; <!here> a&b") == "&amp;lt; &lt;!here&gt; a&amp;b"


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
    server.serve(SLACK.path, reply(words.encode(), status))
    attempt = SLACK.send(server)
    assert attempt.permanent
    assert attempt.detail == f"{status} {words}{hint}"


def test_a_rate_limit_is_obeyed_in_seconds_and_as_a_date(server: FeedServer) -> None:
    moment = datetime(2026, 3, 14, 12, 2, tzinfo=UTC)
    date = f"{moment:%a, %d %b %Y %H:%M:%S} GMT"
    server.serve(SLACK.path, reply(b"", 429, Retry_After="30"), reply(b"", 503, Retry_After=date))
    waits = [SLACK.send(server).retry_after for _ in range(2)]
    assert waits == [30.0, timedelta(minutes=2).total_seconds()]


@pytest.mark.parametrize("char", ['"', "&"])
def test_the_longest_message_there_can_be_is_below_slacks_bound(
    server: FeedServer, char: str
) -> None:
    # A quote takes two characters of JSON, an ampersand five of the notification line.
    lines = SLACK.arrived(server, longest(char, "x"))
    assert len(lines) == 8
    assert len(server.requests[0].body.decode()) > 7_000


def test_slack_adds_no_preview_of_a_link_and_no_picture_for_a_word(server: FeedServer) -> None:
    _, message = SLACK.posted(server, sample("desk", NOW))
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
    plain = [part for block in message["blocks"] for part in block["elements"] if "emoji" in part]
    assert plain
    assert not any(part["emoji"] for part in plain)


def test_another_outlet_with_a_very_long_link_is_named_without_it(server: FeedServer) -> None:
    one = delivery()
    links = ("https://o.example/" + "x" * 282, "https://o.example/" + "x" * 283)
    others = tuple(replace(other(name), link=link) for name, link in zip("ab", links, strict=True))
    line = SLACK.arrived(server, replace(one, alert=replace(one.alert, others=others)))[-1]
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


# -- a bot's thread, and what it may have posted before -------------------------------

TS = b'{"ok":true,"ts":"171.5"}'


def _thread(server: FeedServer, edit: bytes) -> tuple[Attempt, dict[str, Any]]:
    """An update to a told event, and what the first alert was edited to."""
    server.serve("/api/chat.postMessage", reply(TS))
    server.serve("/api/chat.update", reply(edit))
    first = delivery()
    carrier = replace(first.alert.story.carrier, source="Wire", feed="https://w.example/feed")
    story = replace(first.alert.story, id="s_2", carrier=carrier)
    others = (first.alert.story.carrier, other("a"))
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
