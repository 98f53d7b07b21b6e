"""Draws the pictures of alerts in the documentation. From the root of the repository:

    PYTHONPATH=. python docs/pictures/render.py [FOLDER]

Debian's chromium, pngquant, fonts-lato, fonts-open-sans, fonts-roboto-unhinted, fonts-noto-core
and fonts-noto-color-emoji are needed. The reports in stories.toml go through the shipped rules,
what is told goes through the real channels, and their payloads are drawn here. looks.css is how
the apps look, by eye: not their code, and no proof of how they break lines.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from stories import digest, notice, raid, told

from monitor.core.models import Delivery
from monitor.core.wording import Wording, put
from monitor.edges.transports import discord, slack, teams, telegram

_HERE = Path(__file__).parent
# From when something is decided to when it is sent.
_SENDING = timedelta(seconds=4)


# --- how the apps show it ---------------------------------------------------------------


def words(sent: Delivery, edited: datetime | None = None) -> Wording:
    """What a delivery says when it is sent, or when it was edited later."""
    return put(sent.alert, edited or sent.created + _SENDING)


def tag(name: str, inner: str, kind: str = "", more: str = "") -> str:
    """An element of HTML; `inner` is HTML already."""
    return f'<{name} class="{kind}" {more}>{inner}</{name}>'


def linked(inner: str, url: str) -> str:
    """HTML that leads somewhere, where `url` says where."""
    return f'<a href="{escape(url)}">{inner}</a>' if url else inner


def signed(sent: Delivery, body: str) -> str:
    """A message with its avatar, the app's name and the time."""
    name = tag("b", "monitor") + tag("span", "APP", "app")
    head = name + tag("time", f"{sent.created:%-I:%M %p}")
    return tag("div", tag("i", "m", "avatar") + tag("div", head + body, "body"), "message")


def slack_message(sent: Delivery, edited: datetime | None = None) -> str:
    """A message in Slack."""
    blocks = slack.message(words(sent, edited))["blocks"]
    return signed(sent, "".join(map(_slack_block, blocks)))


def _slack_block(block: Mapping[str, Any]) -> str:
    """A block; its direction is that of its first letter, as in Slack's web client."""
    (first,) = block["elements"]
    if block["type"] == "context":
        return tag("div", escape(first["text"]), "context", 'dir="auto"')
    name = "blockquote" if first["type"] == "rich_text_quote" else "div"
    inner = "".join(map(_slack_element, first["elements"]))
    return tag("div", tag(name, inner), "rich", 'dir="auto"')


def _slack_element(one: Mapping[str, Any]) -> str:
    text = linked(escape(one["text"]), one.get("url", ""))
    return tag("b", text) if one.get("style", {}).get("bold") else text


def teams_message(sent: Delivery) -> str:
    """A message in Teams."""
    (attached,) = teams.message(words(sent))["attachments"]
    card = "".join(map(_card_element, attached["content"]["body"]))
    return signed(sent, tag("div", card, "card"))


def _card_element(one: Mapping[str, Any]) -> str:
    gap = f"gap-{one.get('spacing', 'Default')}"
    if one["type"] == "Container":
        return tag("div", "".join(map(_card_element, one["items"])), f"{gap} {one['style']}")
    return tag("p", "".join(map(_text_run, one["inlines"])), gap)


def _text_run(one: Mapping[str, Any]) -> str:
    subtle = "subtle" if one.get("isSubtle") else ""
    kind = f"{one.get('size', '')} {one.get('weight', '')} {subtle}"
    return tag(
        "span", linked(escape(one["text"]), one.get("selectAction", {}).get("url", "")), kind
    )


def discord_message(sent: Delivery) -> str:
    """A message in Discord."""
    payload = discord.message(words(sent))
    (embed,) = payload["embeds"]
    inner = "".join(map(_markdown_line, embed["description"].split("\n")))
    box = tag("div", inner, "embed", f'style="border-left-color:#{embed["color"]:06x}"')
    return signed(sent, _markdown_line(payload["content"]) + box)


# What our Discord channel writes: an escaped character, bold, a masked link.
_MARKDOWN = re.compile(r"\\(?P<char>.)|(?P<bold>\*\*)|\[(?P<label>\w+)\]\(<(?P<url>[^>]+)>\)")


def _markdown_line(line: str) -> str:
    name = "blockquote" if line.startswith("> ") else "p"
    return tag(name, "".join(_markdown(line.removeprefix("> "))))


