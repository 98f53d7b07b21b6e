"""Mattermost by incoming webhook (developers.mattermost.com/integrate/webhooks/incoming).

A post is Markdown, and its server looks for mentions in it: a backslash does not hide one
(server/channels/app/mention_parser_standard.go splits at it and reads on), nor does an HTML
entity, which is read first. So a character of no width stands after every @, which ends the
word for server and clients alike; the same keeps channel links, hashtags, bare links and
emoji apart, which clients find after taking the backslashes away. A post's link is previewed
only where it is bare (getFirstLink in post_metadata.go); ours have labels.

Slack's markup is translated too, wherever it stands ("Slack compatibility" on that page and
CreateWebhookPost in webhook.go): no "<" of a stranger's text is left as it is.

Such a webhook cannot post into a thread and does not name the post it made: an update is a post
of its own that says so. Who has chosen words to be notified of is notified of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TextIO
from urllib.parse import quote, urlsplit

import httpx

from monitor.core.models import Attempt, Delivery, Pace, Receiver
from monitor.core.parse.plain import shorten
from monitor.core.wording import Wording, put
from monitor.edges.transports.base import Channel, Transport, Wrong, check_url
from monitor.edges.transports.layout import Line, Role, Run, lines, merged
from monitor.edges.transports.posting import DEADLINE, Post, post

# Characters of a post; a longer one is cut in two anywhere (same page, "Tips and best
# practices"; docs.mattermost.com, "Product limits").
_POST = 16_383
# Characters of a link.
_LINK = 2_000
# Characters of a run; where a post is too long, all its runs are cut to the next.
_RUNS = (400, 200, 100, 50)
# Reports of a digest that fit even if every character takes five: with the last cut, and links
# of 300 characters that all become three, each takes at most 1,450.
_REPORTS = 10
# What a server with rate limiting takes by default (docs.mattermost.com, "Rate limiting
# configuration settings").
_PACE = Pace(10, 1.0)
# What the ids of its errors mean for whoever set this up (server/channels/app/webhook.go).
_HINTS = {
    "web.incoming_webhook.channel.app_error": "there is no such channel; check the option channel",
    "web.incoming_webhook.channel_locked.app_error": "the webhook is locked to one channel; leave"
    " the option channel out",
    "web.incoming_webhook.disabled.app_error": "an administrator has switched webhooks off",
    "web.incoming_webhook.invalid.app_error": "the webhook was deleted; make a new one",
    "web.incoming_webhook.permissions.app_error": "whoever made the webhook is not in that channel",
    "web.incoming_webhook.user.app_error": "there is no such user; check the option channel",
}


class Mattermost:
    """Posts to one incoming webhook, whose URL is the secret."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, channel: str = "", deadline: float = DEADLINE
    ) -> None:
        self._client, self._url, self._deadline = client, url, deadline
        self._where = {"channel": channel} if channel else {}

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post one message."""
        fields = {"text": message(put(delivery.alert, now)), **self._where}
        headers = {"content-type": "application/json", "user-agent": "monitor"}
        content = json.dumps(fields, ensure_ascii=False)
        request = Post(self._url, content.encode(), headers)
        return _understood(await post(self._client, request, now, self._deadline))


_ERROR = re.compile(r'"id": ?"([a-z_.]+)"')
_PAGE = re.compile(r"\d+ <")


def _understood(attempt: Attempt) -> Attempt:
    """An attempt by what the server said of it."""
    if attempt.ok and _PAGE.match(attempt.detail):
        # Mattermost says "ok"; a log-in or maintenance page in front of it kept the alert.
        detail = f"{attempt.status}: the answer is a web page, so nothing was posted"
        return replace(attempt, ok=False, detail=detail)
    found = None if attempt.ok else _ERROR.search(attempt.detail)
    hint = _HINTS.get(found[1], "") if found else ""
    return replace(attempt, detail=f"{attempt.detail} ({hint})") if hint else attempt


def message(alert: Wording) -> str:
    """The text of an alert, its runs cut only as far as it takes."""
    given = lines(alert)
    for most in _RUNS:
        text = "\n".join(_dressed(line, most) for line in given)
        if len(text) <= _POST:
            return text
    # More reports than were agreed on: the last are left out, for half of one breaks its markup.
    return text[: text.rindex("\n", 0, _POST)]


def _dressed(line: Line, most: int) -> str:
    text = "".join(_markdown(run, most) for run in merged(line.runs))
    if text.count("$") > 1:
        # Servers that show formulas would make one of what stands between two of them.
        text = text.replace("$", "&#36;")
    # The empty line ends the quote.
    return f"> {text}\n" if line.role is Role.QUOTE else text


def _markdown(run: Run, most: int) -> str:
    text = escape(shorten(run.text, most))
    inner, link = text.strip(), _percent(run.url)
    if not inner:
        return text
    # Bold outside: a line that began with the bracket could be taken for a link's definition.
    marked = f"[{inner}]({link})" if link else inner
    return text.replace(inner, f"**{marked}**" if run.bold else marked, 1)


_GAP = "\u200b"
# Each character that can begin or end something, and what stands for it.
_ESCAPES = {
    **{char: f"\\{char}" for char in "*_`|>[].-+"},
    **{char: f"\\{char}{_GAP}" for char in "~#"},
    **{char: f"{char}{_GAP}" for char in "\\@:;"},
    "<": f"&lt;{_GAP}",
    "&": "&amp;",
}
# Colon, semicolon and full stop mean nothing before a blank, dash and plus only where a line
# begins with them.
_MARKUP = re.compile(r"[*_`|>\[\]~#\\@<&]|[:;.](?!\s)|^[-+]")
_NUMBERED = re.compile(r"^(\d+)([.)])")


def escape(text: str) -> str:
    """A text, one line, that shows as it is in Mattermost's Markdown. Cut it before."""
    escaped = _MARKUP.sub(lambda found: _ESCAPES[found[0]], text)
    return _NUMBERED.sub(r"\1\\\2", escaped)


def _percent(url: str) -> str:
    """A link without the characters that could end it, begin markup or a formula."""
    safe = url.translate({ord(char): quote(char, safe="") for char in "()*$"})
    return safe if len(safe) <= _LINK else ""


def _check(receiver: Receiver) -> Iterator[Wrong]:
    faults = list(check_url(receiver))
    yield from faults
    if not any(option == "url" for option, *_ in faults):
        yield from _check_path(receiver.options["url"])
    if not re.fullmatch(r"[@#]?[a-z0-9][a-z0-9._-]*", receiver.options.get("channel", "a")):
        hint = "as in its address: town-square, or @ and a user's name"
        yield "channel", "is not the name of a channel", hint


def _check_path(url: str) -> Iterator[Wrong]:
    parts = urlsplit(url)
    if not re.search(r"/hooks/[A-Za-z0-9]+$", parts.path) or parts.query or parts.fragment:
        yield "url", "is not the address of an incoming webhook", "https://<server>/hooks/<key>"


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    options = receiver.options
    return Mattermost(client, options["url"], options.get("channel", ""))


CHANNEL = Channel(
    options=("url", "allow_http", "channel"),
    check=_check,
    build=_build,
    pace=_PACE,
    reports=_REPORTS,
)
