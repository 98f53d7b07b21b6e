"""Draws the pictures of alerts in the documentation. From the root of the repository:

    PYTHONPATH=. python docs/pictures/render.py [FOLDER]

Debian's chromium, fonts-lato, fonts-open-sans, fonts-roboto-unhinted, fonts-noto-core and
fonts-noto-color-emoji are needed. The reports in stories.toml go through the shipped rules, what
is told goes through the real channels, and their payloads are drawn here. looks.css is how the
apps look, by eye: not their code, and no proof of how they break lines.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from monitor.core.commit import gather
from monitor.core.digests import message_of
from monitor.core.identity import identify
from monitor.core.models import Attempt, Condition, Delivery, Entry, Feed, FeedState, Route
from monitor.core.notices import notices
from monitor.core.pacing import Turn, parcels
from monitor.core.triage import Policy
from monitor.core.wording import put
from monitor.edges.rulebook import load_rulebook
from monitor.edges.store.memory import MemoryStore
from monitor.edges.transports import discord, slack, teams, telegram
from monitor.service.deciding import decide

_HERE = Path(__file__).parent
_STORIES = tomllib.loads((_HERE / "stories.toml").read_text(encoding="utf-8"))
_DAY = datetime(2026, 11, 23, tzinfo=UTC)
# From when an outlet dates a report to when it is seen, and from then to when it is sent.
_LAG, _SENDING = timedelta(minutes=6), timedelta(seconds=4)


# --- what is told -----------------------------------------------------------------------


def told(story: str, **wanted: Any) -> list[Delivery]:
    """What a desk with one route is told of the reports of a story, by the shipped rules."""
    route = Route(("desk",), topics=frozenset({"russia-sahel", "sahel"}), **wanted)
    policy, store = Policy(load_rulebook(None), (route,)), MemoryStore()
    return [made for number in _numbers(story) for made in _judged(story, number, policy, store)]


def _numbers(story: str) -> range:
    return range(len(_STORIES[story]))


def _judged(story: str, number: int, policy: Policy, store: MemoryStore) -> Sequence[Delivery]:
    """The deliveries that one report leads to; the store remembers it."""
    report = _STORIES[story][number]
    feed, now = _feed(report["outlet"]), _at(report["at"])
    one = _entry(feed, f"{story}-{number}", report, now - _LAG)
    decided = decide(store, feed, tuple(zip((one,), identify([one]), strict=True)), policy, now)
    state = FeedState(revision=store.feed_state(feed.key).revision + 1)
    commit = gather(feed.key, feed.url, state, decided.verdicts, decided.known, now=now)
    if not store.commit(commit):
        raise AssertionError("memory has one writer, yet a commit was refused")
    return commit.deliveries


def _entry(feed: Feed, name: str, report: Mapping[str, str], published: datetime) -> Entry:
    link = f"{feed.url.rpartition('/')[0]}/{name}"
    words = (report["title"], report["summary"], link)
    return Entry(feed.url, name, *words, published=published, language=feed.language)


def _feed(outlet: str) -> Feed:
    return Feed(f"https://{outlet}.example/feed", **_STORIES["outlets"][outlet])


def _at(clock: str) -> datetime:
    return datetime.combine(_DAY, datetime.strptime(clock, "%H:%M").time(), UTC)  # noqa: DTZ007


def raid() -> tuple[Delivery, Delivery]:
    """An alert as the bot edits it once its update came, and that update."""
    first, update = told("raid")
    ours = first.alert.story.carrier.feed
    carriers = (*update.alert.others, update.alert.story.carrier)
    others = tuple(one for one in carriers if one.feed != ours)
    return replace(first, alert=replace(first.alert, others=others)), update


def digest() -> Delivery:
    """A digest, as the sender puts it together."""
    due = told("digest", alerts="digest", updates="digest")
    (parcel,) = parcels(due, Turn(), reports=10)
    return replace(message_of(parcel), created=_at("19:30"))


def notice() -> Delivery:
    """That a receiver takes no alerts."""
    since, now = _at("19:26"), _at("19:34")
    after = Condition(failures=5, since=since.timestamp())
    refused = Attempt(ok=False, detail="503 upstream connect error", status=503)
    (made,) = notices("night-desk", Condition(), after, refused, dead=0, to=("desk",), now=now)
    return made


# --- how the apps show it ---------------------------------------------------------------

_Message = Callable[[Any], dict[str, Any]]


def shown(sent: Delivery, message: _Message) -> dict[str, Any]:
    """The payload of a delivery, made by its channel."""
    return message(put(sent.alert, sent.created + _SENDING))


def tag(name: str, inner: str, kind: str = "", more: str = "") -> str:
    """An element of HTML; `inner` is HTML already. `dir` is as Slack's web client has it."""
    return f'<{name} class="{kind}" {more}>{inner}</{name}>'


