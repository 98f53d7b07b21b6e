"""What arrives in Microsoft Teams, however hostile the feed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from monitor.core.models import Alert, Attempt, Carrier, Delivery, Line, Receiver, Severity
from monitor.core.sample import sample
from monitor.edges.transports import check
from monitor.edges.transports.teams import CHANNEL, Teams, tamed, unmarked
from tests.edges.transports.sending import (
    HOSTILE,
    STATUSES,
    came_to,
    hostile_delivery,
    send,
)
from tests.edges.transports.teams_double import TeamsDouble, escaped_size, shown
from tests.feed_server import FeedServer, reply
from tests.make import NOW, delivery

SIG = "tFs9LpcdsN1pG3OGt8lUzSvoT9b3kU9ttXVmxiETPXE"
PATH = (
    "/powerautomate/automations/direct/workflows/b950a56150be4c05b3ace20939dcfd32/triggers/manual"
    f"/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIG}"
)
# Counted as workflows seem to count; 28,672 are allowed.
MOST = 24_000


def _desk(server: FeedServer) -> Receiver:
    return Receiver("desk", "teams", {"url": server.url(PATH)})


def _posted(server: FeedServer, one: Delivery) -> dict[str, Any]:
    double = TeamsDouble()
    server.serve(PATH, double)
    attempt = send(server, _desk(server), one)
    assert attempt.ok, (attempt, double.faults)
    assert (attempt.detail, attempt.reference) == ("202 Accepted", "")
    return double.messages[0]


def _arrived(server: FeedServer, one: Delivery) -> list[str]:
    return shown(_posted(server, one))


def _told(**options: str) -> list[str]:
    return [str(fault) for fault in check(Receiver("desk", "teams", options))]


def _with(one: Delivery, **more: Any) -> Delivery:
    return replace(one, alert=replace(one.alert, **more))


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


def test_the_line_for_notifications_stands_beside_the_card_and_in_its_place(
    server: FeedServer,
) -> None:
    message = _posted(server, delivery())
    notice = "(high) Lavrov lands in Bamako (Sahel Daily (Mali, English))"
    assert message["summary"] == notice
    assert message["attachments"][0]["content"]["fallbackText"] == notice


def test_an_update_names_what_is_new_and_stands_alone(server: FeedServer) -> None:
    one = _with(delivery(), kind="story.update", news=("31 killed (12 before)",))
    lines = _arrived(server, replace(one, thread="12345"))
    assert lines[0].startswith("*Update: **Lavrov")
    assert lines[1] == "New: *31 killed (12 before)*"
    assert "12345" not in json.dumps(json.loads(server.requests[0].body))


def test_a_test_and_a_notice_say_what_they_are(server: FeedServer) -> None:
    assert _arrived(server, sample("desk", NOW))[0].startswith("*TEST: **Not a real story")
    story = replace(delivery().alert.story, title="Feed is down", topics=frozenset(), summary="")
    lines = _arrived(server, _with(delivery(), kind="notice", story=replace(story, matches=())))
    assert lines[0].startswith("*NOTICE: **Feed is down*")
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
    story = replace(delivery().alert.story, link="", summary="", matches=(), title="")
    assert _arrived(server, _with(delivery(), story=story))[0] == "*(no title)*"
    odd = replace(story, link="javascript:alert(1)")
    assert _arrived(server, _with(delivery(), story=odd))[0] == "*javascript:alert(1)*"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_arrives_as_text_within_every_limit(server: FeedServer, text: str) -> None:
    _arrived(server, hostile_delivery(text))
    lines = (Line(text, f"https://n.example/{text}", text, (text,), Severity.HIGH, 9),)
    digest = replace(hostile_delivery(text).alert, kind="digest", lines=lines * CHANNEL.reports)
    digest = replace(digest, reason="storm")
    assert len(_arrived(server, replace(delivery(), alert=digest))) == 2 + CHANNEL.reports


def test_a_text_of_a_megabyte_arrives_cut(server: FeedServer) -> None:
    story = replace(delivery().alert.story, title="<at>" * 250_000, summary="@all " * 200_000)
    lines = _arrived(server, _with(delivery(), story=story))
    assert len(lines) == 5
    assert max(map(len, lines)) < 400


def test_no_mention_comes_of_what_strangers_write(server: FeedServer) -> None:
    text = "<at>Jane</at> <AT id='0'>all</AT> < at>x a < b {{DATE(2017-02-14T06:00:00Z)}}"
    story = replace(delivery().alert.story, title=text, matches=())
    message = _posted(server, _with(delivery(), story=story))
    assert "entities" not in message["attachments"][0]["content"]["msteams"]
    assert shown(message)[0].startswith("*‹at>Jane‹/at> ‹AT id='0'>all‹/AT>")


def test_text_is_tamed_where_it_would_be_read_as_more_than_text() -> None:
    assert tamed("a < b <at>c</at> <!-- {{{DATE(x)}}}") == "a < b ‹at>c‹/at> ‹!-- { { {DATE(x)}}}"
    assert unmarked("[a](http://x) **b** _c_ `d` \\") == "(a)(http://x)   b    c   d   "


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


@pytest.mark.parametrize("text", ['"', "\\", "🛩", "<a", "{"])
@pytest.mark.parametrize("link", ["x", "я", "🛩"])
def test_the_heaviest_alert_and_digest_there_can_be_are_below_the_bound_in_bytes(
    server: FeedServer, text: str, link: str
) -> None:
    # A quote takes two bytes of JSON, and four when it is escaped once more; an aeroplane four.
    alert = _heavy(text, link)
    long, url = text * 999, f"https://a.example/{link * 282}"
    reports = (Line(long, url, long, (long,), Severity.LOW, 3),) * CHANNEL.reports
    digest = replace(alert, kind="digest", lines=reports)
    for one in (alert, digest):
        _posted(server, replace(delivery(), alert=one))
        assert 8_000 < escaped_size(server.requests[-1].body.decode()) < MOST


def test_a_link_is_left_out_where_its_bytes_would_be_too_many(server: FeedServer) -> None:
    links = [f"https://o.example/{letter * 282}" for letter in "xя🛩"]
    others = tuple(replace(_other(str(n)), link=link) for n, link in enumerate(links))
    line = _arrived(server, _with(delivery(), others=others))[-1]
    assert line == (f"Also carried by 0 (Arabic) <{links[0]}>, 1 (Arabic) <{links[1]}>, 2 (Arabic)")


@pytest.mark.parametrize(("status", "wanted"), STATUSES)
def test_each_status_comes_to_what_it_means(server: FeedServer, status: int, wanted: str) -> None:
    server.serve(PATH, reply(b"", status, Location=server.url("/elsewhere"), Retry_After="7"))
    attempt = send(server, _desk(server))
    assert (came_to(attempt), attempt.status) == (wanted, status)
    assert attempt.retry_after == (7.0 if status in {429, 503} else None)
    assert not server.asked("/elsewhere")


def _answered(server: FeedServer, said: str, status: int = 200) -> Attempt:
    server.serve(PATH, reply(said.encode(), status))
    return send(server, _desk(server))


@pytest.mark.parametrize(("status", "permanent"), [(413, True), (429, False), (500, False)])
def test_a_failure_that_is_told_with_status_200_is_one(
    server: FeedServer, status: int, permanent: bool
) -> None:
    said = (
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error"
        f" {status} with ContextId tcid=0"
    )
    attempt = _answered(server, said)
    assert (attempt.ok, attempt.status, attempt.permanent) == (False, status, permanent)
    assert attempt.detail == f"{status} {said}"
    assert attempt.seconds > 0


def test_a_failure_with_status_200_and_no_code_is_tried_again(server: FeedServer) -> None:
    attempt = _answered(server, "Webhook message delivery failed.")
    assert (attempt.ok, attempt.permanent) == (False, False)
    assert _answered(server, "1").ok


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (400, "WorkflowTriggerIsNotEnabled", "turn it on or make one)"),
        (401, "DirectApiAuthorizationRequired", "copy its URL again)"),
        (404, "WorkflowNotFound", "make a new one)"),
        (400, "InvalidRequestContent", "}}"),
    ],
)
def test_what_a_workflow_says_is_explained(
    server: FeedServer, status: int, code: str, hint: str
) -> None:
    attempt = _answered(server, json.dumps({"error": {"code": code, "message": "no"}}), status)
    assert attempt.permanent
    assert attempt.detail.startswith(f"{status} ")
    assert code in attempt.detail
    assert attempt.detail.endswith(hint)


def test_the_signature_in_the_url_is_a_secret_that_no_answer_brings_to_light(
    server: FeedServer,
) -> None:
    attempt = _answered(server, f"{server.url(PATH)} {PATH} sig={SIG} {SIG}", 400)
    assert "***" in attempt.detail
    told = repr(attempt) + repr(_desk(server))
    assert SIG not in told + repr(Teams(httpx.AsyncClient(), server.url(PATH)))


def test_options_are_checked_without_showing_them() -> None:
    url = f"https://x.environment.api.powerplatform.com:443{PATH}"
    assert _told(url=url) == []
    assert _told() == [
        "receivers.desk.url: is missing (the address to post to, https://...)",
    ]
    (told,) = _told(url=url.replace("https", "http"))
    assert told == "receivers.desk.url: is not https (allow_http = true if that is meant)"
    assert _told(url=url.replace("https", "http"), allow_http="true") == []
    assert SIG not in "".join(_told(url=url.replace("https", "ftp"), secret=SIG))


def test_the_pace_stays_within_four_requests_in_any_second() -> None:
    assert CHANNEL.pace is not None
    most = CHANNEL.pace.count + CHANNEL.pace.count / CHANNEL.pace.seconds
    assert most <= 4
