"""Discovery of feeds from a page: with a fake web, and once over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.core.models import (
    Document,
    Earlier,
    Failure,
    Feed,
    NotModified,
    Parsed,
    PollOutcome,
    Validators,
)
from monitor.core.parse import parse
from monitor.edges.fetch import Fetcher, FetchLimits
from monitor.edges.net import parse_allow
from monitor.service import ports
from monitor.service.clockwork import utc_now
from monitor.service.discovering import Found, address, discover
from tests.feed_server import FeedServer, reply

EARLIER = Earlier()
SITE = "https://site.example"
RSS = (
    "<rss version='2.0'><channel><title>The feed</title>"
    "<item><title>A</title><pubDate>Wed, 01 May 2024 10:00:00 GMT</pubDate></item>"
    "<item><title>B</title><pubDate>Thu, 02 May 2024 10:00:00 GMT</pubDate></item>"
    "<item><title>C</title></item></channel></rss>"
)
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title></entry></feed>'
MISSING = Failure(PollOutcome.HTTP_404, "404 Not Found")


class InProcess:
    """The parser without a process of its own."""

    def parse(self, feed: Feed, document: Document, earlier: Earlier = EARLIER) -> Parsed | Failure:
        return parse(feed, document)


@dataclass
class Web:
    """Pages by path; all else is missing. Some never answer."""

    pages: Mapping[str, str | Failure | NotModified]
    silent: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def fetch(
        self, feed: Feed, validators: Validators, at: str = ""
    ) -> Document | NotModified | Failure:
        path = feed.url.removeprefix(SITE)
        self.asked.append(path)
        if path in self.silent:
            await asyncio.Event().wait()
        page = self.pages.get(path, MISSING)
        return Document(feed.url, page.encode()) if isinstance(page, str) else page


def search(
    web: ports.Fetcher, url: str = f"{SITE}/", deadline: float = 30
) -> tuple[Found, ...] | Failure:
    return asyncio.run(discover(Feed(url), web, InProcess(), gap=0, deadline=deadline))


def found(web: ports.Fetcher, url: str = f"{SITE}/", deadline: float = 30) -> list[Found]:
    result = search(web, url, deadline)
    assert not isinstance(result, Failure)
    return list(result)


def link(path: str) -> str:
    return f'<link rel="alternate" type="application/rss+xml" title="Stated" href="{path}">'


def test_an_address_that_is_a_feed_itself_is_found_with_one_request() -> None:
    web = Web({"/": RSS})
    (one,) = found(web)
    assert (one.url, one.title, one.format, one.found_by) == (
        f"{SITE}/",
        "The feed",
        "RSS",
        "itself",
    )
    assert (one.entries, one.newest and one.newest.isoformat()) == (3, "2024-05-02T10:00:00+00:00")
    assert web.asked == ["/"]


def test_each_address_of_a_page_is_tried_once_and_told_if_it_is_a_feed() -> None:
    page = link("/rss") + link("/gone") + '<a href="/atom">Atom</a><a href="/">RSS</a>'
    web = Web({"/": page, "/rss": RSS, "/atom": ATOM})
    assert [(one.url, one.title, one.format, one.newest is None) for one in found(web)] == [
        (f"{SITE}/rss", "Stated", "RSS", False),
        (f"{SITE}/atom", "Atom", "Atom", True),
    ]
    assert web.asked == ["/", "/rss", "/gone", "/atom"]


def test_without_a_feed_on_the_page_news_sitemaps_of_robots_txt_are_tried() -> None:
    sitemap = "<urlset><url><loc>/a</loc><n:news><n:title>A</n:title></n:news></url></urlset>"
    web = Web({"/": "<p>", "/robots.txt": "Sitemap: /news.xml", "/news.xml": sitemap})
    (one,) = found(web)
    assert (one.format, one.found_by) == ("news sitemap", "robots")
    assert web.asked == ["/", "/robots.txt", "/news.xml"]


def test_the_usual_places_are_the_last_resort_and_the_first_feed_is_enough() -> None:
    web = Web({"/": link("/gone"), "/rss.xml": RSS, "/feed.xml": RSS})
    (one,) = found(web)
    assert (one.url, one.found_by) == (f"{SITE}/rss.xml", "path")
    assert web.asked == ["/", "/gone", "/robots.txt", "/feed", "/rss", "/rss.xml"]


def test_no_more_than_twenty_addresses_are_asked() -> None:
    many = "".join(link(f"/{number}") for number in range(50))
    web = Web({"/": many})
    assert found(web) == []
    assert len(web.asked) == 20
    assert "/robots.txt" in web.asked
    full = Web({"/": many} | {f"/{number}": RSS for number in range(50)})
    assert len(found(full)) == 19


def test_two_addresses_that_moved_to_one_feed_are_told_once() -> None:
    class Moved(Web):
        async def fetch(
            self, feed: Feed, validators: Validators, at: str = ""
        ) -> Document | NotModified | Failure:
            if feed.url == f"{SITE}/":
                return await super().fetch(feed, validators)
            return Document(f"{SITE}/new", RSS.encode(), moved=f"{SITE}/new")

    assert [one.url for one in found(Moved({"/": link("/a") + link("/b")}))] == [f"{SITE}/new"]


def test_what_was_found_when_the_time_is_over_is_told() -> None:
    web = Web({"/": link("/rss") + link("/hangs"), "/rss": RSS}, frozenset({"/hangs"}))
    assert [one.url for one in found(web, deadline=0.1)] == [f"{SITE}/rss"]


def test_a_page_that_cannot_be_read_is_a_failure_with_its_reason() -> None:
    assert search(Web({})) == MISSING
    broken = search(Web({"/": '<rss version="2.0"><channel><item>'}))
    assert isinstance(broken, Failure)
    assert broken.outcome is PollOutcome.PARSE_ERROR


def test_an_answer_without_a_document_ends_the_search() -> None:
    assert found(Web({"/": NotModified()})) == []


def test_an_address_is_taken_as_typed_without_its_credentials() -> None:
    assert address("https://user:secret@site.example/a#b") == "https://site.example/a"
    assert address("site.example") == address("ftp://site.example/") == ""


def test_feeds_are_found_over_real_http_behind_the_guard() -> None:
    async def over_http(server: FeedServer, allow: list[str]) -> tuple[Found, ...] | Failure:
        async with Fetcher(parse_allow(allow), FetchLimits(deadline=5), utc_now) as fetcher:
            return await discover(Feed(server.url("/")), fetcher, InProcess(), gap=0)

    with FeedServer() as server:
        server.serve("/", reply(link("/old").encode(), Content_Type="text/html"))
        server.serve("/old", reply(status=301, Location="/rss"))
        server.serve("/rss", reply(RSS.encode()))
        told = asyncio.run(over_http(server, [f"127.0.0.1:{server.port}"]))
        assert not isinstance(told, Failure)
        assert [(one.url, one.entries) for one in told] == [(server.url("/rss"), 3)]
        blocked = asyncio.run(over_http(server, []))
        assert isinstance(blocked, Failure)
        assert blocked.outcome is PollOutcome.SSRF_BLOCKED


def test_a_page_may_name_usual_ports_and_its_own_only() -> None:
    ports = {"https://site.example:22/": "", "https://other.example:8443/": "", "/rss": RSS}
    page = "".join(link(one) for one in ("http://a.example:99999/", *ports))
    web = Web({"/": page, "/rss": RSS})
    assert [one.url for one in found(web)] == [f"{SITE}/rss"]
    assert web.asked == ["/", "/rss"]
    own = Web({":8443/": link("/rss"), ":8443/rss": RSS})
    assert [one.url for one in found(own, f"{SITE}:8443/")] == [f"{SITE}:8443/rss"]
