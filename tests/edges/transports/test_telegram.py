"""What arrives in Telegram, however hostile the feed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.models import Attempt, Delivery, Line, Severity
from monitor.edges.transports.telegram import CHANNEL, tamed, units
from tests.edges.transports.alerts import (
    changed,
    digest,
    evidence,
    evident,
    longest,
    on_story,
)
from tests.edges.transports.channels import TELEGRAM
from tests.edges.transports.sending import faults
from tests.edges.transports.telegram_double import (
    CHAT,
    NAME,
    PATH,
    TEXT,
    TOKEN,
    TOPIC,
    TelegramDouble,
    refused,
    sent,
    shown,
)
from tests.feed_server import FeedServer, reply
from tests.make import delivery


def _titled(title: str) -> Delivery:
    return on_story(title=title, link="", summary="", matches=())


def test_entities_are_counted_in_utf_16(server: FeedServer) -> None:
    summary = "🛩️🛩️ Mali, 🛩️ Niger"
    one = evident(summary, "Mali", "Niger")
    assert "> 🛩🛩 *Mali*, 🛩 *Niger*" in TELEGRAM.arrived(server, one)


def test_an_update_answers_the_message_of_its_events_first_alert(server: FeedServer) -> None:
    double = TelegramDouble()
    server.serve(PATH, double)
    first = TELEGRAM.send(server)
    update = changed(delivery(), kind="story.update")
    for thread in (first.reference, "999", "not one of ours", ""):
        assert TELEGRAM.send(server, replace(update, thread=thread)).ok
    asked = [one.get("reply_parameters") for one in double.messages]
    answer = {"message_id": 1, "allow_sending_without_reply": True}
    assert asked == [None, answer, answer | {"message_id": 999}, None, None]
    assert double.faults == []


def test_a_message_goes_to_a_name_or_an_id_and_there_to_a_topic(server: FeedServer) -> None:
    assert "message_thread_id" not in TELEGRAM.posted(server, delivery())[1]
    _, message = TELEGRAM.posted(server, delivery(), chat=NAME, topic=str(TOPIC))
    assert (message["chat_id"], message["message_thread_id"]) == (NAME, TOPIC)
    assert TELEGRAM.posted(server, delivery())[1]["chat_id"] == CHAT


def test_no_preview_of_a_link_is_added_and_no_markup_is_read(server: FeedServer) -> None:
    _, message = TELEGRAM.posted(server, delivery())
    assert message["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in message


@pytest.mark.parametrize(
    "text",
    [
        "@durov hello (@durov) «@durov» @durov@durov",
        "/kick@some_bot now, (/kick)",
        "#news $USD",
        "Lenta.ru evil.example http://evil.example/x?y=z#w пример.рф a@evil.example",
        "tg://resolve?domain=x ton://x tonsite://x.ton 10.0.0.1 http://10.0.0.1:80/",
    ],
)
def test_nothing_strangers_write_notifies_anybody_or_becomes_a_link(
    server: FeedServer, text: str
) -> None:
    assert TELEGRAM.arrived(server, _titled(text))[0] == f"*{text}*"


def test_nothing_becomes_a_mention_or_link_where_evidence_parts_a_text(
    server: FeedServer,
) -> None:
    summary = "So @Mali, so /Mali, so evil.Mali and #Mali said."
    starts = [at for at in range(len(summary)) if summary.startswith("Mali", at)]
    matches = evidence([(at, at + 4) for at in starts])
    lines = TELEGRAM.arrived(server, on_story(summary=summary, matches=matches))
    assert "> So @*Mali*, so /*Mali*, so evil.*Mali* and #*Mali* said." in lines


def test_ordinary_text_is_left_as_it_is(server: FeedServer) -> None:
    title = "3.5% and/or 12.50 at 14:30. No. 7 - U2, \"a\" & 'b' < c > d … 2026: a/b"
    assert tamed(title) == title
    _, message = TELEGRAM.posted(server, _titled(title))
    assert shown(message)[0] == f"*{title}*"


@pytest.mark.parametrize("text", ["x", "🛩", "@", ".y"])
@pytest.mark.parametrize("link", ["я", "🛩"])
def test_the_longest_alert_and_digest_there_can_be_fit_into_one_message(
    server: FeedServer, text: str, link: str
) -> None:
    alert = longest(text, link)
    long, url = text * 999, f"https://a.example/{link * 282}"
    reports = (Line(long, url, long, (long,), Severity.LOW, 3),) * CHANNEL.reports
    for one in (alert, changed(alert, kind="digest", lines=reports)):
        _, message = TELEGRAM.posted(server, one)
        assert 3_000 < units(message["text"]) <= TEXT


def test_in_a_line_that_is_too_long_the_longest_text_is_cut_first(server: FeedServer) -> None:
    report = Line("🛩" * 200, "https://a.example/", "Agence", ("31 killed",))
    line = TELEGRAM.arrived(server, digest(report))[2]
    assert line.endswith("🛩… <https://a.example/> · Agence · 31 killed")


def _answered(server: FeedServer, status: int, said: str, **parameters: int) -> Attempt:
    server.serve(PATH, refused(status, said, **parameters))
    return TELEGRAM.send(server)


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (400, "chat not found", "check chat, and let the bot into it"),
        (400, "message thread not found", "the topic was deleted"),
        (400, "TOPIC_CLOSED", "the topic was closed"),
        (400, "not enough rights to send text messages to the chat", "let the bot post there"),
        (401, "Unauthorized", "the token is wrong or was revoked"),
        (403, "Forbidden: bot was blocked by the user", "the person must unblock the bot"),
        (403, "Forbidden: bot can't initiate conversation with a user", "must write to the bot"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "into the chat again"),
        (403, "Forbidden: bot is not a member of the channel chat", "let the bot into the chat"),
        (403, "Forbidden: user is deactivated", "choose another chat"),
        (404, "Not Found", "the token or the url is wrong"),
    ],
)
def test_a_refusal_is_final_and_explained(
    server: FeedServer, status: int, said: str, hint: str
) -> None:
    attempt = _answered(server, status, said)
    assert (attempt.ok, attempt.permanent, attempt.status) == (False, True, status)
    assert f"{said} (" in attempt.detail
    assert hint in attempt.detail


def test_a_refusal_without_an_explanation_is_told_in_telegrams_words(server: FeedServer) -> None:
    attempt = _answered(server, 400, "message text is empty")
    assert attempt.detail == "400 Bad Request: message text is empty"


def test_a_group_that_became_a_supergroup_is_told_with_its_new_id(server: FeedServer) -> None:
    said = "group chat was upgraded to a supergroup chat"
    attempt = _answered(server, 400, said, migrate_to_chat_id=-100987)
    assert attempt.permanent
    assert attempt.detail.endswith("(the group became a supergroup: set chat to -100987)")


def test_a_rate_limit_is_obeyed_as_the_answer_says_it(server: FeedServer) -> None:
    attempt = _answered(server, 429, "Too Many Requests: retry after 35", retry_after=35)
    assert (attempt.permanent, attempt.retry_after) == (False, 35.0)
    assert attempt.detail == "429 Too Many Requests: retry after 35"


def test_a_message_has_arrived_where_only_the_status_says_so(server: FeedServer) -> None:
    server.serve(PATH, reply(b""))
    attempt = TELEGRAM.send(server)
    assert (attempt.ok, attempt.reference) == (True, "")


@pytest.mark.parametrize("said", [b"<html>welcome</html>", b'{"ok":false}', b"ok"])
def test_an_answer_that_is_not_the_apis_may_mean_that_the_message_arrived(
    server: FeedServer, said: bytes
) -> None:
    server.serve(PATH, reply(said))
    attempt = TELEGRAM.send(server)
    assert (attempt.ok, attempt.permanent, attempt.uncertain) == (False, False, True)
    assert attempt.detail == "200 no answer that can be understood"


def test_a_reference_is_found_in_an_answer_longer_than_is_kept(server: FeedServer) -> None:
    server.serve(PATH, sent(4711, "x" * 4_000))
    assert TELEGRAM.send(server).reference == "4711"


def test_a_path_before_that_of_the_api_is_kept(server: FeedServer) -> None:
    server.serve(f"/proxy{PATH}", TelegramDouble())
    assert TELEGRAM.send(server, url=server.url("/proxy/")).ok


def _told(**options: str) -> list[str]:
    return faults("telegram", **options)


def test_receivers_as_the_documentation_has_them_are_fine() -> None:
    for chat in (str(CHAT), "4711", "-4711", NAME, "@Desk_2026"):
        assert _told(token=TOKEN, chat=chat) == []
    assert _told(token=TOKEN, chat=NAME, topic="7", url="https://bots.example/api") == []
    assert _told(token=TOKEN, chat=NAME, url="http://bots.example", allow_http="true") == []


def test_what_is_missing_is_told() -> None:
    assert [one.partition(" (")[0] for one in _told()] == [
        "receivers.desk.token: is missing",
        "receivers.desk.chat: is missing",
    ]


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("token", "hush-hush-hush", "is not of the right form"),
        ("token", f"bot{TOKEN}", "is not of the right form"),
        ("token", f"{TOKEN}/../x", "is not of the right form"),
        ("token", f"{TOKEN}\n", "is not of the right form"),
        ("chat", "desk-without-at", "is not of the right form"),
        ("chat", "@a", "is not of the right form"),
        ("chat", "-", "is not of the right form"),
        ("topic", "general", "is no number"),
        ("topic", "", "is no number"),
        ("url", "http://bots.example", "is not https"),
        ("url", "ftp://bots.example", "is not a web address"),
        ("url", "https://bots.example/?x=y", "has more than a path"),
        ("allow_http", "maybe", "is neither true nor false"),
    ],
)
def test_an_option_of_the_wrong_form_is_told_and_not_shown(
    option: str, value: str, why: str
) -> None:
    (told,) = _told(**{"token": TOKEN, "chat": NAME, option: value})
    assert told.startswith(f"receivers.desk.{option}: {why}")
    assert len(value) < 6 or value not in told
    assert TOKEN not in told


def test_the_pace_keeps_to_one_message_a_second_and_twenty_a_minute() -> None:
    assert CHANNEL.pace is not None
    assert CHANNEL.pace.count == 1
    assert 60 / CHANNEL.pace.seconds <= 20
