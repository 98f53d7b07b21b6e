"""What machines ask: is it up, is it fit for work, and how does it do.

Meant for probes and scrapers on a network that is trusted: there is no password. No answer holds
a secret, the address of a feed, or a text of somebody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from monitor.core.errors import Unavailable
from monitor.core.shown import plain
from monitor.service.clockwork import utc_now
from monitor.service.wiring import QUEUES, Service
from monitor.views.metrics import measured, nothing_known
from monitor.views.readiness import unready

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(services: Callable[[], Service]) -> list[web.RouteDef]:
    """GET /metrics, /healthz and /readyz, for the app that serves them. `services` gives the
    Service in force.

    /healthz: 200 as long as the process answers. /readyz: 200 where the service does its work,
    else 503 and a line for each reason; JSON where that is asked for. /metrics: Prometheus' text
    format; while the store is away, only that it is.
    """
    ready, measured = (_Shared(partial(step, services)) for step in (_reasons, _metrics))
    return [
        web.get("/healthz", _healthy),
        web.get("/readyz", partial(_readiness, ready)),
        web.get("/metrics", partial(_measures, measured)),
    ]


class _Shared:
    """The answer of a step that blocks. Who asks while it is being found gets the same, so that
    many who ask cost no more than one.
    """

    def __init__(self, step: Callable[[], str]) -> None:
        self._step = step
        self._finding: asyncio.Future[str] | None = None

    def __call__(self) -> Awaitable[str]:
        """The answer, found in a thread."""
        if self._finding is None or self._finding.done():
            self._finding = asyncio.ensure_future(asyncio.to_thread(self._step))
        # Who goes away must not take the answer from the others.
        return asyncio.shield(self._finding)


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok\n", headers=_FRESH)


async def _readiness(reasons: _Shared, request: web.Request) -> web.Response:
    why = (await reasons()).splitlines()
    status = 503 if why else 200
    if "application/json" in request.headers.get("Accept", ""):
        row = {"ready": not why, "reasons": why}
        return web.json_response(row, status=status, headers=_FRESH)
    return web.Response(text="\n".join([*(why or ["ready"]), ""]), status=status, headers=_FRESH)


async def _measures(measured: _Shared, _: web.Request) -> web.Response:
    body = (await measured()).encode()
    return web.Response(body=body, headers={**_FRESH, "Content-Type": _TEXT})


def _reasons(services: Callable[[], Service]) -> str:
    """Why it is not ready, a line each."""
    service = services()
    now, names = utc_now(), [one.name for one in service.settings.receivers]
    try:
        gauges, canary = service.store.gauges(now, QUEUES), service.settings.canary is not None
        why = unready(gauges, names, now, canary=canary)
    except Unavailable as away:
        why = (str(away),)
    return "\n".join(map(plain, why))


def _metrics(services: Callable[[], Service]) -> str:
    service = services()
    try:
        return measured(service)
    except Unavailable:
        return nothing_known()
