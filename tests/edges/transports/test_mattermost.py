"""What arrives in Mattermost, however hostile the feed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.models import Line, Receiver, Severity
from monitor.edges import transports
from monitor.edges.transports.mattermost import CHANNEL, escape
from tests.edges.transports.alerts import (
    changed,
    digest,
    evidence,
    evident,
    longest,
    meant,
    on_story,
)
from tests.edges.transports.channels import MATTERMOST
from tests.edges.transports.mattermost_double import MARKUP, PATH, error, words
from tests.edges.transports.sending import hostile_delivery
from tests.feed_server import FeedServer, reply
from tests.make import delivery

# One that is as long as a report can be.
_LONG = "<" * 500
_REPORT = Line(_LONG, "https://news.example/" + "(" * 279, _LONG, (_LONG,), Severity.HIGH, 3)


def test_evidence_is_a_quotation_with_its_words_in_bold_and_a_line_to_end_it(
    server: FeedServer,
) -> None:
    summary = "A first sentence. The Russian minister spoke of Mali. A third."
    _, post = MATTERMOST.posted(server, evident(summary, "Russian", "Mali"))
    assert "\n> The **Russian** minister spoke of **Mali**\\.\n\n" in post["text"]


def test_of_more_reports_than_were_agreed_on_the_last_are_left_out_whole(
    server: FeedServer,
) -> None:
    told = MATTERMOST.arrived(server, digest(*(_REPORT,) * 40, reason="<" * 500))
    assert 2 + CHANNEL.reports <= len(told) < 42
    assert told[-1] == told[2]


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_markup_arrives_as_the_characters_it_is_made_of(server: FeedServer, text: str) -> None:
    one = hostile_delivery(text)
    # Without evidence, the quote begins with the text itself.
    story = replace(one.alert.story, matches=())
    one = changed(one, news=(text,), kind=text, story=story)
    assert words(MATTERMOST.posted(server, one)[1]) == meant(one)


@pytest.mark.parametrize("at", range(1, 60, 5))
def test_markup_that_evidence_cuts_in_two_is_still_text(server: FeedServer, at: int) -> None:
    text = "a](http://evil.example) **b** www.evil.example/x :smile: @channel $x$ ~~y~~ <z|w>"
    matches = evidence([(start, start + 2) for start in (at, at + 2, at + 7)])
    one = on_story(summary=text, matches=matches)
    assert words(MATTERMOST.posted(server, one)[1]) == meant(one)


@pytest.mark.parametrize("char", ["<", "x", "é"])
@pytest.mark.parametrize("fill", ["x", "(", "é"])
def test_the_longest_alert_there_can_be_fits(server: FeedServer, char: str, fill: str) -> None:
    assert len(MATTERMOST.arrived(server, longest(char, fill, fill))) == 8


def test_a_link_cannot_end_its_own_markup(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="https://a.example/x_(y)**z** [x](https://evil.example)$")
    told = MATTERMOST.arrived(server, replace(one, alert=replace(one.alert, story=story)))
    link = "https://a.example/x_%28y%29%2A%2Az%2A%2A%20[x]%28https://evil.example%29%24"
    assert told[0] == f"*Lavrov lands in Bamako <{link}>*"


def test_a_link_that_grows_too_long_is_left_out(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="https://a.example/" + "(" * 1_000)
    told = MATTERMOST.arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert told[0] == "*Lavrov lands in Bamako*"


def test_an_ordinary_headline_is_sent_as_it_is() -> None:
    text = "Mali: army says 31 killed in Ménaka - Moscow's $5bn, Bamako 'to respond' (2nd lead)"
    assert escape(text) == text


def test_the_channel_is_named_only_where_it_is_configured(server: FeedServer) -> None:
    assert "channel" not in MATTERMOST.posted(server, delivery())[1]
    assert (
        MATTERMOST.posted(server, delivery(), channel="town-square")[1]["channel"] == "town-square"
    )


@pytest.mark.parametrize(
    ("status", "name", "hint"),
    [
        (400, "web.incoming_webhook.invalid.app_error", "the webhook was deleted; make a new one"),
        (404, "web.incoming_webhook.channel.app_error", "there is no such channel"),
        (403, "web.incoming_webhook.channel_locked.app_error", "leave the option channel out"),
        (403, "web.incoming_webhook.permissions.app_error", "is not in that channel"),
        (400, "web.incoming_webhook.user.app_error", "there is no such user"),
    ],
)
def test_mattermost_says_itself_why_it_refuses_and_that_is_final(
    server: FeedServer, status: int, name: str, hint: str
) -> None:
    server.serve(PATH, error(name, "No.", status))
    attempt = MATTERMOST.send(server)
    assert attempt.permanent
    assert '"No."' in attempt.detail
    assert hint in attempt.detail


def test_webhooks_that_are_switched_off_may_be_switched_on_again(server: FeedServer) -> None:
    server.serve(PATH, error("web.incoming_webhook.disabled.app_error", "No.", 501))
    attempt = MATTERMOST.send(server)
    assert not attempt.permanent
    assert attempt.detail.endswith("(an administrator has switched webhooks off)")


def test_an_error_that_is_not_known_is_told_as_it_is(server: FeedServer) -> None:
    server.serve(PATH, error("api.context.other.app_error", "Else.", 400))
    attempt = MATTERMOST.send(server)
    assert attempt.detail.endswith('"status_code": 400}')


def test_a_rate_limit_is_obeyed(server: FeedServer) -> None:
    server.serve(PATH, reply(b"limit exceeded", 429, Retry_After="3"))
    assert MATTERMOST.send(server).retry_after == 3.0


def test_a_web_page_in_the_servers_place_has_not_posted_anything(server: FeedServer) -> None:
    server.serve(PATH, reply(b"<!doctype html><title>Log in</title>", 200))
    attempt = MATTERMOST.send(server)
    assert (attempt.ok, attempt.permanent) == (False, False)
    assert attempt.detail == "200: the answer is a web page, so nothing was posted"


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, ["url: is missing"]),
        ({"url": "https://chat.example/hooks/hushhush"}, []),
        ({"url": "https://example.org/chat/hooks/hushhush", "channel": "@bob.b"}, []),
        ({"url": "http://127.0.0.1:8065/hooks/hushhush", "channel": "#town-square"}, []),
        ({"url": "http://chat.example/hooks/hushhush"}, ["url: is not https"]),
        ({"url": "http://chat.example/hooks/hushhush", "allow_http": "true"}, []),
        ({"url": "https://chat.example/hooks/hushhush?x=1"}, ["url: is not the address"]),
        ({"url": "https://chat.example/hushhush"}, ["url: is not the address"]),
        (
            {"url": "https://chat.example/hooks/hushhush", "channel": "Hush Square"},
            ["channel: is not the name"],
        ),
        ({"url": "ftp://hush", "channel": ""}, ["url: is not a web address", "channel: is not"]),
    ],
)
def test_options_that_cannot_work_are_told_and_not_shown(
    options: dict[str, str], faults: list[str]
) -> None:
    told = [str(one) for one in transports.check(Receiver("desk", "mattermost", options))]
    assert len(told) == len(faults)
    for one, wanted in zip(told, faults, strict=True):
        assert one.startswith(f"receivers.desk.{wanted}")
        assert "hush" not in one.lower()
