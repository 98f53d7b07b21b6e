"""What arrives in Microsoft Teams, however hostile the feed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from monitor.core.models import Attempt, Line, Severity
from monitor.edges.transports.teams import CHANNEL, tamed, unmarked
from tests.edges.transports.alerts import changed, longest, on_story
from tests.edges.transports.channels import TEAMS
from tests.edges.transports.sending import faults
from tests.edges.transports.teams_double import escaped_size, shown
from tests.feed_server import FeedServer, reply
from tests.make import delivery

# Counted as workflows seem to count; 28,672 are allowed.
MOST = 24_000


def test_the_line_for_notifications_stands_beside_the_card_and_in_its_place(
    server: FeedServer,
) -> None:
    _, message = TEAMS.posted(server, delivery())
    notice = "(high) Lavrov lands in Bamako (Sahel Daily (Mali, English))"
    assert message["summary"] == notice
    assert message["attachments"][0]["content"]["fallbackText"] == notice


def test_an_update_stands_alone(server: FeedServer) -> None:
    one = replace(changed(delivery(), kind="story.update"), thread="12345")
    TEAMS.posted(server, one)
    assert "12345" not in json.dumps(json.loads(server.requests[0].body))


def test_no_mention_comes_of_what_strangers_write(server: FeedServer) -> None:
    text = "<at>Jane</at> <AT id='0'>all</AT> < at>x a < b {{DATE(2017-02-14T06:00:00Z)}}"
    _, message = TEAMS.posted(server, on_story(title=text, matches=()))
    assert "entities" not in message["attachments"][0]["content"]["msteams"]
    assert shown(message)[0].startswith("*‹at>Jane‹/at> ‹AT id='0'>all‹/AT>")


def test_text_is_tamed_where_it_would_be_read_as_more_than_text() -> None:
    assert tamed("a < b <at>c</at> <!-- {{{DATE(x)}}}") == "a < b ‹at>c‹/at> ‹!-- { { {DATE(x)}}}"
    assert unmarked("[a](http://x) **b** _c_ `d` \\") == "(a)(http://x)   b    c   d   "


@pytest.mark.parametrize("text", ['"', "\\", "🛩", "<a", "{"])
@pytest.mark.parametrize("link", ["x", "я", "🛩"])
def test_the_heaviest_alert_and_digest_there_can_be_are_below_the_bound_in_bytes(
    server: FeedServer, text: str, link: str
) -> None:
    # A quote takes two bytes of JSON, and four when it is escaped once more; an aeroplane four.
    alert = longest(text, link)
    long, url = text * 999, f"https://a.example/{link * 282}"
    reports = (Line(long, url, long, (long,), Severity.LOW, 3),) * CHANNEL.reports
    for one in (alert, changed(alert, kind="digest", lines=reports)):
        TEAMS.posted(server, one)
        assert 8_000 < escaped_size(server.requests[-1].body.decode()) < MOST


def _answered(server: FeedServer, said: str, status: int = 200) -> Attempt:
    server.serve(TEAMS.path, reply(said.encode(), status))
    return TEAMS.send(server)


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


def test_options_are_checked_without_showing_them() -> None:
    url = f"https://x.environment.api.powerplatform.com:443{TEAMS.path}"
    assert faults("teams", url=url) == []
    assert faults("teams") == [
        "receivers.desk.url: is missing (the address to post to, https://...)",
    ]
    (told,) = faults("teams", url=url.replace("https", "http"))
    assert told == "receivers.desk.url: is not https (allow_http = true if that is meant)"
    assert faults("teams", url=url.replace("https", "http"), allow_http="true") == []
    (sig,) = TEAMS.secrets
    assert sig not in "".join(faults("teams", url=url.replace("https", "ftp"), secret=sig))


def test_the_pace_stays_within_four_requests_in_any_second() -> None:
    assert CHANNEL.pace is not None
    most = CHANNEL.pace.count + CHANNEL.pace.count / CHANNEL.pace.seconds
    assert most <= 4
