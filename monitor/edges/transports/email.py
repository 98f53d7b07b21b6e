"""E-mail, handed to one mail server that sees to the rest.

One message goes to all addresses of a receiver, who see one another. It has arrived when the
server takes it for at least one of them; those it refused are named in the attempt and not tried
again. An address that must be tried on its own needs a receiver of its own.

A try that is repeated carries the same Message-ID, by which mail systems know a double; an update
answers the first alert of its event (RFC 5322, section 3.6.4).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TextIO

import httpx

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges.net import AllowList, Resolver
from monitor.edges.transports.base import Channel, Transport, Wrong, is_loopback
from monitor.edges.transports.letter import Envelope, letter, message_id
from monitor.edges.transports.posting import DEADLINE
from monitor.edges.transports.smtp import Mail, Server, hand_in

# Reports in a digest: however hostile they are, its HTML stays below 100,000 bytes, for Gmail
# hides what goes beyond some 102 kB (as its users found; no page of Google's says so).
_REPORTS = 20
# So many recipients any server takes (RFC 5321, section 4.5.3.1.8).
_RECIPIENTS = 100
# The ports for handing in (RFC 8314, section 7; RFC 6409, section 3.1).
_PORTS = {"starttls": "587", "implicit": "465", "none": "587"}


class Email:
    """Sends to the addresses of one receiver."""

    def __init__(
        self,
        server: Server,
        envelope: Envelope,
        allow: AllowList,
        *,
        deadline: float = DEADLINE,
        resolver: Resolver | None = None,
    ) -> None:
        self._server, self._envelope, self._allow = server, envelope, allow
        self._deadline, self._resolver = deadline, resolver

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Hand in one message."""
        envelope = self._envelope
        mail = Mail(envelope.sender, envelope.recipients, letter(delivery, envelope, now))
        attempt = await hand_in(self._server, mail, self._allow, self._deadline, self._resolver)
        named = message_id(delivery, envelope) if attempt.ok else ""
        return replace(attempt, reference=named)


# -- options -------------------------------------------------------------------------

# A host name (RFC 1123), and an address whose local part needs no quotes (RFC 5321, section
# 4.1.2), within the lengths of section 4.5.3.1: nothing that could end a line or a header.
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\.?")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(
    rf"(?=.{{1,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*"
)


def _check(receiver: Receiver) -> Iterator[Wrong]:
    options = receiver.options
    yield from _wrong_server(options)
    yield from _wrong_tls(options)
    yield from _wrong_login(options)
    yield from _wrong_addresses(options)


def _wrong_server(options: Mapping[str, str]) -> Iterator[Wrong]:
    host, port = options.get("host", ""), options.get("port", "587")
    if not host:
        yield "host", "is missing", "the mail server, as in smtp.example.org"
    elif not _is_host(host):
        yield "host", "is no host name", "as in smtp.example.org: no scheme, no port"
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        yield "port", "is no port", "1 to 65535"


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _HOST.fullmatch(host) is not None
    return True


def _wrong_tls(options: Mapping[str, str]) -> Iterator[Wrong]:
    allowed = options.get("allow_plain", "false")
    if allowed not in {"true", "false"}:
        yield "allow_plain", "is neither true nor false", ""
    if _tls(options) not in _PORTS:
        yield "tls", "is not known", f"one of {', '.join(_PORTS)}"
    elif _is_open(options) and allowed != "true":
        yield "tls", "leaves the way open to readers", "allow_plain = true if that is meant"


def _wrong_login(options: Mapping[str, str]) -> Iterator[Wrong]:
    for one, other in (("user", "password"), ("password", "user")):
        if options.get(other) and not options.get(one):
            yield one, "is missing", "user and password go together"
    # allow_plain is for messages; a password that is read on the way is lost for good.
    if options.get("password") and _is_open(options):
        yield "password", "would be sent without TLS", 'tls = "starttls" or "implicit"'


def _wrong_addresses(options: Mapping[str, str]) -> Iterator[Wrong]:
    hint = "as in desk@example.org, in ASCII"
    if not _ADDRESS.fullmatch(options.get("from", "")):
        yield "from", "is no address" if options.get("from") else "is missing", hint
    found = _addresses(options)
    if not found:
        yield "to", "is missing", f"one address or several, {hint}"
    if len(found) > _RECIPIENTS:
        yield "to", f"holds more than {_RECIPIENTS} addresses", "make several receivers"
    for number, one in enumerate(found, 1):
        if not _ADDRESS.fullmatch(one):
            yield "to", f"holds no address at place {number}", hint


def _tls(options: Mapping[str, str]) -> str:
    return options.get("tls", "starttls")


def _is_open(options: Mapping[str, str]) -> bool:
    """Whether others can read what goes over the line; on loopback there is none."""
    return _tls(options) == "none" and not is_loopback(options.get("host", ""))


def _addresses(options: Mapping[str, str]) -> tuple[str, ...]:
    """Those of `to`, each once."""
    return tuple(dict.fromkeys(filter(None, re.split(r"[\s,]+", options.get("to", "")))))


def _dial(receiver: Receiver, allow: AllowList) -> Transport:
    options = receiver.options
    tls = _tls(options)
    port = int(options.get("port", _PORTS[tls]))
    login = options.get("user", ""), options.get("password", "")
    envelope = Envelope(options["from"], _addresses(options), receiver.name)
    return Email(Server(options["host"], port, tls, *login), envelope, allow)


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    return _dial(receiver, AllowList())


CHANNEL = Channel(
    options=("host", "port", "tls", "allow_plain", "user", "password", "from", "to"),
    check=_check,
    build=_build,
    dial=_dial,
    reports=_REPORTS,
)