def _markdown(line: str) -> Iterator[str]:
    done, strong = 0, False
    for found in _MARKDOWN.finditer(line):
        yield escape(line[done : found.start()])
        done = found.end()
        if found["bold"]:
            strong = not strong
            yield "<b>" if strong else "</b>"
        else:
            yield linked(escape(found["char"] or found["label"]), found["url"] or "")
    yield escape(line[done:])


def telegram_message(sent: Delivery) -> str:
    """A message in Telegram."""
    payload = telegram.message(words(sent))
    start, lines = 0, []
    for line in payload["text"].split("\n"):
        end = start + telegram.units(line)
        lines.append(_telegram_line(line, start, end, payload["entities"]))
        start = end + 1
    time = tag("time", f"{sent.created:%H:%M}")
    return tag("div", tag("b", "monitor", "name") + "".join(lines) + time, "bubble")


def _telegram_line(line: str, start: int, end: int, entities: Iterable[dict[str, Any]]) -> str:
    """A line with the entities in it, whose offsets count UTF-16 code units."""
    inside = [one for one in entities if start <= one["offset"] < end]
    name = "blockquote" if any(one["type"] == "blockquote" for one in inside) else "p"
    cuts = {start, end} | {at for one in inside for at in (one["offset"], _end(one))}
    edges, raw = sorted(cuts), line.encode("utf-16-le")
    pieces = []
    for left, right in pairwise(edges):
        text = raw[2 * (left - start) : 2 * (right - start)].decode("utf-16-le")
        active = [one for one in inside if one["offset"] <= left and right <= _end(one)]
        pieces.append(_telegram_run(text, active))
    return tag(name, "".join(pieces))


def _end(entity: Mapping[str, Any]) -> int:
    return int(entity["offset"] + entity["length"])


def _telegram_run(text: str, active: Sequence[Mapping[str, Any]]) -> str:
    run = linked(escape(text), next((one["url"] for one in active if "url" in one), ""))
    return tag("b", run) if any(one["type"] == "bold" for one in active) else run


# --- pictures ---------------------------------------------------------------------------


def pictures() -> Iterator[tuple[str, int, str]]:
    """Each picture's name, width in CSS pixels, and body."""
    (alliance,) = told("alliance", languages=frozenset({"en", "ar"}))
    (arabic,) = told("arabic")
    first, update = raid()
    desk = tag("h1", "# sahel-desk")
    both = slack_message(alliance) + slack_message(arabic)
    yield "slack-alert-phone", 360, tag("main", desk + both, "slack phone")
    edited = slack_message(first, update.created + _SENDING)
    thread = edited + tag("h2", "1 reply") + slack_message(update)
    head = tag("h1", "Thread " + tag("small", "# sahel-desk"))
    yield "slack-alert", 720, tag("main", head + thread, "slack desktop")
    daily = slack_message(digest()) + slack_message(notice())
    yield "slack-digest-phone", 360, tag("main", desk + daily, "slack phone")
    apps = (("Teams", teams_message), ("Discord", discord_message), ("Telegram", telegram_message))
    columns = [tag("section", tag("h1", app) + dress(alliance), app) for app, dress in apps]
    yield "channels", 1080, tag("main", "".join(columns), "channels")


def draw(path: Path, width: int, body: str) -> None:
    """Let chromium draw a page, as high as it is, and keep so many colours as are seen."""
    style = (_HERE / "looks.css").read_text(encoding="utf-8")
    measure = "document.title = document.querySelector('main').offsetHeight"
    page = f'<!doctype html><meta charset="utf-8"><style>{style}</style>{body}'
    with tempfile.TemporaryDirectory(prefix="monitor-pictures-") as folder:
        file = Path(folder) / "page.html"
        sized = f"{page}<style>main {{ width: {width}px }}</style><script>{measure}</script>"
        file.write_text(sized, encoding="utf-8")
        found = re.search(r"<title>(\d+)", _chromium(folder, file, "--dump-dom"))
        size = f"--window-size={width},{found[1] if found else 0}"
        drawn = f"{folder}/{path.name}"
        _chromium(folder, file, f"--screenshot={drawn}", size, "--force-device-scale-factor=2")
        _run("pngquant", "--force", "--strip", "--output", str(path), "128", "--", drawn)


_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--proxy-server=127.0.0.1:9",
)


def _chromium(folder: str, page: Path, *arguments: str) -> str:
    """What chromium says, run with a new profile and without a network."""
    profile = f"--user-data-dir={folder}/profile"
    return _run("chromium", *_QUIET, profile, *arguments, page.as_uri())


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    return done.stdout


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else _HERE
    for name, width, body in pictures():
        draw(target / f"{name}.png", width, body)
