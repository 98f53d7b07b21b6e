"""Reading an e-mail as strictly as no mail system does: RFC 5322 for headers and lines, RFC 2047
for encoded words, and HTML that loads nothing and leads nowhere but to the web.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

from aiosmtpd.smtp import Envelope

HEADERS = {
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references"),
    *("auto-submitted", "list-id", "mime-version", "content-type"),
}
_ONCE = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Flaw(Exception):
    """What is wrong with a message."""


@dataclass(frozen=True)
class Letter:
    """A message as it came: its envelope, its headers, and its two parts."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    text: str
    html: str

    def __getitem__(self, name: str) -> str:
        return str(self.message[name])


def demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Flaw(otherwise)


def read(envelope: Envelope, content: bytes) -> Letter:
    _lines(content)
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    _headers(head)
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    demand(not message.defects, f"defects: {message.defects}")
    demand(message.get_content_type() == "multipart/alternative", "not multipart/alternative")
    kinds = [part.get_content_type() for part in message.iter_parts()]
    demand(kinds == ["text/plain", "text/html"], f"parts: {kinds}")
    plain, page = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    demand(not _INVISIBLE.search(plain + page), "invisible characters")
    _Page().check(page)
    return Letter(envelope.mail_from or "", list(envelope.rcpt_tos), message, plain, page)


def _lines(content: bytes) -> None:
    demand(content.isascii(), "eight bits")
    demand(b"\0" not in content, "NUL")
    bare = content.replace(b"\r\n", b"")
    demand(b"\r" not in bare and b"\n" not in bare, "bare CR or LF")
    longest = max(len(line) for line in content.split(b"\r\n"))
    demand(longest <= 998, f"a line of {longest}")


def _headers(head: str) -> None:
    unfolded = re.sub(r"\r\n[ \t]", " ", head).split("\r\n")
    names = [line.partition(":")[0].lower() for line in unfolded]
    demand(set(names) <= HEADERS, f"headers: {set(names) - HEADERS}")
    for name in _ONCE:
        demand(names.count(name) == 1, f"{names.count(name)} times {name}")
    demand(len(set(names)) == len(names), "a header twice")
    for word in re.findall(r"=\?\S+\?=", head):
        demand(len(word) <= 75, f"an encoded word of {len(word)}")
    demand("\r\n \r\n" not in head, "a header line of blanks")
    found = dict(zip(names, unfolded, strict=True))
    demand(re.search(r": *<[^\s<>@]+@[^\s<>@]+>$", found["message-id"]) is not None, "message-id")


class _Page(HTMLParser):
    """HTML in which strangers' texts are text: known elements only, all closed, in order."""

    _KNOWN: Mapping[str, frozenset[str]] = {
        "html": frozenset(),
        "head": frozenset(),
        "meta": frozenset(("charset", "name", "content")),
        "body": frozenset(("style",)),
        "div": frozenset(("style",)),
        **dict.fromkeys(("h1", "p", "blockquote"), frozenset(("dir", "style"))),
        "b": frozenset(),
        "a": frozenset(("href",)),
    }

    def check(self, page: str) -> None:
        self.open: list[str] = []
        self.feed(page)
        self.close()
        demand(not self.open, f"not closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        demand(tag in self._KNOWN, f"element {tag}")
        demand({name for name, _ in attrs} <= self._KNOWN[tag], f"attributes of {tag}")
        given = dict(attrs)
        demand("url" not in (given.get("style") or ""), "loads something")
        if tag == "a":
            led = re.fullmatch(r"https?://[^\s<>\"]+", given.get("href") or "")
            demand(led is not None, "hostile: link")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        demand(bool(self.open) and self.open.pop() == tag, f"closed out of turn: {tag}")

    def unknown_decl(self, data: str) -> None:
        raise Flaw("declaration")

    def handle_comment(self, data: str) -> None:
        raise Flaw("comment")

    def handle_pi(self, data: str) -> None:
        raise Flaw("instruction")


class _Shown(HTMLParser):
    """What a reader sees, a line for each block, bold in stars, links as label <url>."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"h1", "p", "blockquote"}:
            self.lines.append("")
        elif tag == "b":
            self.lines[-1] += "*"
        elif tag == "a":
            self._led = dict(attrs)["href"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "b":
            self.lines[-1] += "*"
        elif tag == "a":
            self.lines[-1] += f" <{self._led}>"

    def handle_data(self, data: str) -> None:
        if self.lines and data.strip("\n"):
            self.lines[-1] += data


def shown(page: str) -> list[str]:
    parser = _Shown()
    parser.feed(page)
    return parser.lines
