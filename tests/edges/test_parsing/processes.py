"""Documents, good and hostile, and looks at the child that parses them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from monitor.core.models import Document, Failure, Feed, Parsed, PollOutcome
from monitor.edges.parsing import ParserProcess

FEED = Feed("https://a.example/feed", language="fr", credentials=("user", "secret"))
MEGABYTE = 1 << 20


def rss(inner: str) -> Document:
    text = f'<rss version="2.0"><channel>{inner}</channel></rss>'
    return Document("https://a.example/final", text.encode(), "text/xml")


GOOD = rss(
    "<item><guid>1</guid><title>Été à Niamey</title><link>/1</link><author>N</author>"
    "<category>x</category><pubDate>Tue, 05 Mar 2024 08:30:00 GMT</pubDate></item>"
)
# What comes after damage is not looked at before it is read.
DAMAGE = "<copyright>a & b</copyright>"
# A text of the author without any "@", on which feedparser's search for an address is slow.
SLOW = rss(f"{DAMAGE}<item><title>t</title><author>{'a' * 120_000}</author></item>")
HALF_SLOW = rss(f"{DAMAGE}<item><title>late</title><author>{'a' * 10_000}</author></item>")
HUGE = rss(DAMAGE + "<a>" * 1_500_000)


def child_of(parser: ParserProcess) -> subprocess.Popen[bytes]:
    child = parser._child
    assert child is not None
    return child._process


def failed(found: Parsed | Failure) -> str:
    assert isinstance(found, Failure), found
    assert found.outcome is PollOutcome.PARSE_ERROR
    return found.reason


def gone(pid: int) -> bool:
    """Whether a process has ended (it may wait for whoever adopted it to say so)."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True


def wait_for(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()
