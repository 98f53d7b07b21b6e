"""Keeps the Procfile's processes running: starts, restarts with back-off, ends them.

It knows no part of the service, only commands.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from honcho.environ import parse_procfile

from monitor.core.errors import Unavailable

# Seconds before a process that ended by itself is started again: doubled each time, and
# back to the start once it has run well for a while.
_FIRST_PAUSE, _LONGEST_PAUSE, _RAN_WELL = 1.0, 30.0, 60.0
# Seconds after the wish to end: first everybody may finish, then drop work, then is killed.
_FINISH, _DROP = 4.0, 3.0
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger("monitor")


def read_procfile() -> dict[str, str]:
    """The commands by process name, from the Procfile shipped with the package."""
    package = Path(__file__).parents[1]
    for path in (package / "Procfile", package.parent / "Procfile"):
        if path.exists():
            return dict(parse_procfile(path.read_text(encoding="utf-8")).processes)
    raise Unavailable("the Procfile is missing from this installation")


@dataclass
class Supervisor:
    """Runs commands until told to end. `environ` is what the processes see."""

    commands: Mapping[str, str]
    environ: Mapping[str, str]
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, ready: Callable[[], bool], last: Sequence[str] = ()) -> None:
        """Run all until SIGTERM or SIGINT; those named in `last` start first and end last.

        `ready` is asked, several times a second, whether the others may start; what it raises
        ends all, and is raised.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        first = [asyncio.create_task(self._keep(name)) for name in self.commands if name in last]
        try:
            while not self._ending.is_set() and not await asyncio.to_thread(ready):
                await self._pause(0.2)
        except Unavailable:
            self._ending.set()
            await self._end(list(last))
            await asyncio.gather(*first)
            raise
        others = [name for name in self.commands if name not in last]
        rest = [asyncio.create_task(self._keep(name)) for name in others]
        await self._ending.wait()
        await self._end(others)
        await self._end(list(last))
        await asyncio.gather(*first, *rest)

    async def _keep(self, name: str) -> None:
        """Start a process, and start it again whenever it ends by itself."""
        pause, loop = _FIRST_PAUSE, asyncio.get_running_loop()
        while not self._ending.is_set():
            started = loop.time()
            process = await self._start(name)
            if self._ending.is_set():
                # The wish to end came while it was being started, and missed it.
                process.terminate()
            code = await process.wait()
            del self._running[name]
            if self._ending.is_set():
                return
            pause = _FIRST_PAUSE if loop.time() - started > _RAN_WELL else pause
            log.error("process ended, starting it again", process=name, code=code, pause=pause)
            await self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _start(self, name: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_shell(
            f"exec {self.commands[name]}",
            env=dict(self.environ),
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self._running[name] = process
        return process

    async def _pause(self, seconds: float) -> None:
        """Wait, but not past the wish to end."""
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return

    async def _end(self, names: Sequence[str]) -> None:
        """Ask politely, then to drop the work (its leases run out by themselves), then kill."""
        for number, seconds in ((signal.SIGTERM, _FINISH), (signal.SIGQUIT, _DROP)):
            for name in names:
                self._signal(name, number)
            if await self._gone(names, seconds):
                return
        for name in names:
            self._signal(name, signal.SIGKILL)

    async def _gone(self, names: Sequence[str], seconds: float) -> bool:
        waits = [self._running[name].wait() for name in names if name in self._running]
        try:
            await asyncio.wait_for(asyncio.gather(*waits), seconds)
        except TimeoutError:
            return False
        return True

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self._running.get(name)
        if process is None or process.returncode is not None:
            return
        if number is signal.SIGKILL:
            # Pool children too: a process was started as the leader of a group of its own.
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _die_with_parent() -> None:
    """On Linux: be asked to end when the supervisor dies, even by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
