"""`monitor web`: pages for people who would rather look, and what machines ask beside them."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from monitor.core.errors import Unavailable
from monitor.edges.settings.schema import WebTable
from monitor.service.clockwork import utc_now
from monitor.service.reporting import Troubles
from monitor.service.wiring import Service
from monitor.web import health
from monitor.web.desks import Deliveries, Feeds
from monitor.web.guard import Answering, Guard, dress
from monitor.web.login import Login
from monitor.web.overview import Overview
from monitor.web.sessions import Sessions
from monitor.web.site import STATIC, Site
from monitor.web.stories import Stories
from monitor.web.watch import Watch

# Seconds for a connection to say something more, and for answers to end; bytes of a form.
_IDLE, _END, _FORM = 15.0, 1.0, 8_192
_WATCH = web.AppKey("watch", Watch)
_YEAR = "public, max-age=31536000, immutable"

log = structlog.get_logger("monitor")
# aiohttp would write down whole requests.
_silent = logging.getLogger("monitor.web")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


def run(services: Callable[[], Service]) -> None:
    """Serve until told to end; raises Unavailable when the port is taken. `services` gives the
    Service in force, which another may take over.
    """
    asyncio.run(_serve(services))


async def _serve(services: Callable[[], Service]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        settings = services().settings.web
        host, port = settings.listen
        await listen(make_app(services), host, port, stack)
        log.info("showing pages", on=f"{host}:{port}", asks_for_token=bool(settings.token))
        await stop.wait()


async def listen(app: web.Application, host: str, port: int, stack: AsyncExitStack) -> int:
    """Serve pages until the stack is left; the port. Raises Unavailable where that cannot be."""
    runner = web.AppRunner(
        app, access_log=None, logger=_silent, keepalive_timeout=_IDLE, shutdown_timeout=_END
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        why = (error.strerror or "").rpartition(": ")[2]
        raise Unavailable(f"cannot listen on {host}:{port}: {why or error}") from None
    app[_WATCH].begin()
    return int(runner.addresses[0][1])


def make_app(services: Callable[[], Service]) -> web.Application:
    """All pages. What [web] says now, holds for good."""
    settings, store = services().settings.web, services().store
    trouble = Troubles("page ended by a bug")
    watch = Watch(store, lambda: services().feeds, settings.keep, settings.most, utc_now, trouble)
    site = Site(services, watch, Sessions(settings.token))
    guard = Guard(site, _names(settings), trouble)
    app = web.Application(middlewares=[_around(guard)], client_max_size=_FORM)
    app.on_response_prepare.append(dress)
    app.add_routes([*_pages(site), *_files(site), *health.routes(services)])

    async def end(_: web.Application) -> None:
        watch.close()

    app[_WATCH] = watch
    app.on_cleanup.append(end)
    return app


def _around(guard: Guard) -> Middleware:
    @web.middleware
    async def guarded(request: web.Request, handler: Answering) -> web.StreamResponse:
        return await guard(request, handler)

    return guarded


def _names(settings: WebTable) -> frozenset[str]:
    return frozenset({"localhost", settings.listen[0].lower(), *settings.hosts})


def _pages(site: Site) -> list[web.RouteDef]:
    stories, deliveries, feeds = Stories(site), Deliveries(site), Feeds(site)
    overview, login = Overview(site), Login(site)
    return [
        web.get("/", overview.first),
        web.get("/stories", stories.several),
        web.get("/stories/{story:[A-Za-z0-9_-]{1,80}}", stories.one),
        web.get("/alerts", overview.alerts),
        web.get("/deliveries", deliveries.several),
        web.get("/deliveries/{delivery:[A-Za-z0-9_-]{1,80}}", deliveries.one),
        web.post("/deliveries/{delivery:[A-Za-z0-9_-]{1,80}}", deliveries.again),
        web.get("/feeds", feeds.several),
        web.get("/login", login.form),
        web.post("/login", login.enter),
        web.post("/logout", login.leave),
    ]


def _files(site: Site) -> list[web.RouteDef]:
    async def give(request: web.Request) -> web.Response:
        name = request.path[1:]
        kept = {"Cache-Control": _YEAR}
        return web.Response(body=site.files[name], content_type=STATIC[name], headers=kept)

    return [web.get(f"/{name}", give) for name in STATIC]
