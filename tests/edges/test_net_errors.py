"""Every expected network error gets an outcome and our own words; others stay loud."""

from __future__ import annotations

import errno
import socket
import ssl
from datetime import UTC, datetime

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Failure, PollOutcome
from monitor.edges.net import Blocked, Refused, classify, parse_retry_after

SECRET = "https://hooks.example/T0/B0/secret"
NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Blocked("no"), PollOutcome.SSRF_BLOCKED),
        (Refused(PollOutcome.TOO_LARGE, "no"), PollOutcome.TOO_LARGE),
        (socket.gaierror(-2, SECRET), PollOutcome.DNS),
        (caused(httpx.ConnectError(SECRET), socket.gaierror(-2, "x")), PollOutcome.DNS),
        (caused(httpx.ConnectError(SECRET), UnicodeError("label")), PollOutcome.DNS),
        (ssl.SSLError(1, SECRET), PollOutcome.TLS),
        (caused(httpx.ConnectError(SECRET), ssl.SSLError(1, "x")), PollOutcome.TLS),
        (caused(httpcore.ConnectError(SECRET), ssl.SSLError(1, "x")), PollOutcome.TLS),
        (httpx.ConnectTimeout(SECRET), PollOutcome.TIMEOUT),
        (httpx.ReadTimeout(SECRET), PollOutcome.TIMEOUT),
        (httpx.PoolTimeout(SECRET), PollOutcome.TIMEOUT),
        (httpcore.WriteTimeout(SECRET), PollOutcome.TIMEOUT),
        (TimeoutError(SECRET), PollOutcome.TIMEOUT),
        (httpx.ConnectError(SECRET), PollOutcome.CONNECT),
        (OSError(errno.EMFILE, SECRET), PollOutcome.CONNECT),
        (httpx.ReadError(SECRET), PollOutcome.RESET),
        (httpx.WriteError(SECRET), PollOutcome.RESET),
        (httpcore.ReadError(SECRET), PollOutcome.RESET),
        (ConnectionResetError(SECRET), PollOutcome.RESET),
        (
            caused(httpx.RemoteProtocolError(SECRET), httpcore.RemoteProtocolError(SECRET)),
            PollOutcome.RESET,
        ),
        (httpx.RemoteProtocolError(SECRET), PollOutcome.PROTOCOL),
        (httpx.LocalProtocolError(SECRET), PollOutcome.PROTOCOL),
        (httpx.UnsupportedProtocol(SECRET), PollOutcome.BAD_SCHEME),
        (httpx.InvalidURL(SECRET), PollOutcome.BAD_SCHEME),
        (ValueError(SECRET), PollOutcome.BAD_SCHEME),
        (httpx.DecodingError(SECRET), PollOutcome.DECODE),
        (httpx.TooManyRedirects(SECRET), PollOutcome.REDIRECT_LIMIT),
    ],
)
def test_an_expected_error_has_its_outcome_and_shows_no_url(
    error: Exception, outcome: PollOutcome
) -> None:
    failure = classify(error)
    assert failure.outcome is outcome
    assert failure.reason
    assert "secret" not in failure.reason


def test_a_failed_connection_is_told_in_the_words_of_the_system() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, SECRET)
    assert classify(caused(httpx.ConnectError(SECRET), refused)) == Failure(
        PollOutcome.CONNECT, "the connection could not be made: connection refused"
    )


def test_a_refused_certificate_is_told_with_the_reason() -> None:
    error = ssl.SSLCertVerificationError(1, SECRET)
    error.verify_message = "certificate has expired"
    assert classify(error) == Failure(
        PollOutcome.TLS, "the certificate is refused: certificate has expired"
    )


def test_an_unknown_error_is_raised_again() -> None:
    with pytest.raises(KeyError):
        classify(KeyError("a bug"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("315360000", 86_400.0),
        ("9" * 5000, 86_400.0),
        ("Thu, 05 Nov 2026 12:02:00 GMT", 120.0),
        ("Thursday, 05-Nov-26 12:02:00 GMT", 120.0),
        ("Thu Nov  5 12:02:00 2026", 120.0),
        ("Thu, 05 Nov 2026 13:02:00 +0100", 120.0),
        ("Thu, 05 Nov 2036 12:00:00 GMT", 86_400.0),
        ("Thu, 05 Nov 2026 12:00:00 GMT", None),
        ("Thu, 05 Nov 2020 12:00:00 GMT", None),
        ("Thu, 35 Nov 2026 12:00:00 GMT", None),
        ("Thu, 05 Nov 99999 12:00:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("1e3", None),
        ("٥", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(
    value: str | None, seconds: float | None
) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text("0123456789 :,.+-GMTThuNovf", max_size=40))
def test_no_retry_after_is_a_crash_or_out_of_bounds(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 86_400
