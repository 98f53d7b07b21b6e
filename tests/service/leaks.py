"""Everything that can hold a secret, each with one mark in it, and outlets and receivers that fail
in every way and repeat what they were told.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

from tests.feed_server import FeedServer, Reply, Request, raw, reply
from tests.hub import Hub, verifies
from tests.service.endpoints import free_port

MARK = "cUcKoO"


def secret(name: str, fill: str = "") -> str:
    """A secret with the mark in it."""
    return f"{MARK}{name}{fill}0123456789abcdef"


def found_in(text: str) -> list[str]:
    """Where the mark stands in a text, in any form, with what is around it."""
    raw_mark = MARK.encode()
    forms = [MARK, MARK.lower(), "".join(f"%{one:02X}" for one in raw_mark)]
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw_mark + b"\0\0")
        forms.append(coded[-(-before * 8 // 6) : (before + len(raw_mark)) * 8 // 6].decode())
    places = [text.find(form) for form in forms]
    return [text[max(0, at - 80) : at + 80] for at in places if at >= 0]


SIGNING = base64.b64encode(f"{secret('signing')}{MARK}{'x' * 9}".encode()).decode()
ENVIRON = {
    "SLACK_URL": f"http://127.0.0.1:{{port}}/services/T01/B01/{secret('slack')}",
    "LEAK": f"{secret('feedpass', '/+')} {secret('slack')} {secret('query')} {secret('store')}",
}
CONFIG = """\
[polling]
interval = "1s"
min_interval = "1s"
max_interval = "2s"
host_gap = "0s"
deadline = "1s"
[deliveries]
timeout = "1s"
[network]
allow = ["127.0.0.0/8"]
[store]
url = "{store}"
[websub]
callback = "http://127.0.0.1:{callback}/push"
listen = "127.0.0.1:{callback}"
allow_http = true
[web]
listen = "127.0.0.1:{web}"
token = "{token}"
run = true
[canary]
receiver = "log"
every = "1m"
ping = "http://127.0.0.1:{port}/ping/{ping}?key={ping}"

