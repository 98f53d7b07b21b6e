"""Discord by webhook (docs.discord.com/developers/resources/webhook, "Execute Webhook").

The headline and its link are the message's `content`, for notifications show nothing of an
embed (DiscordSRV/DiscordSRV#907) and readers can switch embeds off; all else is one embed's
description. Both are Markdown, in which what strangers wrote is escaped after cutting; it never
stands in the label of a link, where Discord reads no escapes (discord/discord-api-docs#6185).
`allowed_mentions` is empty, so nobody is ever notified, whatever the text says. Links stand in
angle brackets, which keeps their previews away (the flag SUPPRESS_EMBEDS would hide our own
embed too).

A webhook can answer no message (discord/discord-api-docs#2251), and its answer does not name
the server that a link to the parent would need: an update is a message of its own that says
so, in the same thread where `thread_id` names one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TextIO
from urllib.parse import quote, urlsplit

import httpx

from monitor.core.models import Attempt, Delivery, Pace, Receiver, Severity
from monitor.core.parse.plain import shorten
from monitor.core.wording import Wording, put
from monitor.edges.net import parse_retry_after
from monitor.edges.transports.base import Channel, Transport, Wrong, check_url
from monitor.edges.transports.layout import Line, Role, Run, lines, merged
from monitor.edges.transports.posting import DEADLINE, Post, post

# Characters (code points: discord/discord-api-docs#1315) of `content` ("Execute Webhook") and
# of an embed's description (developers/resources/message, "Embed Limits"; all embeds together
# may have 6,000, and ours is but one).
_CONTENT, _DESCRIPTION = 2_000, 4_096
# Reports of a digest that fit even if every character must be escaped: with the last of the
# cuts below each takes at most 530.
_REPORTS = 7
# A webhook takes 5 posts in 2 seconds, a channel 30 in a minute (discord/discord-api-docs#367).
# Four at once and four in ten seconds keep both, in whatever seconds one begins to count.
_PACE = Pace(4, 10.0)
# Without a version in its path the API is an old one that counts waits in milliseconds
# (developers/reference, "API Versioning"; change log of v8).
_VERSION = "v10"
# developers/reference, "User Agent".
_AGENT = "DiscordBot (monitor, 0.1)"
_COLOURS = {
    Severity.LOW: 0xB0B8BF,
    Severity.MEDIUM: 0xF1C40F,
    Severity.HIGH: 0xE67E22,
    Severity.CRITICAL: 0xD92D20,
}
# What Discord's codes mean for whoever set this up (developers/topics/
# opcodes-and-status-codes, "JSON Error Codes").
_HINTS = {
    "10003": "the channel or thread was deleted",
    "10015": "the webhook was deleted; make a new one",
    "50027": "the URL is wrong or was replaced; copy it again",
    "50083": "the thread is archived",
    "160005": "the thread is locked",
    "200000": "the server's AutoMod refuses this text",
    "220001": "this is a forum; set thread_id to one of its posts",
    "240000": "the server's filter refuses a link in it",
}


class _Cut(NamedTuple):
    """Characters of each run that are kept, and of a link that is not left out."""

    text: int
    link: int


# Where a description is too long, the next is tried. Discord publishes no limit for links.
_CUTS = (_Cut(400, 2_000), _Cut(400, 300), _Cut(200, 300), _Cut(100, 300), _Cut(50, 300))


class Discord:
    """Posts to one webhook, whose URL is the secret."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, thread: str = "", deadline: float = DEADLINE
    ) -> None:
        self._client, self._deadline = client, deadline
        address = _PATH.sub(rf"/api/{_VERSION}/webhooks/\1", url)
        self._url = f"{address}?wait=true" + (f"&thread_id={thread}" if thread else "")

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post one message, and wait until it is kept."""
        content = json.dumps(message(put(delivery.alert, now)), ensure_ascii=False)
        headers = {"content-type": "application/json", "user-agent": _AGENT}
        request = Post(self._url, content.encode(), headers)
        return _understood(await post(self._client, request, now, self._deadline), now)


_PATH = re.compile(r"/api(?:/v\d+)?/webhooks/(\d+/[\w-]+)$", re.ASCII)
# The answer repeats the message, so its id may be cut off.
_ID = re.compile(r'"id": ?"(\d+)", ?"channel_id"')
_CODE = re.compile(r'"code": ?(\d+)')
_WAIT = re.compile(r'"retry_after": ?([\d.]+)')
_GLOBAL = re.compile(r'"global": ?true')


def _understood(attempt: Attempt, now: datetime) -> Attempt:
    """An attempt by what the API said of it."""
    if attempt.ok:
        found = _ID.search(attempt.detail)
        said = f"{attempt.status} ok"
        return replace(attempt, detail=said, reference=found[1] if found else "")
    if attempt.status == 429:
        return _limited(attempt, now)
    code = _CODE.search(attempt.detail)
    hint = _HINTS.get(code[1], "") if code else ""
    return replace(attempt, detail=f"{attempt.detail} ({hint})") if hint else attempt


def _limited(attempt: Attempt, now: datetime) -> Attempt:
    """A refusal for being too fast: the longer of the waits in header and body counts."""
    found = _WAIT.search(attempt.detail)
    asked = (attempt.retry_after, parse_retry_after(found[1], now) if found else None)
    wait = max((one for one in asked if one is not None), default=None)
    everywhere = " (for everything from this address)" if _GLOBAL.search(attempt.detail) else ""
    return replace(attempt, retry_after=wait, detail=f"{attempt.detail}{everywhere}")


def message(alert: Wording) -> dict[str, Any]:
    """The message of an alert: its headline, and an embed with the rest."""
    headline, *rest = lines(alert)
    content, link = _headline(headline)
    embed = {"description": _description(rest), "color": _COLOURS[alert.severity], **link}
    return {"content": content, "embeds": [embed], "allowed_mentions": {"parse": []}}


def _headline(line: Line) -> tuple[str, dict[str, str]]:
    """The headline with its link; one too long to stand there becomes the embed's."""
    content = _dressed(line, _CUTS[0])
    if len(content) <= _CONTENT:
        return content, {}
    (link,) = filter(None, (_percent(run.url) for run in line.runs))
    bare = replace(line, runs=tuple(replace(run, url="") for run in line.runs))
    return _dressed(bare, _CUTS[0]), {"title": "Link", "url": link}


