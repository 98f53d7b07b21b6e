"""What a case of the catalogue is: what a hostile server says, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from html import escape

from tests.feed_server import Reply, reply
from tests.hostile.headlines import headline

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


@dataclass(frozen=True)
class News:
    """What the feed of a case has to tell (two stories, `first` and `second`), and its whereabouts.

    `host`: its own address with the port; `canary`: one with the same port that nobody may come
    to; `turn`: how often it was asked before.
    """

    number: int
    host: str
    canary: str
    published: datetime
    turn: int = 0

    @property
    def first(self) -> str:
        """The title of the one story."""
        return headline(2 * self.number)

    @property
    def second(self) -> str:
        """The title of the other."""
        return headline(2 * self.number + 1)

    @property
    def both(self) -> tuple[str, str]:
        """Both titles."""
        return self.first, self.second

    def link(self, title: str) -> str:
        """Where a story stands at its outlet."""
        return f"https://outlet{self.number}.example/{self.both.index(title) + 1}"

    @property
    def date(self) -> str:
        """The pubDate of both."""
        return f"<pubDate>{format_datetime(self.published)}</pubDate>"

    def entry(
        self, title: str, *, shown: str | None = None, link: str | None = None, more: str = ""
    ) -> str:
        """An item of RSS; `shown`: markup in place of the title, `more`: further elements."""
        where = escape(self.link(title)) if link is None else link
        name = escape(title) if shown is None else shown
        guid = f"<guid isPermaLink='false'>{self.number}-{escape(title)}</guid>"
        return f"<item><title>{name}</title><link>{where}</link>{guid}{self.date}{more}</item>"

    @property
    def entries(self) -> str:
        """Both items."""
        return self.entry(self.first) + self.entry(self.second)

    @property
    def feed(self) -> bytes:
        """A feed as it should be."""
        return rss(self.entries)


def rss(entries: str, *, head: str = DECLARATION, more: str = "", attributes: str = "") -> bytes:
    """A document of RSS 2.0 with these items; `more` stands in the channel before them."""
    text = f'{head}<rss version="2.0" {attributes}><channel><title>Outlet</title>{more}{entries}'
    return f"{text}</channel></rss>".encode()


Answer = Callable[[News], Reply | bytes]
Titles = Callable[[News], Sequence[str]]


@dataclass(frozen=True)
class Case:
    """One way to be hostile, and what is to come of it.

    `outcome`: what a poll is recorded as ("a|b": either). `titles`: of the entries that come
    through; they alert too, unless `quiet` says why not. `links`: theirs. A poll takes `seconds`
    at most, and all processes that take part in it `memory` megabytes more than before. `url`: of
    the feed, where it is not the plain one.
    """

    name: str
    about: str
    answer: Answer
    outcome: str = "ok"
    titles: Titles = field(default=lambda news: news.both)
    links: Titles | None = None
    quiet: str = ""
    seconds: float = 2.0
    memory: int = 120
    url: str = "http://{host}/{name}"

    def reply(self, news: News) -> Reply:
        """What the server says now."""
        said = self.answer(news)
        return said if isinstance(said, Reply) else reply(said)


def nothing(_: News) -> Sequence[str]:
    """No entry comes through."""
    return ()


def first_only(news: News) -> Sequence[str]:
    """The first story comes through, the second is lost with the damage."""
    return (news.first,)


def second_only(news: News) -> Sequence[str]:
    """The second story comes through, the first is no story."""
    return (news.second,)


class Catalogue:
    """Cases as they are written down: `@cases.add("name", "about", outcome=..., ...)`."""

    def __init__(self) -> None:
        self.cases: list[Case] = []

    def add(
        self,
        name: str,
        about: str,
        *,
        outcome: str = "ok",
        titles: Titles = lambda news: news.both,
        links: Titles | None = None,
        quiet: str = "",
        seconds: float = 2.0,
        memory: int = 120,
        url: str = "http://{host}/{name}",
    ) -> Callable[[Answer], Answer]:
        """Adds the function below it as the answer of a case; as Case."""

        def added(answer: Answer) -> Answer:
            one = Case(name, about, answer, outcome, titles, links, quiet, seconds, memory, url)
            self.cases.append(one)
            return answer

        return added

    def fails(
        self, name: str, about: str, outcome: str, *, seconds: float = 2.0, memory: int = 120
    ) -> Callable[[Answer], Answer]:
        """The same for an answer of which nothing comes through."""
        return self.add(
            name, about, outcome=outcome, titles=nothing, seconds=seconds, memory=memory
        )
