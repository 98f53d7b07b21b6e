"""Reading only what is new in a document: it finds what a reading of the whole finds."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.models import Document, Earlier, Entry, Parsed
from monitor.core.parse import ParseLimits, parse
from tests.core.test_parse import CASES, document, load
from tests.proof_of_trim import FEED, prove, prove_news, together

NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:a10="http://www.w3.org/2005/Atom" xmlns:own="https://own.example/ns"'
)
RSS = f'<rss version="2.0" {NAMESPACES}><channel><title>T</title><language>fr</language>'
# What feedparser does not find its way out of.
ODD = '<description type="xhtml"><body>b</body></description>'
DATE = "<pubDate>Tue, 05 Mar 2024 08:30:00 +0100</pubDate>"


def rss(*entries: str, head: str = "", root: str = RSS) -> Document:
    body = "".join(f"<item>{one}</item>\n" for one in entries)
    return Document(FEED.url, f"{root}{head}{body}</channel></rss>".encode())


def atom(*entries: str, attributes: str = "") -> Document:
    root = f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}>'
    return Document(FEED.url, f"{root}{''.join(entries)}</feed>".encode())


def simple(name: str, more: str = "") -> str:
    link = f"<link>https://a.example/{name}</link>"
    return f"<guid>{name}</guid><title>Story {name}</title>{link}{DATE}{more}"


def read(
    found: Document, earlier: Earlier | None = None, limits: ParseLimits | None = None
) -> Parsed:
    parsed = parse(FEED, found, limits or ParseLimits(), earlier or Earlier())
    assert isinstance(parsed, Parsed)
    return parsed


def after(first: Document, second: Document) -> Parsed:
    """The second reading of two."""
    return read(second, Earlier(read(first).marks))


def ids(entries: tuple[Entry, ...]) -> list[str]:
    return [one.id for one in entries]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_sample_document_is_read_alike_by_both_ways(path: object) -> None:
    prove(document(load(path)), Random(1))  # type: ignore[arg-type]


@pytest.mark.slow
def test_entries_of_all_sample_documents_together_are_read_alike_by_both_ways() -> None:
    for found in together([document(load(path)) for path in CASES], Random(1)):
        prove(found, Random(1))


PIECES = st.sampled_from(
    [
        *("<guid>1</guid>", "<guid>2</guid>", '<guid isPermaLink="false">3</guid>', "<id>4</id>"),
        *("<title>One</title>", "<title>Two &amp; a half</title>", "<title/>"),
        "<title><![CDATA[<b>Three</b> </item>]]></title>",
        *("<link>https://a.example/1</link>", "<link>/relative</link>", "<link/>"),
        '<a10:link rel="self" href="https://a.example/self"/>',
        *('<link href="https://a.example/2"/>', "<link>https://a.example/?a=1&amp;b=2</link>"),
        *(DATE, "<pubDate>5 mars 2024</pubDate>", "<dc:date>2024-03-05T08:30:00Z</dc:date>"),
        *("<description>text</description>", "<summary>text</summary>", "<language>en</language>"),
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a</div></content>',
        '<content type="xhtml"><title>b</title></content>',
        '<content type="xhtml"><svg><title>c</title></svg></content>',
        ODD,
        *("<content><body>x</body></content>", "<description><title>t</title></description>"),
        *("<image><title>i</title><url>u</url></image>", "<textInput><name>n</name></textInput>"),
        *("<source url='u'>s</source>", "<author><name>n</name></author>", "<channel/>", "<feed/>"),
        *("<item><title>inner</title></item>", "<entry/>", "<rss version='0.91'/>"),
        '<dc:creator xmlns:dc="http://www.w3.org/2005/Atom">x</dc:creator>',
        '<x:y xmlns:x="https://own.example/ns">x</x:y>',
        *('<x:y xmlns:x="https://x.example/">x</x:y>', '<y xmlns="https://x.example/">x</y>'),
        '<dc:title xmlns:dc="http://search.yahoo.com/mrss/">Media</dc:title>',
        *("<media:title>m</media:title>", "<own:title>o</own:title>", "<dc:title>d</dc:title>"),
        "<media:group><media:content><media:title>g</media:title></media:content></media:group>",
        *('<title xml:lang="ru">Два</title>', '<link xml:base="https://b.example/">x</link>'),
        *("<!-- <item> -->", "<?php <item> ?>", "words", "<title>\u00c3\u00a9 \u0092</title>"),
    ]
)
ENTRIES = st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=5)
HEADS = st.sampled_from(
    [
        *("", "<content>x</content>", "<image><url>u</url></image>", "<!-- <item></item> -->"),
        '<x:y xmlns:x="https://x.example/"/>',
    ]
)
ROOTS = st.sampled_from(
    [
        *(RSS, RSS.replace("<rss", '<rss xml:lang="ar"')),
        RSS.replace("<channel", '<channel xml:base="https://c.example/"'),
    ]
)


@settings(max_examples=40, deadline=None)
@given(entries=ENTRIES, head=HEADS, root=ROOTS)
def test_made_up_documents_are_read_alike_by_both_ways(
    entries: list[str], head: str, root: str
) -> None:
    prove(rss(*entries, head=head, root=root), Random(1))


@settings(max_examples=40, deadline=None)
@given(before=ENTRIES, now=ENTRIES, kept=st.integers(0, 5))
def test_two_documents_in_a_row_are_read_alike_by_both_ways(
    before: list[str], now: list[str], kept: int
) -> None:
    prove_news(rss(*before), rss(*now, *before[:kept]))


def test_what_did_not_change_is_left_out_and_counted() -> None:
    found = after(rss(simple("1"), simple("2")), rss(simple("3"), simple("2"), simple("1")))
    assert ids(found.entries) == ["3"]
    assert (found.unchanged, found.language) == (2, "fr")


def test_where_nothing_changed_there_is_nothing_to_read() -> None:
    found = after(rss(simple("1")), rss(simple("1"), head="<lastBuildDate>x</lastBuildDate>"))
    assert (found.entries, found.unchanged) == ((), 1)
    assert found.marks == read(rss(simple("1"))).marks


def test_marks_go_on_from_reading_to_reading() -> None:
    second = rss(simple("2"), simple("1"))
    assert after(rss(simple("1")), second).marks == read(second).marks
    assert len(read(second).marks) == 40


def test_a_changed_entry_is_read_again() -> None:
    found = after(rss(simple("1"), simple("2")), rss(simple("1", "<author>x</author>")))
    assert (ids(found.entries), found.unchanged) == (["1"], 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (rss(simple("1")), rss(simple("1"), root=RSS.replace("<rss", '<rss xml:lang="ru"'))),
        (rss(simple("1")), replace(rss(simple("1")), url="https://moved.example/feed")),
        (rss(simple("1")), rss(simple("1"), simple("1", "<author>x</author>"))),
        (rss(simple("1")), rss(simple("1"), ODD)),
        (rss(simple("1"), simple("1", "<category>x</category>")), rss(simple("1"))),
    ],
    ids=[
        "another language",
        "another base",
        "an id is shared",
        "one entry changes the next",
        "an id is shared no more",
    ],
)
def test_where_something_around_an_entry_matters_it_is_read_again(
    first: Document, second: Document
) -> None:
    assert after(first, second).unchanged == 0
    prove_news(first, second)


def test_another_query_of_the_same_address_changes_nothing() -> None:
    first = rss(simple("1"))
    assert after(first, replace(first, url=f"{FEED.url}?token=2")).unchanged == 1


@pytest.mark.parametrize("marks", ["é", "AAA", "AAAA", "A" * 400])
def test_marks_that_are_none_of_ours_cost_nothing(marks: str) -> None:
    found = read(rss(simple("1")), Earlier(marks))
    assert (ids(found.entries), found.unchanged) == (["1"], 0)


@pytest.mark.parametrize(
    "found",
    [
        Document(FEED.url, b"<!DOCTYPE rss>\n" + rss(simple("1")).body),
        Document(FEED.url, rss(simple("1")).body.replace(b"</rss>", b"")),
        Document(FEED.url, b"<data><item><title>t</title></item></data>"),
        rss("<title>t</title><item><title>u</title></item>"),
        rss(f"<title>t</title><x>{rss(simple('1')).body.decode()}text</x>"),
        rss(simple("1"), head="<extra><item><title>t</title></item></extra>"),
        rss(simple("1"), f"{simple('2')}</item><extra><item/></extra><item>"),
        rss(simple("1"), f"{simple('2')}</item></channel><channel><item>"),
        rss(simple("1"), head="<item/>"),
        rss(simple("1"), head="<z/>" * 2_001),
        rss(f"<title>t</title>{ODD}"),
        rss('<title>t</title><dc:x xmlns:dc="http://search.yahoo.com/mrss/"/>'),
        rss(simple("1"), "<title>t</title><textInput><name>n</name></textInput><link/>"),
        rss(simple("1"), head="<dc:item>x</dc:item>"),
        atom("<title>no entry</title>"),
    ],
)
def test_a_document_that_is_laid_out_oddly_has_no_marks(found: Document) -> None:
    assert read(found).marks == ""


def test_a_document_with_too_many_entries_has_no_marks() -> None:
    found = read(rss(simple("1"), simple("2")), limits=ParseLimits(entries=1))
    assert (ids(found.entries), found.marks) == (["1"], "")


def test_one_more_prefix_within_an_entry_does_no_harm() -> None:
    thread = '<t:total xmlns:t="http://purl.org/syndication/thread/1.0">0</t:total>'
    assert after(rss(simple("1", thread)), rss(simple("1", thread), simple("2"))).unchanged == 1


def test_an_entry_that_is_cut_out_leaves_the_others_order_as_it_was() -> None:
    found = after(rss(simple("2")), rss(simple("3"), simple("2"), simple("1")))
    assert ids(found.entries) == ["3", "1"]


def test_an_entry_without_text_and_link_is_known_by_its_mark_too() -> None:
    first = rss(simple("1"), "<guid>2</guid>")
    assert read(first).note == "1 of 2 held neither text nor link"
    assert after(first, first).unchanged == 2
