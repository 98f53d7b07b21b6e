"""Microsoft Teams by a workflow ("Post to a channel when a webhook request is received"), which
shows the Adaptive Card it is sent (learn.microsoft.com, "Create and send messages").

What strangers wrote stands in TextRuns, which read no markdown (learn.microsoft.com,
adaptive-cards/schema-explorer/text-run). Nobody is mentioned without an entity that names them
("Format cards in Microsoft Teams"); we send none, and no <at> either. The answer comes before
the card is posted: what fails after it stands in the workflow's run history only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TextIO

import httpx

from monitor.core.models import Attempt, Delivery, Pace, Receiver
from monitor.core.parse.plain import shorten
from monitor.core.wording import Wording, put
from monitor.edges.transports.base import Channel, Transport, Wrong, check_url
from monitor.edges.transports.layout import Line, Role, Run, lines
from monitor.edges.transports.posting import DEADLINE, Post, judge, post

# A message has at most 28 KB ("Create Incoming Webhooks"; learn.microsoft.com/connectors/teams).
# Workflows count more than they are sent: 24,453 bytes of JSON as 28,897 of 28,672 allowed
# (MicrosoftDocs/msteams-docs#11274), as if its quotes were escaped once more. This bound and those
# of core/wording and layout keep a message below 24,000 even when counted in that way.
_NOTICE = 150
# Reports of a digest that fit into one message, whatever they say.
_REPORTS = 8
# Four requests a second are taken ("Create Incoming Webhooks"): two at once and two more within
# any second.
_PACE = Pace(2, 1.0)
# RichTextBlock and TextRun came with 1.2; Teams shows up to 1.5.
_VERSION = "1.4"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


class Teams:
    """Posts to the webhook of one workflow, whose URL holds its signature and is the secret."""

    def __init__(self, client: httpx.AsyncClient, url: str, deadline: float = DEADLINE) -> None:
        self._client, self._url, self._deadline = client, url, deadline

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post one message; a workflow cannot answer one of its own, so updates stand alone."""
        shown = message(put(delivery.alert, now))
        content = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"content-type": "application/json; charset=utf-8", "user-agent": "monitor"}
        request = Post(self._url, content, headers)
        return _understood(await post(self._client, request, now, self._deadline))


# Connectors, the webhooks before Workflows, answer 200 and say in words what went wrong
# ("Create and send messages", on rate limits).
_FAILED = re.compile(r"returned HTTP error ([45]\d\d)")
_LOST = "delivery failed"
_CODE = re.compile(r'"code":\s*"(\w+)"')
# What the codes of Workflows mean for whoever set this up.
_HINTS = {
    "DirectApiAuthorizationRequired": "let anyone trigger the workflow, and copy its URL again",
    "WorkflowNotFound": "the workflow was deleted; make a new one",
    "WorkflowTriggerIsNotEnabled": "the workflow is off or was deleted; turn it on or make one",
    "WorkflowTriggerVersionNotFound": "the workflow was deleted; make a new one",
}


def _understood(attempt: Attempt) -> Attempt:
    """An attempt by what the answer's text says of it."""
    if attempt.ok:
        return _delivered(attempt)
    code = _CODE.search(attempt.detail)
    hint = _HINTS.get(code[1], "") if code else ""
    return replace(attempt, detail=f"{attempt.detail} ({hint})") if hint else attempt


def _delivered(attempt: Attempt) -> Attempt:
    """An attempt that was accepted, unless its answer tells of a failure."""
    failed = _FAILED.search(attempt.detail)
    if failed:
        said = attempt.detail.partition(" ")[2]
        return replace(judge(int(failed[1]), said, None), seconds=attempt.seconds)
    return replace(attempt, ok=False) if _LOST in attempt.detail else attempt


def message(alert: Wording) -> dict[str, Any]:
    """The message of an alert: one card, and a line for notifications.

    A workflow as it comes from its template hands on the card only, and Teams notifies of it as
    "Card"; one that was changed by hand can use `summary`.
    """
    notice = unmarked(shorten(alert.notice, _NOTICE))
    card = {
        "$schema": _SCHEMA,
        "type": "AdaptiveCard",
        "version": _VERSION,
        "fallbackText": notice,
        "msteams": {"width": "Full"},
        "body": [_block(one) for one in lines(alert)],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attached = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "summary": notice, "attachments": [attached]}


# What looks like a tag: <at> above all. And what a client may take for a date to format.
_TAG, _BRACES = re.compile(r"<(?=[a-zA-Z/!?])"), re.compile(r"\{(?=\{)")
# Characters that mean something in the markdown of cards, and those that stand for them.
_PLAIN = str.maketrans("[]*_`~\\", "()     ")


def tamed(text: str) -> str:
    """Text for a TextRun: neither mention nor date comes of it. Cut it before."""
    return _BRACES.sub("{ ", _TAG.sub("‹", text))


def unmarked(text: str) -> str:
    """Text for where markdown may be read: neither link nor formatting comes of it either."""
    return tamed(text).translate(_PLAIN)


_SMALL = {"isSubtle": True, "size": "Small"}
# How the runs of a line look, and its distance from the line before.
_STYLES: dict[Role, dict[str, Any]] = {
    Role.HEADLINE: {"size": "Medium"},
    Role.FACT: _SMALL,
    Role.WHY: _SMALL,
}
_SPACING = {Role.QUOTE: "Medium", Role.REPORT: "Medium"}


def _block(line: Line) -> dict[str, Any]:
    """A line as a block of the card; a quote stands in a box."""
    spacing = {"spacing": _SPACING.get(line.role, "Small")}
    inlines = [_run(run, line.role) for run in line.runs]
    block = {"type": "RichTextBlock", "inlines": inlines}
    if line.role is Role.QUOTE:
        return {"type": "Container", "style": "emphasis", "items": [block], **spacing}
    return {**block, **spacing}


def _run(run: Run, role: Role) -> dict[str, Any]:
    """Text, linked where it leads somewhere."""
    weight = {"weight": "Bolder"} if run.bold else {}
    style = {**_STYLES.get(role, {}), **weight}
    return {"type": "TextRun", "text": tamed(run.text), **style, **_link(run)}


def _link(run: Run) -> dict[str, Any]:
    return {"selectAction": {"type": "Action.OpenUrl", "url": run.url}} if run.url else {}


def _check(receiver: Receiver) -> Iterator[Wrong]:
    yield from check_url(receiver)


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    return Teams(client, receiver.options["url"])


CHANNEL = Channel(
    options=("url", "allow_http"), check=_check, build=_build, pace=_PACE, reports=_REPORTS
)
