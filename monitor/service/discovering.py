"""Finding a site's feeds: its page is read, and each address that may be a feed is tried."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.core.models import Document, Failure, Feed, Parsed, PollOutcome, Validators
from monitor.core.parse import ParseLimits
from monitor.core.parse.charset import decode
from monitor.core.parse.discovery import (
    Candidate,
    find_feeds,
    format_of,
    from_robots,
    title_of,
    usual_places,
)
from monitor.core.parse.links import absolute
from monitor.core.parse.sniff import legal
from monitor.edges.fetch import Fetcher
from monitor.service import ports
from monitor.service.bounds import parser_of
from monitor.service.clockwork import utc_now
from monitor.service.wiring import Service

# So many addresses are asked at most, within so many seconds, the gaps between them not counted.
_VISITS, _DEADLINE = 20, 30.0
# After so many addresses of a page without a feed among them, the usual places are tried.
_PATIENCE = 9
_PORTS = (80, 443)
# Seconds for one address, and for reading what it gave.
_FETCH, _PARSE = 10.0, timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that can be read now.

    `newest`: when its latest entry was published, None where no entry says. `found_by`: as in
    Candidate, or "itself" for the very address that was asked about.
    """

    url: str
    title: str
    format: str
    entries: int
    newest: datetime | None
    found_by: str


def run(service: Service, page: Feed) -> tuple[Found, ...] | Failure:
    """The feeds of the site that has this page (its address, and what opens it), or why the page
    cannot be read.
    """
    gap = service.settings.host_gap.total_seconds()
    limits = replace(service.limits, deadline=min(_FETCH, service.limits.deadline))
    parser = parser_of(service.settings, wall=_PARSE)

    async def search() -> tuple[Found, ...] | Failure:
        async with Fetcher(service.allow, limits, utc_now) as fetcher:
            return await discover(page, fetcher, parser, gap=gap)

    try:
        return asyncio.run(search())
    finally:
        parser.close()


async def discover(
    page: Feed,
    fetcher: ports.Fetcher,
    parser: ports.Parser,
    *,
    gap: float,
    deadline: float = _DEADLINE,
) -> tuple[Found, ...] | Failure:
    """Feeds in the order of likelihood; what was found when the time (seconds) is over.

    A Failure tells why the page itself cannot be read. `gap`: seconds between two requests, for
    which there is time beside the deadline.
    """
    search = _Search(fetcher, parser, gap)
    try:
        async with asyncio.timeout(deadline + _VISITS * gap):
            failure = await search.look(page)
    except TimeoutError:
        failure = None
    return failure or tuple(search.found)


def address(text: str) -> str:
    """An http(s) address as people type it, without credentials; "" if it is none."""
    return absolute(text, "", ParseLimits().link).partition("#")[0]


@dataclass
class _Search:
    """One search: what was asked so far, and what came of it."""

    fetcher: ports.Fetcher
    parser: ports.Parser
    gap: float
    asked: set[str] = field(default_factory=set)
    found: list[Found] = field(default_factory=list)

    async def look(self, asked: Feed) -> Failure | None:
        """Fills `found`; the failure of the page itself, if it is one."""
        page = await self._visit(asked)
        if not isinstance(page, Document):
            return page
        itself = self._read(Candidate(asked.url, found_by="itself"), page)
        if not isinstance(itself, Failure):
            self.found.append(itself)
        elif itself.outcome is not PollOutcome.NOT_A_FEED:
            return itself
        else:
            await self._search(page)
        return None

    async def _search(self, page: Document) -> None:
        named = find_feeds(_text(page), page.url)
        await self._try(named[:_PATIENCE])
        if self.found:
            await self._try(named[_PATIENCE:])
            return
        robots = await self._visit(Feed(absolute("/robots.txt", page.url, len(page.url) + 20)))
        if isinstance(robots, Document):
            await self._try(from_robots(_text(robots), page.url)[:_PATIENCE])
        for one in usual_places(page.url):
            # They often lead to one feed under several names: the first is enough.
            if not self.found:
                await self._try([one])

    async def _try(self, candidates: Iterable[Candidate]) -> None:
        for one in candidates:
            document = await self._visit(Feed(one.url)) if self._usual(one.url) else None
            if isinstance(document, Document):
                feed = self._read(one, document)
                if isinstance(feed, Found) and feed.url not in {each.url for each in self.found}:
                    self.found.append(feed)

    def _usual(self, url: str) -> bool:
        """Whether an address leads to a port that strangers may name: a usual one, or the page's
        own.
        """
        return urlsplit(url).port in {None, *_PORTS, *(urlsplit(one).port for one in self.asked)}

    async def _visit(self, asked: Feed) -> Document | Failure | None:
        """What an address gives; None where it was asked before or enough were."""
        if asked.url in self.asked or len(self.asked) >= _VISITS:
            return None
        if self.asked:
            await asyncio.sleep(self.gap)
        self.asked.add(asked.url)
        answer = await self.fetcher.fetch(asked, Validators())
        return answer if isinstance(answer, Document | Failure) else None

    def _read(self, candidate: Candidate, document: Document) -> Found | Failure:
        parsed = self.parser.parse(Feed(candidate.url), document)
        if not isinstance(parsed, Parsed):
            return parsed
        text = _text(document)
        dates = [entry.published for entry in parsed.entries if entry.published]
        return Found(
            url=document.moved or candidate.url,
            title=candidate.title or title_of(text),
            format=format_of(text),
            entries=len(parsed.entries),
            newest=max(dates, default=None),
            found_by=candidate.found_by,
        )


def _text(document: Document) -> str:
    return legal(decode(document.body, document.content_type)).strip("\ufeff \t\r\n")
