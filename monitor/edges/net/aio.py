"""httpx's requests and answers over aiohttp's connections, for those who ask many hosts.

httpcore spends some 1.5 ms of CPU time on a small answer, aiohttp's parser (in C) a fifth of
that; see docs/decisions.md. The guard is the same: a name is looked up once, every address
it has is checked, and only those are dialled.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from ipaddress import ip_address
from typing import Any

import aiohttp
import httpx
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from monitor.core.models import PollOutcome
from monitor.edges.net.addresses import Address, AllowList, admit, check, forbidden, plain
from monitor.edges.net.client import place, tls_context
from monitor.edges.net.errors import TOO_LONG_A_HEAD, Blocked, Refused
from monitor.edges.net.proxy import Proxy
from monitor.edges.net.resolver import Resolver, addresses_of, system_resolver

# Longer than the shortest gap between two requests to a host, and too short for many idle ones.
_IDLE_SECONDS = 2.5
_CHUNK = 65_536
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


class GuardedAiohttp(httpx.AsyncBaseTransport):
    """A transport for one event loop, to be closed; it follows no redirects, keeps no cookies
    and hands on bodies as they come. `connect`: seconds for a connection with its handshake;
    `head`: bytes of an answer before its body that are read at most, give or take a chunk.

    Raises Blocked, Refused and aiohttp's errors.
    """

    def __init__(
        self, allow: AllowList, resolver: Resolver | None, connect: float, head: int
    ) -> None:
        self._allow = allow
        self._guard = _Guard(allow.to_dial, resolver or system_resolver)
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                head,
                ssl=tls_context(),
                resolver=self._guard,
                use_dns_cache=False,
                keepalive_timeout=_IDLE_SECONDS,
                limit=0,
                socket_factory=self._guard.socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
            auto_decompress=False,
            trust_env=False,
            max_line_size=head,
            max_field_size=head,
            # As many as there is room for: they are counted when all are there.
            max_headers=head,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request without a body; its own body is still to be read."""
        host, port = place(request.url)
        admit(host, port, self._allow)
        url = yarl.URL(str(request.url), encoded=True)
        if (url.raw_host, url.port) != (host, port):
            # Two libraries read it, and one place was checked: both have to mean it.
            raise Blocked("the address can be read in two ways")
        answer = await self._session.request(
            request.method,
            url,
            headers=[*_pairs(request.headers), *self._to_proxy(url.scheme)],
            allow_redirects=False,
            **_through(self._allow.proxy, url.scheme),
        )
        stream = _Stream(answer)
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=stream)

    def _to_proxy(self, scheme: str) -> Iterable[tuple[str, str]]:
        """Headers of a request that the proxy itself reads, which is one without TLS."""
        proxy = self._allow.proxy
        return proxy.headers.items() if proxy and scheme == "http" else ()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


def _through(proxy: Proxy | None, scheme: str) -> dict[str, Any]:
    """How aiohttp is told of a proxy; the headers are those for a tunnel alone."""
    if proxy is None:
        return {}
    return {"proxy": proxy.url, "proxy_headers": proxy.headers if scheme == "https" else None}


class _Connector(aiohttp.TCPConnector):
    """aiohttp's, over connections that bound what comes before a body."""

    def __init__(self, head: int, **given: Any) -> None:
        super().__init__(**given)
        self._factory = functools.partial(self._make, head)

    def _make(self, head: int) -> ResponseHandler:
        return _Connection(self._loop, head)


class _Connection(ResponseHandler):
    """aiohttp bounds each header and their number, but not all of them together."""

    def __init__(self, loop: asyncio.AbstractEventLoop, head: int) -> None:
        super().__init__(loop)
        self._most = self._left = head

    def data_received(self, data: bytes) -> None:
        """Hand on bytes; where no whole head came with them, they count."""
        super().data_received(data)
        self._left -= len(data)
        if self._left < 0:
            self._left = self._most
            self.set_exception(Refused(PollOutcome.PROTOCOL, TOO_LONG_A_HEAD))
            if self.transport is not None:
                self.transport.abort()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """A whole head; what comes up to the next request is a body's."""
        self._left = sys.maxsize
        super().feed_data(data, size)

    def set_response_params(self, **given: Any) -> None:
        """A request goes out: a head is to come."""
        self._left = self._most
        super().set_response_params(**given)


def _pairs(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(name.decode("ascii"), value.decode("latin-1")) for name, value in headers.raw]


class _Stream(httpx.AsyncByteStream):
    """The body of an answer; one that is not read to its end closes the connection."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.content.iter_chunked(_CHUNK):
            yield chunk

    async def aclose(self) -> None:
        self._answer.release()


class _Guard(AbstractResolver):
    """Looks names up and checks what they lead to; makes sockets for nothing else."""

    def __init__(self, allow: AllowList, resolver: Resolver) -> None:
        self._allow = allow
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of a name, each checked; as aiohttp wants them."""
        addresses = await addresses_of(host, port, self._resolver)
        check(host, port, addresses, self._allow)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=_FAMILY[ip_address(address).version],
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket for an address (as getaddrinfo has it) that is about to be dialled.

        All were checked by now: whatever comes here unchecked is a bug, and is not dialled.
        """
        family, kind, protocol, _, (place, port, *_) = address
        self._check_place(plain(ip_address(place)), port)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    def _check_place(self, place: Address, port: int) -> None:
        named = any(only == port for _, only in self._allow.hosts)
        if forbidden(place) and not named and not self._allow.permits(str(place), place, port):
            raise AssertionError(f"{place} was not checked")

    async def close(self) -> None:
        """Nothing is held."""
