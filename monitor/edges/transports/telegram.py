"""Telegram by a bot (core.telegram.org/bots/api, "sendMessage" and "MessageEntity").

Formatting stands beside the text, in entities, and no markup is read; yet Telegram finds mentions,
commands, hashtags and addresses in a text by itself, outside of links, whatever entities are
given (tdlib/td, MessageEntity.cpp), and a mention notifies its person. So a word joiner, which
cannot be seen, follows each character that would start one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TextIO

import httpx

from monitor.core.models import Attempt, Delivery, Pace, Receiver
from monitor.core.parse.plain import shorten
from monitor.core.wording import Wording, put
from monitor.edges.transports.base import Channel, Transport, Wrong, check_url
from monitor.edges.transports.layout import Line, Role, Run, lines
from monitor.edges.transports.posting import DEADLINE, Post, judge, post

_API = "https://api.telegram.org"
# UTF-16 code units of a line of each kind: as many as core/wording gives it characters. An
# alert's together, or those of a digest of _REPORTS, are less than the 4,096 of a message, in
# whatever unit Telegram counts.
_ROOM = {
    Role.HEADLINE: 345,
    Role.NEWS: 260,
    Role.FACT: 415,
    Role.QUOTE: 305,
    Role.WHY: 410,
    Role.OTHERS: 930,
    Role.REPORT: 410,
}
_REPORTS = 8
# One message a second in a chat, and twenty a minute in a group (core.telegram.org/bots/faq, "My
# bot is hitting limits"): one in three seconds keeps to both.
_PACE = Pace(1, 3.0)


class Telegram:
    """Posts as a bot to one chat: an update answers the message of its event's first alert."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        token: str,
        place: dict[str, Any],
        api: str = _API,
        deadline: float = DEADLINE,
    ) -> None:
        self._client, self._place, self._deadline = client, place, deadline
        self._url = f"{api.rstrip('/')}/bot{token}/sendMessage"
        self._hidden = (token, token.partition(":")[2])

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Post one message."""
        fields = self._place | message(put(delivery.alert, now)) | _answering(delivery.thread)
        content = json.dumps(fields, ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8", "user-agent": "monitor"}
        request = Post(self._url, content, headers, self._hidden)
        return _understood(await post(self._client, request, now, self._deadline))


def _answering(thread: str) -> dict[str, Any]:
    """What makes a message an answer to another; one that is gone does not stop it."""
    if not re.fullmatch("[0-9]+", thread):
        return {}
    return {"reply_parameters": {"message_id": int(thread), "allow_sending_without_reply": True}}


# --- what is answered -----------------------------------------------------------------

# The answer repeats the message, so only its beginning may be there.
_OK = re.compile(r'"ok":\s*true')
_ID = re.compile(r'"message_id":\s*([0-9]{1,18})')
_DESCRIPTION = re.compile(r'"description":\s*"((?:[^"\\]|\\.)+)"')
_RETRY = re.compile(r'"retry_after":\s*([0-9]{1,9})')
_MOVED = re.compile(r'"migrate_to_chat_id":\s*(-?[0-9]{1,18})')
# What Telegram's words mean for whoever set this up (tdlib/telegram-bot-api, Client.cpp); the
# first that is found counts.
_HINTS = (
    ("chat not found", "check chat, and let the bot into it; a person must write to it first"),
    ("thread not found", "the topic was deleted; check topic"),
    ("topic_closed", "the topic was closed; choose another one"),
    ("blocked by the user", "the person must unblock the bot"),
    ("initiate conversation", "the person must write to the bot first"),
    ("bot was kicked", "let the bot into the chat again"),
    ("not a member", "let the bot into the chat"),
    ("rights", "let the bot post there; in a channel it must be an administrator"),
    ("deactivated", "the person's account was closed; choose another chat"),
    ("chat was deleted", "choose another chat"),
    ("unauthorized", "the token is wrong or was revoked; ask @BotFather"),
    ("not found", "the token or the url is wrong"),
)


def _understood(attempt: Attempt) -> Attempt:
    """An attempt by what the API said of it."""
    if attempt.ok:
        return _delivered(attempt)
    said, retry = _DESCRIPTION.search(attempt.detail), _RETRY.search(attempt.detail)
    detail = f"{attempt.status} {said[1]}" if said else attempt.detail
    hint = _hint(attempt) if attempt.permanent else ""
    asked = float(retry[1]) if retry and attempt.retry_after is None else attempt.retry_after
    return replace(attempt, detail=f"{detail} ({hint})" if hint else detail, retry_after=asked)


def _delivered(attempt: Attempt) -> Attempt:
    """An attempt with a status of success, which counts where nothing else is left of the answer.

    Where it is no answer of the API, the message may have arrived or not.
    """
    if _OK.search(attempt.detail):
        found = _ID.search(attempt.detail)
        detail = f"{attempt.status} ok"
        return replace(attempt, detail=detail, reference=found[1] if found else "")
    if attempt.detail == judge(attempt.status or 0, "", None).detail:
        return attempt
    detail = f"{attempt.status} no answer that can be understood"
    return replace(attempt, ok=False, detail=detail, uncertain=True)


def _hint(attempt: Attempt) -> str:
    moved = _MOVED.search(attempt.detail)
    if moved:
        return f"the group became a supergroup: set chat to {moved[1]}"
    words = attempt.detail.lower()
    return next((hint for part, hint in _HINTS if part in words), "")


# --- what is shown --------------------------------------------------------------------


def message(alert: Wording) -> dict[str, Any]:
    """The message of an alert: its text, what is formatted in it, and no preview of its links."""
    written = _Written()
    for one in lines(alert):
        written.add(one)
    return {
        "text": "\n".join(written.lines),
        "entities": written.entities,
        "link_preview_options": {"is_disabled": True},
    }


@dataclass
class _Written:
    """A text as it grows; `end`: its length in UTF-16 code units, as entities are counted."""

    lines: list[str] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)
    end: int = 0

    def add(self, line: Line) -> None:
        """Another line, with the entities of its runs."""
        runs = _fitted(line)
        if line.role is Role.QUOTE:
            self._mark("blockquote", sum(units(run.text) for run in runs))
        for run in runs:
            self._add(run)
        self.lines.append("".join(run.text for run in runs))
        self.end += 1

    def _add(self, run: Run) -> None:
        length = units(run.text)
        # With about 9,500 bytes of entities in all a message is refused
        # (tdlib/telegram-bot-api#165): links are ASCII, and the long ones left out before.
        if run.url:
            self._mark("text_link", length, url=run.url)
        if run.bold:
            self._mark("bold", length)
        self.end += length

    def _mark(self, kind: str, length: int, **more: str) -> None:
        self.entities.append({"type": kind, "offset": self.end, "length": length, **more})


def _fitted(line: Line) -> tuple[Run, ...]:
    """A line's runs as they are shown, the longest of them cut where they take too much room."""
    room = most = _ROOM[line.role]
    runs = _shown(line.runs, most)
    while sum(units(run.text) for run in runs) > room:
        most = most * 9 // 10
        runs = _shown(line.runs, most)
    return runs


