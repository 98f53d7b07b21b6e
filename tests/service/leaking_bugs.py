"""A bug of each kind in the workers of the running service, all of which quote secrets.

Loaded into the workers by `tests.service.faulty_run` (WORKERS_LOAD). LEAK is what they quote.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import traceback
import warnings
from contextlib import suppress
from typing import Any

from monitor.edges.fetch import Fetcher
from monitor.service.desk import Desk


class Bug(Exception):
    """One that nobody expects."""


def _boom() -> None:
    quoted = os.environ["LEAK"]
    raise Bug(f"a bug at {quoted} \x1b[31m")


async def _in_a_task() -> None:
    """An exception that nobody asks for."""
    _ = asyncio.get_running_loop().create_task(_boom_later())
    await asyncio.sleep(0.01)


async def _boom_later() -> None:
    _boom()


def _every_way() -> None:
    """All ways in which a process may write to standard error."""
    quoted = os.environ["LEAK"]
    thread = threading.Thread(target=_boom)
    thread.start()
    thread.join()
    asyncio.run(_in_a_task())
    warnings.warn(f"a warning of {quoted}", stacklevel=1)
    logging.getLogger("strange").error("a line of %d", quoted)
    logging.getLogger("strange").error("a line", extra={"quoted": quoted}, stack_info=True)
    sys.stderr.write(f"a library says {quoted}\n")
    with suppress(Bug):
        _boom()
    try:
        _boom()
    except Bug:
        traceback.print_exc()


def _put_bugs() -> None:
    first, fetch, waiting = [True], Fetcher.fetch, Desk.waiting

    async def fetch_badly(self: Fetcher, feed: Any, *rest: Any, **more: Any) -> Any:
        if "/bug" in feed.url:
            raise Bug(f"a bug with {feed.url} {feed.credentials} {feed!r}")
        return await fetch(self, feed, *rest, **more)

    def wait_badly(self: Desk) -> Any:
        if first.pop() if first else False:
            _every_way()
            _boom()
        return waiting(self)

    for owner, name, step in ((Fetcher, "fetch", fetch_badly), (Desk, "waiting", wait_badly)):
        setattr(owner, name, step)


_put_bugs()
