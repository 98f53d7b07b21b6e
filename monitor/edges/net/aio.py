"""httpx's requests and answers over aiohttp's connections, for those who ask many hosts.

httpcore spends some 1.5 ms of CPU time on a small answer, aiohttp's parser (in C) a fifth of
that; see docs/decisions.md. The guard is the same: a name is looked up once, every address
it has is checked, and only those are dialled.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address
from typing import Any

import aiohttp
import httpx
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.edges.net.addresses import Address, AllowList, check, forbidden, literal, plain
from monitor.edges.net.client import tls_context
from monitor.edges.net.errors import Blocked
from monitor.edges.net.resolver import Resolver, system_resolver

# Longer than the shortest gap between two requests to a host, and too short for many idle ones.
_IDLE_SECONDS = 2.5
# Bytes of a header line, and how many there may be: some sites send long ones for browsers.
_LINE, _HEADERS = 65_536, 2_000
_CHUNK = 65_536
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


class GuardedAiohttp(httpx.AsyncBaseTransport):
    """A transport for one event loop, to be closed; it follows no redirects, keeps no cookies
    and hands on bodies as they come. `connect`: seconds for a connection with its handshake.

    Raises Blocked and aiohttp's errors.
    """

    def __init__(self, allow: AllowList, resolver: Resolver | None, connect: float) -> None:
        self._guard = _Guard(allow, resolver or system_resolver)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
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
            max_line_size=_LINE,
            max_field_size=_LINE,
            max_headers=_HEADERS,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request without a body; its own body is still to be read."""
        url = request.url
        self._guard.admit(url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme])
        answer = await self._session.request(
            request.method,
            yarl.URL(str(url), encoded=True),
            headers=_pairs(request.headers),
            allow_redirects=False,
        )
        stream = _Stream(answer)
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=stream)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


_PORTS = {"http": 80, "https": 443}


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

    def admit(self, host: str, port: int) -> None:
        """Raises Blocked for an address that must not be dialled; names are checked later."""
        if literal(host) is not None:
            check(host, port, [host], self._allow)
        elif host.replace(".", "").isdigit():
            # "127.1", "2130706433": aiohttp would not ask us, and the system would read it.
            raise Blocked(f"{host} is an address in an unusual spelling")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of a name, each checked; as aiohttp wants them."""
        addresses = list(dict.fromkeys(await self._look_up(host, port)))
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

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        try:
            return await self._resolver(host, port)
        except UnicodeError as error:
            raise OSError(f"no name: {type(error).__name__}") from error

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
