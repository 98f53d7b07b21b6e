"""`monitor demo`: the real service against feeds on loopback that publish while you watch.

Nothing is pretended: a real `monitor run` (embedded store, worker, sender, beat) polls
feeds served by this process and posts to a stand-in for Slack, which only prints.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from monitor.cli.demo_script import OUTLETS, PIECES, Outlet, Piece

_CONFIG = """\
[polling]
interval = "1s"
min_interval = "1s"
max_interval = "1s"
host_gap = "0s"

[network]
allow = ["127.0.0.1:{port}"]

[store]
url = ""
data_dir = "var"

{feeds}
[[receivers]]
name = "console"
type = "console"

[[receivers]]
name = "slack"
type = "slack"
url = "http://127.0.0.1:{port}/slack"
allow_http = true

[[routes]]
topics = ["sahel", "russia-sahel"]
receivers = ["console", "slack"]
"""

_FEED = """
[[feeds]]
url = "http://127.0.0.1:{port}/{path}"
name = "{name}"
language = "{language}"
country = "{country}"
state_media = {state_media}
"""


@dataclass
class Stage:
    """What is on show at a given moment."""

    started: float = field(default_factory=time.monotonic)
    opened: datetime = field(default_factory=lambda: datetime.now(UTC))
    told: set[str] = field(default_factory=set)

    def published(self, outlet: str) -> list[Piece]:
        """What an outlet has published so far, the newest first."""
        passed = time.monotonic() - self.started
        return [one for one in reversed(PIECES) if one.outlet == outlet and one.after <= passed]

    def document(self, outlet: Outlet) -> bytes:
        """The outlet's feed as it stands now."""
        pieces = "".join(self._element(one) for one in self.published(outlet.path))
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
            f"<title>{escape(outlet.name)}</title><language>{outlet.language}</language>"
            f"{pieces}</channel></rss>"
        ).encode()

    def _element(self, piece: Piece) -> str:
        name = piece.link or f"{piece.outlet}-{PIECES.index(piece)}"
        link = f"https://{piece.outlet}.example/{name}"
        return (
            f"<item><title>{escape(piece.title)}</title><link>{link}</link>"
            f"<guid>{link}</guid><description>{escape(piece.summary)}</description>"
            f"<pubDate>{format_datetime(self.opened)}</pubDate></item>"
        )


def serve(stage: Stage) -> ThreadingHTTPServer:
    """Feeds and the stand-in for Slack, on a free loopback port."""

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            outlet = next((one for one in OUTLETS if self.path == f"/{one.path}"), None)
            body = stage.document(outlet) if outlet else b""
            self._answer(200 if outlet else 404, body)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            message = json.loads(self.rfile.read(length))
            headline = "".join(_texts(message["blocks"][0]))
            stage.told.add(headline.replace("*", "").strip())
            show_slack(message)
            self._answer(200, b"ok")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the service itself tells what it fetches."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def show_slack(message: dict[str, Any]) -> None:
    """Print what a Slack channel would show of a message, block by block."""
    lines = [line for block in message.get("blocks", []) for line in _block(block)]
    framed = "\n".join(f"  │ {line}" for line in lines or [str(message.get("text", ""))])
    sys.stdout.write(f"\n  ┌ Slack would show\n{framed}\n  └\n")
    sys.stdout.flush()


def _block(block: dict[str, Any]) -> list[str]:
    """The text of a block, whatever its type, in lines."""
    texts = "".join(_texts(block))
    return [line for line in texts.split("\n") if line.strip()]


def _texts(node: object) -> list[str]:
    if isinstance(node, list):
        return [text for one in node for text in _texts(one)]
    if not isinstance(node, dict):
        return []
    own = node.get("text")
    if isinstance(own, str):
        bold = node.get("style", {}).get("bold") if isinstance(node.get("style"), dict) else False
        return [f"*{own}*" if bold else own]
    inner = [text for one in node.values() for text in _texts(one)]
    return [*inner, "\n"] if str(node.get("type", "")).startswith("rich_text_s") else inner


def play(seconds: int) -> int:
    """Run the demo for so long; 0 when every alert came and every trap stayed silent."""
    stage = Stage()
    server = serve(stage)
    port = server.server_address[1]
    with tempfile.TemporaryDirectory(prefix="monitor-demo-") as folder:
        config = Path(folder) / "monitor.toml"
        feeds = "".join(
            _FEED.format(port=port, state_media=str(one.state_media).lower(), **_words(one))
            for one in OUTLETS
        )
        config.write_text(_CONFIG.format(port=port, feeds=feeds), encoding="utf-8")
        _announce(seconds)
        service = _start(config)
        try:
            _watch(stage, service, config, seconds)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(timeout=20)
            server.shutdown()
    return _verdict(stage.told)


def _words(outlet: Outlet) -> dict[str, str]:
    return {
        "path": outlet.path,
        "name": outlet.name,
        "language": outlet.language,
        "country": outlet.country,
    }


def _announce(seconds: int) -> None:
    sys.stdout.write(f"Four outlets on loopback publish during {seconds} seconds:\n")
    for one in PIECES:
        sys.stdout.write(f"  {one.after:>4.0f} s  {one.outlet:8} {one.title}\n")
        sys.stdout.write(f"          expected: {one.expected}\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def _start(config: Path) -> subprocess.Popen[bytes]:
    """The service as anybody runs it, its log kept out of the way."""
    command = [sys.executable, "-m", "monitor", "--config", str(config), "run"]
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    log = (config.parent / "log").open("wb")
    with log:
        return subprocess.Popen(command, env=environ, stderr=log)  # noqa: S603 - ourselves


def _watch(stage: Stage, service: subprocess.Popen[bytes], config: Path, seconds: int) -> None:
    """Wait for the end, or for all that is to be told and a moment more."""
    last = max(one.after for one in PIECES) + 6
    while time.monotonic() - stage.started < seconds:
        if service.poll() is not None:
            sys.stdout.write((config.parent / "log").read_text(encoding="utf-8"))
            return
        time.sleep(1)
        if stage.told >= _wanted() and time.monotonic() - stage.started > last:
            return


def _wanted() -> set[str]:
    """The headlines that Slack is to show."""
    kinds = {"alert": "", "update": "Update: "}
    expected = [(one.expected.partition(":")[0], one.title) for one in PIECES]
    return {kinds[kind] + title for kind, title in expected if kind in kinds}


def _verdict(told: set[str]) -> int:
    """Say whether all came out as announced."""
    wanted = _wanted()
    for title in sorted(wanted - told):
        sys.stdout.write(f"MISSING: {title}\n")
    for title in sorted(told - wanted):
        sys.stdout.write(f"NOT EXPECTED: {title}\n")
    if told == wanted:
        sys.stdout.write(f"\nAll {len(wanted)} alerts came, and all else stayed silent.\n")
    return 0 if told == wanted else 1
