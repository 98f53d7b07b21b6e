"""What arrives in Discord, however hostile the feed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from monitor.core.models import Attempt, Carrier, Delivery, Line, Receiver, Severity
from monitor.core.sample import sample
from monitor.core.wording import put
from monitor.edges import transports
from monitor.edges.transports.discord import CHANNEL, Discord, escape, message
from monitor.edges.transports.layout import lines
from tests.edges.transports.discord_double import MESSAGE, PATH, DiscordDouble, shown, words
from tests.edges.transports.sending import HOSTILE, STATUSES, came_to, hostile_delivery, send
from tests.feed_server import FeedServer, reply
from tests.make import NOW, delivery

TOKEN = PATH.rpartition("/")[2]
POSTED = f"/api/v10{PATH}?wait=true"
# Whatever Discord reads as markup, a mention, an emoji, a link or an invitation.
MARKUP = (
    "**b** *i* __u__ ~~s~~ ||hidden|| `c` ```x``` _i_ \\ \\* \\\\*x*",
    "# heading",
    "-# small print",
    "- one",
    "1. one",
    "2) two",
    "> quote",
    ">>> quotes",
    "@everyone @here <@123456789012345678> <@&123456789012345678> <#123456789012345678>",
    "<:x:123456789012345678> <a:x:123456789012345678> <t:1618953630:R> </x:123456789012345678>",
    "<id:customize> :smile: :+1: 12:30",
    "https://evil.example/x <https://evil.example> [x](https://evil.example) discord.gg/abc",
    "[x](<https://evil.example>) ](https://evil.example) ([link](<https://evil.example>))",
    "](http://evil.example)",
    "(http://evil.example)",
)


def _desk(server: FeedServer, **more: str) -> Receiver:
    return Receiver("desk", "discord", {"url": server.url(f"/api{PATH}"), **more})


def _posted(server: FeedServer, one: Delivery) -> tuple[Attempt, dict[str, Any]]:
    double = DiscordDouble()
    server.serve(POSTED, double)
    attempt = send(server, _desk(server), one)
    assert attempt.ok, (attempt, double.faults)
    return attempt, double.messages[0]


def _arrived(server: FeedServer, one: Delivery) -> list[str]:
    return shown(_posted(server, one)[1])


def _meant(one: Delivery) -> list[str]:
    """The words of each line, as every channel has them."""
    return ["".join(run.text for run in line.runs) for line in lines(put(one.alert, NOW))]


def _digest(text: str, count: int) -> Delivery:
    one = delivery()
    link = "https://news.example/" + "x" * 279
    listed = (Line(text, link, text, (text,), Severity.HIGH, 3),) * count
    return replace(one, alert=replace(one.alert, kind="digest", reason=text, lines=listed))


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
    others = (Carrier("sahel.example", "https://b.example/", "https://b.example/1", NOW, "ar"),)
    alert = replace(one.alert, story=story, others=others)
    assert _arrived(server, replace(one, alert=alert)) == [
        "*Lavrov lands in Bamako* <https://sahel.example/lavrov-bamako>",
        "From Sahel Daily (Mali, English), published 14 Mar 2026 11:00 UTC, 1 h ago",
        "The *Russian* minister spoke of *Mali*.",
        "🟠 high: russia-sahel, sahel, russia",
        "2 independent outlets; Arabic, English; first Sahel Daily (Mali, English),"
        " 14 Mar 12:00 UTC",
        "Why: route 1: russia-sahel",
        "Also carried by sahel.example (Arabic) <https://b.example/1>",
    ]


def test_the_headline_and_its_link_are_there_for_notifications_and_without_embeds(
    server: FeedServer,
) -> None:
    _, message = _posted(server, delivery())
    assert message["content"] == (
        "**Lavrov lands in Bamako** ([link](<https://sahel.example/lavrov-bamako>))"
    )


def test_an_update_says_what_it_is_and_what_is_new_in_a_message_of_its_own(
    server: FeedServer,
) -> None:
    one = replace(delivery(), thread="1300000000000000000")
    update = replace(one.alert, kind="story.update", news=("31 killed (12 before)",))
    told = _arrived(server, replace(one, alert=update))
    assert told[0].startswith("*Update:* *Lavrov")
    assert told[1] == "New: *31 killed (12 before)*"


def test_a_test_and_a_notice_say_what_they_are(server: FeedServer) -> None:
    assert _arrived(server, sample("desk", NOW))[0].startswith("*TEST:* *Not a real story")
    one = delivery()
    story = replace(one.alert.story, link="", summary="", matches=(), topics=frozenset())
    alert = replace(one.alert, kind="notice", story=story)
    assert _arrived(server, replace(one, alert=alert)) == [
        "*NOTICE: Lavrov lands in Bamako*",
        "Why: route 1: russia-sahel",
    ]


def test_a_digest_lists_all_its_reports(server: FeedServer) -> None:
    listed = tuple(Line(f"T{n}", f"https://a.example/{n}", "AP", ("x",)) for n in range(7))
    one = delivery()
    digest = replace(one.alert, kind="digest", lines=listed)
    told = _arrived(server, replace(one, alert=digest))
    assert told[:3] == [
        "*Digest: 7 reports*",
        "Why: route 1: russia-sahel",
        "⚪ T0 <https://a.example/0> · AP · x",
    ]
    assert len(told) == 9


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP, "*" * 500], ids=lambda text: text[:8])
def test_a_digest_of_the_most_reports_there_can_be_fits_whatever_they_say(
    server: FeedServer, text: str
) -> None:
    told = _arrived(server, _digest(text, CHANNEL.reports))
    reports = [line for line in told if "<https://news.example/" in line]
    assert len(reports) == CHANNEL.reports


def test_of_more_reports_than_were_agreed_on_the_last_are_left_out_whole(
    server: FeedServer,
) -> None:
    told = _arrived(server, _digest("*" * 500, 40))
    assert 2 + CHANNEL.reports <= len(told) < 42
    assert told[-1] == told[2]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_arrives_as_text_within_every_limit(server: FeedServer, text: str) -> None:
    _arrived(server, hostile_delivery(text))


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_markup_arrives_as_the_characters_it_is_made_of(server: FeedServer, text: str) -> None:
    one = hostile_delivery(text)
    # Without evidence, the quote begins with the text itself.
    story = replace(one.alert.story, matches=())
    one = replace(one, alert=replace(one.alert, news=(text,), kind=text, story=story))
    assert words(_posted(server, one)[1]) == _meant(one)


@pytest.mark.parametrize("at", range(1, 60, 5))
def test_markup_that_evidence_cuts_in_two_is_still_text(server: FeedServer, at: int) -> None:
    text = "a](http://evil.example) **b** https://evil.example :smile: @everyone ||x|| \\*y\\*"
    one = delivery()
    matches = tuple(
        replace(one.alert.story.matches[0], field="summary", start=start, end=start + 2)
        for start in (at, at + 2, at + 7)
    )
    story = replace(one.alert.story, summary=text, matches=matches)
    one = replace(one, alert=replace(one.alert, story=story))
    assert words(_posted(server, one)[1]) == _meant(one)


def _longest(char: str, fill: str) -> Delivery:
    """An alert as long as the words of core/wording can make it."""
    one, text = delivery(), char * 1_000
    others = tuple(
        Carrier(
            f"{n}{text}", "https://o.example/", f"https://o.example/{fill * 282}", NOW, text, text
        )
        for n in range(9)
    )
    story = replace(
        one.alert.story,
        title=text,
        summary=f"a{char}" * 500,
        link=f"https://n.example/{fill * 1_982}",
        carrier=replace(others[0], state_media=True),
        topics=frozenset({text}),
        matches=tuple(
            replace(one.alert.story.matches[0], field="summary", start=at, end=at + 1)
            for at in range(0, 60, 2)
        ),
    )
    more = replace(one.alert, kind=text, reason=text, news=(text,) * 9)
    return replace(one, alert=replace(more, story=story, others=others))


@pytest.mark.parametrize("char", ["*", "x", "é"])
@pytest.mark.parametrize("fill", ["x", "(", "é"])
def test_the_longest_alert_there_can_be_fits(server: FeedServer, char: str, fill: str) -> None:
    assert len(_arrived(server, _longest(char, fill))) == 8


@pytest.mark.parametrize("char", ["x", "*", "é "])
def test_a_text_of_a_megabyte_arrives_cut(server: FeedServer, char: str) -> None:
    one = delivery()
    text = char * (1_000_000 // len(char))
    story = replace(one.alert.story, title=text, summary=text, matches=())
    told = words(_posted(server, replace(one, alert=replace(one.alert, story=story)))[1])
    assert all(len(line) <= 400 for line in told)


def test_an_alert_without_title_link_or_evidence_still_arrives(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="javascript:alert(1)", summary="", matches=(), title="")
    told = _arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert told[0] == "*javascript:alert(1)*"


def test_a_link_too_long_for_the_headline_becomes_the_embeds(server: FeedServer) -> None:
    one = delivery()
    link = "https://news.example/" + "x" * 1_970
    story = replace(one.alert.story, link=link)
    _, message = _posted(server, replace(one, alert=replace(one.alert, story=story)))
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
    told = _arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert told[0] == f"*Lavrov lands in Bamako* <{wanted}>"


def test_a_link_that_grows_too_long_in_plain_characters_is_left_out(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="https://a.example/" + "я" * 400)
    told = _arrived(server, replace(one, alert=replace(one.alert, story=story)))
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


@pytest.mark.parametrize(("status", "wanted"), STATUSES)
def test_each_status_comes_to_what_it_means(server: FeedServer, status: int, wanted: str) -> None:
    server.serve(POSTED, reply(b"", status, Location=server.url("/elsewhere")))
    attempt = send(server, _desk(server))
    assert (came_to(attempt), attempt.status) == (wanted, status)
    assert not server.asked("/elsewhere")


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
    server.serve(POSTED, reply(said.encode(), status))
    attempt = send(server, _desk(server))
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
    server.serve(POSTED, reply(body, 429, **headers))
    attempt = send(server, _desk(server))
    assert (attempt.permanent, attempt.retry_after) == (False, wanted)


def test_a_limit_of_the_whole_address_is_told(server: FeedServer) -> None:
    server.serve(POSTED, reply(b'{"retry_after": 9, "global": true}', 429))
    attempt = send(server, _desk(server))
    assert attempt.detail.endswith("(for everything from this address)")


def test_the_pace_keeps_the_limits_of_webhook_and_channel() -> None:
    pace = CHANNEL.pace
    assert pace is not None
    for seconds, most in ((2, 5), (60, 30)):
        assert pace.count + int(seconds * pace.count / pace.seconds) <= most


def test_the_message_is_known_by_its_id_where_the_answer_is_short_enough(
    server: FeedServer,
) -> None:
    attempt, _ = _posted(server, delivery())
    assert (attempt.detail, attempt.reference) == ("200 ok", MESSAGE)
    one = delivery()
    story = replace(one.alert.story, title='"id":"6","channel_id":"7"')
    attempt, _ = _posted(server, replace(one, alert=replace(one.alert, story=story)))
    assert (attempt.ok, attempt.reference) == (True, MESSAGE)


def test_an_answer_that_is_cut_off_leaves_the_message_without_a_name(server: FeedServer) -> None:
    server.serve(POSTED, reply(b'{"content":"' + b"x" * 2_000 + b'","id":"6","channel_id":"7"}'))
    attempt = send(server, _desk(server))
    assert (attempt.ok, attempt.reference) == (True, "")


@pytest.mark.parametrize("version", ["/api", "/api/v6", "/api/v9", "/api/v10"])
def test_whatever_version_the_url_names_the_tenth_is_spoken_to(
    server: FeedServer, version: str
) -> None:
    double = DiscordDouble()
    server.serve(POSTED, double)
    attempt = send(server, Receiver("desk", "discord", {"url": server.url(version + PATH)}))
    assert attempt.ok


def test_a_thread_is_posted_into(server: FeedServer) -> None:
    double = DiscordDouble()
    server.serve(f"{POSTED}&thread_id=1234567890", double)
    assert send(server, _desk(server, thread_id="1234567890")).ok


def test_the_url_is_a_secret_that_no_answer_brings_to_light(server: FeedServer) -> None:
    url = server.url(f"/api{PATH}")
    echo = f"{url} {POSTED} {TOKEN} to\x00ken {TOKEN[:9]}\x00{TOKEN[9:]}"
    server.serve(POSTED, reply(echo.encode(), 404))
    attempt = send(server, _desk(server))
    assert "***" in attempt.detail
    told = repr(attempt) + repr(Discord(httpx.AsyncClient(), url)) + repr(_desk(server))
    assert TOKEN not in told


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
