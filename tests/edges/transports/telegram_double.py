"""A stand-in for the Bot API, as strict as the real one about what is sent.

The rules are those of core.telegram.org/bots/api: "Making requests", sendMessage, MessageEntity,
"Formatting options", ResponseParameters; the bound on all entities is the measured one
(tdlib/telegram-bot-api#165). What Telegram would find in a text by itself is a fault as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from tests.feed_server import Reply, Request, reply

TEXT, ENTITIES, ENTITY_BYTES = 4_096, 100, 9_500
TOKEN, CHAT, NAME, TOPIC = "123456:AAEc-secret_part_of_the_token_0123", -1001234567890, "@desk", 7
PATH = f"/bot{TOKEN}/sendMessage"
_KEYS = {
    "chat_id",
    "message_thread_id",
    "text",
    "entities",
    "link_preview_options",
    "reply_parameters",
}
_INVISIBLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2061-\u2069]")
# What is found in a text outside of links, whatever entities came with it.
_FINDS = (
    ("mention", re.compile(r"(?<!\w)@[A-Za-z0-9_]{2,32}(?!\w)")),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?![\w/<>])")),
    ("hashtag", re.compile(r"(?<!\w)#\w+")),
    ("cashtag", re.compile(r"(?<!\w)\$[A-Z]{1,8}(?!\w)")),
    ("url", re.compile(r"[^\s<>\"]+\.[^\W\d_]{2,}|\w+://\w+|\d+\.\d+\.\d+\.\d+")),
)


class Refused(Exception):
    """A status, and what is wrong in Telegram's words."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


@dataclass
class TelegramDouble:
    """Takes posts; `messages` holds those accepted, `faults` what was wrong with any."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        try:
            message = self._accepted(request)
        except Refused as refusal:
            self.faults.append(str(refusal))
            return refused(refusal.status, str(refusal))
        self.messages.append(message)
        self.faults += _found(message)
        return sent(len(self.messages), message["text"])

    def _accepted(self, request: Request) -> dict[str, Any]:
        kind = request.headers.get("content-type", "")
        _demand(kind.startswith("application/json"), "message text is empty")
        message: dict[str, Any] = json.loads(request.body.decode())
        _demand(message.keys() <= _KEYS, f"unknown {message.keys() - _KEYS}")
        _demand(message["chat_id"] in {CHAT, NAME}, "chat not found")
        topic = message.get("message_thread_id", TOPIC)
        _demand(topic == TOPIC and isinstance(topic, int), "message thread not found")
        _demand(message["link_preview_options"] == {"is_disabled": True}, "preview")
        _text(message["text"])
        _entities(message["text"], message["entities"])
        self._reply(message.get("reply_parameters"))
        return message

    def _reply(self, asked: dict[str, Any] | None) -> None:
        if asked is None:
            return
        _demand(asked.keys() <= {"message_id", "allow_sending_without_reply"}, "reply")
        _demand(isinstance(asked["message_id"], int), "message_id is no number")
        known = asked["message_id"] <= len(self.messages)
        allowed = asked.get("allow_sending_without_reply", False)
        _demand(known or allowed, "message to be replied not found")


def sent(number: int, text: str = "") -> Reply:
    """The answer to a message that was accepted; it repeats the message."""
    result = {"message_id": number, "chat": {"id": CHAT, "type": "supergroup"}, "text": text}
    return reply(json.dumps({"ok": True, "result": result}).encode())


def refused(status: int, description: str, **parameters: int) -> Reply:
    """The answer to one that was not."""
    prefix = "Bad Request: " if status == 400 else ""
    answer: dict[str, Any] = {"ok": False, "error_code": status}
    answer["description"] = prefix + description
    if parameters:
        answer["parameters"] = parameters
    return reply(json.dumps(answer, separators=(",", ":")).encode(), status)


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(400, otherwise)


def _text(text: str) -> None:
    _demand(0 < _units(text) <= TEXT, "message is too long")
    # The server would cut it off, and move all entities.
    _demand(text == text.strip(), "blanks around the text")
    _demand(not _INVISIBLE.search(text), "hostile: invisible characters")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _entities(text: str, entities: list[dict[str, Any]]) -> None:
    _demand(len(entities) <= ENTITIES, "too many entities")
    size = sum(20 + len(one.get("url", "").encode()) for one in entities)
    _demand(size <= ENTITY_BYTES, "ENTITIES_TOO_LONG")
    for one in entities:
        _entity(text, one)
    for first, second in combinations(entities, 2):
        _together(first, second)


def _entity(text: str, one: dict[str, Any]) -> None:
    known = {"type", "offset", "length"} | ({"url"} if one["type"] == "text_link" else set())
    _demand(one.keys() == known, "entity")
    _demand(one["type"] in {"bold", "text_link", "blockquote"}, "entity type")
    _demand(one["offset"] >= 0 < one["length"], "entity bounds")
    _demand(one["offset"] + one["length"] <= _units(text), "entity after the end of the text")
    url = one.get("url", "https://x")
    _demand(re.fullmatch(r'https?://[^\s<>|"\\]+', url) is not None, "hostile: link")
    _part(text, one)


def _part(text: str, one: dict[str, Any]) -> str:
    """What an entity covers, which begins and ends between characters."""
    begin = one["offset"] * 2
    try:
        part = text.encode("utf-16-le")[begin : begin + one["length"] * 2].decode("utf-16-le")
    except UnicodeDecodeError:
        raise Refused(400, "entity in a middle of a UTF-16 symbol") from None
    _demand("\n" not in part, "entity of several lines")
    return part


def _together(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Entities lie apart, or one within the other; only bold can be within its like or a link."""
    spans = [(one["offset"], one["offset"] + one["length"]) for one in (first, second)]
    (a, b), (c, d) = sorted(spans)
    if b <= c:
        return
    _demand(d <= b or (a, b) <= (c, d), "entities overlap")
    kinds = {first["type"], second["type"]}
    _demand(len(kinds) == 2, "entity within its like")
    _demand("blockquote" not in kinds or (a, b) != (c, d) or "bold" in kinds, "quoted link")


def _found(message: dict[str, Any]) -> Iterator[str]:
    """What the server would make clickable of itself, and whom it would notify."""
    text = message["text"].encode("utf-16-le")
    for one in message["entities"]:
        if one["type"] == "text_link":
            begin, end = one["offset"] * 2, (one["offset"] + one["length"]) * 2
            text = text[:begin] + " ".encode("utf-16-le") * one["length"] + text[end:]
    for kind, pattern in _FINDS:
        for match in pattern.finditer(text.decode("utf-16-le")):
            yield f"hostile: {kind} {match[0]}"


def shown(message: dict[str, Any]) -> list[str]:
    """What a reader sees, line by line, bold in stars, links as label <url>, quotes after >."""
    text: bytes = message["text"].encode("utf-16-le")
    marks: list[tuple[int, int, str]] = []
    for rank, one in enumerate(message["entities"]):
        begin, end = one["offset"], one["offset"] + one["length"]
        opening, closing = {"bold": ("*", "*"), "blockquote": ("> ", "")}.get(one["type"], ("", ""))
        marks.append((begin, rank, opening))
        marks.append((end, -rank, f" <{one['url']}>" if "url" in one else closing))
    for at, _, mark in sorted(marks, key=lambda one: (one[0], one[1]), reverse=True):
        text = text[: at * 2] + mark.encode("utf-16-le") + text[at * 2 :]
    return text.decode("utf-16-le").split("\n")
