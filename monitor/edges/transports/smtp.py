"""Handing a message to a mail server by SMTP (RFC 5321), and what its answers mean.

TLS comes from the first byte or after STARTTLS (RFC 8314, RFC 3207), for the name that was
configured, while the address that is dialled went past the guard.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPStatus,
)

from monitor.core.models import Attempt
from monitor.core.parse.plain import clean, shorten
from monitor.edges.net import EXPECTED, AllowList, Resolver, classify
from monitor.edges.net.client import tls_context
from monitor.edges.net.dialling import guarded_socket

# Seconds for a connection, and for taking leave; characters of an answer that are kept.
_CONNECT, _LEAVE, _KEPT = 10.0, 1.0, 1_000
# Shorter passwords are parts of ordinary words; blanking them out would only confuse.
_SHORTEST = 6
# What answers mean for whoever set this up (RFC 4954, section 6; IANA, "SMTP Enhanced Status
# Codes").
_HINTS = {
    530: "it wants user and password, or TLS",
    534: "it wants another way to log in: often a password made for this program",
    535: "user or password is wrong; many services want a password made for this program",
    538: "it wants TLS before the password",
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where to hand in, and how: `tls` is "implicit", "starttls" or "none"; without a user nobody
    logs in.
    """

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)

    def hidden(self) -> Iterator[str]:
        """The forms in which the password goes over the line."""
        if len(self.password) < _SHORTEST:
            return
        for one in (self.password, f"\0{self.user}\0{self.password}"):
            yield base64.b64encode(one.encode()).decode().rstrip("=")
        yield self.password


@dataclass(frozen=True, slots=True)
class Mail:
    """A message and for whom it is; its lines end in CR LF and hold seven bits."""

    sender: str
    recipients: Sequence[str]
    content: bytes


