"""The way out to the network, guarded: the one room that opens connections to strangers.

It knows httpx, httpcore and aiohttp, and nothing of feeds or receivers. Whoever speaks HTTP asks
here for a client, reads answers through `read_body`, and turns what went wrong into words
with `classify`.
"""

from monitor.edges.net.addresses import AllowList, admit_port, parse_allow
from monitor.edges.net.aio import GuardedAiohttp
from monitor.edges.net.body import read_body
from monitor.edges.net.client import GuardedTransport, client, named_by_strangers, place
from monitor.edges.net.errors import (
    EXPECTED,
    NOT_SENT,
    TOO_LONG_A_HEAD,
    Blocked,
    Refused,
    classify,
    too_strict,
)
from monitor.edges.net.proxy import parse_proxy, proxies_of
from monitor.edges.net.resolver import Resolver
from monitor.edges.net.retry import max_age, parse_retry_after
from monitor.edges.net.room import Room

__all__ = [
    "EXPECTED",
    "NOT_SENT",
    "TOO_LONG_A_HEAD",
    "AllowList",
    "Blocked",
    "GuardedAiohttp",
    "GuardedTransport",
    "Refused",
    "Resolver",
    "Room",
    "admit_port",
    "classify",
    "client",
    "max_age",
    "named_by_strangers",
    "parse_allow",
    "parse_proxy",
    "parse_retry_after",
    "place",
    "proxies_of",
    "read_body",
    "too_strict",
]
