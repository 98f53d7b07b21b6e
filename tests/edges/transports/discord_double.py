"""A stand-in for Discord's webhooks, as strict as the real ones about what is sent.

The limits are those of docs.discord.com/developers, "Resources / Webhook / Execute Webhook"
and "Resources / Message / Embed Limits", counted in code points. Its Markdown is that of the
open copies of Discord's parser (simple-markdown): it knows the markup that we write, and takes
whatever else the real one could take for markup to be a stranger's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.feed_server import Reply, Request, reply

CONTENT, EMBEDS, TITLE, DESCRIPTION, TOGETHER = 2_000, 10, 256, 4_096, 6_000
PATH = "/webhooks/1234567890123456789/abcdefghijklmnopqrstuvwxyz-0123456789_ABCDEF"
# The message that the answer tells of.
MESSAGE, CHANNEL = "1300000000000000001", "1200000000000000001"
# Whatever Discord reads as markup, a mention, an emoji, a link or an invitation.
MARKUP = (
    "**b** *i* __u__ ~~s~~ ||hidden|| `c` ```x``` _i_ \\ \\* \\\\*x*",
    "# heading",
    "-# small print",
    "- one",
    "1. one",
    "2) two",
    "> quote",
    ">>> quotes",
    "@everyone @here <@123456789012345678> <@&123456789012345678> <#123456789012345678>",
    "<:x:123456789012345678> <a:x:123456789012345678> <t:1618953630:R> </x:123456789012345678>",
    "<id:customize> :smile: :+1: 12:30",
    "https://evil.example/x <https://evil.example> [x](https://evil.example) discord.gg/abc",
    "[x](<https://evil.example>) ](https://evil.example) ([link](<https://evil.example>))",
    "](http://evil.example)",
    "(http://evil.example)",
)

_TOKEN = re.compile(
    r"\\(?P<escaped>[^0-9A-Za-z\s])"
    r"|(?P<bold>\*\*)"
    r"| \(\[link\]\(<(?P<url>https?://[!-'*-;=?-~]+)>\)\)"
    r"|(?P<char>.)"
)
# Stands for an escaped character and for our markup: no blank, letter or digit.
_OURS = "\ufffd"
# What the client or the server would read in text that was not escaped.
_READ = re.compile(
    r"[\\*_~`|<>\[\]@]"  # emphasis, code, spoilers, mentions, timestamps, links
    r"|https?://|(?:discord\.gg|discord\.com)/"  # links and invitations
    r"|:[^\s:]+:"  # emoji
    r"|^ *(?:#{1,3}|-#|[-+]|\d+[.)]) "  # headings, small print, lists
)
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Refused(Exception):
    """What is wrong."""


@dataclass
class DiscordDouble:
    """Takes posts; `messages` holds those accepted, `faults` why others were not."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        try:
            _check_request(request)
            message = _accepted(request.body)
        except Refused as refusal:
            self.faults.append(str(refusal))
            said = {"message": "Invalid Form Body", "code": 50035, "errors": str(refusal)}
            return reply(json.dumps(said).encode(), 400)
        self.messages.append(message)
        return reply(_told(message).encode(), content_type="application/json")


def _told(message: dict[str, Any]) -> str:
    """The message as the API tells it, its fields in the order of version 10."""
    first = {"type": 0, "content": message["content"], "mentions": [], "embeds": message["embeds"]}
    ids = {"flags": 0, "id": MESSAGE, "channel_id": CHANNEL, "author": {"id": "1", "bot": True}}
    return json.dumps(first | ids, separators=(",", ":"), ensure_ascii=False)


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(otherwise)


def _check_request(request: Request) -> None:
    parts = urlsplit(request.path)
    asked = parse_qs(parts.query, strict_parsing=True)
    _demand(parts.path == f"/api/v10{PATH}", "path: not of version 10")
    _demand(asked.pop("wait", []) == ["true"], "query: would not say what was not kept")
    _demand(asked.keys() <= {"thread_id"}, "query: unknown")
    _demand(all(one[0].isdigit() for one in asked.values()), "query: no snowflake")
    _demand(request.headers["content-type"] == "application/json", "content type")
    agent = request.headers["user-agent"]
    _demand(re.match(r"DiscordBot \([^,]+, [\d.]+\)", agent) is not None, "user agent")


def _accepted(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body.decode())
    except ValueError:
        raise Refused("no JSON") from None
    _demand(message.keys() == {"content", "embeds", "allowed_mentions"}, "fields")
    _demand(message["allowed_mentions"] == {"parse": []}, "hostile: may notify")
    _demand(0 < len(message["content"]) <= CONTENT, "content: length")
    embeds = message["embeds"]
    _demand(0 < len(embeds) <= EMBEDS, "embeds: number")
    _demand(sum(map(_size, embeds)) <= TOGETHER, "embeds: length together")
    for text in (message["content"], *(one["description"] for one in embeds)):
        for line in text.split("\n"):
            list(_pieces(line))
    return dict(message)


def _size(embed: dict[str, Any]) -> int:
    _demand(embed.keys() <= {"title", "url", "description", "color"}, "embed: fields")
    title, description = embed.get("title", ""), embed["description"]
    _demand(len(title) <= TITLE, "embed: title")
    _demand(0 < len(description) <= DESCRIPTION, "embed: description")
    _demand(0 <= embed["color"] <= 0xFFFFFF, "embed: colour")
    _demand(re.fullmatch(r"https?://[!-~]+", embed.get("url", "http://a")) is not None, "url")
    return len(title) + len(description)


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """A line of Markdown as pieces, each with its kind: "text", "bold" (begins or ends), "link"."""
    _demand(not _INVISIBLE.search(line), "hostile: invisible characters")
    quoted = line.removeprefix("> ")
    bare = _TOKEN.sub(lambda one: one["char"] or _OURS, quoted)
    _demand(not _READ.search(bare), f"hostile: markup in {bare!r}")
    _demand("](" not in _TOKEN.sub(lambda one: "" if one["url"] else one[0], quoted), "hostile")
    kinds = [(one.lastgroup or "", one[one.lastgroup or 0]) for one in _TOKEN.finditer(quoted)]
    _demand([kind for kind, _ in kinds].count("bold") % 2 == 0, "hostile: bold without an end")
    for kind, text in kinds:
        yield (kind if kind in {"bold", "url"} else "text"), text


def _lines(message: dict[str, Any]) -> list[str]:
    return [
        line
        for text in (message["content"], *(one["description"] for one in message["embeds"]))
        for line in text.split("\n")
    ]


def shown(message: dict[str, Any]) -> list[str]:
    """What a reader sees, line by line, bold in stars, links as <url>."""
    as_seen = {"text": "{}", "bold": "*", "url": " <{}>"}
    return [
        "".join(as_seen[kind].format(text) for kind, text in _pieces(line))
        for line in _lines(message)
    ]


def words(message: dict[str, Any]) -> list[str]:
    """The words that a reader sees, line by line."""
    return [
        "".join(text for kind, text in _pieces(line) if kind == "text").strip()
        for line in _lines(message)
    ]
