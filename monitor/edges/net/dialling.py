"""The address guard for what does not go through our HTTP client.

A protocol of its own gets a socket that the guard has dialled. A library that dials by itself is
watched: Python tells of each connection just before it is made (audit events, PEP 578), with
the very address it leads to, so that no redirect and no second DNS answer gets past. That holds
for the thread that asked for it, and for sockets that Python makes; a library in C, or a thread
that the library starts, is not seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import socket
import sys
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore

from monitor.edges.net.addresses import AllowList, check
from monitor.edges.net.client import GuardedBackend
from monitor.edges.net.errors import Blocked
from monitor.edges.net.resolver import Resolver, system_resolver


async def guarded_socket(
    allow: AllowList,
    host: str,
    port: int,
    timeout: float | None = None,
    *,
    resolver: Resolver | None = None,
) -> socket.socket:
    """A socket connected to `host` within `timeout` seconds, not blocking, the caller's to close.

    The name is looked up once, every address it has is checked, and those are dialled in turn.
    Raises Blocked or httpcore's errors, as the HTTP client does.
    """
    guard = GuardedBackend(allow, resolver or system_resolver, _Dialler())
    stream = await guard.connect_tcp(host, port, timeout)
    made: socket.socket = stream.get_extra_info("socket")
    return made


class _Dialler(httpcore.AsyncNetworkBackend):
    """Dials one address."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                return _Connected(await _connect(host, port))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError from error


class _Connected(httpcore.AsyncNetworkStream):
    """Only hands on its socket."""

    def __init__(self, made: socket.socket) -> None:
        self._made = made

    def get_extra_info(self, info: str) -> Any:
        return self._made if info == "socket" else None


async def _connect(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # With its protocol: only then asyncio sends small pieces without delay.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made


# -- what dials by itself ------------------------------------------------------------


@dataclass(slots=True)
class Watch:
    """The guard over connections that others make; `refused` says of the last one why not."""

    allow: AllowList
    refused: str = ""

    def admit(self, address: object) -> None:
        """Raises PermissionError, which a library takes for a failed connection."""
        try:
            self._check(address)
        except Blocked as blocked:
            self.refused = str(blocked)
            raise PermissionError(errno.EACCES, self.refused) from blocked

    def _check(self, address: object) -> None:
        match address:
            case None:
                return  # on a connection that was checked when it was made
            case (str(host), int(port), *_):
                if not self._named(host, port):
                    check(host, port, [host], self.allow)
            case _:
                raise Blocked("only addresses of the internet are dialled")

    def _named(self, address: str, port: int) -> bool:
        """Whether a name on the list has this address: names are not seen here any more."""
        return any(
            address in _addresses(name, port) for name, only in self.allow.hosts if only == port
        )


def _addresses(name: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextlib.contextmanager
def watched(allow: AllowList) -> Iterator[Watch]:
    """Within it, what this thread dials goes to public addresses and to those of the list."""
    _listen()
    watch = Watch(allow)
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


@functools.cache
def _listen() -> None:
    """Hear of all connections; what listens to audit events once can never be removed."""
    sys.addaudithook(_heard)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    # Every audit event of the process comes here: most must be done with at once.
    if event in _DIALS and (watch := _watch.get()) is not None:
        watch.admit(args[1])


# Their second argument is the address (docs.python.org, "Audit events table").
_DIALS = frozenset(("socket.connect", "socket.sendto", "socket.sendmsg"))
