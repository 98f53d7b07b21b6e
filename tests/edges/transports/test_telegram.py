"""What arrives in Telegram, however hostile the feed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from monitor.core.models import Alert, Attempt, Carrier, Delivery, Line, Receiver, Severity
from monitor.core.sample import sample
from monitor.edges.transports import check
from monitor.edges.transports.telegram import CHANNEL, JOINER, Telegram, tamed, units
from tests.edges.transports.sending import (
    HOSTILE,
    STATUSES,
    came_to,
    hostile_delivery,
    send,
)
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
from tests.make import NOW, delivery


def _desk(server: FeedServer, **more: str) -> Receiver:
    options = {"token": TOKEN, "chat": str(CHAT), "url": server.url("")} | more
    return Receiver("desk", "telegram", options)


def _posted(server: FeedServer, one: Delivery, **more: str) -> dict[str, Any]:
    double = TelegramDouble()
    server.serve(PATH, double)
    attempt = send(server, _desk(server, **more), one)
    assert attempt.ok, (attempt, double.faults)
    assert (attempt.detail, attempt.reference) == ("200 ok", "1")
    assert double.found == []
    return double.messages[0]


def _arrived(server: FeedServer, one: Delivery) -> list[str]:
    return [line.replace(JOINER, "") for line in shown(_posted(server, one))]


def _told(**options: str) -> list[str]:
    return [str(fault) for fault in check(Receiver("desk", "telegram", options))]


def _with(one: Delivery, **more: Any) -> Delivery:
    return replace(one, alert=replace(one.alert, **more))


def _titled(title: str) -> Delivery:
    story = replace(delivery().alert.story, title=title, link="", summary="", matches=())
    return _with(delivery(), story=story)


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
    story = replace(one.alert.story, summary=summary, matches=matches)
    others = tuple(_other(name) for name in "abcdefg")
    assert _arrived(server, _with(one, story=story, others=others)) == [
        "*Lavrov lands in Bamako* <https://sahel.example/lavrov-bamako>",
        "From Sahel Daily (Mali, English), published 14 Mar 2026 11:00 UTC, 1 h ago",
        "> The *Russian* minister spoke of *Mali*.",
        "🟠 high: russia-sahel, sahel, russia",
        "8 independent outlets; Arabic, English; first Sahel Daily (Mali, English),"
        " 14 Mar 12:00 UTC",
        "Why: route 1: russia-sahel",
        "Also carried by a (Arabic) <https://a.example/1>, b (Arabic) <https://b.example/1>,"
        " c (Arabic) <https://c.example/1>, d (Arabic) <https://d.example/1>,"
        " e (Arabic) <https://e.example/1> and 2 more",
    ]


def test_entities_are_counted_in_utf_16(server: FeedServer) -> None:
    summary = "🛩️🛩️ Mali, 🛩️ Niger"
    matches = tuple(
        replace(delivery().alert.story.matches[0], field="summary", start=at, end=at + len(word))
        for word, at in (("Mali", summary.index("Mali")), ("Niger", summary.index("Niger")))
    )
    story = replace(delivery().alert.story, summary=summary, matches=matches)
    assert "> 🛩🛩 *Mali*, 🛩 *Niger*" in _arrived(server, _with(delivery(), story=story))


def test_an_update_answers_the_message_of_its_events_first_alert(server: FeedServer) -> None:
    double = TelegramDouble()
    server.serve(PATH, double)
    first = send(server, _desk(server))
    update = _with(delivery(), kind="story.update", news=("31 killed (12 before)",))
    for thread in (first.reference, "999", "not one of ours", ""):
        assert send(server, _desk(server), replace(update, thread=thread)).ok
    asked = [one.get("reply_parameters") for one in double.messages]
    answer = {"message_id": 1, "allow_sending_without_reply": True}
    assert asked == [None, answer, answer | {"message_id": 999}, None, None]
    assert shown(double.messages[1])[0].startswith("*Update: **Lavrov")
    assert shown(double.messages[1])[1] == "New: *31 killed (12 before)*"


def test_a_test_and_a_notice_say_what_they_are(server: FeedServer) -> None:
    assert _arrived(server, sample("desk", NOW))[0].startswith("*TEST: **Not a real story")
    one = _titled("Feed is down")
    story = replace(one.alert.story, topics=frozenset())
    lines = _arrived(server, _with(one, kind="notice", story=story))
    assert lines[0] == "*NOTICE: **Feed is down*"
    assert not any(line.startswith("From ") for line in lines)


def test_a_digest_lists_all_its_reports_each_with_its_link(server: FeedServer) -> None:
    reports = tuple(Line(f"T{n}", "https://a.example/", "AP", ("x",)) for n in range(8))
    one = _with(delivery(), kind="digest", lines=reports)
    assert _arrived(server, one) == [
        "*Digest: 8 reports*",
        "Why: route 1: russia-sahel",
        *(f"⚪ T{n} <https://a.example/> · AP · x" for n in range(8)),
    ]


def test_an_alert_without_title_link_summary_or_evidence_still_arrives(
    server: FeedServer,
) -> None:
    assert _arrived(server, _titled(""))[0] == "*(no title)*"
    one = _titled("")
    story = replace(one.alert.story, link="javascript:alert(1)")
    assert _arrived(server, _with(one, story=story))[0] == "*javascript:alert(1)*"


def test_a_message_goes_to_a_name_or_an_id_and_there_to_a_topic(server: FeedServer) -> None:
    assert "message_thread_id" not in _posted(server, delivery())
    message = _posted(server, delivery(), chat=NAME, topic=str(TOPIC))
    assert (message["chat_id"], message["message_thread_id"]) == (NAME, TOPIC)
    assert _posted(server, delivery())["chat_id"] == CHAT


def test_no_preview_of_a_link_is_added_and_no_markup_is_read(server: FeedServer) -> None:
    message = _posted(server, delivery())
    assert message["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in message


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_arrives_as_text_within_every_limit(server: FeedServer, text: str) -> None:
    _arrived(server, hostile_delivery(text))
    lines = (Line(text, f"https://n.example/{text}", text, (text,), Severity.HIGH, 9),)
    digest = replace(hostile_delivery(text).alert, kind="digest", lines=lines * CHANNEL.reports)
    digest = replace(digest, reason="storm")
    assert len(_arrived(server, replace(delivery(), alert=digest))) == 2 + CHANNEL.reports


def test_a_text_of_a_megabyte_arrives_cut(server: FeedServer) -> None:
    story = replace(delivery().alert.story, title="@all " * 200_000, summary="🛩" * 1_000_000)
    lines = _arrived(server, _with(delivery(), story=story))
    assert len(lines) == 5
    assert max(map(len, lines)) < 400


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
    assert _arrived(server, _titled(text))[0] == f"*{text}*"


def test_nothing_becomes_a_mention_or_link_where_evidence_parts_a_text(
    server: FeedServer,
) -> None:
    summary = "So @Mali, so /Mali, so evil.Mali and #Mali said."
    starts = [at for at in range(len(summary)) if summary.startswith("Mali", at)]
    matches = tuple(
        replace(delivery().alert.story.matches[0], field="summary", start=at, end=at + 4)
        for at in starts
    )
    story = replace(delivery().alert.story, summary=summary, matches=matches)
    lines = _arrived(server, _with(delivery(), story=story))
    assert "> So @*Mali*, so /*Mali*, so evil.*Mali* and #*Mali* said." in lines


def test_ordinary_text_is_left_as_it_is(server: FeedServer) -> None:
    title = "3.5% and/or 12.50 at 14:30. No. 7 - U2, \"a\" & 'b' < c > d … 2026: a/b"
    assert tamed(title) == title
    assert shown(_posted(server, _titled(title)))[0] == f"*{title}*"


def _heavy(text: str, link: str) -> Alert:
    """An alert with the longest there can be of everything."""
    alert = delivery().alert
    long, marked = text * 1_000, f"a{text}" * 1_000
    matches = tuple(
        replace(alert.story.matches[0], field="summary", start=at, end=at + 1)
        for at in range(0, 30 * (1 + len(text)), 1 + len(text))
    )
    carriers = tuple(
        Carrier(f"{n}{long}", "f", f"https://o.example/{link * 282}", NOW, long, long, True)
        for n in range(9)
    )
    story = replace(
        alert.story,
        title=long,
        summary=marked,
        link="https://n.example/" + "x" * 1_982,
        matches=matches,
        carrier=carriers[0],
        topics=frozenset(f"{long}{n}" for n in range(3)),
        severity=Severity.CRITICAL,
    )
    told = replace(alert, story=story, others=carriers[1:])
    return replace(told, reason=long, kind=long, news=(long,) * 9)


@pytest.mark.parametrize("text", ["x", "🛩", "@", ".y"])
@pytest.mark.parametrize("link", ["я", "🛩"])
def test_the_longest_alert_and_digest_there_can_be_fit_into_one_message(
    server: FeedServer, text: str, link: str
) -> None:
    alert = _heavy(text, link)
    long, url = text * 999, f"https://a.example/{link * 282}"
    reports = (Line(long, url, long, (long,), Severity.LOW, 3),) * CHANNEL.reports
    digest = replace(alert, kind="digest", lines=reports)
    for one in (alert, digest):
        message = _posted(server, replace(delivery(), alert=one))
        assert 3_000 < units(message["text"]) <= TEXT


def test_a_link_is_left_out_where_its_bytes_would_be_too_many(server: FeedServer) -> None:
    links = [f"https://o.example/{letter * 282}" for letter in "xя🛩"]
    others = tuple(replace(_other(str(n)), link=link) for n, link in enumerate(links))
    line = _arrived(server, _with(delivery(), others=others))[-1]
    assert line == (f"Also carried by 0 (Arabic) <{links[0]}>, 1 (Arabic) <{links[1]}>, 2 (Arabic)")


def test_in_a_line_that_is_too_long_the_longest_text_is_cut_first(server: FeedServer) -> None:
    report = Line("🛩" * 200, "https://a.example/", "Agence", ("31 killed",))
    line = _arrived(server, _with(delivery(), kind="digest", lines=(report,)))[2]
    assert line.endswith("🛩… <https://a.example/> · Agence · 31 killed")


@pytest.mark.parametrize(("status", "wanted"), STATUSES)
def test_each_status_comes_to_what_it_means(server: FeedServer, status: int, wanted: str) -> None:
    server.serve(PATH, reply(b"", status, Location=server.url("/elsewhere"), Retry_After="7"))
    attempt = send(server, _desk(server))
    assert (came_to(attempt), attempt.status) == (wanted, status)
    assert attempt.retry_after == (7.0 if status in {429, 503} else None)
    assert not server.asked("/elsewhere")


def _answered(server: FeedServer, status: int, said: str, **parameters: int) -> Attempt:
    server.serve(PATH, refused(status, said, **parameters))
    return send(server, _desk(server))


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
    attempt = send(server, _desk(server))
    assert (attempt.ok, attempt.reference) == (True, "")


@pytest.mark.parametrize("said", [b"<html>welcome</html>", b'{"ok":false}', b"ok"])
def test_an_answer_that_is_not_the_apis_may_mean_that_the_message_arrived(
    server: FeedServer, said: bytes
) -> None:
    server.serve(PATH, reply(said))
    attempt = send(server, _desk(server))
    assert (attempt.ok, attempt.permanent, attempt.uncertain) == (False, False, True)
    assert attempt.detail == "200 no answer that can be understood"


def test_a_reference_is_found_in_an_answer_longer_than_is_kept(server: FeedServer) -> None:
    server.serve(PATH, sent(4711, "x" * 4_000))
    assert send(server, _desk(server)).reference == "4711"


def test_the_token_is_a_secret_that_no_answer_brings_to_light(server: FeedServer) -> None:
    secret = TOKEN.partition(":")[2]
    echo = f"{server.url(PATH)} {PATH} {TOKEN} {TOKEN.replace(':', '%3A')} {secret}"
    for said in (echo, json.dumps({"ok": False, "description": echo})):
        server.serve(PATH, reply(said.encode(), 404))
        attempt = send(server, _desk(server))
        assert "***" in attempt.detail
        assert secret not in repr(attempt) + repr(_desk(server))
    assert secret not in repr(Telegram(httpx.AsyncClient(), TOKEN, {"chat_id": CHAT}))


def test_a_path_before_that_of_the_api_is_kept(server: FeedServer) -> None:
    server.serve(f"/proxy{PATH}", TelegramDouble())
    assert send(server, _desk(server, url=server.url("/proxy/"))).ok


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
