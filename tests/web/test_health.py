"""What machines ask, over HTTP, of a service with a real store."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from monitor.edges.store.records import Gauges
from monitor.service.checking import read_settings
from monitor.service.clockwork import utc_now
from monitor.service.wiring import Service
from monitor.web.health import routes
from tests.servers import embedded_store, short_folder

pytestmark = pytest.mark.slow

CONFIG = """\
[store]
url = "{url}"
[[feeds]]
url = "https://sahel.example/feed?key=geheim-key"
[[receivers]]
name = "desk"
type = "slack"
url = "https://hooks.slack.example/services/geheim-hook"
[[routes]]
receivers = ["desk"]
"""
JSON = {"Accept": "application/json"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made


def service(folder: Path, url: str) -> Service:
    config = folder / "monitor.toml"
    config.write_text(CONFIG.format(url=url), encoding="utf-8")
    return Service(read_settings(str(config)))


@asynccontextmanager
async def served(of: Service) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of an app with these routes, on a free port."""
    app = web.Application()
    app.add_routes(routes(lambda: of))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        await runner.cleanup()


async def ask(client: aiohttp.ClientSession, path: str, **headers: str) -> tuple[int, str]:
    async with client.get(path, headers=headers) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.text()


def test_a_service_is_ready_once_all_its_processes_have_worked(folder: Path) -> None:
    async def asked(url: str) -> None:
        one = service(folder, url)
        async with served(one) as client:
            assert await ask(client, "/healthz") == (200, "ok\n")
            status, said = await ask(client, "/readyz")
            assert (status, len(said.splitlines())) == (503, 1)
            for sign in ("poll_due", "sweep", "deliver"):
                one.store.mark_alive(sign, utc_now())
            status, said = await ask(client, "/readyz", **JSON)
            why = ["no poller took anything up yet: is the worker running?"]
            assert (status, json.loads(said)) == (503, {"ready": False, "reasons": why})
            one.store.mark_alive("poll", utc_now())
            assert await ask(client, "/readyz") == (200, "ready\n")
            status, said = await ask(client, "/readyz", **JSON)
            assert (status, json.loads(said)) == (200, {"ready": True, "reasons": []})
        one.close()

    with embedded_store(folder) as url:
        asyncio.run(asked(url))


def test_metrics_are_what_prometheus_reads_and_hold_no_secret(folder: Path) -> None:
    async def asked(url: str) -> None:
        one = service(folder, url)
        async with served(one) as client, client.get("/metrics") as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = await answer.text()
        one.close()
        assert {one.name for one in text_string_to_metric_families(text)} > {"monitor_store_up"}
        assert "monitor_store_up 1.0" in text
        assert "geheim" not in text

    with embedded_store(folder) as url:
        asyncio.run(asked(url))


def test_without_its_store_a_service_is_up_but_not_ready_and_says_why(folder: Path) -> None:
    async def asked() -> None:
        one = service(folder, "redis://:geheim@127.0.0.1:1/0")
        async with served(one) as client:
            assert await ask(client, "/healthz") == (200, "ok\n")
            why = "store redis://127.0.0.1:1: cannot be reached\n"
            assert await ask(client, "/readyz") == (503, why)
            status, text = await ask(client, "/metrics")
            assert (status, text.splitlines()[-1]) == (200, "monitor_store_up 0.0")
        one.close()

    asyncio.run(asked())


def test_many_who_ask_at_once_cost_one_look_at_the_store(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, asked_all = [], threading.Event()

    async def asked(url: str) -> None:
        one = service(folder, url)
        look = one.store.gauges

        def slowly(now: datetime, queues: Sequence[str]) -> Gauges:
            looks.append(now)
            asked_all.wait(5)
            return look(now, queues)

        monkeypatch.setattr(one.store, "gauges", slowly)
        async with served(one) as client, asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(ask(client, "/readyz"))
            await asyncio.sleep(0.5)
            asked_all.set()
        one.close()

    with embedded_store(folder) as url:
        asyncio.run(asked(url))
    assert len(looks) == 1
