"""Where feeds are looked for, and sitemaps beyond what their documents show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Document, Feed, Parsed
from monitor.core.parse import ParseLimits, parse
from monitor.core.parse.discovery import (
    Candidate,
    find_feeds,
    format_of,
    from_robots,
    title_of,
    usual_places,
)

URL = "https://site.example/news/page.html"


def urls(html: str) -> list[str]:
    return [one.url for one in find_feeds(html, URL)]


def test_news_of_a_sitemap_beyond_the_limit_are_left_out_with_a_note() -> None:
    news = "".join(
        f"<url><loc>https://s.example/{n}</loc><n:news><n:title>{n}</n:title></n:news></url>"
        for n in range(5)
    )
    found = parse(Feed(URL), Document(URL, f"<urlset>{news}</urlset>".encode()), ParseLimits(3))
    assert isinstance(found, Parsed)
    assert [entry.title for entry in found.entries] == ["0", "1", "2"]
    assert found.note == "5 entries, the first 3 were read"


def test_link_elements_name_feeds_in_the_order_of_the_page_relative_to_its_base() -> None:
    html = """<?xml version="1.0" encoding="latin-1"?><html><head><base href="/fr/">
    <link rel="stylesheet" type="text/css" href="s.css">
    <link rel="Alternate" type="application/RSS+xml; charset=utf-8" title="Été &amp; plus" href="rss">
    <link rel="alternate" hreflang="en" href="/en/">
    <link rel="alternate feed" type="application/atom+xml" href="https://other.example/atom#x">
    <link rel="alternate" type="application/feed+json" href="feed.json">
    <link rel="alternate" type="application/json" title="JSON Feed" href="j">
    <link rel="alternate" type="application/json" title="JSON" href="/wp-json/1">
    <link rel="alternate" type="application/rss+xml" href="rss">
    <link rel="alternate" type="application/rss+xml">
    <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
    </head></html>"""  # noqa: E501
    found = find_feeds(html, URL)
    assert found[0] == Candidate("https://site.example/fr/rss", "Été & plus", "link")
    assert [one.url for one in found[1:]] == [
        "https://other.example/atom",
        "https://site.example/fr/feed.json",
        "https://site.example/fr/j",
    ]


def test_links_that_look_like_feeds_come_after_what_is_stated() -> None:
    found = find_feeds(
        """<body><a href="/rubrique?feed=rss2">Flux</a> <a href="feed://f.example/all">all</a>
        <a href="feed:https://f.example/1">feed</a> <a href="/news.xml">x</a>
        <a href="/feedback">write to us</a> <a href="/atomic-energy.html">power</a>
        <a href="/abonnement">RSS</a> <a href="/x" title="RSS feed"><img src="i.png"></a>
        <a>RSS</a> <link rel="alternate" type="application/rss+xml" href="/stated"></body>""",
        URL,
    )
    assert [(one.url, one.found_by) for one in found] == [
        ("https://site.example/stated", "link"),
        ("https://site.example/rubrique?feed=rss2", "anchor"),
        ("https://f.example/all", "anchor"),
        ("https://f.example/1", "anchor"),
        ("https://site.example/news.xml", "anchor"),
        ("https://site.example/abonnement", "anchor"),
        ("https://site.example/x", "anchor"),
    ]


def test_feeds_of_comments_come_last() -> None:
    html = """<link rel="alternate" type="application/rss+xml" href="/comments/feed">
    <link rel="alternate" type="application/rss+xml" title="Комментарии" href="/k">
    <link rel="alternate" type="application/rss+xml" href="/main"><a href="/feed">Feed</a>"""
    assert [url.rpartition("/")[2] for url in urls(html)] == ["main", "feed", "feed", "k"]


def test_a_base_that_is_none_is_passed_over() -> None:
    assert urls('<base target="_top"><base href="data:x"><a href="rss">R</a>') == [
        "https://site.example/news/rss"
    ]


def test_an_empty_page_names_nothing() -> None:
    assert urls("") == []
    assert urls("<!-- -->") == []


@given(html=st.one_of(st.text(), st.text(alphabet='<>ahreflinkbase="/: \x00\ud800', max_size=80)))
def test_whatever_the_page_only_web_addresses_are_found(html: str) -> None:
    assert all(url.startswith(("http://", "https://")) for url in urls(html + '<a href="rss">x'))


def test_robots_txt_names_sitemaps_of_news() -> None:
    robots = """User-agent: *\nDisallow: /news\nSitemap: https://site.example/pages.xml
sitemap : /news-sitemap.xml\r\nSitemap: https://s.example/sitemap-news.xml  # both"""
    assert [one.url for one in from_robots(robots, URL)] == [
        "https://site.example/news-sitemap.xml",
        "https://s.example/sitemap-news.xml",
    ]


def test_usual_places_are_below_the_address_and_below_the_root() -> None:
    found = [one.url for one in usual_places("https://site.example/blog/?p=1#top")]
    assert found[:3] == [
        "https://site.example/blog/feed",
        "https://site.example/feed",
        "https://site.example/rss",
    ]
    assert len(usual_places("https://site.example")) == len(found) - 1


def test_a_feed_is_named_after_its_first_element_and_title() -> None:
    rss = "<rss><channel><title><![CDATA[A &amp; B]]></title><item><title>no</title></item>"
    assert (format_of(rss), title_of(rss)) == ("RSS", "A & B")
    atom = '<a:feed><a:title type="text">C</a:title></a:feed>'
    assert (format_of(atom), title_of(atom)) == ("Atom", "C")
    sitemap = "<urlset><url><n:title>no</n:title></url></urlset>"
    assert (format_of(sitemap), title_of(sitemap)) == ("news sitemap", "")
    assert (format_of('{"version": 1}'), title_of('{"version": 1}')) == ("JSON Feed", "")
