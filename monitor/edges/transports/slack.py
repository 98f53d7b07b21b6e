"""Slack by incoming webhook (docs.slack.dev: "Sending messages using incoming webhooks").

Texts from feeds only stand in rich_text elements, which Slack shows as they are: no
mention, no link, no formatting can come of them. Only the notification line (`text`) is
mrkdwn, and there & < > are escaped after cutting, as Slack asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO

import httpx

from monitor.core import wording
from monitor.core.models import Alert, Attempt, Delivery, Receiver
from monitor.edges.transports.base import DEADLINE, Channel, Post, Transport, check_url, post

# Characters: of the fallback, the headline, the summary, other lines, a link. Together
# they stay well below the 12,000 that a whole message may have.
_TEXT, _TITLE, _SUMMARY, _LINE, _URL = 300, 300, 700, 300, 2_000
_COLOURS = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "⚪"}


class Slack:
    """Posts to one incoming webhook, whose URL is the secret."""

    def __init__(self, client: httpx.AsyncClient, url: str, deadline: float = DEADLINE) -> None:
        self._client, self._url, self._deadline = client, url, deadline

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post one message."""
        content = json.dumps(message(delivery.alert, now), ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8", "user-agent": "monitor"}
        path = httpx.URL(self._url).path
        request = Post(self._url, content, headers, (self._url, path))
        return await post(self._client, request, now, self._deadline)


def message(alert: Alert, now: datetime) -> dict[str, Any]:
    """The message of an alert: rich text blocks, and a plain line for notifications."""
    story = alert.story
    lines = [
        [_text(f"{_COLOURS[story.severity.label]} {wording.label(story)}", bold=True)],
        [_headline(alert)],
        _marked(alert),
        [_text(f"{wording.outlet(story.carrier)} · {wording.when(story, now)}")],
        [_text(f"Why: {alert.reason}", italic=True)],
        [_text(wording.others(alert))],
    ]
    sections = [
        {"type": "rich_text_section", "elements": [*line, _text("\n")]}
        for line in lines
        if any(one.get("text") for one in line)
    ]
    return {
        "text": _escape(_cut(_clean(wording.fallback(alert)), _TEXT)),
        "blocks": [{"type": "rich_text", "elements": sections}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _headline(alert: Alert) -> dict[str, Any]:
    """The headline, linked where there is a link that Slack takes."""
    title = _cut(_clean(alert.story.title), _TITLE)
    link = alert.story.link
    if not link.startswith(("http://", "https://")) or len(link) > _URL:
        return _text(title, bold=True)
    return {"type": "link", "url": link, "text": title, "style": {"bold": True}}


def _marked(alert: Alert) -> list[dict[str, Any]]:
    """The summary with its evidence in bold."""
    found = wording.pieces(alert.story.summary, alert.story.matches, "summary", _SUMMARY)
    return [_text(one.text, bold=one.evidence, limit=_SUMMARY) for one in found]


def _text(text: str, *, limit: int = _LINE, **style: bool) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "text", "text": _cut(_clean(text), limit)}
    chosen = {name: True for name, wanted in style.items() if wanted}
    return element | {"style": chosen} if chosen else element


def _clean(text: str) -> str:
    """No control characters and no direction overrides; the line ends of ours stay."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _check(receiver: Receiver) -> Iterator[tuple[str, str, str]]:
    yield from check_url(receiver)


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO) -> Transport:
    return Slack(client, receiver.options["url"])


CHANNEL = Channel(options=("url", "allow_http"), check=_check, build=_build)
