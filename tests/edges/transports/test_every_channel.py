"""What holds for every channel: what people see of an alert, and what an answer comes to."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from monitor.core.models import Attempt, Line, Severity
from monitor.core.sample import sample
from monitor.edges import transports
from monitor.edges.net import parse_allow
from tests.edges.transports.alerts import changed, digest, evident, on_story, other
from tests.edges.transports.channels import HOOKS, ROOMS, Flood, Hook, Room
from tests.edges.transports.sending import (
    HOSTILE,
    OK,
    PASSING,
    STATUSES,
    came_to,
    hostile_delivery,
    with_client,
)
from tests.feed_server import FeedServer, Reply, raw, reply
from tests.make import NOW, delivery

LINK = "https://sahel.example/lavrov-bamako"
_TEXTS = [
    pytest.param(room, text, id=f"{room.type}-{number}")
    for room in ROOMS
    for number, text in enumerate((*HOSTILE, *room.worst))
]
_FLOODS = [
    pytest.param(room, flood, id=f"{room.type}-{number}")
    for room in ROOMS
    for number, flood in enumerate(room.floods)
]
every_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.type)
every_hook = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.type)
# Apprise hears of no answer but the status of a failure.
every_hearing_hook = pytest.mark.parametrize(
    "hook", [hook for hook in HOOKS if hook.hears], ids=lambda hook: hook.type
)


def test_every_channel_that_leaves_this_machine_is_asked_here() -> None:
    asked = {hook.type for hook in HOOKS} | {room.type for room in ROOMS}
    assert asked == transports.TRANSPORTS.keys() - {"console", "file"}


# -- what people see -----------------------------------------------------------------


@every_room
def test_an_alert_shows_headline_outlet_time_evidence_topics_reach_reason_and_other_outlets(
    room: Room,
) -> None:
    one = evident(
        "A first sentence. The Russian minister spoke of Mali. A third.", "Russian", "Mali"
    )
    carrier = replace(one.alert.story.carrier, state_media=True)
    # A name that some services would make a link of comes first.
    others = (replace(other("a"), source="sahel.example"), *(other(name) for name in "bcdefg"))
    one = changed(one, story=replace(one.alert.story, carrier=carrier), others=others)
    say = room.notation
    linked = [
        say.link.format(f"{name} (Arabic)", f"https://{site}.example/1")
        for name, site in zip(("sahel.example", *"bcde"), "abcde", strict=True)
    ]
    bold = say.bold.format
    assert room.shown(one) == [
        say.headline("Lavrov lands in Bamako", LINK),
        "From Sahel Daily (Mali, English, state media), published 14 Mar 2026 11:00 UTC, 1 h ago",
        say.quote.format(f"The {bold('Russian')} minister spoke of {bold('Mali')}."),
        "🟠 high: russia-sahel, sahel, russia",
        "8 independent outlets, 1 state media; Arabic, English; first Sahel Daily (Mali,"
        " English, state media), 14 Mar 12:00 UTC",
        "Why: route 1: russia-sahel",
        f"Also carried by {', '.join(linked)} and 2 more",
    ]


@every_room
def test_an_update_says_what_it_is_and_what_is_new(room: Room) -> None:
    one = changed(delivery(), kind="story.update", news=("31 killed (12 before)",))
    say = room.notation
    for thread in ("", "12345"):
        assert room.shown(replace(one, thread=thread))[:2] == [
            say.headline("Lavrov lands in Bamako", LINK, "Update"),
            f"New: {say.bold.format('31 killed (12 before)')}",
        ]


@every_room
def test_a_test_says_what_it_is(room: Room) -> None:
    one = sample("desk", NOW)
    story = one.alert.story
    assert room.shown(one)[0] == room.notation.headline(story.title, story.link, "TEST")


@every_room
def test_a_notice_says_what_is_wrong_and_names_no_outlet(room: Room) -> None:
    one = on_story(topics=frozenset(), title="Given up", summary="410. Look.", matches=())
    say = room.notation
    assert room.shown(changed(one, kind="notice", reason="health")) == [
        say.headline("Given up", LINK, "NOTICE"),
        say.quote.format("410. Look."),
        "Why: health",
    ]
    bare = on_story(topics=frozenset(), link="", summary="", matches=())
    assert room.shown(changed(bare, kind="notice")) == [
        say.headline("Lavrov lands in Bamako", kind="NOTICE"),
        "Why: route 1: russia-sahel",
    ]


@every_room
def test_a_digest_lists_all_its_reports_each_with_its_link(room: Room) -> None:
    count = transports.TRANSPORTS[room.type].reports
    reports = [Line(f"T{n}", f"https://a.example/{n}", "AP", ("x",)) for n in range(count)]
    say = room.notation
    links = [say.link.format(f"T{n}", f"https://a.example/{n}") for n in range(count)]
    assert room.shown(digest(*reports)) == [
        say.headline(f"Digest: {count} reports"),
        "Why: route 1: russia-sahel",
        *(say.report.format(f"⚪ {link} · AP · x") for link in links),
    ]


@every_room
def test_an_alert_without_title_link_summary_or_evidence_still_arrives(room: Room) -> None:
    for link, shown in (("", "(no title)"), ("javascript:alert(1)", "javascript:alert(1)")):
        lines = room.shown(on_story(link=link, summary="", matches=(), title=""))
        assert lines[0] == room.notation.headline(shown)
        assert lines[1].startswith("From ")


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://bank.example@evil.example/", "https://evil.example/"),
        ("https://ba\u0430k.example/", "https://xn--bak-7cd.example/"),
        ("https://n.example/a|b>c<d\u202ee", "https://n.example/a%7Cb%3Ec%3Cd%E2%80%AEe"),
        ("https://n.example/\r\nX: y", "https://n.example/X:%20y"),
    ],
)
@every_room
def test_a_link_shows_where_it_leads(room: Room, link: str, shown: str) -> None:
    first = room.shown(on_story(link=link))[0]
    assert first == room.notation.headline("Lavrov lands in Bamako", shown)
    (other_line,) = [
        line
        for line in room.shown(changed(delivery(), others=(replace(other("a"), link=link),)))
        if line.startswith("Also carried")
    ]
    assert shown in other_line


@pytest.mark.parametrize("severity", Severity)
@every_room
def test_each_severity_is_named(room: Room, severity: Severity) -> None:
    assert f" {severity.label}:" in room.shown(on_story(severity=severity))[3]


@pytest.mark.parametrize(("room", "text"), _TEXTS)
def test_hostile_text_arrives_as_text_within_every_limit(room: Room, text: str) -> None:
    assert len(room.shown(hostile_delivery(text))) <= 7


@pytest.mark.parametrize(("room", "text"), _TEXTS)
def test_a_digest_of_the_most_reports_there_can_be_fits_whatever_they_say(
    room: Room, text: str
) -> None:
    count = transports.TRANSPORTS[room.type].reports
    one = hostile_delivery(text)
    report = Line(text, f"https://n.example/{text}", text, (text,) * 9, Severity.HIGH, 9)
    # Other outlets are no part of a digest; they would only take time.
    one = changed(one, kind="digest", lines=(report,) * count, reason="storm", others=())
    assert len(room.shown(one)) == 2 + count
    # With the longest links that are shown.
    link = "https://news.example/" + (room.fill * 279)[:279]
    report = Line(text, link, text, (text,), Severity.HIGH, 9)
    lines = room.shown(digest(*(report,) * count, reason=text))
    assert sum("https://news.example/" in line for line in lines) == count


@pytest.mark.parametrize(("room", "flood"), _FLOODS)
def test_a_text_of_a_megabyte_arrives_cut(room: Room, flood: Flood) -> None:
    title, summary = (one * (1_000_000 // len(one)) for one in (flood.title, flood.summary))
    matches = delivery().alert.story.matches if flood.evident else ()
    lines = room.shown(on_story(title=title, summary=summary, matches=matches))
    assert len(lines) == 5
    # Three hundred characters of a headline, and how a link is written down here.
    assert len(lines[0]) <= 300 + len(f"** <{LINK}>")
    assert max(map(len, lines)) < 400


# -- what answers come to ------------------------------------------------------------


def _answers(server: FeedServer, hook: Hook, replies: list[Reply]) -> list[Attempt]:
    """An attempt for each of these answers."""
    server.serve(hook.path, *replies)
    allow = parse_allow([f"127.0.0.1:{server.port}"])

    async def use(http: httpx.AsyncClient) -> list[Attempt]:
        transport = transports.build(hook.receiver(server), http, out=None, allow=allow)
        return [await transport.send(delivery(), NOW) for _ in replies]

    attempts: list[Attempt] = with_client(server, use)
    return attempts


@every_hook
def test_each_status_comes_to_what_it_means_and_is_asked_for_once(
    server: FeedServer, hook: Hook
) -> None:
    more = {"Location": server.url("/elsewhere"), "Retry_After": "7"}
    attempts = _answers(server, hook, [reply(b"", status, **more) for status, _ in STATUSES])
    shown = [(came_to(one), one.status, one.retry_after) for one in attempts]
    assert shown == [
        (
            wanted,
            status if hook.hears or wanted != OK else None,
            7.0 if hook.hears and status in {429, 503} else None,
        )
        for status, wanted in STATUSES
    ]
    assert [one.path for one in server.requests] == [hook.path] * len(STATUSES)


@every_hook
def test_a_redirect_is_told_and_not_followed(server: FeedServer, hook: Hook) -> None:
    server.serve(hook.path, reply(b"", 302, Location=server.url("/elsewhere")))
    attempt = hook.send(server)
    assert attempt.detail == "302: the receiver redirects, which is not followed"
    assert [one.path for one in server.requests] == [hook.path]


@every_hook
def test_a_private_address_is_not_reached_unless_it_is_allowed(
    server: FeedServer, hook: Hook
) -> None:
    attempt = hook.send(server, allow="10.0.0.1:80")
    assert (came_to(attempt), attempt.uncertain) == (PASSING, False)
    assert "127.0.0.1 is not a public address" in attempt.detail
    assert server.connections == 0


@pytest.mark.parametrize("answer", [raw(), raw(reset=True), raw(b"HTTP/1.1 2", reset=True)])
@every_hearing_hook
def test_a_message_whose_answer_is_lost_may_have_arrived(
    server: FeedServer, hook: Hook, answer: Reply
) -> None:
    server.serve(hook.path, answer)
    attempt = hook.send(server)
    assert (came_to(attempt), attempt.status, attempt.uncertain) == (PASSING, None, True)


@every_hearing_hook
def test_a_service_that_hangs_is_left_after_the_deadline_and_the_message_may_have_arrived(
    server: FeedServer, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(hook.path, raw(30.0))

    async def use(http: httpx.AsyncClient) -> object:
        transport = transports.build(hook.receiver(server), http, out=None)
        monkeypatch.setattr(transport, "_deadline", 0.1)
        return replace(await transport.send(delivery(), NOW), seconds=0.0)

    attempt = with_client(server, use)
    assert (came_to(attempt), attempt.status, attempt.uncertain) == (PASSING, None, True)
    assert attempt.detail == "no complete answer came in time"


def _echoes(server: FeedServer, hook: Hook) -> list[str]:
    """All secrets in several spellings, plain, in JSON, and where the answer is cut."""
    options = hook.options(server).values()
    parted = [f"{one[:9]}\0{one[9:]} to\0ken {one}" for one in hook.secrets]
    coded = [one.replace(":", "%3A") for one in options]
    plain = " ".join([*options, hook.path, *parted, *coded, *hook.secrets])
    fields = ("message", "description")
    shown = json.dumps({"ok": False, "code": 1, **dict.fromkeys(fields, plain)})
    return [plain, shown, *(f"{'x' * 970} {one}" for one in hook.secrets)]


@pytest.mark.parametrize("status", [400, 404, 500])
@every_hook
def test_no_answer_brings_a_secret_to_light(server: FeedServer, hook: Hook, status: int) -> None:
    receiver = hook.receiver(server)
    transport = transports.build(receiver, httpx.AsyncClient(), out=None)
    for said in _echoes(server, hook):
        server.serve(hook.path, reply(said.encode(), status))
        attempt = hook.send(server)
        assert "***" in attempt.detail or not hook.hears
        shown = repr(attempt) + repr(receiver) + repr(transport)
        for secret in hook.secrets:
            assert secret not in shown
            assert secret[:20] not in shown
