"""Slack by incoming webhook (docs.slack.dev, "Sending messages using incoming webhooks"), or by a
bot with a token, which can put updates into threads.

What strangers wrote stands in rich_text and plain_text elements only, which Slack shows as
they are: no mention, link or formatting can come of it. Only the notification line (`text`)
is mrkdwn; there & < > are escaped after cutting (docs.slack.dev, "Formatting message text").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TextIO

import httpx

from monitor.core.models import Alert, Attempt, Carrier, Delivery, Pace, Receiver, Severity
from monitor.core.parse.plain import shorten
from monitor.core.wording import Wording, put
from monitor.edges.transports.base import Channel, Transport, Wrong, check_url
from monitor.edges.transports.layout import Line, Role, Run, lines
from monitor.edges.transports.posting import DEADLINE, Post, ask, post

# Characters of the notification line. With the bounds of core/wording and layout a message
# stays below 12,000; at 13,200 Slack has refused some (slackapi/bolt-js#2509).
_NOTICE = 200
# Reports of a digest that fit into one message under that bound, whatever they say.
_REPORTS = 10
# One message a second and channel; a short burst is taken (docs.slack.dev, "Rate limits").
_PACE = Pace(1, 1.0)
# What Slack's words mean for whoever set this up (same page, "Handling errors").
_HINTS = {
    "action_prohibited": "an administrator restricts what may be posted there",
    "channel_is_archived": "the channel was archived; choose another one",
    "channel_not_found": "the channel was deleted, its id is wrong, or the bot is not in it",
    "invalid_token": "the URL is wrong or was revoked; make a new webhook",
    "no_active_hooks": "the webhook was switched off; make a new one",
    "no_service": "the webhook was removed; make a new one",
    "not_in_channel": "invite the bot into the channel",
    "missing_scope": "give the app the scope chat:write",
    "invalid_auth": "the token is wrong or was revoked",
    "not_authed": "the token is missing",
    "account_inactive": "the token's app or user was removed",
    "no_team": "the workspace does not exist any more",
    "posting_to_general_channel_denied": "only some may post to #general",
    "team_disabled": "the workspace is closed",
}


class Bot:
    """Posts as a bot to one channel (docs.slack.dev, chat.postMessage).

    An update stands in the thread of its event's first alert, and that alert is edited to count
    the outlets that carry the event by now (chat.update). Where an earlier post may have arrived
    without our knowing, the channel is asked for it first (conversations.history, with the scope
    channels:history): each message carries its delivery's id as metadata.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        token: str,
        channel: str,
        api: str,
        deadline: float = DEADLINE,
    ) -> None:
        self._client, self._token, self._channel = client, token, channel
        # Up to three requests make one attempt; together they keep to its deadline.
        self._api, self._deadline, self._aside = api, deadline / 2, deadline / 4

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post one message, unless it is there already."""
        if delivery.uncertain and (there := await self._find(delivery)):
            return Attempt(ok=True, detail="had arrived before", reference=there)
        fields = message(put(delivery.alert, now)) | {"metadata": _metadata(delivery)}
        if delivery.thread:
            # In a thread alone a grave turn would be seen by nobody who did not open it.
            grave = delivery.alert.story.severity >= Severity.HIGH
            fields |= {"thread_ts": delivery.thread, "reply_broadcast": grave}
        request = self._request("chat.postMessage", fields)
        attempt = _understood(await post(self._client, request, now, self._deadline))
        return await self._count(delivery, attempt, now) if attempt.ok else attempt

    async def _count(self, delivery: Delivery, attempt: Attempt, now: datetime) -> Attempt:
        """Bring the first alert of an event up to date; that this failed is no failure to send."""
        if not (delivery.thread and delivery.parent):
            return attempt
        first = replace(delivery.parent, others=_carried(delivery.parent, delivery.alert))
        fields = message(put(first, now)) | {"ts": delivery.thread}
        edited = _understood(
            await post(self._client, self._request("chat.update", fields), now, self._aside)
        )
        if edited.ok:
            return attempt
        return replace(attempt, detail=f"{attempt.detail}; first alert not edited: {edited.detail}")

    async def _find(self, delivery: Delivery) -> str:
        """Where a delivery stands in the channel, or ""."""
        method = "conversations.replies" if delivery.thread else "conversations.history"
        thread = {"ts": delivery.thread} if delivery.thread else {}
        since = f"{delivery.created.timestamp():.6f}"
        fields = {"oldest": since, "limit": 100, "include_all_metadata": True, **thread}
        found = await ask(self._client, self._request(method, fields), self._aside)
        return _standing(found, _metadata(delivery))

    def _request(self, method: str, fields: Mapping[str, Any]) -> Post:
        headers = {
            "authorization": f"Bearer {self._token}",
            "content-type": "application/json; charset=utf-8",
            "user-agent": "monitor",
        }
        content = json.dumps({**fields, "channel": self._channel}, ensure_ascii=False).encode()
        return Post(f"{self._api}/{method}", content, headers, secrets=(self._token,))


def _metadata(delivery: Delivery) -> dict[str, Any]:
    return {"event_type": "monitor_alert", "event_payload": {"delivery": delivery.id}}


def _carried(first: Alert, later: Alert) -> tuple[Carrier, ...]:
    """All others that carry an event, as the alert on a later story of it knows them."""
    known = {one.feed: one for one in (*later.others, later.story.carrier, *first.others)}
    known.pop(first.story.carrier.feed, None)
    return tuple(sorted(known.values(), key=lambda one: one.seen))


def _standing(found: bytes, metadata: Mapping[str, Any]) -> str:
    """The name of the message that has this metadata, or ""."""
    try:
        messages = json.loads(found)["messages"]
        return next((str(one["ts"]) for one in messages if one.get("metadata") == metadata), "")
    except (ValueError, LookupError, TypeError, AttributeError):
        # No scope to ask, or no answer: it is posted, perhaps once more.
        return ""


# What Slack answers, with status 200 even where it refuses. The answer repeats the message, so
# only its beginning may be there.
_OK = re.compile(r'"ok":\s*true')
_TS = re.compile(r'"ts":\s*"(\d+\.\d+)"')
_ERROR = re.compile(r'"error":\s*"(\w+)"')
_FORBIDDEN = 403
# Refusals that may pass (docs.slack.dev, chat.postMessage, "Errors").
_PASSING = frozenset(
    ("fatal_error", "internal_error", "service_unavailable", "request_timeout", "ratelimited")
)


def _understood(attempt: Attempt) -> Attempt:
    """An attempt by what the API said of it."""
    if not attempt.ok:
        return attempt
    if _OK.search(attempt.detail):
        found = _TS.search(attempt.detail)
        return replace(attempt, detail="200 ok", reference=found[1] if found else "")
    refused = _ERROR.search(attempt.detail)
    error = refused[1] if refused else "no answer that can be understood"
    permanent = error not in _PASSING and refused is not None
    # What we have a hint for is wrong with token or channel, as 403 would say.
    status = _FORBIDDEN if error in _HINTS else attempt.status
    detail = _explained(f"200 {error}")
    return replace(attempt, ok=False, detail=detail, status=status, permanent=permanent)


class Slack:
    """Posts to one incoming webhook, whose URL is the secret."""

    def __init__(self, client: httpx.AsyncClient, url: str, deadline: float = DEADLINE) -> None:
        self._client, self._url, self._deadline = client, url, deadline

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post one message."""
        content = json.dumps(message(put(delivery.alert, now)), ensure_ascii=False)
        headers = {"content-type": "application/json; charset=utf-8", "user-agent": "monitor"}
        request = Post(self._url, content.encode(), headers)
        attempt = await post(self._client, request, now, self._deadline)
        return replace(attempt, detail=_explained(attempt.detail))


