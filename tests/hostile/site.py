"""The servers of the cases: each has an address of its own on loopback, all have one port.

An address that no case may lead to is a canary: whoever comes there was led astray.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.certificate import context_of, self_signed
from tests.feed_server import FeedServer, Reply, Request, reply
from tests.hostile.case import Case, News, rss

CANARY = "127.66.0.1"
# The addresses that the configuration allows; neither the canary's nor 127.0.0.1 is among them.
ALLOWED = ("127.1.0.0/16", "127.2.0.0/16")
_CANARIES = (CANARY, "::1")


def address(number: int) -> str:
    """The address of a case."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


@dataclass
class Site:
    """What serves the cases. As long as it is not `open`, each is a feed without entries."""

    cases: Sequence[Case]
    server: FeedServer
    tls: FeedServer
    silent: int
    closed: int
    published: datetime
    open: bool = True
    turns: Counter[int] = field(default_factory=Counter)

    def url(self, number: int) -> str:
        """The URL of a case's feed."""
        case = self.cases[number]
        return case.url.format(
            name=case.name,
            address=address(number),
            host=f"{address(number)}:{self.server.port}",
            port=self.server.port,
            tls=f"127.1.255.1:{self.tls.port}",
            silent=f"127.1.255.2:{self.silent}",
            closed=f"127.1.255.3:{self.closed}",
        )

    def news(self, number: int) -> News:
        """What a case tells when it is asked next."""
        host = f"{address(number)}:{self.server.port}"
        canary = f"{CANARY}:{self.server.port}"
        return News(number, host, canary, self.published, self.turns[number])

    def led_astray(self) -> list[Request]:
        """The requests that came where nobody may come."""
        return [one for one in self.server.requests if not one.to.startswith("127.1.")]

    def strangers(self) -> int:
        """The connections that came where nobody may come."""
        called = self.server.called
        return sum(count for place, count in called.items() if not place.startswith("127.1."))

    def serve(self) -> None:
        """Have the servers answer for all cases."""
        for number in range(len(self.cases)):
            for server in (self.server, self.tls):
                server.serve(f"/{self.cases[number].name}", self._answering(number))

    def _answering(self, number: int) -> Callable[[Request], Reply]:
        def answer(_: Request) -> Reply:
            if not self.open:
                return reply(rss(""))
            news = self.news(number)
            self.turns[number] += 1
            return self.cases[number].reply(news)

        return answer


@contextmanager
def site(cases: Sequence[Case], folder: Path) -> Iterator[Site]:
    """The servers of these cases; the folder is for a certificate."""
    with ExitStack() as stack:
        places = [*map(address, range(len(cases))), *_CANARIES]
        server = stack.enter_context(FeedServer(aliases=places))
        certificate = self_signed(folder, "IP:127.1.255.1")
        tls = stack.enter_context(FeedServer(tls=context_of(certificate), address="127.1.255.1"))
        silent = stack.enter_context(socket.create_server(("127.1.255.2", 0)))
        with socket.create_server(("127.1.255.3", 0)) as gone:
            closed = gone.getsockname()[1]
        now = datetime.now(UTC)
        made = Site(cases, server, tls, silent.getsockname()[1], closed, now)
        made.serve()
        yield made