{feeds}
{receivers}
[[routes]]
topics = ["sahel"]
receivers = [{names}]
[[routes]]
topics = ["sahel"]
feeds = ["http://127.0.0.1:{port}/elsewhere?token={query}"]
receivers = ["log"]
"""
RECEIVERS = f"""\
slack: url = "${{{{SLACK_URL}}}}"
slack: token = "xoxb-{secret("bot")}", channel = "C1", url = "{{base}}/api"
webhook: url = "{{base}}/hook/{secret("hookpath")}?token={secret("hookquery")}", \
secret = "${{{{HOOK_SECRET}}}}", headers = "Authorization: Bearer {secret("header")}"
discord: url = "{{base}}/api/webhooks/123456789012345678/{secret("discord")}"
teams: url = "{{base}}/teams?api-version=1&sig={secret("teams")}"
mattermost: url = "{{base}}/hooks/{secret("mattermost")}"
telegram: token = "123456789:{secret("telegram")}", chat = "-1001", url = "{{base}}"
apprise: url = "json://reader:{secret("apprise")}@127.0.0.1:{{port}}/{secret("apprisepath")}"
email: host = "127.0.0.1", port = 9, tls = "none", allow_plain = true, user = "desk", \
password = "{secret("smtp", " four words ")}", from = "a@b.example", to = "c@d.example"
console:
file: path = "{{log}}"
"""
# Paths of feeds, and what they answer; each has a key of its own in its query.
KEYS = ("api_key", "token", "key", "sig", "auth", "password", "access_token", "secret", "session")


RECEIVER_NAMES = [
    "log" if line.startswith("file") else f"{line.partition(':')[0]}{number}"
    for number, line in enumerate(RECEIVERS.splitlines())
]


def receivers(base: str, log: Path) -> str:
    """The tables of all receivers."""
    told = RECEIVERS.format(base=base, port=base.rpartition(":")[2], log=log).splitlines()
    tables = []
    for name, line in zip(RECEIVER_NAMES, told, strict=True):
        kind, _, options = line.partition(":")
        lines = "\n".join(options.strip().split(", "))
        tables.append(f'[[receivers]]\nname = "{name}"\ntype = "{kind}"\npace = "off"\n{lines}\n')
    return "\n".join(tables)


def _posted_to(line: str) -> list[str]:
    """The paths that a receiver of this line is posted to."""
    paths = re.findall(r'base}(/[^"]+)"', line)
    paths = [one.replace("/api/webhooks", "/api/v10/webhooks") for one in paths]
    paths += [f"{one}?wait=true" for one in paths] + [f"{one}/chat.postMessage" for one in paths]
    bots = [f"/bot{one}/sendMessage" for one in re.findall(r'token = "(1[^"]+)"', line)]
    hooks = [f"/{secret('apprisepath')}"] if line.startswith("apprise") else []
    return [*paths, *bots, *hooks, f"/services/T01/B01/{secret('slack')}"]


class World:
    """The outlets, and receivers none of which takes an alert; all of them say what they heard."""

    def __init__(self, server: FeedServer) -> None:
        self.server, self.hub = server, Hub(server, behaves=verifies)
        self.titles: list[str] = []
        self.web = free_port()
        feed, moved = self._feed, f"/elsewhere?token={secret('query')}"
        answers: dict[str, Callable[[Request], Reply] | Reply] = {
            "/good": feed,
            "/gone": reply(MARK.encode(), 404),
            "/hangs": raw(30.0),
            "/redirects": reply(b"", 302, Location=f"http://x:{secret('hop')}@127.0.0.1:1{moved}"),
            "/private": reply(b"", 301, Location=f"http://10.0.0.1/?key={secret('hop')}"),
            "/page": reply(f"<html>{MARK}".encode()),
            "/bug": reply(b""),
            "/broken": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss>"),
            "/keyed-hub": lambda request: self._feed(request, hub=True),
        }
        self.feeds = {}
        for (path, answer), name in zip(answers.items(), KEYS, strict=True):
            query = f"?{name}={secret('query')}"
            server.serve(path + query, answer)
            self.feeds[path] = server.url(path + query)
        server.serve("/pushed", lambda request: self._feed(request, hub=True))
        self.feeds["/pushed"] = server.url("/pushed")

        for line in RECEIVERS.splitlines():
            for path in _posted_to(line):
                server.serve(path, _ANSWERS.get(line.partition(":")[0], echo))

    def _feed(self, request: Request, *, hub: bool = False) -> Reply:
        parts = "".join(
            f"<item><guid>{one}</guid><title>{one}</title><pubDate>{at}</pubDate>"
            f"<link>http://u:{secret('link')}@a.example/{n}</link></item>"
            for at in [format_datetime(datetime.now(UTC))]
            for n, one in enumerate(self.titles)
        )
        body = f"<rss version='2.0'><channel><title>F</title>{parts}</channel></rss>".encode()
        url = self.server.url(request.path)
        link = f'<{self.hub.url}>; rel="hub", <{url}>; rel="self"'
        return reply(body, Link=link) if hub else reply(body)

    def configure(self, folder: Path, store: str) -> tuple[Path, dict[str, str]]:
        """The configuration, and the environment it needs."""
        userinfo = f"reader:{quote(secret('feedpass', '/+'), safe='')}@"
        tables = [
            f'[[feeds]]\nurl = "{url.replace("//", f"//{userinfo}")}"\n'
            for url in self.feeds.values()
        ]
        base = f"http://127.0.0.1:{self.server.port}"
        config = folder / "monitor.toml"
        config.write_text(
            CONFIG.format(
                store=store,
                callback=free_port(),
                web=self.web,
                token=secret("web"),
                feeds="\n".join(tables),
                receivers=receivers(base, folder / "alerts.jsonl"),
                names=", ".join(map(json.dumps, RECEIVER_NAMES)),
                port=self.server.port,
                query=secret("query"),
                ping=secret("ping"),
            )
        )
        (folder / "hook-secret").write_text(f"whsec_{SIGNING}\n")
        environ = {name: text.format(port=self.server.port) for name, text in ENVIRON.items()}
        return config, {**environ, "HOOK_SECRET_FILE": str(folder / "hook-secret")}


def echo(request: Request) -> Reply:
    """A receiver that refuses, and says all that it was told."""
    heard = json.dumps([request.path, request.headers])
    return reply(heard.encode(), 410 if "teams" in request.path else 500)


# Those that do not answer at all.
_ANSWERS: dict[str, Reply] = {"discord": raw(30.0), "mattermost": raw(reset=True)}


@contextmanager
def world(folder: Path, store: str) -> Iterator[tuple[World, Path, dict[str, str]]]:
    with FeedServer() as server:
        made = World(server)
        config, environ = made.configure(folder, store)
        yield made, config, environ


def faulty_config(folder: Path) -> Path:
    """A configuration whose every value with a secret in it has a fault."""
    url = f"http://u:{secret('a')}@a.example/?key={secret('b')}"
    feeds = (url, url, f"http://u:{secret('c')}/x@a.example/", f"ftp://{secret('d')}@a.example/")
    tables = [f'[[feeds]]\nurl = "{one}"\n' for one in feeds]
    options = {
        "webhook": f'url = "ftp://x/{secret("f")}"\nsecret = "{secret("g")}"',
        "slack": f'token = "{secret("h")}"',
        "telegram": f'token = "{secret("i")}"\nchat = "{secret("j")}"',
        "email": f'host = "{secret("k")} "\nfrom = "{secret("l")}"\npassword = "{secret("m")}"',
        "apprise": f'url = "{secret("n")}://x"',
        "discord": f'url = "https://discord.com/{secret("o")}"\nthread_id = "{secret("p")}"',
    }
    for kind, lines in options.items():
        tables.append(f'[[receivers]]\nname = "{kind}"\ntype = "{kind}"\n{lines}\n')
    tables.append(f'[store]\nurl = "http://:{secret("q")}@x"\n')
    tables.append(f'[network]\nproxy = "ftp://u:{secret("r")}@x"\n')
    config = folder / "faulty.toml"
    config.write_text("".join(tables))
    return config
