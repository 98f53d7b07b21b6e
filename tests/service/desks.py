"""Receivers on loopback that misbehave on demand and count what arrives, and many headlines."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.feed_server import FeedServer, Reply, Request, raw, reply

_PLACES = {
    "Mali": "Gao Mopti Ségou Kidal Tessalit Ménaka Sikasso Kayes Koulikoro Bandiagara Goundam"
    " Niafunké Douentza Nioro Ansongo Bourem",
    "Niger": "Agadez Diffa Zinder Tillabéri Tahoua Maradi Dosso Arlit Ayorou Téra Abala",
    "Burkina Faso": "Djibo Dori Kaya Ouahigouya Bobo-Dioulasso Arbinda Koudougou Banfora Titao"
    " Barsalogho",
    "Chad": "Abéché Moundou Sarh Bol Mao",
    "Mauritania": "Nouadhibou Néma Atar Kiffa Rosso",
}
_HAPPENINGS = (
    "Teachers of {} begin strike over unpaid wages",
    "Gold mine collapses near {}",
    "Airport of {} reopens to civilian flights",
    "Floods destroy hundreds of homes in {}",
    "Radio station of {} suspended by regulator",
    "Solar power plant opens in {}",
    "Gunmen ambush fuel convoy outside {}",
    "Court in {} tries former mayor for graft",
    "Measles vaccination starts around {}",
    "Lorry and bus collide on road to {}",
    "Locusts destroy millet harvest around {}",
)


def headlines() -> list[str]:
    """Over 500 headlines about the Sahel, each of an event of its own; neighbours in the list
    tell of different kinds of events.
    """
    places = [(country, place) for country, names in _PLACES.items() for place in names.split()]
    return [
        f"{country}: {_HAPPENINGS[(n + shift) % len(_HAPPENINGS)].format(place)}"
        for shift in range(len(_HAPPENINGS))
        for n, (country, place) in enumerate(places)
    ]


Behaviour = Callable[["Desk", Request], Reply]


@dataclass
class Desk:
    """A receiver at `/NAME`. What it took counts even where its answer says nothing of it."""

    server: FeedServer
    name: str
    behaves: Behaviour | None = None
    came: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server.serve(f"/{self.name}", self._answer)

    def _answer(self, request: Request) -> Reply:
        if self.behaves:
            return self.behaves(self, request)
        self.take(request)
        return reply(b"ok")

    def take(self, request: Request) -> None:
        """Count a message: its id and its headline, of a digest those of its reports."""
        message = json.loads(request.body)
        name = request.headers.get("webhook-id", "")
        with self.lock:
            self.came += [(name, title) for title in _titles(message)]

    def counts(self) -> Counter[str]:
        """How often each headline came."""
        with self.lock:
            return Counter(title for _, title in self.came)

    def names(self) -> dict[str, set[str]]:
        """Under which ids each headline came."""
        found: dict[str, set[str]] = {}
        with self.lock:
            for name, title in self.came:
                found.setdefault(title, set()).add(name)
        return found


def _titles(message: dict[str, object]) -> list[str]:
    if message.get("type") == "notice":
        return []
    if "blocks" not in message:
        found = message["data"]
        assert isinstance(found, dict)
        return [one["title"] for one in found.get("reports", ())] or [found["title"]]
    blocks = message["blocks"]
    assert isinstance(blocks, list)
    return ["".join(one["text"] for one in blocks[0]["elements"][0]["elements"])]


# -- how receivers misbehave ---------------------------------------------------------


def fails(_: Desk, __: Request) -> Reply:
    """500, and nothing was taken."""
    return reply(b"no", 500)


def is_busy(_: Desk, __: Request) -> Reply:
    """429 that asks for two seconds."""
    return reply(b"slow down", 429, Retry_After="2")


def hangs(desk: Desk, _: Request) -> Reply:
    """No answer, and nothing was taken."""
    return raw(20.0)


def resets(_: Desk, __: Request) -> Reply:
    """A reset instead of an answer."""
    return raw(b"HTTP/1.1 2", reset=True)


def answers_late(desk: Desk, request: Request) -> Reply:
    """It took the message, but says so only when nobody waits any more."""
    desk.take(request)
    return raw(20.0)


def moves(desk: Desk, _: Request) -> Reply:
    """A redirect to another place, where nothing may ever be asked for."""
    return reply(b"", 307, Location=desk.server.url("/canary"))
