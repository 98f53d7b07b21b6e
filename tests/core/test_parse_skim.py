"""At a first reading, of entries too old to be told only what they are known by is read."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from monitor.core.identity import identify
from monitor.core.models import Document, Earlier, Entry
from tests.core.test_parse_trim import DATE, RSS, atom, read, rss, simple
from tests.proof_of_trim import FEED, prove

LINK = "<link>https://a.example/1</link>"
OLD = datetime(2024, 6, 1, tzinfo=UTC)


def skimmed(*entries: str, head: str = "", root: str = RSS) -> list[bool]:
    found = rss(*entries, head=head, root=root)
    prove(found, Random(1))
    return [one.skimmed for one in read(found, Earlier(old=OLD)).entries]


def test_an_old_entry_is_only_skimmed_at_a_first_reading() -> None:
    new = simple("2").replace("2024", "2025")
    found = read(rss(simple("1", "<description>text</description>"), new), Earlier(old=OLD))
    one, other = found.entries
    assert one == Entry(
        FEED.url,
        "1",
        "Story 1",
        link="https://a.example/1",
        published=datetime(2024, 3, 5, 7, 30, tzinfo=UTC),
        language="fr",
        skimmed=True,
    )
    assert not other.skimmed
    assert [bool(one.text) for one in identify(found.entries)] == [False, True]


def test_a_skimmed_entry_is_left_out_at_the_next_reading() -> None:
    first = rss(simple("1"))
    marks = read(first, Earlier(old=OLD)).marks
    assert read(first, Earlier(marks)).unchanged == 1
    assert read(first, Earlier(marks, OLD)).unchanged == 1


@pytest.mark.parametrize(
    "more",
    [
        "<description>&lt;p&gt;x</description><content:encoded><![CDATA[<p>]]></content:encoded>",
        '<media:content url="u"><media:credit>c</media:credit></media:content>',
        "<author><name>n</name></author><category>c</category>",
        "<dc:date>2024-03-05T08:30:00.5+01:00</dc:date>",
        '<a10:link rel="self" href="x"/>',
        "<source url='u'>s</source><enclosure url='u'/>text",
    ],
)
def test_a_simple_entry_is_skimmed(more: str) -> None:
    assert skimmed(simple("1", more)) == [True]


@pytest.mark.parametrize(
    "entry",
    [
        *(simple("1").replace(DATE, ""), simple("1", DATE), simple("1").replace("2024", "2025")),
        simple("1", "<dc:date>2025-03-05T08:30:00Z</dc:date>"),
        simple("1", "<dc:date>2024-03-05</dc:date>"),
        simple("1", "<dc:date>2024-02-31T00:00:00Z</dc:date>"),
        simple("1").replace("05 Mar", "31 Feb"),
        *(simple("1", "<own:x/>"), simple("1", "<media:title>m</media:title>")),
        *(simple("1", "<media:content><x/></media:content>"), simple("1", "<title>t</title>")),
        *(simple("1", "<guid>2</guid>"), simple("1", "<link>x</link>"), simple("1", "<link/>")),
        simple("1").replace("<guid>1</guid>", ""),
        simple("1").replace("<guid>", '<guid xml:base="https://b.example/">'),
        simple("1").replace(">1<", ">https:///a<"),
        simple("1").replace("Story", "A &amp; B"),
        *(
            simple("1").replace("Story", "\u00c3\u00a9"),
            simple("1").replace("Story", "\u0416\u0092"),
        ),
        simple("1").replace("<title>", '<title type="xhtml">'),
        simple("1").replace("<title>", '<title xml:lang="ru">'),
        simple("1").replace("https", "ftp"),
        simple("1").replace(LINK, '<link href="https://a.example/1" x="y"/>'),
        simple("1").replace(LINK, '<link rel="alternate"/>'),
        simple("1").replace(
            LINK,
            '<link href="https://a.example/1" type="application/pdf"/>',
        ),
    ],
)
def test_an_entry_with_anything_uncertain_is_read_in_full(entry: str) -> None:
    assert skimmed(entry) == [False]


def test_under_another_base_all_is_read_in_full() -> None:
    root = RSS.replace("<channel", '<channel xml:base="https://c.example/"')
    assert skimmed(simple("1"), root=root) == [False]


def test_an_entry_with_attributes_is_read_in_full() -> None:
    entry = (
        '<entry{}><id>1</id><title>t</title><link href="https://a.example/1"/>'
        "<updated>2024-03-05T08:30:00Z</updated></entry>"
    )
    found = atom(entry.format(""), entry.format(' xml:lang="ru"'), attributes='xml:lang="en"')
    prove(found, Random(1))
    one, other = read(found, Earlier(old=OLD)).entries
    assert (one.skimmed, other.skimmed) == (True, False)
    assert (one.language, other.language) == ("en", "ru")


def test_an_entry_of_rss_1_is_known_by_what_it_is_about() -> None:
    entry = (
        '<item rdf:about="https://a.example/{0}"><title>t</title>'
        "<link>https://a.example/{0}</link><dc:date>2024-03-05T08:30:00Z</dc:date></item>"
    )
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>T</title></channel>{entry.format(1)}{entry.format(2)}</rdf:RDF>"
    )
    found = Document(FEED.url, body.encode())
    prove(found, Random(1))
    assert [one.skimmed for one in read(found, Earlier(old=OLD)).entries] == [True, True]
