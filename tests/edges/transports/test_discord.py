"""What arrives in Discord, however hostile the feed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from monitor.core.models import Line, Receiver, Severity
from monitor.core.wording import put
from monitor.edges import transports
from monitor.edges.transports.discord import CHANNEL, escape, message
from tests.edges.transports.alerts import changed, digest, evidence, longest, meant, on_story
from tests.edges.transports.channels import DISCORD
from tests.edges.transports.discord_double import MARKUP, MESSAGE, PATH, DiscordDouble, words
from tests.edges.transports.sending import hostile_delivery, send
from tests.feed_server import FeedServer, reply
from tests.make import NOW, delivery

# One that is as long as a report can be.
_LONG = "*" * 500
_REPORT = Line(_LONG, "https://news.example/" + "x" * 279, _LONG, (_LONG,), Severity.HIGH, 3)


def test_the_headline_and_its_link_are_there_for_notifications_and_without_embeds(
    server: FeedServer,
) -> None:
    _, message = DISCORD.posted(server, delivery())
    assert message["content"] == (
        "**Lavrov lands in Bamako** ([link](<https://sahel.example/lavrov-bamako>))"
    )


def test_of_more_reports_than_were_agreed_on_the_last_are_left_out_whole(
    server: FeedServer,
) -> None:
    told = DISCORD.arrived(server, digest(*(_REPORT,) * 40, reason="*" * 500))
    assert 2 + CHANNEL.reports <= len(told) < 42
    assert told[-1] == told[2]


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_markup_arrives_as_the_characters_it_is_made_of(server: FeedServer, text: str) -> None:
    one = hostile_delivery(text)
    # Without evidence, the quote begins with the text itself.
    story = replace(one.alert.story, matches=())
    one = changed(one, news=(text,), kind=text, story=story)
    assert words(DISCORD.posted(server, one)[1]) == meant(one)


@pytest.mark.parametrize("at", range(1, 60, 5))
def test_markup_that_evidence_cuts_in_two_is_still_text(server: FeedServer, at: int) -> None:
    text = "a](http://evil.example) **b** https://evil.example :smile: @everyone ||x|| \\*y\\*"
    matches = evidence([(start, start + 2) for start in (at, at + 2, at + 7)])
    one = on_story(summary=text, matches=matches)
    assert words(DISCORD.posted(server, one)[1]) == meant(one)


@pytest.mark.parametrize("char", ["*", "x", "é"])
@pytest.mark.parametrize("fill", ["x", "(", "é"])
def test_the_longest_alert_there_can_be_fits(server: FeedServer, char: str, fill: str) -> None:
    assert len(DISCORD.arrived(server, longest(char, fill, fill))) == 8


def test_a_link_too_long_for_the_headline_becomes_the_embeds(server: FeedServer) -> None:
    one = delivery()
    link = "https://news.example/" + "x" * 1_970
    story = replace(one.alert.story, link=link)
    _, message = DISCORD.posted(server, replace(one, alert=replace(one.alert, story=story)))
    (embed,) = message["embeds"]
    assert message["content"] == "**Lavrov lands in Bamako**"
    assert (embed["title"], embed["url"]) == ("Link", link)


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("https://a.example/x_(y)", "https://a.example/x_%28y%29"),
        (
            "https://a.example/новости",
            "https://a.example/" + "%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8",
        ),
        (
            "https://a.example/>) [x](<https://evil.example>",
            "https://a.example/%3E%29%20[x]%28%3Chttps://evil.example%3E",
        ),
    ],
)
def test_a_link_cannot_end_its_own_markup(server: FeedServer, link: str, wanted: str) -> None:
    one = delivery()
    story = replace(one.alert.story, link=link)
    told = DISCORD.arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert told[0] == f"*Lavrov lands in Bamako* <{wanted}>"


def test_a_link_that_grows_too_long_in_plain_characters_is_left_out(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="https://a.example/" + "я" * 400)
    told = DISCORD.arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert told[0] == "*Lavrov lands in Bamako*"


@pytest.mark.parametrize("severity", Severity)
def test_each_severity_has_its_colour(severity: Severity) -> None:
    one = delivery()
    story = replace(one.alert.story, severity=severity)
    made = message(put(replace(one.alert, story=story), NOW))
    others = [
        message(put(replace(one.alert, story=replace(story, severity=other)), NOW))
        for other in Severity
        if other is not severity
    ]
    colour = made["embeds"][0]["color"]
    assert colour not in [other["embeds"][0]["color"] for other in others]


def test_an_ordinary_headline_is_sent_as_it_is() -> None:
    text = "Mali: army says 31 killed at Ménaka; Moscow, Bamako 'to respond' - AFP (2nd lead)"
    assert escape(text) == text


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (400, 220001, " (this is a forum; set thread_id to one of its posts)"),
        (401, 50027, " (the URL is wrong or was replaced; copy it again)"),
        (404, 10003, " (the channel or thread was deleted)"),
        (404, 10015, " (the webhook was deleted; make a new one)"),
        (400, 50035, ""),
    ],
)
def test_discord_says_itself_why_it_refuses_and_that_is_final(
    server: FeedServer, status: int, code: int, hint: str
) -> None:
    said = json.dumps({"message": "No", "code": code})
    server.serve(DISCORD.path, reply(said.encode(), status))
    attempt = DISCORD.send(server)
    assert attempt.permanent
    assert attempt.detail == f"{status} {said}{hint}"


@pytest.mark.parametrize(
    ("header", "body", "wanted"),
    [
        ("65", b'{"message": "You are being rate limited.", "retry_after": 64.57}', 65.0),
        ("", b'{"message":"You are being rate limited.","retry_after":1.5,"global":false}', 1.5),
        ("2", b'{"retry_after": 4}', 4.0),
        ("3", b"error code: 1015", 3.0),
        ("", b"busy", None),
        ("", b'{"retry_after": 1e999, "x": 1}', 1.0),
        ("", b'{"retry_after": 99999999999}', 86_400.0),
    ],
)
def test_a_rate_limit_is_obeyed_from_header_and_body(
    server: FeedServer, header: str, body: bytes, wanted: float | None
) -> None:
    headers = {"Retry_After": header} if header else {}
    server.serve(DISCORD.path, reply(body, 429, **headers))
    attempt = DISCORD.send(server)
    assert (attempt.permanent, attempt.retry_after) == (False, wanted)


def test_a_limit_of_the_whole_address_is_told(server: FeedServer) -> None:
    server.serve(DISCORD.path, reply(b'{"retry_after": 9, "global": true}', 429))
    attempt = DISCORD.send(server)
    assert attempt.detail.endswith("(for everything from this address)")


def test_the_pace_keeps_the_limits_of_webhook_and_channel() -> None:
    pace = CHANNEL.pace
    assert pace is not None
    for seconds, most in ((2, 5), (60, 30)):
        assert pace.count + int(seconds * pace.count / pace.seconds) <= most


def test_the_message_is_known_by_its_id_where_the_answer_is_short_enough(
    server: FeedServer,
) -> None:
    attempt, _ = DISCORD.posted(server, delivery())
    assert (attempt.detail, attempt.reference) == ("200 ok", MESSAGE)
    one = delivery()
    story = replace(one.alert.story, title='"id":"6","channel_id":"7"')
    attempt, _ = DISCORD.posted(server, replace(one, alert=replace(one.alert, story=story)))
    assert (attempt.ok, attempt.reference) == (True, MESSAGE)


def test_an_answer_that_is_cut_off_leaves_the_message_without_a_name(server: FeedServer) -> None:
    server.serve(
        DISCORD.path, reply(b'{"content":"' + b"x" * 2_000 + b'","id":"6","channel_id":"7"}')
    )
    attempt = DISCORD.send(server)
    assert (attempt.ok, attempt.reference) == (True, "")


@pytest.mark.parametrize("version", ["/api", "/api/v6", "/api/v9", "/api/v10"])
def test_whatever_version_the_url_names_the_tenth_is_spoken_to(
    server: FeedServer, version: str
) -> None:
    double = DiscordDouble()
    server.serve(DISCORD.path, double)
    attempt = send(server, Receiver("desk", "discord", {"url": server.url(version + PATH)}))
    assert attempt.ok


def test_a_thread_is_posted_into(server: FeedServer) -> None:
    double = DiscordDouble()
    server.serve(f"{DISCORD.path}&thread_id=1234567890", double)
    assert DISCORD.send(server, thread_id="1234567890").ok


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, ["url: is missing"]),
        ({"url": "https://discord.com/api/webhooks/1/hush-hush"}, []),
        ({"url": "https://discord.com/api/v10/webhooks/1/hush_hush", "thread_id": "9"}, []),
        ({"url": "http://127.0.0.1:1/api/webhooks/1/hush-hush"}, []),
        ({"url": "http://discord.example/api/webhooks/1/hush-hush"}, ["url: is not https"]),
        (
            {"url": "https://discord.com/api/webhooks/1/hush-hush/slack"},
            ["url: is not the address"],
        ),
        (
            {"url": "https://discord.com/api/webhooks/1/hush-hush?wait=1"},
            ["url: is not the address"],
        ),
        ({"url": "https://discord.com/api/webhooks/hush-hush"}, ["url: is not the address"]),
        ({"url": "https://discord.com/channels/1/2"}, ["url: is not the address"]),
        (
            {"url": "https://discord.com/api/webhooks/1/hush-hush", "thread_id": "hush"},
            ["thread_id: is not a thread's id"],
        ),
        (
            {"url": "ftp://hush", "thread_id": ""},
            ["url: is not a web address", "thread_id: is not"],
        ),
    ],
)
def test_options_that_cannot_work_are_told_and_not_shown(
    options: dict[str, str], faults: list[str]
) -> None:
    told = [str(one) for one in transports.check(Receiver("desk", "discord", options))]
    assert len(told) == len(faults)
    for one, wanted in zip(told, faults, strict=True):
        assert one.startswith(f"receivers.desk.{wanted}")
        assert "hush" not in one
