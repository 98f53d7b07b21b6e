"""What the names of the cases lead to. Loading this in a process has it ask here, not the system.

The cases need names that answer with private addresses, or otherwise each time; all other names
are looked up as ever.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence

from monitor.edges.net import aio, client, resolver

_system = resolver.system_resolver
_PUBLIC = "198.41.0.4"
_LOOPBACK = "127.0.0.1"
_ANSWERS = {
    "private": ["10.1.2.3"],
    "mixed": [_PUBLIC, _LOOPBACK],
    "mapped": ["::ffff:127.0.0.1"],
    "nothing": [],
}
_asked: Counter[str] = Counter()


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name; "changing.ADDRESS" has that one and loopback by turns, so that
    whoever looks it up twice for one connection is led astray.
    """
    name, _, address = host.removesuffix(".names.test").partition(".")
    if not host.endswith(".names.test"):
        return await _system(host, port)
    if name == "changing":
        _asked[name] += 1
        return [address if _asked[name] % 2 else _LOOPBACK]
    if name not in _ANSWERS:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return _ANSWERS[name]


for room in (aio, client):
    vars(room)["system_resolver"] = look_up
