"""`monitor run`: the Procfile's processes in the foreground, one service to a folder."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import structlog

from monitor.core.errors import Unavailable, Unusable
from monitor.edges.settings import Settings
from monitor.edges.store import embedded
from monitor.edges.store.redis import RedisStore
from monitor.service.checking import store_url, unheeded_proxies
from monitor.service.clockwork import utc_now
from monitor.service.memory import give_back
from monitor.service.reporting import Throttle
from monitor.service.supervisor import Supervisor, read_procfile
from monitor.service.wiring import QUEUES

log = structlog.get_logger("monitor")


def run(settings: Settings) -> None:
    """Run until told to end; raises Unavailable when the folder is taken or unusable."""
    _claim_folder(settings.data_dir)
    commands = read_procfile()
    if settings.store_url:
        del commands["store"]
    if settings.websub:
        commands["websub"] = "monitor websub"
    if settings.web.run:
        commands["web"] = "monitor web"
    names = {"feeds": len(settings.feeds), "receivers": [one.name for one in settings.receivers]}
    log.info("starting", **names, config=str(settings.path), data_dir=str(settings.data_dir))
    if unheeded := unheeded_proxies(settings):
        log.warning("proxies of the environment are not used; see network.proxy", names=unheeded)
    settings = replace(settings, feeds=())
    give_back()
    supervisor = Supervisor(commands, _environ(settings))
    asyncio.run(supervisor.run(_Ready(settings), last=("store",)))
    log.info("ended")


def _claim_folder(data_dir: Path) -> None:
    embedded.private_folder(data_dir)
    try:
        embedded.lock(data_dir / "run.lock", f"another monitor already runs on {data_dir}")
    except OSError as error:
        raise Unavailable(f"folder {data_dir} cannot be used: {error.strerror}") from None


def _environ(settings: Settings) -> dict[str, str]:
    """Ours, with our own commands first and, in production, the one config file."""
    binaries = str(Path(sys.executable).parent)
    ours = {"PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    return {**os.environ, **ours, "PYTHONUNBUFFERED": "1"}


class _Ready:
    """Whether the store answers; says once what it is, or once a minute why it does not. Raises
    Unusable where no waiting helps.
    """

    def __init__(self, settings: Settings) -> None:
        self._store = RedisStore(store_url(settings))
        self._embedded = not settings.store_url
        self._throttle = Throttle(every=10.0 if self._embedded else 60.0)
        # The embedded one needs a moment to come up: that is no news.
        self._throttle.lets("first") if self._embedded else None
        self._asked = 0

    def __call__(self) -> bool:
        try:
            gauges = self._store.gauges(utc_now(), QUEUES)
        except Unusable:
            raise
        except Unavailable as away:
            self._asked += 1
            patient = self._embedded and self._asked < 25
            if not patient and self._throttle.lets("away"):
                log.warning("waiting for the store", why=str(away))
            return False
        log.info("store is ready", version=gauges.version, memory=gauges.memory)
        if gauges.policy not in {"noeviction", ""}:
            log.warning("the store may evict keys: set maxmemory-policy noeviction")
        if not gauges.persistent:
            log.warning("the store is not persistent: set appendonly yes")
        return True
