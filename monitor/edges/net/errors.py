"""What goes wrong on the network, and the one place that says which kind it was.

The words are ours: the text of an httpx error may hold a URL, and a URL may hold a secret.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import aiohttp
import httpcore
import httpx
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong, PayloadEncodingError

from monitor.core.models import Failure, PollOutcome


class Refused(Exception):
    """We would not go on; carries the outcome and one sentence that may be shown."""

    def __init__(self, outcome: PollOutcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class Blocked(Refused):
    """The address guard refused to connect."""

    def __init__(self, reason: str) -> None:
        super().__init__(PollOutcome.SSRF_BLOCKED, reason)


TOO_LONG_A_HEAD = "the answer has too many headers, or too long ones"

EXPECTED: tuple[type[Exception], ...] = (
    Refused,
    httpx.TransportError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    aiohttp.ClientError,
    HttpProcessingError,
    OSError,
    # A host like "xn--", which httpx finds no name in; in an answer's redirect too.
    UnicodeError,
)
"""What a request may raise although nothing is wrong with this program."""

NOT_SENT: tuple[type[Exception], ...] = (
    Refused,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
)
"""Those of them after which the other side cannot have got the request."""

_CONNECT_ERRORS = (httpx.ConnectError, httpcore.ConnectError, aiohttp.ClientConnectorError)
_BENEATH = (socket.gaierror, UnicodeError, ssl.SSLError)
_COUNTED_APART = (*_BENEATH, aiohttp.ClientError)
_KINDS: tuple[tuple[tuple[type[Exception], ...], PollOutcome, str], ...] = (
    ((socket.gaierror, UnicodeError), PollOutcome.DNS, "the host name could not be resolved"),
    ((ssl.SSLError,), PollOutcome.TLS, "the TLS handshake failed"),
    (
        (httpx.ConnectTimeout, httpcore.ConnectTimeout, aiohttp.ConnectionTimeoutError),
        PollOutcome.TIMEOUT,
        "no connection was made in time",
    ),
    (
        (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError),
        PollOutcome.TIMEOUT,
        "no complete answer came in time",
    ),
    (
        (httpx.ProxyError, httpcore.ProxyError, aiohttp.ClientHttpProxyError),
        PollOutcome.CONNECT,
        "the proxy refused the connection",
    ),
    (_CONNECT_ERRORS, PollOutcome.CONNECT, "the connection could not be made"),
    (
        (httpx.NetworkError, httpcore.NetworkError, aiohttp.ClientOSError, ConnectionError),
        PollOutcome.RESET,
        "the connection was broken off",
    ),
    ((httpx.UnsupportedProtocol,), PollOutcome.BAD_SCHEME, "only http and https are spoken"),
    (
        (
            *(httpx.ProtocolError, httpcore.ProtocolError),
            *(HttpProcessingError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError),
        ),
        PollOutcome.PROTOCOL,
        "the answer is incomplete or not valid HTTP",
    ),
    ((httpx.DecodingError,), PollOutcome.DECODE, "the compressed body is damaged"),
    ((httpx.TooManyRedirects,), PollOutcome.REDIRECT_LIMIT, "too many redirects"),
    ((OSError,), PollOutcome.CONNECT, "the system refused the connection"),
    (
        (httpx.InvalidURL, aiohttp.InvalidURL, ValueError),
        PollOutcome.BAD_SCHEME,
        "the address is not a valid URL",
    ),
)


def too_strict(error: Exception) -> bool:
    """Whether aiohttp's parser refused what a more patient one may be able to read."""
    chain = list(_chain(error))
    hopeless = any(isinstance(one, PayloadEncodingError | LineTooLong) for one in chain)
    return not hopeless and any(isinstance(one, HttpProcessingError) for one in chain)


def classify(error: Exception) -> Failure:
    """What `error` means for a poll, in our own words.

    Raises `error` again if it is of no kind that a network brings about: that is a bug.
    """
    if isinstance(error, Refused):
        return Failure(error.outcome, str(error))
    telling = _telling(error)
    if isinstance(telling, ssl.SSLCertVerificationError):
        return Failure(PollOutcome.TLS, f"the certificate is refused: {telling.verify_message}")
    if _closed_without_a_word(telling):
        return Failure(PollOutcome.RESET, "the connection was closed without an answer")
    for kinds, outcome, reason in _KINDS:
        if isinstance(telling, kinds):
            return Failure(outcome, reason + _system_word(error))
    raise error


def _system_word(error: Exception) -> str:
    """What the system calls it, as in ": connection refused"; "" where it has no word."""
    for one in _chain(error):
        # Resolver and TLS count their errors on their own, and aiohttp's take on their numbers.
        if isinstance(one, OSError) and not isinstance(one, _COUNTED_APART) and one.errno:
            return f": {os.strerror(one.errno).lower()}"
    return ""


def _telling(error: Exception) -> Exception:
    """The cause that says most: a failed connection is told apart by what lies beneath."""
    if not isinstance(error, _CONNECT_ERRORS):
        return error
    # aiohttp's own are of these kinds as well, but do not say more.
    chain = (one for one in _chain(error) if not isinstance(one, aiohttp.ClientError))
    return next((one for one in chain if isinstance(one, _BENEATH)), error)


def _chain(error: BaseException | None) -> Iterator[Exception]:
    while isinstance(error, Exception):
        yield error
        # httpcore cuts off the cause where it passes an error on; the context is left.
        error = error.__cause__ or error.__context__


def _closed_without_a_word(error: Exception) -> bool:
    # httpcore raises this one itself; every other protocol error has one of h11 beneath.
    *_, root = _chain(error)
    return isinstance(root, (httpcore.RemoteProtocolError, aiohttp.ServerDisconnectedError))
