"""All channels as a table: where each posts, the double behind it, how it shows what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.edges.transports.telegram import JOINER
from tests.edges.transports import discord_double as discord
from tests.edges.transports import email_double, letter_reader
from tests.edges.transports import mattermost_double as mattermost
from tests.edges.transports import slack_double as slack
from tests.edges.transports import teams_double as teams
from tests.edges.transports import telegram_double as telegram
from tests.edges.transports.hook_double import NEXT_SECRET, SECRET
from tests.edges.transports.sending import send
from tests.feed_server import FeedServer, Reply, Request, reply


@dataclass(frozen=True)
class Notation:
    """How what a channel shows is written down here: bold in stars, links as label <url>.

    `joins`: it writes what kind an alert is of and its headline as one, where no link parts them.
    """

    bold: str = "*{}*"
    kind: str = "*{}: *"
    linked: str = "*{}* <{}>"
    link: str = "{} <{}>"
    quote: str = "{}"
    report: str = "{}"
    joins: bool = False

    def headline(self, text: str, url: str = "", kind: str = "") -> str:
        """The first line of an alert."""
        if kind and not url and self.joins:
            return self.bold.format(f"{kind}: {text}")
        said = self.linked.format(text, url) if url else self.bold.format(text)
        return self.kind.format(kind) + said if kind else said


@dataclass(frozen=True)
class Flood:
    """What makes up a headline and a summary of a megabyte; `evident`: it begins with evidence."""

    title: str
    summary: str
    evident: bool = False


@dataclass(frozen=True)
class Hook:
    """A channel that posts over HTTP, and to which path.

    `secrets`: what its options hold that must not be told. `hears`: whether it is told what was
    answered; Apprise only hears the status of a failure.
    """

    type: str
    path: str
    options: Callable[[FeedServer], dict[str, str]]
    secrets: tuple[str, ...]
    hears: bool = True

    def receiver(self, server: FeedServer, **more: str) -> Receiver:
        """A receiver behind this server."""
        return Receiver("desk", self.type, self.options(server) | more)

    def send(
        self, server: FeedServer, one: Delivery | None = None, allow: str = "", **more: str
    ) -> Attempt:
        """One attempt, as the service would make it."""
        return send(server, self.receiver(server, **more), one, allow=allow)


class Room(Protocol):
    """A channel that people read.

    `worst`: more texts that it must take; `fill`: what grows most in its links; `floods`: its
    texts of a megabyte.
    """

    @property
    def type(self) -> str: ...
    @property
    def notation(self) -> Notation: ...
    @property
    def floods(self) -> tuple[Flood, ...]: ...
    @property
    def worst(self) -> tuple[str, ...]: ...
    @property
    def fill(self) -> str: ...
    def shown(self, one: Delivery) -> list[str]:
        """What a person sees, line by line, of a delivery that was taken without a fault."""


@dataclass(frozen=True, kw_only=True)
class WebRoom(Hook):
    """A channel that posts over HTTP what people read; `accepted`: what every attempt comes to."""

    double: Callable[[], Any]
    lines: Callable[[Any], list[str]]
    accepted: Mapping[str, Any]
    notation: Notation = Notation()
    floods: tuple[Flood, ...] = (Flood("x", "x"),)
    worst: tuple[str, ...] = ()
    fill: str = "x"

    def posted(self, server: FeedServer, one: Delivery, **more: str) -> tuple[Attempt, Any]:
        """An attempt, and the message that the double took of it."""
        double = self.double()
        server.serve(self.path, double)
        attempt = self.send(server, one, **more)
        assert (attempt.ok, double.faults) == (True, []), attempt
        assert attempt == replace(attempt, **self.accepted)
        return attempt, double.messages[0]

    def arrived(self, server: FeedServer, one: Delivery, **more: str) -> list[str]:
        """What a person sees, line by line."""
        return self.lines(self.posted(server, one, **more)[1])

    def shown(self, one: Delivery) -> list[str]:
        """The same, from a server of its own."""
        with FeedServer() as server:
            return self.arrived(server, one)


@dataclass(frozen=True)
class MailRoom:
    """E-mail. What Gmail would cut off is not taken."""

    type: str = "email"
    notation: Notation = Notation(linked="*{} <{}>*")
    floods: tuple[Flood, ...] = (Flood("<b>&", "<b>&"),)
    worst: tuple[str, ...] = ('"' * 5_000,)
    fill: str = "&'"

    def letter(self, one: Delivery | None = None) -> letter_reader.Letter:
        """The letter that arrives."""
        with email_double.MailServer() as server:
            attempt = email_double.send(server.port, one)
        assert (attempt.ok, server.flaws) == (True, []), attempt
        (letter,) = server.letters
        assert len(letter.html.encode()) < 100_000
        return letter

    def shown(self, one: Delivery) -> list[str]:
        """What a person sees of its HTML, line by line."""
        return letter_reader.shown(self.letter(one).html)


@dataclass
class JsonDouble:
    """Takes what Apprise posts to json://, its title and its text."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        self.messages.append(json.loads(request.body))
        return reply(b"ok")


