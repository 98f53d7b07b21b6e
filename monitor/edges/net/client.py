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
from typing import NoReturn, TypedDict

import httpcore
import httpx

from monitor.edges.net.addresses import AllowList, admit, admit_port, check, literal
from monitor.edges.net.errors import Blocked
from monitor.edges.net.proxy import Proxy
from monitor.edges.net.resolver import Resolver, addresses_of, system_resolver

_CONNECT_SECONDS = 10.0
_TOTAL_SECONDS = 30.0
_CONNECTIONS = 100
# httpcore looks through all open connections at each request: with 30 requests at a time
# a pool that keeps 4 of them open is over four times as fast as one that keeps them all.
_IDLE = 4
_IDLE_SECONDS = 5.0
_PORTS = {"http": 80, "https": 443}


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
    """httpx's transport over a connection pool that dials through the guard, or the list's proxy.

    Raises Blocked, Refused and httpx's errors.
    """

    def __init__(self, allow: AllowList, resolver: Resolver | None = None) -> None:
        # The parent's constructor is left out: should a later httpx keep its pool
        # elsewhere, requests fail at once instead of going out unguarded.
        self._allow = allow
        self._pool = _pool(allow.proxy, GuardedBackend(allow.to_dial, resolver or system_resolver))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request; its body is still to be read."""
        admit(*place(request.url), self._allow)
        return await super().handle_async_request(request)


def named_by_strangers(text: str, allow: AllowList, base: httpx.URL | None = None) -> httpx.URL:
    """A URL that a feed or an answer names, relative to `base`, without credentials and fragment.

    Raises Blocked where its port was stated by nobody, and httpx.InvalidURL.
    """
    try:
        url = base.join(text) if base else httpx.URL(text)
        _ = url.host
    except ValueError:
        # A host like "xn--", or half a surrogate pair.
        raise httpx.InvalidURL("the address holds what no URL can") from None
    admit_port(*place(url), allow)
    return url.copy_with(userinfo=b"", fragment=None)


def place(url: httpx.URL) -> tuple[str, int]:
    """Host and port of a request, in the form in which they are dialled."""
    return url.raw_host.decode("ascii"), url.port or _PORTS.get(url.scheme, 0)


class _Bounds(TypedDict):
    max_connections: int
    max_keepalive_connections: int
    keepalive_expiry: float


_BOUNDS = _Bounds(
    max_connections=_CONNECTIONS, max_keepalive_connections=_IDLE, keepalive_expiry=_IDLE_SECONDS
)


def _pool(
    proxy: Proxy | None, backend: httpcore.AsyncNetworkBackend
) -> httpcore.AsyncConnectionPool:
    tls = tls_context()
    if proxy is None:
        return httpcore.AsyncConnectionPool(tls, network_backend=backend, **_BOUNDS)
    return httpcore.AsyncHTTPProxy(
        proxy.url,
        proxy_headers=list(proxy.headers.items()),
        ssl_context=tls,
        network_backend=backend,
        **_BOUNDS,
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
            return await addresses_of(host, port, self._resolver)
        except OSError as error:
            raise httpcore.ConnectError from error

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
