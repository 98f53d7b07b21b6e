"""Documents that are built as no feed is are told before they are read."""

from __future__ import annotations

import pytest

from monitor.core.models import Document, Failure, Feed, Parsed
from monitor.core.parse import ParseLimits, parse
from monitor.core.parse.shape import oddity

_LONG = "<!-- " + "x" * 20_000 + " -->"


def rss(inner: str) -> bytes:
    return f"<rss version='2.0'><channel>{_LONG}{inner}</channel></rss>".encode()


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("<a>" * 1_001, "elements nested over 1000 deep"),
        ("<a " + " ".join(f"n{n}=''" for n in range(1_001)) + "/>", "over 1000 attributes"),
        ("<!--" * 1_001, "over 1000 comments that do not end"),
        (f"<dc:creator>{'a' * 5_001}</dc:creator>", "a person's name of over 5000 characters"),
    ],
)
def test_what_no_feed_has_is_named(inner: str, said: str) -> None:
    assert said in oddity(rss(inner))


@pytest.mark.parametrize(
    "inner",
    [
        "<a>" * 900 + "</a>" * 900,
        "<a " + " ".join(f"xmlns:n{n}='urn:{n}'" for n in range(5_000)) + "/>",
        f"<author>{'a' * 4_000}</author>x<author>{'a' * 4_000}</author>",
        f"<title>{'a' * 50_000}</title>",
        "a & b" + "<a>" * 2_000,
    ],
)
def test_what_a_feed_may_have_is_no_oddity_and_damage_ends_the_search(inner: str) -> None:
    assert oddity(rss(inner)) == ""


def test_a_small_document_is_not_looked_at() -> None:
    assert oddity(b"<a>" * 2_000) == ""


def test_an_odd_document_is_a_failure_and_an_odd_entry_is_not_read_by_a_shortcut() -> None:
    feed = Feed("https://a.example/feed")
    for inner in ("<a>" * 1_001, f"<item><title>t</title><author>{'a' * 30_000}</author></item>"):
        found = parse(feed, Document(feed.url, rss(inner)), ParseLimits())
        assert isinstance(found, Failure)
        assert found.reason.startswith("no feed is built like this: ")
    assert isinstance(parse(feed, Document(feed.url, rss("")), ParseLimits()), Parsed)
