"""What arrives by e-mail, however hostile the feed, and the options of the channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from monitor.core.models import Line, Receiver
from monitor.edges.net import AllowList
from monitor.edges.transports import check
from monitor.edges.transports.email import CHANNEL, Email
from tests.edges.transports.alerts import other
from tests.edges.transports.channels import EMAIL
from tests.edges.transports.email_double import MailServer, send
from tests.edges.transports.letter_reader import shown
from tests.make import NOW, delivery

PASSWORD = "a-password-of-the-tests"


# -- what it says --------------------------------------------------------------------


def test_a_program_that_reads_no_html_shows_the_same_lines() -> None:
    one = delivery()
    alert = replace(one.alert, others=tuple(other(name) for name in "abcdefg"))
    letter = EMAIL.letter(replace(one, alert=alert))
    assert shown(letter.html) == [
        "*Lavrov lands in Bamako <https://sahel.example/lavrov-bamako>*",
        "From Sahel Daily (Mali, English), published 14 Mar 2026 11:00 UTC, 1 h ago",
        "*Lavrov* lands in Bamako",
        "🟠 high: russia-sahel, sahel, russia",
        "8 independent outlets; Arabic, English; first Sahel Daily (Mali, English),"
        " 14 Mar 12:00 UTC",
        "Why: route 1: russia-sahel",
        "Also carried by a (Arabic) <https://a.example/1>, b (Arabic) <https://b.example/1>,"
        " c (Arabic) <https://c.example/1>, d (Arabic) <https://d.example/1>,"
        " e (Arabic) <https://e.example/1> and 2 more",
    ]
    assert letter.text == (
        "Lavrov lands in Bamako\n"
        "<https://sahel.example/lavrov-bamako>\n"
        "From Sahel Daily (Mali, English), published 14 Mar 2026 11:00 UTC, 1 h ago\n"
        "> Lavrov lands in Bamako\n"
        "🟠 high: russia-sahel, sahel, russia\n"
        "8 independent outlets; Arabic, English; first Sahel Daily (Mali, English),"
        " 14 Mar 12:00 UTC\n"
        "Why: route 1: russia-sahel\n"
        "Also carried by a (Arabic) <https://a.example/1>, b (Arabic) <https://b.example/1>,"
        " c (Arabic) <https://c.example/1>, d (Arabic) <https://d.example/1>,"
        " e (Arabic) <https://e.example/1> and 2 more\n"
    )


def test_the_headers_say_from_whom_to_whom_when_and_that_a_program_wrote() -> None:
    letter = EMAIL.letter()
    assert letter["Subject"] == "[high] Lavrov lands in Bamako (Sahel Daily (Mali, English))"
    assert letter["From"] == "monitor <alerts@monitor.example>"
    assert letter["To"] == "desk@news.example"
    assert letter["Date"] == "Sat, 14 Mar 2026 12:00:00 +0000"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Id"] == "<desk.monitor.monitor.example>"
    assert (letter.sender, letter.recipients) == ("alerts@monitor.example", ["desk@news.example"])


def test_the_date_is_that_of_the_attempt_told_in_utc() -> None:
    east = (NOW + timedelta(hours=5)).astimezone(timezone(timedelta(hours=5)))
    with MailServer() as server:
        assert send(server.port, now=east).ok
    assert server.letters[0]["Date"] == "Sat, 14 Mar 2026 17:00:00 +0000"


def test_a_repeated_try_carries_the_same_message_id_and_another_alert_another() -> None:
    one = delivery()
    later = replace(one, tries=3, uncertain=True)
    assert EMAIL.letter(one)["Message-ID"] == EMAIL.letter(later)["Message-ID"]
    assert EMAIL.letter(delivery("s_2"))["Message-ID"] != EMAIL.letter(one)["Message-ID"]


def test_an_update_answers_the_first_alert_of_its_event() -> None:
    with MailServer() as server:
        first = send(server.port)
        update = replace(delivery("s_2").alert, kind="story.update", news=("31 killed",))
        send(server.port, replace(delivery("s_2"), alert=update, thread=first.reference))
    alert, answer = server.letters
    assert alert["Message-ID"] == first.reference
    assert (answer["In-Reply-To"], answer["References"]) == (first.reference, first.reference)
    assert "in-reply-to" not in alert.message
    assert answer["Subject"].startswith("[high] Update: Lavrov")
    assert shown(answer.html)[:2] == [
        "*Update: **Lavrov lands in Bamako <https://sahel.example/lavrov-bamako>*",
        "New: *31 killed*",
    ]


def test_a_thread_that_is_no_message_id_is_left_out() -> None:
    letter = EMAIL.letter(replace(delivery(), thread="<a@b>\r\nBcc: <evil@evil.example>"))
    assert "in-reply-to" not in letter.message


def test_long_message_ids_stand_in_the_headers_as_they_are() -> None:
    thread = f"<{'x' * 70}@{'y' * 60}.example>"
    letter = EMAIL.letter(replace(delivery(), thread=thread))
    assert letter["References"].strip() == letter["In-Reply-To"].strip() == thread


def test_a_text_of_a_megabyte_makes_a_short_letter() -> None:
    one, text = delivery(), "<b>&" * 250_000
    story = replace(one.alert.story, title=text, matches=())
    letter = EMAIL.letter(replace(one, alert=replace(one.alert, story=story)))
    assert len(letter.html) < 20_000
    assert len(letter["Subject"]) <= 152


@pytest.mark.parametrize(
    "title",
    [
        "=?utf-8?q?a=0D=0ABcc:_evil@evil.example?=",
        "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=",
        "x\r\nBcc: evil@evil.example\r\n\r\nbody",
        "لافروف يصل إلى باماكو",
    ],
)
def test_the_subject_is_one_line_that_says_what_the_feed_said(title: str) -> None:
    one = delivery()
    story = replace(one.alert.story, title=title)
    letter = EMAIL.letter(replace(one, alert=replace(one.alert, story=story)))
    said = " ".join(title.split())
    assert letter["Subject"] == f"[high] {said} (Sahel Daily (Mali, English))"
    assert "bcc" not in letter.message


def test_each_line_runs_in_the_direction_of_its_letters() -> None:
    letter = EMAIL.letter()
    assert letter.html.count(' dir="auto"') == len(shown(letter.html))


def test_lines_that_begin_with_a_dot_or_with_from_stay_as_they_are() -> None:
    one = delivery()
    story = replace(one.alert.story, title=". From here")
    letter = EMAIL.letter(replace(one, alert=replace(one.alert, story=story)))
    assert letter.text.startswith(". From here\n")
    assert "\nFrom Sahel Daily" in letter.text


def test_a_digest_lists_all_its_reports() -> None:
    one = delivery()
    lines = tuple(Line(f"T{n}", "https://a.example/", "AP", ("x",)) for n in range(20))
    letter = EMAIL.letter(replace(one, alert=replace(one.alert, kind="digest", lines=lines)))
    assert letter["Subject"] == "[high] Digest: 20 reports: T0"
    told = shown(letter.html)
    assert told[0] == "*Digest: 20 reports*"
    assert [line.partition(" · ")[0] for line in told[2:]] == [
        f"⚪ T{n} <https://a.example/>" for n in range(20)
    ]
    assert "- ⚪ T19 <https://a.example/> · AP · x\n" in letter.text


# -- options -------------------------------------------------------------------------


def _told(**options: str) -> list[str]:
    given = {"host": "smtp.news.example", "from": "a@b.example", "to": "c@d.example"} | options
    told = [str(fault) for fault in check(Receiver("desk", "email", given))]
    for value in options.values():
        assert len(value) < 6 or value not in "".join(told)
    return [one.removeprefix("receivers.desk.") for one in told]


def test_receivers_as_the_documentation_has_them_are_fine() -> None:
    assert _told() == []
    assert _told(tls="implicit", port="465", user="me", password=PASSWORD) == []
    assert _told(to="a@b.example\nc@d.example") == []
    assert _told(to="a@b.example, c@d.example,") == []
    assert _told(host="2001:db8::25") == []
    assert _told(tls="none", allow_plain="true") == []
    assert _told(tls="none", host="localhost", user="me", password=PASSWORD) == []


def test_what_is_missing_is_told() -> None:
    told = [str(fault).split(" (")[0] for fault in check(Receiver("desk", "email"))]
    assert told == [
        "receivers.desk.host: is missing",
        "receivers.desk.from: is missing",
        "receivers.desk.to: is missing",
    ]
    assert _told(to=" , ")[0].startswith("to: is missing")


def test_user_and_password_go_together_and_never_without_tls() -> None:
    assert _told(user="somebody") == ["password: is missing (user and password go together)"]
    assert _told(password=PASSWORD) == ["user: is missing (user and password go together)"]
    assert _told(tls="none", allow_plain="true", user="me", password=PASSWORD) == [
        'password: would be sent without TLS (tls = "starttls" or "implicit")'
    ]


def test_mail_without_tls_is_for_this_machine_or_where_it_is_allowed() -> None:
    assert _told(tls="none") == [
        "tls: leaves the way open to readers (allow_plain = true if that is meant)"
    ]
    assert _told(tls="none", allow_plain="maybe")[0] == "allow_plain: is neither true nor false"
    assert _told(tls="ssl") == ["tls: is not known (one of starttls, implicit, none)"]


@pytest.mark.parametrize(
    "host",
    [
        "smtps://smtp.news.example",
        "smtp.news.example:465",
        "smtp news.example",
        "smtp.news.example\r\nEHLO x",
        "-x.example",
        "почта.example",
        "x" * 64 + ".example",
    ],
)
def test_a_host_that_is_none_is_told(host: str) -> None:
    assert _told(host=host) == [
        "host: is no host name (as in smtp.example.org: no scheme, no port)"
    ]


@pytest.mark.parametrize("port", ["0", "65536", "smtp", "-1", "٢٥", "9" * 30])
def test_a_port_that_is_none_is_told(port: str) -> None:
    assert _told(port=port) == ["port: is no port (1 to 65535)"]


@pytest.mark.parametrize(
    "address",
    [
        "somebody",
        "@news.example",
        "somebody@",
        "a@b@news.example",
        "Some Body <somebody@news.example>",
        "some\nbody@news.example",
        "somebody@news.example\r\nBcc: evil@evil.example",
        "somebody@news.example>\r\nRCPT",
        '"some body"@news.example',
        "кто@news.example",
        "x" * 65 + "@news.example",
        "x@" + "y." * 130 + "example",
        ".a@news.example",
    ],
)
def test_no_address_can_end_a_line_or_be_another(address: str) -> None:
    assert _told(**{"from": address}) == ["from: is no address (as in desk@example.org, in ASCII)"]
    if not any(char.isspace() for char in address):
        assert _told(to=f"a@b.example {address}") == [
            "to: holds no address at place 2 (as in desk@example.org, in ASCII)"
        ]


def test_a_receiver_has_at_most_a_hundred_addresses() -> None:
    many = " ".join(f"a{number}@b.example" for number in range(101))
    assert _told(to=many) == ["to: holds more than 100 addresses (make several receivers)"]
    assert _told(to=many.rpartition(" ")[0]) == []


def test_each_way_has_its_own_port() -> None:
    for tls, port in (("starttls", 587), ("implicit", 465)):
        options = {"host": "h.example", "from": "a@b.example", "to": "c@d.example", "tls": tls}
        assert CHANNEL.dial
        transport = CHANNEL.dial(Receiver("desk", "email", options), AllowList())
        assert isinstance(transport, Email)
        assert transport._server.port == port
