"""An alert as an e-mail (RFC 5322): plain text and HTML, of which the reader's program shows one.

The HTML loads nothing from anywhere, keeps to the fonts and colours of the reader (dark mode
too), fits a phone, and lets each line run in the direction of its own letters. What strangers
wrote is escaped as the last step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr
from html import escape

from monitor.core.models import Delivery
from monitor.core.parse.plain import shorten
from monitor.core.wording import put
from monitor.edges.transports.layout import Line, Role, Run, lines
from monitor.edges.transports.plaintext import below, heading

# Characters of the subject; phones and lists of messages show less.
_SUBJECT = 150
# Lines end as on the wire, and one that begins with "From " stays as it is. The older classes
# for messages are meant: the newer encode a long id in References, which then leads nowhere
# (python/cpython#100991).
_WIRE = compat32.clone(linesep="\r\n", mangle_from_=False)
_ID = re.compile(r"<[^\s<>@]+@[^\s<>@]+>")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom: addresses that were checked; `receiver` is that one's name."""

    sender: str
    recipients: tuple[str, ...]
    receiver: str

    @property
    def domain(self) -> str:
        """The sender's domain, in which our ids are."""
        return self.sender.rpartition("@")[2]


def message_id(delivery: Delivery, envelope: Envelope) -> str:
    """The same in every attempt, so that a double can be known as one."""
    return f"<{delivery.id}@{envelope.domain}>"


def letter(delivery: Delivery, envelope: Envelope, now: datetime) -> bytes:
    """The whole message, in seven bits, with lines of at most 78 characters but for long ids."""
    alert = put(delivery.alert, now)
    shown = lines(alert)
    message = MIMEMultipart("alternative")
    message["From"] = formataddr(("monitor", envelope.sender))
    message["To"] = ", ".join(envelope.recipients)
    message["Subject"] = _subject(shorten(alert.notice, _SUBJECT))
    message["Date"] = format_datetime(now.astimezone(UTC))
    message["Message-ID"] = message_id(delivery, envelope)
    if _ID.fullmatch(delivery.thread):
        message["In-Reply-To"] = message["References"] = delivery.thread
    # No program is to answer it (RFC 3834, section 5).
    message["Auto-Submitted"] = "auto-generated"
    # For the reader's filters (RFC 2919).
    message["List-Id"] = f"<{envelope.receiver}.monitor.{envelope.domain}>"
    message.attach(_part(_text(shown), "plain"))
    message.attach(_part(_html(shown), "html"))
    return message.as_bytes(policy=_WIRE)


def _subject(text: str) -> str:
    """Encoded where it holds other letters, or what would be taken for an encoding (RFC 2047)."""
    if text.isascii() and "=?" not in text:
        return text
    # An encoded word has 75 characters at most. It is folded when it is written, at the blanks.
    coded = Header(text, "utf-8", maxlinelen=75, header_name="Subject")
    return coded.encode().replace("\n", "")


def _part(text: str, kind: str) -> MIMENonMultipart:
    """Readable as it is where most letters are Latin; else in base64, which is shorter."""
    charset = Charset("utf-8")
    foreign = sum(not char.isascii() for char in text)
    charset.body_encoding = BASE64 if foreign > len(text) // 6 else QP
    part = MIMENonMultipart("text", kind)
    part.set_payload(text, charset)
    return part


def _text(shown: Sequence[Line]) -> str:
    return "\n".join((heading(shown), *below(shown, link="<{}>".format), ""))


# -- HTML ----------------------------------------------------------------------------

_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
</head>
<body style="margin:0;padding:16px;font:16px/1.5 sans-serif">
<div style="max-width:640px;margin:0 auto;overflow-wrap:anywhere">
{}
</div>
</body>
</html>
"""
_PLAIN = ("p", "margin:8px 0")
_SMALL = ("p", "margin:4px 0;font-size:14px")
# The element of each line and its style; what a program of e-mail does not know it leaves out.
_ELEMENTS = {
    Role.HEADLINE: ("h1", "margin:0 0 12px;font-size:20px;line-height:1.3"),
    Role.FACT: _SMALL,
    Role.QUOTE: ("blockquote", "margin:12px 0;padding:0 12px;border-left:3px solid #888"),
    Role.WHY: _SMALL,
    Role.OTHERS: _SMALL,
}


def _html(shown: Iterable[Line]) -> str:
    return _PAGE.format("\n".join(map(_element, shown)))


def _element(line: Line) -> str:
    tag, style = _ELEMENTS.get(line.role, _PLAIN)
    inner = "".join(map(_run, line.runs))
    return f'<{tag} dir="auto" style="{style}">{inner}</{tag}>'


def _run(run: Run) -> str:
    text = escape(run.text)
    if run.url:
        text = f'<a href="{escape(run.url)}">{text}</a>'
    return f"<b>{text}</b>" if run.bold else text
