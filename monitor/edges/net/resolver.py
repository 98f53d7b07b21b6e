"""From a host name to its addresses, without holding up anything else."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes host and port, gives all addresses (at least one); raises OSError, UnicodeError."""


async def addresses_of(host: str, port: int, resolver: Resolver) -> list[str]:
    """All addresses of a name, each once; raises OSError where there is none."""
    try:
        found = await resolver(host, port)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a name") from error
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "a name without addresses")
    return list(dict.fromkeys(found))


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses the system knows for `host`, in the order to try them."""
    # Each look-up has a daemon thread of its own. With the loop's small pool a few hung
    # names would stop all others, and asyncio.run would wait for them at its end.
    answer: Future[Sequence[str]] = Future()
    answer.set_running_or_notify_cancel()
    try:
        threading.Thread(target=_look_up, args=(host, port, answer), daemon=True).start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
    return await asyncio.wrap_future(answer)


def _look_up(host: str, port: int, answer: Future[Sequence[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answer.set_result([str(address[0]) for *_, address in found])
    except (OSError, UnicodeError) as error:
        answer.set_exception(error)
