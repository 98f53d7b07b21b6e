"""A stand-in for Slack's incoming webhooks, as strict as the real one about what is sent.

The rules are those of docs.slack.dev, "Reference / Block Kit / Blocks" and "Formatting
message text"; the bound on a whole message is the measured one (slackapi/bolt-js#2509).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.feed_server import Reply, Request, reply

MESSAGE, BLOCKS, HEADER, TEXT, URL, CONTEXT = 12_000, 50, 150, 3_000, 3_000, 10
_STYLES = {"bold", "italic", "strike", "code"}
_INSIDE = {"rich_text_section", "rich_text_quote", "rich_text_preformatted"}
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Refused(Exception):
    """What is wrong, in Slack's words."""


@dataclass
class SlackDouble:
    """Takes posts; `messages` holds those accepted, `faults` why others were not."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        try:
            self.messages.append(_accepted(request))
        except Refused as refusal:
            self.faults.append(str(refusal))
            return reply(str(refusal).split(":")[0].encode(), 400)
        return reply(b"ok", content_type="text/html")


def _accepted(request: Request) -> dict[str, Any]:
    _demand(request.headers.get("content-type", "").startswith("application/json"), "no_json")
    try:
        text = request.body.decode()
        message = json.loads(text)
    except ValueError:
        raise Refused("invalid_payload") from None
    _demand(len(text) < MESSAGE, "msg_blocks_too_long")
    _keys(message, {"text", "blocks", "unfurl_links", "unfurl_media"})
    _mrkdwn(message["text"])
    blocks = message["blocks"]
    _demand(0 < len(blocks) <= BLOCKS, "invalid_blocks: number of blocks")
    for block in blocks:
        _demand(block.get("type") in _CHECKS, f"invalid_blocks: {block.get('type')}")
        _CHECKS[block["type"]](block)
    return dict(message)


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(otherwise)


def _keys(given: dict[str, Any], known: set[str]) -> None:
    _demand(given.keys() <= known, f"invalid_blocks: unknown {given.keys() - known}")


def _shown(text: object, most: int) -> None:
    _demand(isinstance(text, str) and 0 < len(text) <= most, "invalid_blocks: text length")
    _demand(not _INVISIBLE.search(str(text)), "hostile: invisible characters")


def _mrkdwn(text: str) -> None:
    """Slack would read commands here: nothing a stranger wrote may look like one."""
    _shown(text, TEXT)
    bare = re.sub("&amp;|&lt;|&gt;", "", text)
    _demand(not re.search("[&<>]", bare), "hostile: not escaped")


def _plain(given: dict[str, Any], most: int) -> None:
    _keys(given, {"type", "text", "emoji"})
    _demand(given["type"] == "plain_text", "invalid_blocks: plain_text")
    _shown(given["text"], most)


def _header(block: dict[str, Any]) -> None:
    _keys(block, {"type", "text"})
    _plain(block["text"], HEADER)


def _section(block: dict[str, Any]) -> None:
    _keys(block, {"type", "text"})
    _plain(block["text"], TEXT)


def _context(block: dict[str, Any]) -> None:
    _keys(block, {"type", "elements"})
    _demand(0 < len(block["elements"]) <= CONTEXT, "invalid_blocks: elements")
    for one in block["elements"]:
        _plain(one, TEXT)


def _rich_text(block: dict[str, Any]) -> None:
    _keys(block, {"type", "elements"})
    _demand(bool(block["elements"]), "invalid_blocks: empty")
    for part in block["elements"]:
        _keys(part, {"type", "elements"})
        _demand(part["type"] in _INSIDE, "invalid_blocks: rich text")
        _demand(bool(part["elements"]), "invalid_blocks: empty")
        for one in part["elements"]:
            _inline(one)


def _inline(one: dict[str, Any]) -> None:
    known = {"text": {"type", "text", "style"}, "link": {"type", "text", "style", "url"}}
    _demand(one["type"] in known, "invalid_blocks: element")
    _keys(one, known[one["type"]])
    _shown(one["text"], TEXT)
    _demand(one.get("style", {}).keys() <= _STYLES, "invalid_blocks: style")
    if one["type"] == "link":
        _demand(re.fullmatch(r"https?://[^\s<>|]+", one["url"]) is not None, "hostile: link")
        _demand(len(one["url"]) <= URL, "invalid_blocks: url")
        _shown(one["url"], URL)


_CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "rich_text": _rich_text,
}


def shown(message: dict[str, Any]) -> list[str]:
    """What a reader sees, one line a block, bold in stars, links as label <url>."""
    return ["".join(_words(block)) for block in message["blocks"]]


def _words(node: dict[str, Any]) -> Iterator[str]:
    for one in node.get("elements", []):
        if "elements" in one:
            yield from _words(one)
            continue
        words = f"*{one['text']}*" if one.get("style", {}).get("bold") else one["text"]
        yield f"{words} <{one['url']}>" if one["type"] == "link" else words
