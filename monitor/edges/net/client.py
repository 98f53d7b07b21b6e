"""HTTP clients that cannot be sent where they must not go.

The check sits where the connection is made, so that no redirect, odd spelling of an
address or second DNS answer gets past it: the address that was checked is the one dialled,
while TLS and the Host header keep the name.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Iterable, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NoReturn

import httpcore
import httpx

from monitor.edges.net.addresses import AllowList, check, literal
from monitor.edges.net.errors import Blocked
from monitor.edges.net.resolver import Resolver, system_resolver

_CONNECT_SECONDS = 10.0
_TOTAL_SECONDS = 30.0
_CONNECTIONS = 100
# httpcore looks through all open connections at each request: with 30 requests at a time
# a pool that keeps 4 of them open is over four times as fast as one that keeps them all.
_IDLE = 4
_IDLE_SECONDS = 5.0


def client(allow: AllowList, *, resolver: Resolver | None = None) -> httpx.AsyncClient:
    """A client behind the address guard, to be closed by the caller.

    It follows no redirects, keeps no cookies, heeds no proxy or other setting of the
    environment and asks for uncompressed answers. It belongs to one event loop. httpx has
    no deadline in all: put `asyncio.timeout` around a request.
    """
    return httpx.AsyncClient(
        transport=GuardedTransport(allow, resolver),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        headers={"Accept-Encoding": "identity"},
        timeout=httpx.Timeout(_TOTAL_SECONDS, connect=_CONNECT_SECONDS),
    )


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over a connection pool that dials through the guard."""

    def __init__(self, allow: AllowList, resolver: Resolver | None = None) -> None:
        # The parent's constructor is left out: should a later httpx keep its pool
        # elsewhere, requests fail at once instead of going out unguarded.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls_context(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=GuardedBackend(allow, resolver or system_resolver),
        )


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves once, checks every answer, dials the checked addresses in turn."""

    def __init__(
        self,
        allow: AllowList,
        resolver: Resolver,
        dialler: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allow = allow
        self._resolver = resolver
        self._dialler = dialler or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A stream to `host` within `timeout` seconds; raises Blocked or httpcore's errors."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
                check(host, port, addresses, self._allow)
                return await self._dial(addresses, port, timeout)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> NoReturn:
        """Raises Blocked: no URL leads to a socket of this machine."""
        raise Blocked("Unix sockets are never dialled")

    async def sleep(self, seconds: float) -> None:
        """Waits, as the pool asks for it between tries."""
        await asyncio.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        if literal(host) is not None:
            return [host]
        try:
            addresses = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError from error
        return list(dict.fromkeys(addresses))

    async def _dial(
        self, addresses: Sequence[str], port: int, timeout: float | None
    ) -> httpcore.AsyncNetworkStream:
        # A dead address must leave time for the next: each but the last has a fair share.
        share = timeout and timeout / len(addresses)
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._dialler.connect_tcp(address, port, share)
        return await self._dialler.connect_tcp(addresses[-1], port, timeout)


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The process's one TLS context; reading the certificates takes some 20 ms.

    It trusts the bundle that comes with httpx and what the system trusts besides.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
