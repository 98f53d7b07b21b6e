"""`monitor websub`: the endpoint that hubs call, and the loop that keeps subscriptions alive.

It is to stand behind a proxy that speaks TLS. The last part of a path names the subscription;
what stands before it is the proxy's.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from monitor.core.errors import BadInput, Fault, Unavailable
from monitor.core.models import Document, Feed
from monitor.core.websub import Drop, Endpoint
from monitor.edges.hubs import Hubs
from monitor.service.agreeing import Agreements
from monitor.service.clockwork import utc_now
from monitor.service.pipeline import Polled
from monitor.service.pushes import Pushes
from monitor.service.reporting import Troubles
from monitor.service.wiring import Service

# Seconds between looks at what is due, and at which feeds have a hub.
_TICK, _LOOK = 1.0, 60.0
# Seconds for a body to arrive, for a connection to say something more, and for answers to end.
_READ, _IDLE, _END = 30.0, 15.0, 1.0
# Bodies read at the same time.
_READING = 8
_HEADER = 200
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,99}")
_BROKEN = (OSError, aiohttp.ClientError, HttpProcessingError, web.RequestPayloadError)

log = structlog.get_logger("monitor")
# aiohttp would write down whole requests, and their paths are secret.
_silent = logging.getLogger("monitor.websub")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


def run(current: Callable[[], Service]) -> None:
    """Serve until told to end; raises BadInput without a callback, Unavailable when the port is
    taken. `current`: the Service in force; of another one its feeds, rules and receivers are
    taken up.
    """
    service = current()
    endpoint = service.settings.websub
    if endpoint is None:
        where = f"{service.settings.path}: websub.callback"
        raise BadInput([Fault(where, "is not set", "the public https URL at which hubs find us")])
    asyncio.run(_serve(current, endpoint))


async def _serve(current: Callable[[], Service], endpoint: Endpoint) -> None:
    service = current()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    troubles = Troubles("push ended by a bug")
    async with AsyncExitStack() as stack:
        hubs = Hubs(
            service.allow,
            user_agent=service.user_agent,
            deadline=service.settings.deadline.total_seconds(),
            allow_http=endpoint.allow_http,
            clock=utc_now,
        )
        await stack.enter_async_context(hubs)

        def push(feed: Feed, document: Document, at: datetime) -> Polled:
            return current().push(feed, document, at)

        def after(polled: Polled) -> None:
            if shadow := current().shadow:
                shadow(polled)

        pushes = Pushes(service.store, push, service.wake, troubles, after)
        agreements = Agreements(
            store=service.store,
            feeds=service.feeds,
            endpoint=endpoint,
            ask=hubs.ask,
            clock=utc_now,
            jitter=random.random,
            gap=service.settings.host_gap,
            trouble=troubles,
        )
        stack.push_async_callback(agreements.close)
        stack.push_async_callback(asyncio.to_thread, pushes.close)
        pushes.begin()
        desk = Desk(agreements, pushes, service.settings.max_body, troubles)
        await desk.open(endpoint, stack)
        log.info("listening for pushes", on=f"{endpoint.host}:{endpoint.port}")
        await _keep(current, agreements, stop, troubles)


async def _keep(
    current: Callable[[], Service], agreements: Agreements, stop: asyncio.Event, trouble: Troubles
) -> None:
    """Look after the subscriptions until told to stop."""
    looking = asyncio.create_task(_look(current, agreements, trouble))
    while not stop.is_set():
        try:
            await agreements.tick()
            await asyncio.to_thread(current().store.mark_alive, "websub", utc_now())
            await asyncio.to_thread(current().counting.hand_over)
        except Unavailable as away:
            trouble(away)
        await _pause(stop, _TICK)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def _look(current: Callable[[], Service], agreements: Agreements, trouble: Troubles) -> None:
    """See again and again which feeds have a hub, at first often, for they are being polled for
    the first time perhaps; what is not configured is ended once. The same for other feeds.
    """
    prune, wait = True, _TICK
    while True:
        if (feeds := current().feeds) is not agreements.feeds:
            agreements.feeds, prune, wait = feeds, True, _TICK
        try:
            await agreements.look(prune=prune)
            prune = False
        except Exception as error:  # noqa: BLE001 - told there
            trouble(error)
        await asyncio.sleep(wait)
        wait = min(2 * wait, _LOOK)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


_Answering = Callable[[web.Request], Awaitable[web.Response]]


# -- the endpoint --------------------------------------------------------------------


@dataclass
class Desk:
    """Answers hubs. `most`: bytes of what they may push."""

    agreements: Agreements
    pushes: Pushes
    most: int
    trouble: Callable[[Exception], None]
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_READING))

    async def open(self, endpoint: Endpoint, stack: AsyncExitStack) -> None:
        """Listen until the stack is left; raises Unavailable where that is not possible."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._calm(self._verify), allow_head=False)
        app.router.add_post("/{path:.*}", self._calm(self._receive))
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=_silent,
            auto_decompress=False,
            keepalive_timeout=_IDLE,
            shutdown_timeout=_END,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, endpoint.host, endpoint.port).start()
        except OSError as error:
            where = f"{endpoint.host}:{endpoint.port}"
            why = (error.strerror or "").rpartition(": ")[2]
            raise Unavailable(f"cannot listen on {where}: {why or error}") from None

    def _calm(self, answer: _Answering) -> _Answering:
        """A store that is away, or a bug, is the hub's reason to come again."""

        async def calmly(request: web.Request) -> web.Response:
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001 - told there
                self.trouble(error)
                return web.Response(status=503)

        return calmly

    async def _verify(self, request: web.Request) -> web.Response:
        heard = await asyncio.to_thread(self.agreements.hear, _token(request), dict(request.query))
        plain = {"X-Content-Type-Options": "nosniff"}
        return web.Response(
            status=heard.status, text=heard.said, content_type="text/plain", headers=plain
        )

    async def _receive(self, request: web.Request) -> web.Response:
        """A signature that is wrong is answered as a right one is (section 7.1)."""
        why = await self._take(request)
        if why:
            await asyncio.to_thread(self.pushes.drop, why)
        return web.Response(status=_STATUS.get(why, 202))

    async def _take(self, request: web.Request) -> Drop | None:
        one = await asyncio.to_thread(self.agreements.find, _token(request))
        if one is None:
            return Drop.UNKNOWN
        if self.pushes.full:
            return Drop.BUSY
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return Drop.ENCODED
        body = await self._body(request)
        if body is None:
            return Drop.TOO_LARGE
        kind = request.headers.get("Content-Type", "")[:_HEADER]
        signed = request.headers.get("X-Hub-Signature", "")[:_HEADER]
        feed = self.agreements.feeds.get(one.feed)
        if feed is None:
            return Drop.UNKNOWN
        return await asyncio.to_thread(self.pushes.take, one, feed, body, kind, signed)

    async def _body(self, request: web.Request) -> bytes | None:
        """The body; None where it is too large, too slow, or breaks off."""
        if (request.content_length or 0) > self.most:
            return None
        body = bytearray()
        try:
            async with self._reading, asyncio.timeout(_READ):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > self.most:
                        return None
        except _BROKEN:
            return None
        return bytes(body)


# What a hub is answered; 410 ends a subscription that is not ours (section 7).
_STATUS: dict[Drop | None, int] = {
    Drop.UNKNOWN: 410,
    Drop.BUSY: 503,
    Drop.ENCODED: 415,
    Drop.TOO_LARGE: 413,
}


def _token(request: web.Request) -> str:
    """The last part of the path; "" where it cannot be ours."""
    token = request.path.rpartition("/")[2]
    return token if _TOKEN.fullmatch(token) else ""