async def hand_in(
    server: Server, mail: Mail, allow: AllowList, deadline: float, resolver: Resolver | None = None
) -> Attempt:
    """Hand in one message, over a connection of its own, within `deadline` seconds.

    The attempt is `uncertain` where the whole message went out and then no answer came.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    talk, lost = _Conversation(server, allow, resolver), False
    try:
        async with asyncio.timeout(deadline):
            attempt = await talk.hand_in(mail)
    except SMTPResponseException as error:
        attempt = _refused(error.code, error.message, sent=talk.sent)
    except _Lacking as error:
        attempt = Attempt(ok=False, detail=str(error))
    except EXPECTED as error:
        attempt, lost = Attempt(ok=False, detail=_reason(error), uncertain=talk.sent), True
    await talk.end(politely=not lost)
    detail = _without(server, attempt.detail)
    return replace(attempt, detail=detail, seconds=loop.time() - started)


class _Lacking(Exception):
    """The server has not what we must have; the message may be shown."""


@dataclass
class _Conversation:
    """One connection. `sent`: the whole message went out, so that only the answer is missing."""

    server: Server
    allow: AllowList
    resolver: Resolver | None
    sent: bool = False
    _smtp: SMTP | None = None

    async def hand_in(self, mail: Mail) -> Attempt:
        """What became of a message; raises the errors of aiosmtplib and of the net."""
        smtp = await self._open()
        if self.server.user:
            await self._log_in(smtp)
        size = [f"SIZE={len(mail.content)}"] if smtp.supports_extension("size") else []
        await smtp.mail(mail.sender, options=size)
        refused = await _name(smtp, mail.recipients)
        if len(refused) == len(mail.recipients):
            return _none_accepted(refused)
        return _accepted(await self._data(smtp, mail.content), refused)

    async def _open(self) -> SMTP:
        """Connect, with TLS before anything is said that matters."""
        server = self.server
        made = await guarded_socket(
            self.allow, server.host, server.port, _CONNECT, resolver=self.resolver
        )
        # Without time limits of its own: one deadline holds for all of it.
        smtp = self._smtp = SMTP(
            hostname=server.host,
            sock=made,
            local_hostname=_literal(made),
            timeout=None,
            use_tls=server.tls == "implicit",
            start_tls=False,
            tls_context=tls_context(),
        )
        await smtp.connect()
        await smtp.ehlo()
        if server.tls == "starttls":
            await _start_tls(smtp)
        return smtp

    async def _log_in(self, smtp: SMTP) -> None:
        """Once, in the first way both sides know: servers count failures and then lock out."""
        ways = {"plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}
        for name, way in ways.items():
            if name in smtp.server_auth_methods:
                await way(self.server.user, self.server.password)
                return
        raise _Lacking("the server offers no way to log in that is known here")

    async def _data(self, smtp: SMTP, content: bytes) -> SMTPResponse:
        """Hand over the message. In two steps, for in one it could not be told whether a
        connection was lost before the message or after it.
        """
        ready = await smtp.execute_command(b"DATA")
        line = smtp.protocol
        if ready.code != SMTPStatus.start_input or line is None:
            raise SMTPResponseException(ready.code, ready.message)
        line.write(_stuffed(content))
        self.sent = True
        answer = await line.read_response()
        if answer.code != SMTPStatus.completed:
            raise SMTPResponseException(answer.code, answer.message)
        return answer

    async def end(self, *, politely: bool) -> None:
        """Close the connection; where the server still answers take leave, but never for long."""
        if self._smtp is None:
            return
        line = self._smtp.transport
        if politely:
            with suppress(SMTPException, OSError):
                async with asyncio.timeout(_LEAVE):
                    await self._smtp.quit()
        self._smtp.close()
        if isinstance(line, asyncio.WriteTransport):
            # At once: with TLS, closing would wait for the other side.
            line.abort()
            await asyncio.sleep(0)


def _literal(made: socket.socket) -> str:
    """How we introduce ourselves: by our address, for we may have no name there (RFC 5321, section
    4.1.1.1), and to look for one can take long.
    """
    address = str(made.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


async def _start_tls(smtp: SMTP) -> None:
    # It may be missing because somebody on the way took it out: never go on without.
    if not smtp.supports_extension("starttls"):
        raise _Lacking('the server offers no STARTTLS; perhaps it wants tls = "implicit"')
    await smtp.starttls()
    await smtp.ehlo()


async def _name(smtp: SMTP, recipients: Sequence[str]) -> dict[str, SMTPResponse]:
    """Name the recipients; those refused, with the answer."""
    refused: dict[str, SMTPResponse] = {}
    for one in recipients:
        try:
            await smtp.rcpt(one)
        except SMTPRecipientRefused as error:
            refused[one] = SMTPResponse(error.code, error.message)
    return refused


def _stuffed(content: bytes) -> bytes:
    """A message as DATA takes it: dots at line starts doubled, one alone at the end."""
    return re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"


# -- what answers mean ---------------------------------------------------------------


def _refused(code: int, said: str, *, sent: bool) -> Attempt:
    """5yz is final, 4yz may pass (RFC 5321, section 4.2.1)."""
    if not 400 <= code < 600:
        detail = "the server's answer makes no sense in SMTP"
        return Attempt(ok=False, detail=detail, uncertain=sent)
    hint = f" ({_HINTS[code]})" if code in _HINTS else ""
    detail = f"{code} {said}{hint}"
    return Attempt(ok=False, detail=detail, permanent=_is_final(code), status=code)


def _is_final(code: int) -> bool:
    return 500 <= code < 600


def _none_accepted(refused: Mapping[str, SMTPResponse]) -> Attempt:
    """Tried again as long as one of the refusals may pass."""
    codes = [one.code for one in refused.values()]
    status = next((code for code in codes if not _is_final(code)), codes[0])
    detail = f"no address was taken: {_listed(refused)}"
    return Attempt(ok=False, detail=detail, permanent=_is_final(status), status=status)


def _accepted(answer: SMTPResponse, refused: Mapping[str, SMTPResponse]) -> Attempt:
    but = f"; not taken: {_listed(refused)}" if refused else ""
    return Attempt(ok=True, detail=f"{answer.code} {answer.message}{but}", status=answer.code)


def _listed(refused: Mapping[str, SMTPResponse]) -> str:
    said = (f"{one} ({answer.code} {answer.message})" for one, answer in refused.items())
    return ", ".join(said)


def _reason(error: Exception) -> str:
    """In our words; those of aiosmtplib name the server and hide what lies beneath."""
    beneath = error.__cause__
    if isinstance(error, SMTPException) and isinstance(beneath, OSError):
        return classify(beneath).reason
    return classify(error).reason


def _without(server: Server, said: str) -> str:
    """What a server said, without the password, and cut last: half of it would not be found."""
    text = clean(said)
    for form in server.hidden():
        text = text.replace(form, "***")
    return shorten(text, _KEPT)
