"""A mail server on 127.0.0.1 (aiosmtpd), with real TLS and logins, that can misbehave on request.

What it takes must be flawless; it reads the messages with letter_reader.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges import transports
from monitor.edges.net import AllowList, client, parse_allow
from tests.edges.transports.letter_reader import Flaw, Letter, read
from tests.make import NOW, delivery

# What a step may be answered with besides a reply.
HANG, RESET = "(never)", "(reset)"


@dataclass
class MailServer:
    """Use it in a `with`. `script`: what steps are answered with: "greeting", a command,
    "RCPT someone@...", or "." for the end of a message.

    `logins`: each try to log in, as (way, user, password, over TLS).
    """

    tls: str = "none"
    context: ssl.SSLContext | None = None
    password: str = ""
    size: int | None = None
    script: Mapping[str, str] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    logins: list[tuple[str, str, str, bool]] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ways: tuple[str, ...] = ("PLAIN", "LOGIN")
    _sessions: list[_Session] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        # Handshakes that fail are what some tests are about.
        self._loop.set_exception_handler(lambda loop, context: None)
        implicit = self.context if self.tls == "implicit" else None
        serving = self._loop.create_server(self._session, "127.0.0.1", 0, ssl=implicit)
        self._server = self._loop.run_until_complete(serving)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        for one in self._sessions:
            one.cut_off()
        # A few rounds for all that ends with it.
        for _ in range(5):
            self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _session(self) -> _Session:
        self._sessions.append(_Session(self, self._loop))
        return self._sessions[-1]

    @property
    def connections(self) -> int:
        """How many were made."""
        return len(self._sessions)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, way: str, told: LoginPassword
    ) -> AuthResult:
        user, password = told.login.decode(), told.password.decode()
        secure = session.ssl is not None or self.tls == "implicit"
        self.logins.append((way, user, password, secure))
        return AuthResult(success=password == self.password, handled=False)

    async def handle_DATA(self, server: _Session, session: Session, envelope: Envelope) -> str:
        if await server.scripted("."):
            return ""
        content = envelope.original_content or b""
        try:
            self.letters.append(read(envelope, content))
        except Flaw as flaw:
            self.flaws.append(str(flaw))
            return f"554 {flaw}"
        return "250 2.0.0 taken as 7"


class _Session(SMTP):
    """One connection."""

    def __init__(self, owner: MailServer, loop: asyncio.AbstractEventLoop) -> None:
        self.owner, self._greeted = owner, False
        starttls = owner.context if owner.tls == "starttls" else None
        super().__init__(
            owner,
            hostname="mail.test",
            ident="double",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=bool(owner.password) and starttls is not None,
            auth_require_tls=starttls is not None,
            auth_exclude_mechanism={"PLAIN", "LOGIN"} - set(owner.ways),
            authenticator=owner.authenticate,
            data_size_limit=owner.size,
            loop=loop,
        )

    async def scripted(self, step: str) -> bool:
        """Whether the script has answered this step."""
        said = self.owner.script.get(step)
        if said is None:
            return False
        if said == RESET:
            self.cut_off()
        if said in {HANG, RESET}:
            await asyncio.sleep(600)
        await super().push(said)
        return True

    def cut_off(self) -> None:
        """End the connection with a TCP reset."""
        line = self.transport
        if isinstance(line, asyncio.WriteTransport) and not line.is_closing():
            made = line.get_extra_info("socket")
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.abort()

    async def push(self, status: Any) -> None:
        greets, self._greeted = not self._greeted, True
        if not status or (greets and await self.scripted("greeting")):
            return
        await super().push(status)

    async def smtp_EHLO(self, arg: str) -> None:
        self.owner.said.append(f"EHLO {arg}")
        if not await self.scripted("EHLO"):
            await super().smtp_EHLO(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self.scripted("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.owner.said.append(f"MAIL {arg}")
        if not await self.scripted("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        whom = (arg or "").removeprefix("TO:<").removesuffix(">")
        if not await self.scripted(f"RCPT {whom}") and not await self.scripted("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self.scripted("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        self.owner.said.append("QUIT")
        if not await self.scripted("QUIT"):
            await super().smtp_QUIT(arg)


def desk(port: int, **more: str) -> Receiver:
    """A receiver behind the double at this port."""
    options = {
        "host": "127.0.0.1",
        "port": str(port),
        "tls": "none",
        "from": "alerts@monitor.example",
        "to": "desk@news.example",
    }
    return Receiver("desk", "email", options | more)


def send(
    port: int,
    one: Delivery | None = None,
    now: datetime = NOW,
    allow: AllowList | None = None,
    **more: str,
) -> Attempt:
    """One attempt, as the service would make it."""
    receiver = desk(port, **more)
    assert transports.check(receiver) == ()

    async def run() -> Attempt:
        allowed = parse_allow([f"127.0.0.1:{port}"]) if allow is None else allow
        async with client(AllowList()) as http:
            transport = transports.build(receiver, http, out=None, allow=allowed)
            return await transport.send(one or delivery(), now)

    return asyncio.run(run())