def linked(inner: str, url: str) -> str:
    return f'<a href="{escape(url)}">{inner}</a>' if url else inner


def signed(sent: Delivery, body: str) -> str:
    """A message with its avatar, the app's name and the time."""
    name = tag("b", "monitor") + tag("span", "APP", "app")
    head = name + tag("time", f"{sent.created:%-I:%M %p}")
    return tag("div", tag("i", "m", "avatar") + tag("div", head + body, "body"), "message")


def slack_message(sent: Delivery) -> str:
    return signed(sent, "".join(map(_slack_block, shown(sent, slack.message)["blocks"])))


def _slack_block(block: Mapping[str, Any]) -> str:
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
    (attached,) = shown(sent, teams.message)["attachments"]
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
    return tag("span", linked(escape(one["text"]), one.get("selectAction", {}).get("url", "")), kind)


def discord_message(sent: Delivery) -> str:
    payload = shown(sent, discord.message)
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
    payload = shown(sent, telegram.message)
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
    for left, right in zip(edges, edges[1:], strict=False):
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


def pictures() -> Iterator[tuple[str, int, float, str]]:
    """Each picture's name, width in CSS pixels, scale, and body."""
    (alliance,) = told("alliance", languages=frozenset({"en", "ar"}))
    (arabic,) = told("arabic")
    first, update = raid()
    desk = tag("h1", "# sahel-desk")
    both = slack_message(alliance) + slack_message(arabic)
    yield "slack-alert-phone", 360, 2, tag("main", desk + both, "slack phone")
    thread = slack_message(first) + tag("h2", "1 reply") + slack_message(update)
    head = tag("h1", "Thread " + tag("small", "# sahel-desk"))
    yield "slack-alert", 720, 2, tag("main", head + thread, "slack desktop")
    daily = slack_message(digest()) + slack_message(notice())
    yield "slack-digest-phone", 360, 2, tag("main", desk + daily, "slack phone")
    drawn = (("Teams", teams_message), ("Discord", discord_message), ("Telegram", telegram_message))
    columns = [tag("section", tag("h1", name) + draw(alliance), name) for name, draw in drawn]
    yield "channels", 1080, 1.5, tag("main", "".join(columns), "channels")


def draw(path: Path, width: int, scale: float, body: str) -> None:
    """Let chromium draw a page, as high as it is."""
    style = (_HERE / "looks.css").read_text(encoding="utf-8")
    measure = "document.title = document.querySelector('main').offsetHeight"
    page = f'<!doctype html><meta charset="utf-8"><style>{style}</style>{body}'
    with tempfile.TemporaryDirectory(prefix="monitor-pictures-") as folder:
        file = Path(folder) / "page.html"
        sized = f"{page}<style>main {{ width: {width}px }}</style><script>{measure}</script>"
        file.write_text(sized, encoding="utf-8")
        found = re.search(r"<title>(\d+)", _chromium(folder, file, "--dump-dom"))
        size = f"--window-size={width},{found[1] if found else 0}"
        scaled = f"--force-device-scale-factor={scale}"
        _chromium(folder, file, f"--screenshot={path.resolve()}", size, scaled)


def _chromium(folder: str, page: Path, *arguments: str) -> str:
    """What chromium says, run with a new profile and without a network."""
    quiet = "--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run".split()
    apart = "--disable-background-networking --disable-sync --proxy-server=127.0.0.1:9".split()
    profile = f"--user-data-dir={folder}/profile"
    command = ["chromium", *quiet, *apart, profile, *arguments, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    return done.stdout


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else _HERE
    for name, width, scale, body in pictures():
        draw(target / f"{name}.png", width, scale, body)
