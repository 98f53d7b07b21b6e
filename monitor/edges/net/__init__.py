"""The way out to the network, guarded: the one room that opens connections to strangers.

It knows httpx, httpcore and aiohttp, and nothing of feeds or receivers. Whoever speaks HTTP asks
here for a client, reads answers through `read_body`, and turns what went wrong into words
with `classify`.
"""

from monitor.edges.net.addresses import AllowList, parse_allow
from monitor.edges.net.aio import GuardedAiohttp
from monitor.edges.net.body import read_body
from monitor.edges.net.client import GuardedTransport, client
from monitor.edges.net.errors import EXPECTED, NOT_SENT, Blocked, Refused, classify, too_strict
from monitor.edges.net.resolver import Resolver
from monitor.edges.net.retry import max_age, parse_retry_after

__all__ = [
    "EXPECTED",
    "NOT_SENT",
    "AllowList",
    "Blocked",
    "GuardedAiohttp",
    "GuardedTransport",
    "Refused",
    "Resolver",
    "classify",
    "client",
    "max_age",
    "parse_allow",
    "parse_retry_after",
    "read_body",
    "too_strict",
]
