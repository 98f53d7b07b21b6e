"""Signed webhooks, against a receiver that verifies them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitor.core.models import Delivery, Line, Match, Receiver, Severity
from monitor.edges.transports.body import body
from monitor.edges.transports.webhook import CHANNEL
from tests.edges.transports.hook_double import NEXT_SECRET, SECRET, HookDouble
from tests.edges.transports.sending import HOSTILE, hostile_delivery, send
from tests.feed_server import FeedServer, reply
from tests.make import NOW, delivery

PATH = "/hooks/a-path-that-is-a-secret"


def _hook(server: FeedServer, secret: str = SECRET) -> Receiver:
    return Receiver("hook", "webhook", {"url": server.url(PATH), "secret": secret})


def _today() -> datetime:
    # The receiver's library compares with the clock itself.
    return datetime.now(UTC)


def _arrived(server: FeedServer, one: Delivery) -> dict[str, object]:
    double = HookDouble()
    server.serve(PATH, double)
    attempt = send(server, _hook(server), one, _today())
    assert attempt.ok, (attempt, double.faults)
    message: dict[str, object] = double.messages[one.id]
    return message


def test_an_alert_arrives_signed_and_whole(server: FeedServer) -> None:
    assert _arrived(server, delivery()) == {
        "type": "story.alert",
        "timestamp": "2026-03-14T12:00:00Z",
        "data": {
            "story": "s_1",
            "event": "e_1",
            "title": "Lavrov lands in Bamako",
            "summary": "The Russian minister came to talk about instructors for the Malian army.",
            "link": "https://sahel.example/lavrov-bamako",
            "source": "Sahel Daily",
            "language": "en",
            "country": "Mali",
            "state_media": False,
            "published": "2026-03-14T11:00:00Z",
            "first_seen": "2026-03-14T12:00:00Z",
            "topics": ["russia", "russia-sahel", "sahel"],
            "severity": "high",
            "matches": [
                {
                    "topic": "russia-sahel",
                    "rule": "relations",
                    "field": "title",
                    "start": 0,
                    "end": 6,
                    "text": "Lavrov",
                    "entity": "Q58217",
                    "name": "Lavrov",
                }
            ],
            "others": [],
            "reason": "route 1: russia-sahel",
            "news": [],
            "reach": "",
            "reasons": ['russia-sahel: "Lavrov" near "Bamako"'],
        },
    }


@pytest.mark.parametrize("secret", [SECRET, NEXT_SECRET])
def test_during_a_change_of_keys_either_key_verifies(server: FeedServer, secret: str) -> None:
    server.serve(PATH, HookDouble(secret))
    assert send(server, _hook(server, f"{SECRET} {NEXT_SECRET}"), now=_today()).ok


def test_a_wrong_key_is_refused_by_the_receiver_and_final(server: FeedServer) -> None:
    server.serve(PATH, HookDouble(NEXT_SECRET))
    attempt = send(server, _hook(server), now=_today())
    assert (attempt.status, attempt.permanent, attempt.detail) == (401, True, "401 bad signature")


def test_the_time_is_signed_in_utc_whatever_zone_the_clock_is_in(server: FeedServer) -> None:
    server.serve(PATH, HookDouble())
    east = _today().astimezone(timezone(timedelta(hours=5)))
    assert send(server, _hook(server), now=east).ok


def test_attempts_have_the_same_id_and_bytes_and_each_its_own_signature(
    server: FeedServer,
) -> None:
    server.serve(PATH, reply(b"", 503))
    for seconds in (0, 5, 300):
        tried = replace(delivery(), tries=seconds)
        send(server, _hook(server), tried, NOW + timedelta(seconds=seconds))
    requests = server.asked(PATH)
    assert len({one.body for one in requests}) == 1
    assert len({one.headers["webhook-id"] for one in requests}) == 1
    assert len({one.headers["webhook-signature"] for one in requests}) == 3
    assert len({one.headers["webhook-timestamp"] for one in requests}) == 3


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text_and_below_twenty_kilobytes(server: FeedServer, text: str) -> None:
    message = _arrived(server, hostile_delivery(text))
    fields = message["data"]
    assert isinstance(fields, dict)
    title = text.encode("utf-8", "replace").decode()
    assert title.startswith(fields["title"])
    assert fields.get("truncated", False) or fields["title"] == title


def test_a_cut_alert_keeps_only_matches_that_point_into_what_is_left(server: FeedServer) -> None:
    one = delivery()
    summary = "Mali " * 2_000
    matches = tuple(
        Match("sahel", "place", "summary", start, start + 4, "Mali", "Q912", "Mali")
        for start in range(0, len(summary), 5)
    )
    story = replace(one.alert.story, summary=summary, matches=matches)
    fields = _arrived(server, replace(one, alert=replace(one.alert, story=story)))["data"]
    assert isinstance(fields, dict)
    assert fields["truncated"] is True
    assert len(fields["matches"]) == 30
    for match in fields["matches"]:
        assert fields["summary"][match["start"] : match["end"]] == match["text"]


def test_an_undated_story_has_no_time_of_publication(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, published=None)
    fields = _arrived(server, replace(one, alert=replace(one.alert, story=story)))["data"]
    assert isinstance(fields, dict)
    assert fields["published"] is None


def test_the_timestamp_is_when_the_alert_was_decided_told_in_utc() -> None:
    east = (NOW + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=5)))
    assert json.loads(body(delivery(created=east)))["timestamp"] == "2026-03-14T12:01:00Z"


def test_a_body_is_cut_as_soon_as_it_has_twenty_thousand_bytes() -> None:
    def sized(summary: str) -> bytes:
        one = delivery()
        story = replace(one.alert.story, summary=summary)
        return body(replace(one, alert=replace(one.alert, story=story)))

    room = 20_000 - len(sized(""))
    whole, cut = sized("x" * (room - 1)), sized("x" * room)
    assert len(whole) == 19_999
    assert b"truncated" not in whole
    assert len(cut) < 19_999
    assert json.loads(cut)["data"]["truncated"] is True


def test_an_update_and_a_digest_say_so_in_their_type_and_bring_their_news() -> None:
    one = delivery()
    update = replace(one.alert, kind="story.update", news=("31 killed",))
    told = json.loads(body(replace(one, alert=update)))
    assert (told["type"], told["data"]["news"]) == ("story.update", ["31 killed"])
    lines = (Line("Toll rises", "https://a.example/", "AP", ("31 killed",), Severity.HIGH, 2),) * 3
    digest = json.loads(body(replace(one, alert=replace(one.alert, kind="digest", lines=lines))))
    assert digest["type"] == "digest"
    assert digest["data"]["reports"][0] == {
        "title": "Toll rises",
        "link": "https://a.example/",
        "source": "AP",
        "severity": "high",
        "others": 2,
        "state_media": False,
        "news": ["31 killed"],
    }


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_digest_lists_every_report_however_long(text: str) -> None:
    hostile = hostile_delivery(text)
    lines = (Line(text, f"https://a.example/{text}", text, (text,) * 9),) * CHANNEL.reports
    content = body(replace(hostile, alert=replace(hostile.alert, kind="digest", lines=lines)))
    assert len(content) < 20_000
    assert len(json.loads(content)["data"]["reports"]) == CHANNEL.reports


def test_headers_of_ones_own_come_along_and_their_values_are_shown_nowhere(
    server: FeedServer,
) -> None:
    server.serve(PATH, reply(b"bad key s3cret-of-the-desk", 401))
    receiver = _hook(server)
    lines = "X-Desk: africa\nX-Key: s3cret-of-the-desk"
    receiver = replace(receiver, options={**receiver.options, "headers": lines})
    attempt = send(server, receiver)
    (asked,) = server.asked(PATH)
    assert (asked.headers["x-desk"], asked.headers["x-key"]) == ("africa", "s3cret-of-the-desk")
    assert attempt.detail == "401 bad key ***"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("no header", "holds a line that is no header"),
        ("X Desk: s3cret", "holds a line that is no header"),
        ("X-Desk:", "holds a line that is no header"),
        ("X-Desk: s3cr\u00e9t", "X-Desk holds what no header can"),
        ("Webhook-Id: s3cret", "Webhook-Id is set by us"),
        ("Host: s3cret", "Host is set by us"),
    ],
)
def test_a_header_that_cannot_be_sent_is_a_fault_that_hides_its_value(line: str, why: str) -> None:
    options = {"url": "https://h.example/", "secret": SECRET, "headers": line}
    ((option, said, _),) = CHANNEL.check(Receiver("hook", "webhook", options))
    assert (option, said) == ("headers", why)
