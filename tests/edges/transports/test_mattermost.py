"""What arrives in Mattermost, however hostile the feed."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from monitor.core.models import Attempt, Carrier, Delivery, Line, Receiver, Severity
from monitor.core.sample import sample
from monitor.core.wording import put
from monitor.edges import transports
from monitor.edges.transports.layout import lines
from monitor.edges.transports.mattermost import CHANNEL, Mattermost, escape
from tests.edges.transports.mattermost_double import PATH, MattermostDouble, error, shown, words
from tests.edges.transports.sending import HOSTILE, STATUSES, came_to, hostile_delivery, send
from tests.feed_server import FeedServer, reply
from tests.make import NOW, delivery

KEY = PATH.rpartition("/")[2]
# Whatever Mattermost reads as markup, a mention, an emoji, a link or a formula.
MARKUP = (
    "**b** *i* __u__ _i_ ~~s~~ `c` ```x``` \\ \\* \\\\*x* \\n",
    "# heading",
    "- one",
    "+ one",
    "1. one",
    "2) two",
    "> quote",
    "a | b --- | ---",
    "@all @channel @here @bob \\@all .@all-@here:@channel _@all_ (@here) bob@site.example",
    "&#64;all &commat;here &lt;!channel&gt; &amp;lt;",
    "<!channel> <!here> <!all> <@abc123> <http://evil.example|bank> < a | b >",
    "#hashtag ~town-square \\#hashtag \\~town-square",
    ":smile: :) ;) :D :-( <3 12:30 \\:smile:",
    "http://evil.example www.evil.example evil.example/x ftp://x mailto:a@b.example mmaction://x",
    "[x](http://evil.example) ![x](http://evil.example/x.png) [x][y] <b>x</b> <!-- x -->",
    "[x]: http://evil.example",
    "$5 and $6$ and US$7",
)


def _desk(server: FeedServer, **more: str) -> Receiver:
    return Receiver("desk", "mattermost", {"url": server.url(PATH), **more})


def _posted(server: FeedServer, one: Delivery, **more: str) -> tuple[Attempt, dict[str, str]]:
    double = MattermostDouble()
    server.serve(PATH, double)
    attempt = send(server, _desk(server, **more), one)
    assert attempt.ok, (attempt, double.faults)
    return attempt, double.posts[0]


def _arrived(server: FeedServer, one: Delivery) -> list[str]:
    return shown(_posted(server, one)[1]["text"])


def _words(server: FeedServer, one: Delivery) -> list[str]:
    return words(_posted(server, one)[1]["text"])


def _meant(one: Delivery) -> list[str]:
    """The words of each line, as every channel has them."""
    return ["".join(run.text for run in line.runs) for line in lines(put(one.alert, NOW))]


def _digest(text: str, count: int) -> Delivery:
    one = delivery()
    link = "https://news.example/" + "(" * 279
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
    attempt, post = _posted(server, replace(one, alert=alert))
    assert attempt.detail == "200 ok"
    assert shown(post["text"]) == [
        "*Lavrov lands in Bamako <https://sahel.example/lavrov-bamako>*",
        "From Sahel Daily (Mali, English), published 14 Mar 2026 11:00 UTC, 1 h ago",
        "The *Russian* minister spoke of *Mali*.",
        "🟠 high: russia-sahel, sahel, russia",
        "2 independent outlets; Arabic, English; first Sahel Daily (Mali, English),"
        " 14 Mar 12:00 UTC",
        "Why: route 1: russia-sahel",
        "Also carried by sahel.example (Arabic) <https://b.example/1>",
    ]
    assert "\n> The **Russian** minister spoke of **Mali**\\.\n\n" in post["text"]


def test_an_update_says_what_it_is_and_what_is_new_in_a_post_of_its_own(
    server: FeedServer,
) -> None:
    one = delivery()
    update = replace(one.alert, kind="story.update", news=("31 killed (12 before)",))
    attempt, post = _posted(server, replace(one, alert=update, thread="x"))
    told = shown(post["text"])
    assert told[0].startswith("*Update:* *Lavrov")
    assert told[1] == "New: *31 killed (12 before)*"
    assert attempt.reference == ""


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
    listed = tuple(Line(f"T{n}", f"https://a.example/{n}", "AP", ("x",)) for n in range(10))
    one = delivery()
    digest = replace(one.alert, kind="digest", lines=listed)
    told = _arrived(server, replace(one, alert=digest))
    assert told[:3] == [
        "*Digest: 10 reports*",
        "Why: route 1: russia-sahel",
        "⚪ T0 <https://a.example/0> · AP · x",
    ]
    assert len(told) == 12


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP, "<" * 500], ids=lambda text: text[:8])
def test_a_digest_of_the_most_reports_there_can_be_fits_whatever_they_say(
    server: FeedServer, text: str
) -> None:
    told = _arrived(server, _digest(text, CHANNEL.reports))
    reports = [line for line in told if "<https://news.example/" in line]
    assert len(reports) == CHANNEL.reports


def test_of_more_reports_than_were_agreed_on_the_last_are_left_out_whole(
    server: FeedServer,
) -> None:
    told = _arrived(server, _digest("<" * 500, 40))
    assert 2 + CHANNEL.reports <= len(told) < 42
    assert told[-1] == told[2]


@pytest.mark.parametrize("text", [*HOSTILE, "<" * 500], ids=range(len(HOSTILE) + 1))
def test_hostile_text_arrives_as_text_in_one_post(server: FeedServer, text: str) -> None:
    _arrived(server, hostile_delivery(text))


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_markup_arrives_as_the_characters_it_is_made_of(server: FeedServer, text: str) -> None:
    one = hostile_delivery(text)
    # Without evidence, the quote begins with the text itself.
    story = replace(one.alert.story, matches=())
    one = replace(one, alert=replace(one.alert, news=(text,), kind=text, story=story))
    assert _words(server, one) == _meant(one)


@pytest.mark.parametrize("at", range(1, 60, 5))
def test_markup_that_evidence_cuts_in_two_is_still_text(server: FeedServer, at: int) -> None:
    text = "a](http://evil.example) **b** www.evil.example/x :smile: @channel $x$ ~~y~~ <z|w>"
    one = delivery()
    matches = tuple(
        replace(one.alert.story.matches[0], field="summary", start=start, end=start + 2)
        for start in (at, at + 2, at + 7)
    )
    story = replace(one.alert.story, summary=text, matches=matches)
    one = replace(one, alert=replace(one.alert, story=story))
    assert _words(server, one) == _meant(one)


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


@pytest.mark.parametrize("char", ["<", "x", "é"])
@pytest.mark.parametrize("fill", ["x", "(", "é"])
def test_the_longest_alert_there_can_be_fits(server: FeedServer, char: str, fill: str) -> None:
    assert len(_arrived(server, _longest(char, fill))) == 8


@pytest.mark.parametrize("char", ["x", "<", "é "])
def test_a_text_of_a_megabyte_arrives_cut(server: FeedServer, char: str) -> None:
    one = delivery()
    text = char * (1_000_000 // len(char))
    story = replace(one.alert.story, title=text, summary=text, matches=())
    told = _words(server, replace(one, alert=replace(one.alert, story=story)))
    assert all(len(line) <= 400 for line in told)


def test_an_alert_without_title_link_or_evidence_still_arrives(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="javascript:alert(1)", summary="", matches=(), title="")
    told = _arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert told[0] == "*javascript:alert(1)*"


def test_a_link_cannot_end_its_own_markup(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="https://a.example/x_(y)**z** [x](https://evil.example)$")
    told = _arrived(server, replace(one, alert=replace(one.alert, story=story)))
    link = "https://a.example/x_%28y%29%2A%2Az%2A%2A%20[x]%28https://evil.example%29%24"
    assert told[0] == f"*Lavrov lands in Bamako <{link}>*"


def test_a_link_that_grows_too_long_is_left_out(server: FeedServer) -> None:
    one = delivery()
    story = replace(one.alert.story, link="https://a.example/" + "(" * 1_000)
    told = _arrived(server, replace(one, alert=replace(one.alert, story=story)))
    assert told[0] == "*Lavrov lands in Bamako*"


def test_an_ordinary_headline_is_sent_as_it_is() -> None:
    text = "Mali: army says 31 killed in Ménaka - Moscow's $5bn, Bamako 'to respond' (2nd lead)"
    assert escape(text) == text


def test_the_channel_is_named_only_where_it_is_configured(server: FeedServer) -> None:
    assert "channel" not in _posted(server, delivery())[1]
    assert _posted(server, delivery(), channel="town-square")[1]["channel"] == "town-square"


@pytest.mark.parametrize(("status", "wanted"), STATUSES)
def test_each_status_comes_to_what_it_means(server: FeedServer, status: int, wanted: str) -> None:
    server.serve(PATH, reply(b"", status, Location=server.url("/elsewhere")))
    attempt = send(server, _desk(server))
    assert (came_to(attempt), attempt.status) == (wanted, status)
    assert not server.asked("/elsewhere")


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
    attempt = send(server, _desk(server))
    assert attempt.permanent
    assert '"No."' in attempt.detail
    assert hint in attempt.detail


def test_webhooks_that_are_switched_off_may_be_switched_on_again(server: FeedServer) -> None:
    server.serve(PATH, error("web.incoming_webhook.disabled.app_error", "No.", 501))
    attempt = send(server, _desk(server))
    assert not attempt.permanent
    assert attempt.detail.endswith("(an administrator has switched webhooks off)")


def test_an_error_that_is_not_known_is_told_as_it_is(server: FeedServer) -> None:
    server.serve(PATH, error("api.context.other.app_error", "Else.", 400))
    attempt = send(server, _desk(server))
    assert attempt.detail.endswith('"status_code": 400}')


def test_a_rate_limit_is_obeyed(server: FeedServer) -> None:
    server.serve(PATH, reply(b"limit exceeded", 429, Retry_After="3"))
    assert send(server, _desk(server)).retry_after == 3.0


def test_a_web_page_in_the_servers_place_has_not_posted_anything(server: FeedServer) -> None:
    server.serve(PATH, reply(b"<!doctype html><title>Log in</title>", 200))
    attempt = send(server, _desk(server))
    assert (attempt.ok, attempt.permanent) == (False, False)
    assert attempt.detail == "200: the answer is a web page, so nothing was posted"


def test_the_url_is_a_secret_that_no_answer_brings_to_light(server: FeedServer) -> None:
    url = server.url(PATH)
    echo = f"{url} {PATH} {KEY} to\x00ken {KEY[:9]}\x00{KEY[9:]}"
    server.serve(PATH, reply(echo.encode(), 404))
    attempt = send(server, _desk(server))
    assert "***" in attempt.detail
    told = repr(attempt) + repr(Mattermost(httpx.AsyncClient(), url)) + repr(_desk(server))
    assert KEY not in told


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