def _shown(runs: Iterable[Run], most: int) -> tuple[Run, ...]:
    return tuple(replace(run, text=_cut(run.text, most)) for run in runs)


def _cut(text: str, most: int) -> str:
    """A text made harmless, cut before to as much as has `most` UTF-16 code units then."""
    limit = most
    while units(shown := tamed(shorten(text, limit))) > most:
        limit = limit * 9 // 10
    return shown


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


# What starts a mention, hashtag, cashtag or command, or parts the labels of a host. It may do so
# at the end of a run as well, for another one follows. A number's point is left alone.
_STARTS = re.compile(r"@|(?<!\w)[#$/](?=\S|\Z)|\.(?=[^\s\d]|\d+\.\d|\Z)")
JOINER = "\u2060"


def tamed(text: str) -> str:
    """Text in which Telegram finds nothing to make a mention or link of. Cut it before."""
    return _STARTS.sub(rf"\g<0>{JOINER}", text)


# --- options --------------------------------------------------------------------------

_TOKEN = re.compile(r"[1-9][0-9]{0,18}:[A-Za-z0-9_-]{20,60}")
_CHAT = re.compile(r"-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{3,31}")
_TOPIC = re.compile(r"[1-9][0-9]{0,9}")
# Option, the form it must have, what to write.
_FORMS = (
    ("token", _TOKEN, "digits, a colon and letters, as @BotFather gives it"),
    ("chat", _CHAT, "the id of the chat, -100... for a group or channel, or @name"),
)


def _check(receiver: Receiver) -> Iterator[Wrong]:
    options = receiver.options
    for option, form, hint in _FORMS:
        if not options.get(option):
            yield option, "is missing", hint
        elif not form.fullmatch(options[option]):
            yield option, "is not of the right form", hint
    if "topic" in options and not _TOPIC.fullmatch(options["topic"]):
        yield "topic", "is no number", "message_thread_id of the topic"
    yield from _check_api(replace(receiver, options={"url": _API, **options}))


def _check_api(receiver: Receiver) -> Iterator[Wrong]:
    """Faults of the address of the API: paths are added to it."""
    faults = tuple(check_url(receiver))
    yield from faults
    if not faults and re.search("[?#]", receiver.options["url"]):
        yield "url", "has more than a path", "the address of the Bot API server alone"


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    options = receiver.options
    return Telegram(client, options["token"], _place(options), options.get("url", _API))


def _place(options: Mapping[str, str]) -> dict[str, Any]:
    """Where messages go: a chat, and a topic in it."""
    chat = options["chat"]
    topic = {"message_thread_id": int(options["topic"])} if "topic" in options else {}
    return {"chat_id": chat if chat.startswith("@") else int(chat), **topic}


CHANNEL = Channel(
    options=("token", "chat", "topic", "url", "allow_http"),
    check=_check,
    build=_build,
    pace=_PACE,
    reports=_REPORTS,
)
