"""A stand-in for Mattermost's incoming webhooks, as strict as the real ones, or stricter.

It does to a post what the server does (server/channels/app of mattermost/mattermost:
slack.go, webhook.go, mention_parser_standard.go; server/public/model/hashtags) and what the
clients do (the patterns of webapp/channels/src/utils/text_formatting.tsx), and refuses whatever
of a stranger's text would notify, link or format. Limits: docs.mattermost.com, "Product limits".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.feed_server import Reply, Request, reply

POST = 16_383
PATH = "/hooks/abcdefghijklmnopqrstuvwxyz"
# Whatever Mattermost reads as markup, a mention, an emoji, a link or a formula.
MARKUP = (
    "**b** *i* __u__ _i_ ~~s~~ `c` ```x``` \\ \\* \\\\*x* \\n",
    "# heading",
    "- one",
    "+ one",
    "1. one",
    "2) two",
    "> quote",
    "a | b --- | ---",
    "@all @channel @here @bob \\@all .@all-@here:@channel _@all_ (@here) bob@site.example",
    "&#64;all &commat;here &lt;!channel&gt; &amp;lt;",
    "<!channel> <!here> <!all> <@abc123> <http://evil.example|bank> < a | b >",
    "#hashtag ~town-square \\#hashtag \\~town-square",
    ":smile: :) ;) :D :-( <3 12:30 \\:smile:",
    "http://evil.example www.evil.example evil.example/x ftp://x mailto:a@b.example mmaction://x",
    "[x](http://evil.example) ![x](http://evil.example/x.png) [x][y] <b>x</b> <!-- x -->",
    "[x]: http://evil.example",
    "$5 and $6$ and US$7",
)

_GAP = "\u200b"
_ENTITIES = {"&lt;": "<", "&amp;": "&", "&#36;": "$"}
_TOKEN = re.compile(
    r"\\(?P<escaped>[\\`*{}\[\]()#+\-.!_>|~])"
    r"|(?P<entity>&(?:lt|amp|#36);)"
    r"|(?P<bold>\*\*)"
    r"|\]\((?P<url>https?://[^()\s*$<>]+)\)"
    r"|(?P<label>\[)"
    r"|(?P<char>.)"
)
# What the Markdown parser would read in text that was not escaped.
_READ = re.compile(
    r"[*_~`|<>\[\]#&]"
    r"|(?<![A-Za-z])[A-Za-z][A-Za-z\d.+-]*:(?:/{1,3}|[^\W_]|%)|www\d{0,3}\.|[^\W_]\.[^\W\d_]{2,4}/"
    r"|^ *(?:[-+]|\d+[.)]) "
)
# What the clients look for after Markdown has been read, backslashes and all.
_FOUND = re.compile(
    r"@[a-z0-9._-]|~[a-z0-9._-]|#[^\W\d_]|(?<!\w):[\w+-]+:(?!\w)|[:;]-?[()\]d|]|<3", re.IGNORECASE
)
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Refused(Exception):
    """What is wrong, in the server's word for it."""


@dataclass
class MattermostDouble:
    """Takes posts; `messages` holds those accepted, `faults` why others were not."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        try:
            self.messages.append(_accepted(request))
        except Refused as refusal:
            self.faults.append(str(refusal))
            return error("web.incoming_webhook.parse.app_error", str(refusal), 400)
        return reply(b"ok", content_type="text/plain")


def error(name: str, said: str, status: int) -> Reply:
    """How the server says that it refuses."""
    told = {"id": name, "message": said, "detailed_error": "", "status_code": status}
    return reply(json.dumps(told).encode(), status)


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(otherwise)


def _accepted(request: Request) -> dict[str, Any]:
    _demand(request.headers["content-type"] == "application/json", "content type")
    try:
        post = json.loads(request.body.decode())
    except ValueError:
        raise Refused("no JSON") from None
    _demand({"text"} <= post.keys() <= {"text", "channel"}, "fields")
    text = post["text"]
    _demand(0 < len(text) <= POST, "length: it would be split")
    _demand("<" not in text, "hostile: Slack's markup")
    _demand(not list(_mentioned(text)), "hostile: mentions somebody")
    for line in text.split("\n"):
        list(_pieces(line))
    return dict(post)


def _mentioned(text: str) -> Iterator[str]:
    """Who would be notified: the server reads escapes and entities, then words between all that
    is no letter, digit or one of five characters.
    """
    for token, char in _ENTITIES.items():
        text = text.replace(token, char)
    read = re.sub(r"\]\([^)]*\)", " ", re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))
    for word in re.split(r"(?:(?![:.@-])[\W])+", read):
        yield from re.findall(r"@[\w.-]+", word)


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """A line of Markdown as pieces, each with its kind: "text", "bold" (begins or ends), "url"."""
    _demand(not _INVISIBLE.search(line), "hostile: invisible characters")
    quoted = line.removeprefix("> ")
    found = list(_TOKEN.finditer(quoted))
    # What is escaped and what is ours is neither blank nor letter.
    bare = "".join(one["char"] or "\ufffd" for one in found)
    _demand(not _READ.search(bare), f"hostile: markup in {bare!r}")
    pieces = [_piece(one) for one in found]
    after = "".join(text for kind, text in pieces if kind == "text")
    _demand(not _FOUND.search(after), f"hostile: found in {after!r}")
    kinds = [kind for kind, _ in pieces]
    _demand(kinds.count("bold") % 2 == 0, "hostile: bold without an end")
    links = [kind for kind in kinds if kind in {"label", "url"}]
    _demand(links == ["label", "url"] * (len(links) // 2), "hostile: a link with another's label")
    _demand(re.search(r"\$[^$]+\$", quoted) is None, "hostile: a formula")
    for kind, text in pieces:
        yield kind, text.replace(_GAP, "")


def _piece(one: re.Match[str]) -> tuple[str, str]:
    kind, text = one.lastgroup or "", one[one.lastgroup or 0]
    if kind in {"bold", "url", "label"}:
        return kind, text
    return "text", _ENTITIES.get(text, text)


def shown(post: dict[str, Any]) -> list[str]:
    """What a reader sees, line by line, bold in stars, links as label <url>."""
    as_seen = {"text": "{}", "bold": "*", "label": "", "url": " <{}>"}
    return [
        "".join(as_seen[kind].format(piece) for kind, piece in _pieces(line))
        for line in post["text"].split("\n")
        if line
    ]


def words(post: dict[str, Any]) -> list[str]:
    """The words that a reader sees, line by line."""
    return [
        "".join(piece for kind, piece in _pieces(line) if kind == "text").strip()
        for line in post["text"].split("\n")
        if line
    ]
