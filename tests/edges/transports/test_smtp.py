"""The conversation with a mail server, however it behaves."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from monitor.core.models import Attempt
from monitor.edges.net import AllowList, parse_allow
from monitor.edges.net.client import tls_context
from monitor.edges.transports import smtp
from monitor.edges.transports.email import Email
from monitor.edges.transports.letter import Envelope
from monitor.edges.transports.smtp import Server
from tests.certificate import context_of, self_signed
from tests.edges.transports.email_double import HANG, RESET, MailServer, desk, send
from tests.edges.transports.sending import PASSING, PERMANENT, came_to
from tests.feed_server import FeedServer, raw
from tests.make import NOW, delivery

PASSWORD = "a-password-of-the-tests"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a self-signed certificate for mail.test and 127.0.0.1, and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "DNS:mail.test,IP:127.0.0.1")


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    return context_of(certificate)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


# -- the way there -------------------------------------------------------------------


def test_the_server_names_its_reference_in_the_answer() -> None:
    with MailServer() as server:
        attempt = send(server.port)
    assert (attempt.ok, attempt.status, attempt.detail) == (True, 250, "250 2.0.0 taken as 7")
    assert server.said[0] == "EHLO [127.0.0.1]"
    assert server.said[-1] == "QUIT"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
def test_the_password_goes_through_tls_only(tls: str, way: str, context: ssl.SSLContext) -> None:
    with MailServer(tls=tls, context=context, password=PASSWORD, ways=(way,)) as server:
        attempt = send(server.port, tls=tls, user="alerts", password=PASSWORD)
    assert attempt.ok, attempt
    assert server.logins == [(way, "alerts", PASSWORD, True)]
    assert len(server.letters) == 1


def test_on_this_machine_the_password_may_go_without_tls() -> None:
    with MailServer(password=PASSWORD) as server:
        assert send(server.port, user="alerts", password=PASSWORD).ok
    assert server.logins == [("PLAIN", "alerts", PASSWORD, False)]


def test_a_server_without_starttls_is_told_nothing_and_is_tried_again() -> None:
    with MailServer() as server:
        attempt = send(server.port, tls="starttls")
    assert (came_to(attempt), attempt.uncertain) == (PASSING, False)
    assert attempt.detail == 'the server offers no STARTTLS; perhaps it wants tls = "implicit"'
    assert not server.letters
    assert server.said[1:] == ["QUIT"]


def test_a_server_that_speaks_no_tls_is_a_failed_handshake() -> None:
    with MailServer() as server:
        attempt = send(server.port, tls="implicit")
    assert (attempt.detail, came_to(attempt)) == ("the TLS handshake failed", PASSING)
    with MailServer(script={"greeting": HANG}) as server:
        attempt = _by_name(server, "mail.test", ["127.0.0.1"], deadline=0.1, tls="implicit")
    assert attempt.detail == "no complete answer came in time"


def test_a_server_without_a_way_to_log_in_is_told_nothing() -> None:
    with MailServer(password=PASSWORD, ways=()) as server:
        attempt = send(server.port, user="alerts", password=PASSWORD)
    assert attempt.detail == "the server offers no way to log in that is known here"
    assert not server.letters


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls: str, context: ssl.SSLContext
) -> None:
    with MailServer(tls=tls, context=context, password=PASSWORD) as server:
        attempt = send(server.port, tls=tls, user="alerts", password=PASSWORD)
    assert attempt.detail == "the certificate is refused: self-signed certificate"
    assert came_to(attempt) == PASSING
    assert (server.logins, server.letters) == ([], [])


def _by_name(
    server: MailServer,
    host: str,
    *answers: Sequence[str],
    deadline: float = 15.0,
    tls: str = "",
) -> Attempt:
    """One attempt to a server with a name that has these addresses, in turn."""
    left = list(answers)

    async def resolver(host: str, port: int) -> Sequence[str]:
        return left.pop(0)

    envelope = Envelope("a@monitor.example", ("b@news.example",), "desk")
    transport = Email(
        Server(host, server.port, tls or server.tls),
        envelope,
        parse_allow([f"127.0.0.1:{server.port}"]),
        deadline=deadline,
        resolver=resolver,
    )
    return asyncio.run(transport.send(delivery(), NOW))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_certificate_is_checked_against_the_name_and_not_the_address(
    tls: str, context: ssl.SSLContext
) -> None:
    with MailServer(tls=tls, context=context) as server:
        assert _by_name(server, "mail.test", ["127.0.0.1"]).ok
        attempt = _by_name(server, "other.test", ["127.0.0.1"])
    assert attempt.detail.startswith("the certificate is refused: Hostname mismatch")
    assert len(server.letters) == 1


def test_a_private_address_is_not_dialled_unless_it_is_allowed() -> None:
    with MailServer() as server:
        attempt = send(server.port, allow=AllowList())
        mixed = _by_name(server, "mail.test", ["127.0.0.1", "10.0.0.1"])
        assert server.connections == 0
    assert "127.0.0.1 is not a public address" in attempt.detail
    assert "mail.test resolves to 10.0.0.1, which is not a public address" in mixed.detail
    assert (came_to(attempt), attempt.uncertain) == (PASSING, False)


def test_nobody_listening_is_a_failed_connection() -> None:
    with MailServer() as server:
        port = server.port
    attempt = send(port)
    assert attempt.detail == "the connection could not be made: connection refused"
    assert (came_to(attempt), attempt.uncertain) == (PASSING, False)


# -- what answers mean ---------------------------------------------------------------


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (421, PASSING),
        (450, PASSING),
        (452, PASSING),
        (500, PERMANENT),
        (550, PERMANENT),
        (552, PERMANENT),
        (554, PERMANENT),
    ],
)
def test_four_may_pass_and_five_is_final_at_every_step(step: str, code: int, wanted: str) -> None:
    with MailServer(script={step: f"{code} Said"}) as server:
        attempt = send(server.port)
    assert (came_to(attempt), attempt.status) == (wanted, code)
    assert f"{code} Said" in attempt.detail
    assert (attempt.uncertain, attempt.reference) == (False, "")


@pytest.mark.parametrize(
    ("said", "wanted", "hint"),
    [
        ("535 5.7.8 No", PERMANENT, "user or password is wrong"),
        ("534 5.7.9 No", PERMANENT, "a password made for this program"),
        ("454 4.7.0 Later", PASSING, ""),
    ],
)
def test_a_refused_login_is_final_with_a_hint_and_is_tried_once(
    said: str, wanted: str, hint: str
) -> None:
    with MailServer(password=PASSWORD, script={"AUTH": said}) as server:
        attempt = send(server.port, user="alerts", password=PASSWORD)
    assert came_to(attempt) == wanted
    assert attempt.detail.startswith(said)
    assert hint in attempt.detail


def test_a_wrong_password_is_tried_once_for_each_attempt() -> None:
    with MailServer(password="another") as server:
        attempt = send(server.port, user="alerts", password=PASSWORD)
    assert (attempt.status, attempt.permanent) == (535, True)
    assert len(server.logins) == 1


def test_no_answer_brings_the_password_to_light() -> None:
    coded = base64.b64encode(f"\0alerts\0{PASSWORD}".encode()).decode()
    bare = base64.b64encode(PASSWORD.encode()).decode()
    echo = f"535 {PASSWORD} {coded} {bare} {'x' * 900} {PASSWORD}"
    with MailServer(password=PASSWORD, script={"AUTH": echo}) as server:
        attempt = send(server.port, user="alerts", password=PASSWORD)
    receiver = desk(server.port, user="alerts", password=PASSWORD)
    told = repr(attempt) + repr(receiver) + repr(Server("h", 1, "none", "alerts", PASSWORD))
    for form in (PASSWORD, PASSWORD[:12], coded.rstrip("="), bare.rstrip("=")):
        assert form not in told


def test_an_answer_of_many_lines_is_told_in_one_and_cut() -> None:
    with MailServer(script={"MAIL": "550-No\r\n550-\x1b[31mNo\r\n550 " + "x" * 2_000}) as server:
        attempt = send(server.port)
    assert attempt.detail.startswith("550 No No xxx")
    assert len(attempt.detail) <= 1_001


def test_it_has_arrived_when_one_of_the_recipients_was_taken_and_the_others_are_named() -> None:
    script = {"RCPT b@news.example": "550 no such user", "RCPT c@news.example": "452 full"}
    with MailServer(script=script) as server:
        attempt = send(server.port, to="a@news.example, b@news.example c@news.example")
    assert attempt.ok
    assert attempt.detail == (
        "250 2.0.0 taken as 7; not taken:"
        " b@news.example (550 no such user), c@news.example (452 full)"
    )
    (letter,) = server.letters
    assert letter.recipients == ["a@news.example"]
    assert letter["To"] == "a@news.example, b@news.example, c@news.example"


@pytest.mark.parametrize(
    ("second", "wanted", "status"), [("550 no", PERMANENT, 550), ("450 greylisted", PASSING, 450)]
)
def test_all_recipients_refused_is_final_unless_one_refusal_may_pass(
    second: str, wanted: str, status: int
) -> None:
    script = {"RCPT a@news.example": "550 no", "RCPT b@news.example": second}
    with MailServer(script=script) as server:
        attempt = send(server.port, to="a@news.example b@news.example")
    assert (came_to(attempt), attempt.status) == (wanted, status)
    assert attempt.detail == (
        f"no address was taken: a@news.example (550 no), b@news.example ({second})"
    )
    assert server.said[-1] == "QUIT"
    assert not server.letters


def test_a_server_hears_the_size_beforehand_and_its_limit_is_final() -> None:
    with MailServer(size=500) as server:
        attempt = send(server.port)
    assert (attempt.status, attempt.permanent) == (552, True)
    assert not server.letters
    with MailServer(size=50_000) as server:
        assert send(server.port).ok
    assert " SIZE=" in server.said[1].upper()


@pytest.mark.parametrize(
    ("step", "uncertain"),
    [
        ("greeting", False),
        ("EHLO", False),
        ("MAIL", False),
        ("RCPT", False),
        ("DATA", False),
        (".", True),
    ],
)
def test_a_connection_lost_after_the_message_may_have_delivered_it(
    step: str, uncertain: bool
) -> None:
    with MailServer(script={step: RESET}) as server:
        attempt = send(server.port)
    assert (came_to(attempt), attempt.uncertain) == (PASSING, uncertain)
    assert attempt.detail.startswith("the connection ")


@pytest.mark.parametrize(("step", "uncertain"), [("greeting", False), ("DATA", False), (".", True)])
def test_a_server_that_hangs_is_left_after_the_deadline(step: str, uncertain: bool) -> None:
    started = time.monotonic()
    with MailServer(script={step: HANG}) as server:
        attempt = _by_name(server, "mail.test", ["127.0.0.1"], deadline=0.15)
    assert time.monotonic() - started < 1
    assert (came_to(attempt), attempt.uncertain) == (PASSING, uncertain)
    assert attempt.detail == "no complete answer came in time"


@pytest.mark.parametrize("step", ["greeting", "MAIL", "DATA", "."])
def test_what_is_no_smtp_is_tried_again(step: str) -> None:
    with MailServer(script={step: "HTTP/1.1 400 Bad Request"}) as server:
        attempt = send(server.port)
    assert (came_to(attempt), attempt.uncertain) == (PASSING, step == ".")
    assert attempt.detail == "the server's answer makes no sense in SMTP"


def test_a_web_server_is_no_mail_server() -> None:
    with FeedServer() as server:
        server.serve("[127.0.0.1]", raw(b"x"))
        receiver = desk(server.port)
        envelope = Envelope("a@monitor.example", ("b@news.example",), receiver.name)
        allow = parse_allow([f"127.0.0.1:{server.port}"])
        mail = Server("127.0.0.1", server.port, "none")
        attempt = asyncio.run(Email(mail, envelope, allow, deadline=0.1).send(delivery(), NOW))
    assert came_to(attempt) == PASSING


@pytest.mark.parametrize("said", ["500 what", RESET, HANG])
def test_taking_leave_changes_nothing_and_takes_no_time(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_LEAVE", 0.1)
    started = time.monotonic()
    with MailServer(script={"QUIT": said}) as server:
        assert send(server.port).ok
    assert time.monotonic() - started < 1


def test_messages_to_many_at_once_do_not_disturb_one_another() -> None:
    with MailServer() as server:
        threads = [threading.Thread(target=send, args=(server.port,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.letters) == 8
    assert {letter["Date"] for letter in server.letters} == {"Sat, 14 Mar 2026 12:00:00 +0000"}