def _explained(detail: str) -> str:
    hint = _HINTS.get(detail.rpartition(" ")[2], "")
    return f"{detail} ({hint})" if hint else detail


def message(alert: Wording) -> dict[str, Any]:
    """The message of an alert: blocks, and a line for notifications."""
    return {
        "text": escape(shorten(alert.notice, _NOTICE)),
        "blocks": [_block(one) for one in lines(alert)],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escape(text: str) -> str:
    """Text for mrkdwn: neither mention nor link comes of it. Cut it before."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _block(line: Line) -> dict[str, Any]:
    """A line as a block: small print for facts, a quote for evidence, rich text for the rest."""
    if line.role in _SMALL:
        return _context("".join(run.text for run in line.runs))
    kind = "rich_text_quote" if line.role is Role.QUOTE else "rich_text_section"
    return _rich([_element(run) for run in line.runs], kind)


_SMALL = frozenset((Role.FACT, Role.WHY))


def _rich(elements: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": elements}]}


def _context(text: str) -> dict[str, Any]:
    return {
        "type": "context",
        "elements": [{"type": "plain_text", "text": text, "emoji": False}],
    }


def _element(run: Run) -> dict[str, Any]:
    """Text, linked where it leads somewhere."""
    style = {"style": {"bold": True}} if run.bold else {}
    link = {"type": "link", "url": run.url} if run.url else {"type": "text"}
    return {**link, "text": run.text, **style}


_API = "https://slack.com/api"


def _check(receiver: Receiver) -> Iterator[Wrong]:
    if "token" not in receiver.options:
        yield from check_url(receiver)
        return
    if not receiver.options["token"].startswith(("xoxb-", "xoxp-")):
        yield "token", "is no bot token", 'xoxb-..., from the app\'s page "OAuth & Permissions"'
    if not receiver.options.get("channel"):
        yield "channel", "is missing", "the id of the channel, C..."
    if "url" in receiver.options:
        yield from check_url(receiver)


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    options = receiver.options
    if "token" in options:
        return Bot(client, options["token"], options["channel"], options.get("url", _API))
    return Slack(client, options["url"])


CHANNEL = Channel(
    options=("url", "allow_http", "token", "channel"),
    check=_check,
    build=_build,
    pace=_PACE,
    reports=_REPORTS,
)