def _titled(message: dict[str, Any]) -> list[str]:
    """Its lines, the title and where it leads as one."""
    lines: list[str] = message["message"].splitlines()
    if lines and lines[0].startswith("http"):
        return [f"{message['title']} {lines[0]}", *lines[1:]]
    return [message["title"], *lines]


_HIDDEN = "a-path-that-is-a-secret"
_SIG = "tFs9LpcdsN1pG3OGt8lUzSvoT9b3kU9ttXVmxiETPXE"
_SLACK_PATH = "/services/T0123456/B0123456/abcdefghijklmnopqrstuvwx"
_TEAMS_PATH = (
    "/powerautomate/automations/direct/workflows/b950a56150be4c05b3ace20939dcfd32/triggers/manual"
    f"/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={_SIG}"
)

SLACK = WebRoom(
    "slack",
    _SLACK_PATH,
    lambda server: {"url": server.url(_SLACK_PATH)},
    (_SLACK_PATH.rpartition("/")[2],),
    double=slack.SlackDouble,
    lines=slack.shown,
    accepted={"detail": "200 ok"},
    floods=(Flood("&", "&"),),
)
DISCORD = WebRoom(
    "discord",
    f"/api/v10{discord.PATH}?wait=true",
    lambda server: {"url": server.url(f"/api{discord.PATH}")},
    (discord.PATH.rpartition("/")[2],),
    double=discord.DiscordDouble,
    lines=discord.shown,
    accepted={},
    notation=Notation(kind="*{}:* ", joins=True),
    floods=(Flood("x", "x"), Flood("*", "*"), Flood("é ", "é ")),
    worst=(*discord.MARKUP, "*" * 500),
)
MATTERMOST = WebRoom(
    "mattermost",
    mattermost.PATH,
    lambda server: {"url": server.url(mattermost.PATH)},
    (mattermost.PATH.rpartition("/")[2],),
    double=mattermost.MattermostDouble,
    lines=mattermost.shown,
    accepted={"detail": "200 ok", "reference": ""},
    notation=Notation(kind="*{}:* ", linked="*{} <{}>*", joins=True),
    floods=(Flood("x", "x"), Flood("<", "<"), Flood("é ", "é ")),
    worst=(*mattermost.MARKUP, "<" * 500),
    fill="(",
)
TEAMS = WebRoom(
    "teams",
    _TEAMS_PATH,
    lambda server: {"url": server.url(_TEAMS_PATH)},
    (_SIG,),
    double=teams.TeamsDouble,
    lines=teams.shown,
    accepted={"detail": "202 Accepted", "reference": ""},
    notation=Notation(quote="> {}"),
    floods=(Flood("<at>", "@all ", evident=True),),
)
TELEGRAM = WebRoom(
    "telegram",
    telegram.PATH,
    lambda server: {
        "token": telegram.TOKEN,
        "chat": str(telegram.CHAT),
        "url": server.url(""),
    },
    (telegram.TOKEN.partition(":")[2],),
    double=telegram.TelegramDouble,
    lines=lambda message: [line.replace(JOINER, "") for line in telegram.shown(message)],
    accepted={"detail": "200 ok", "reference": "1"},
    notation=Notation(quote="> {}"),
    floods=(Flood("@all ", "🛩", evident=True),),
)
APPRISE = WebRoom(
    "apprise",
    f"/hooks/{_HIDDEN}",
    lambda server: {"url": f"json://127.0.0.1:{server.port}/hooks/{_HIDDEN}"},
    (_HIDDEN,),
    hears=False,
    double=JsonDouble,
    lines=_titled,
    accepted={"detail": "Apprise says that it was sent"},
    notation=Notation("{}", "{}: ", "{} {}", "{} {}", "> {}", "- {}"),
)
EMAIL = MailRoom()
WEBHOOK = Hook(
    "webhook",
    f"/hooks/{_HIDDEN}",
    lambda server: {
        "url": server.url(f"/hooks/{_HIDDEN}"),
        "secret": f"{SECRET} {NEXT_SECRET}",
    },
    (SECRET.removeprefix("whsec_"), NEXT_SECRET.removeprefix("whsec_"), _HIDDEN),
)

ROOMS: tuple[Room, ...] = (SLACK, DISCORD, MATTERMOST, TEAMS, TELEGRAM, APPRISE, EMAIL)
HOOKS: tuple[Hook, ...] = (SLACK, DISCORD, MATTERMOST, TEAMS, TELEGRAM, APPRISE, WEBHOOK)
