"""A stand-in for the webhook of a Teams workflow, as strict as the real one about what is sent.

The rules are those of learn.microsoft.com: "Create and send messages" and "Create Incoming
Webhooks" (form, size, rate), adaptive-cards/schema-explorer (what may stand in a card) and
"Format cards in Microsoft Teams" (mentions, width). The size is counted as it came, and with its
quotes escaped once more, as workflows seem to count (MicrosoftDocs/msteams-docs#11274).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.feed_server import Reply, Request, reply

MESSAGE = 28_672
_CARD = "application/vnd.microsoft.card.adaptive"
_CARD_KEYS = {"$schema", "type", "version", "fallbackText", "msteams", "body"}
_RUN_KEYS = {"type", "text", "size", "weight", "isSubtle", "selectAction"}
_SIZES = {"Small", "Default", "Medium", "Large", "ExtraLarge"}
_SPACINGS = {"None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding"}
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Refused(Exception):
    """What is wrong."""


@dataclass
class TeamsDouble:
    """Takes posts; `messages` holds those accepted, `faults` why others were not."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        try:
            self.messages.append(_accepted(request))
        except Refused as refusal:
            self.faults.append(str(refusal))
            error = {"error": {"code": "InvalidRequestContent", "message": str(refusal)}}
            return reply(json.dumps(error).encode(), 400)
        return reply(b"", 202)


def _accepted(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    _demand(kind == "application/json; charset=utf-8", "content type")
    try:
        text = request.body.decode()
        message = json.loads(text)
    except ValueError:
        raise Refused("no JSON in UTF-8") from None
    _demand(max(len(request.body), escaped_size(text)) <= MESSAGE, "message size exceeded")
    _keys(message, {"type", "summary", "attachments"})
    _demand(message["type"] == "message", "type")
    _shown(message["summary"])
    (attached,) = message["attachments"]
    _keys(attached, {"contentType", "contentUrl", "content"})
    _demand(attached["contentType"] == _CARD and attached["contentUrl"] is None, "attachment")
    _card(attached["content"])
    return dict(message)


def escaped_size(text: str) -> int:
    """The bytes of a text as a string within JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode())


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(otherwise)


def _keys(given: dict[str, Any], known: set[str]) -> None:
    _demand(given.keys() <= known, f"unknown {given.keys() - known}")


def _card(card: dict[str, Any]) -> None:
    _keys(card, _CARD_KEYS)
    _demand(card["type"] == "AdaptiveCard", "card type")
    _demand(card["version"] in {"1.2", "1.3", "1.4", "1.5"}, "card version")
    # Entities would be mentions.
    _demand(card["msteams"] == {"width": "Full"}, "msteams")
    _unmarked(card["fallbackText"])
    _demand(bool(card["body"]), "empty card")
    for block in card["body"]:
        _demand(block.get("type") in _CHECKS, f"element {block.get('type')}")
        _demand(block.get("spacing", "Default") in _SPACINGS, "spacing")
        _CHECKS[block["type"]](block)


def _container(block: dict[str, Any]) -> None:
    _keys(block, {"type", "style", "items", "spacing"})
    _demand(block["style"] in {"default", "emphasis"}, "style")
    for item in block["items"]:
        _rich_text(item)


def _rich_text(block: dict[str, Any]) -> None:
    _keys(block, {"type", "inlines", "spacing"})
    _demand(block["type"] == "RichTextBlock" and bool(block["inlines"]), "rich text")
    for run in block["inlines"]:
        _run(run)


def _run(run: dict[str, Any]) -> None:
    _keys(run, _RUN_KEYS)
    _demand(run["type"] == "TextRun", "inline")
    _demand(run.get("size", "Default") in _SIZES, "size")
    _demand(run.get("weight", "Default") in {"Default", "Lighter", "Bolder"}, "weight")
    _shown(run["text"])
    if "selectAction" in run:
        _keys(run["selectAction"], {"type", "url"})
        _demand(run["selectAction"]["type"] == "Action.OpenUrl", "action")
        url = run["selectAction"]["url"]
        _demand(re.fullmatch(r'https?://[^\s<>|"\\]+', url) is not None, "hostile: link")


def _shown(text: object) -> None:
    """Text that cannot be a mention, a date to format or hidden."""
    _demand(isinstance(text, str) and bool(text), "text")
    _demand(not _INVISIBLE.search(str(text)), "hostile: invisible characters")
    _demand(not re.search(r"<[a-zA-Z/!?]", str(text)), "hostile: tag")
    _demand("{{" not in str(text), "hostile: date function")


def _unmarked(text: str) -> None:
    """Markdown is read here: no bold, italic, link or list may come of it."""
    _shown(text)
    _demand(not re.search(r"[\[\]*_`~\\]|^\s*(-|\d+\.|#|>)", text), "hostile: markdown")


_CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "RichTextBlock": _rich_text,
    "Container": _container,
}


def shown(message: dict[str, Any]) -> list[str]:
    """What a reader sees, one line a block, bold in stars, links as label <url>, quotes after >."""
    return ["".join(_words(block)) for block in message["attachments"][0]["content"]["body"]]


def _words(block: dict[str, Any]) -> Iterator[str]:
    if block["type"] == "Container":
        yield "> "
    for item in block.get("items", [block]):
        for run in item["inlines"]:
            words = f"*{run['text']}*" if "weight" in run else run["text"]
            url = run.get("selectAction", {}).get("url", "")
            yield f"{words} <{url}>" if url else words
