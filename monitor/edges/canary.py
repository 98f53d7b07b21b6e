"""Both ends of the canary's way: a server that shows one document, and the ping when it arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from monitor.edges.net import EXPECTED, AllowList, classify, client

# Seconds that a connection may stay open when the document was fetched, and that a ping may take.
_END, _PING = 1.0, 10.0


@asynccontextmanager
async def serving(document: bytes) -> AsyncIterator[str]:
    """A server on loopback that shows nothing but this Atom document; its address and port.

    Raises OSError where no port is to be had.
    """

    async def show(_: web.BaseRequest) -> web.Response:
        return web.Response(body=document, content_type="application/atom+xml")

    runner = web.ServerRunner(web.Server(show, access_log=None), shutdown_timeout=_END)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


async def ping(url: str, allow: AllowList, user_agent: str) -> str:
    """Ask for a URL once, behind the guard; why that did not work, "" where it did."""
    try:
        async with (
            asyncio.timeout(_PING),
            client(allow) as http,
            http.stream("GET", url, headers={"User-Agent": user_agent}) as answer,
        ):
            return "" if answer.is_success else f"it answered {answer.status_code}"
    except EXPECTED as error:
        return classify(error).reason