def _description(rest: Sequence[Line]) -> str:
    """All lines, cut only as far as it takes.

    Of more reports than were agreed on, the last are left out: too long, nothing would arrive.
    """
    for cut in _CUTS:
        text = "\n".join(_dressed(line, cut) for line in rest)
        if len(text) <= _DESCRIPTION:
            return text
    return text[: text.rindex("\n", 0, _DESCRIPTION)]


def _dressed(line: Line, cut: _Cut) -> str:
    text = "".join(_markdown(run, cut) for run in merged(line.runs))
    return f"> {text}" if line.role is Role.QUOTE else text


def _markdown(run: Run, cut: _Cut) -> str:
    text = escape(shorten(run.text, cut.text))
    inner, link = text.strip(), _percent(run.url)
    if run.bold and inner:
        text = text.replace(inner, f"**{inner}**", 1)
    return f"{text} ([link](<{link}>))" if 0 < len(link) <= cut.link else text


# What can begin or end markup, a mention, an emoji, a link or an invitation; what would make the
# link in front of it end only there; and what can begin a list where a line begins with it.
_MARKUP = re.compile(r"[\\*_~`|<>\[\]@#]|:(?!\s)|(?<=\w)/|(?:^|(?<=\]))\(|^[-+]")
_NUMBERED = re.compile(r"^(\d+)([.)])")


def escape(text: str) -> str:
    """A text, one line, that shows as it is in Discord's Markdown. Cut it before.

    A backslash makes any character that is no letter, digit or blank mere text.
    """
    return _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", text))


def _percent(url: str) -> str:
    """A link in plain characters, without brackets that could end it.

    Masked links with other characters are not always shown (discord/discord-api-docs#6088).
    """
    return quote(url, safe="%/:=&?~#+!$,;'@[]*")


def _check(receiver: Receiver) -> Iterator[Wrong]:
    faults = list(check_url(receiver))
    yield from faults
    if not any(option == "url" for option, *_ in faults):
        yield from _check_path(receiver.options["url"])
    thread = receiver.options.get("thread_id", "0")
    if not re.fullmatch(r"[0-9]{1,20}", thread):
        yield "thread_id", "is not a thread's id", "its digits: Copy Thread ID in Discord"


def _check_path(url: str) -> Iterator[Wrong]:
    parts = urlsplit(url)
    if not _PATH.fullmatch(parts.path) or parts.query or parts.fragment:
        hint = "https://discord.com/api/webhooks/<id>/<token>, and nothing after it"
        yield "url", "is not the address of a webhook", hint


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    options = receiver.options
    return Discord(client, options["url"], options.get("thread_id", ""))


CHANNEL = Channel(
    options=("url", "allow_http", "thread_id"),
    check=_check,
    build=_build,
    pace=_PACE,
    reports=_REPORTS,
)
