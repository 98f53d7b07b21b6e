"""What a feed says of itself: how often to come, when not, and who pushes its news."""

from __future__ import annotations

import json

import pytest

from monitor.core.models import Document, Feed, Hub, Parsed, Wish
from monitor.core.parse import parse

FEED = Feed("https://feeds.example/news/feed")
ENTRY = "<item><guid>1</guid><title>t</title></item>"
SPACES = (
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
    'xmlns:a="http://www.w3.org/2005/Atom" xmlns:own="https://own.example/ns"'
)
TIMES = "<sy:updateFrequency>{}</sy:updateFrequency>"
HUB, SELF = "https://hub.example/", "https://feeds.example/self"


def read(body: str) -> Parsed:
    found = parse(FEED, Document(FEED.url, body.encode()))
    assert isinstance(found, Parsed)
    return found


def rss(head: str) -> Parsed:
    return read(f'<rss version="2.0" {SPACES}><channel>{head}{ENTRY}</channel></rss>')


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        ("<ttl>60</ttl>", 3_600),
        ("<ttl> 60 </ttl><sy:updatePeriod>daily</sy:updatePeriod>", 3_600),
        ("<ttl>999999</ttl>", 604_800),
        *(("<ttl>-5</ttl>", 0), ("<ttl>an hour</ttl>", 0), ("<ttl>9999999</ttl>", 0)),
        ("<own:ttl>60</own:ttl>", 0),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", 3_600),
        (
            "<sy:updatePeriod>Daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            21_600,
        ),
        (
            "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            3_600,
        ),
        ("<sy:updatePeriod>yearly</sy:updatePeriod>", 604_800),
        ("<sy:updatePeriod>often</sy:updatePeriod>", 0),
    ],
)
def test_a_feed_says_how_long_to_wait(head: str, seconds: float) -> None:
    assert rss(head).wish == Wish(seconds=seconds)


def test_a_feed_says_at_which_hours_and_days_not_to_come() -> None:
    hours = "<skipHours><hour>3</hour><hour>2</hour><hour>24</hour><hour>x</hour></skipHours>"
    days = "<skipDays><day>Sunday</day><day>Monday</day><day>Someday</day></skipDays>"
    assert rss(hours + days).wish == Wish(hours=(2, 3), days=(0, 6))


def test_what_an_entry_says_is_no_wish_of_the_feed() -> None:
    assert rss("<item><title>u</title><ttl>60</ttl></item>").wish == Wish()


@pytest.mark.parametrize(
    ("head", "hub"),
    [
        (f'<a:link rel="hub" href="{HUB}"/><a:link rel="self" href="{SELF}"/>', Hub(HUB, SELF)),
        (
            f'<a:link rel="Hub" href="{HUB}"/><a:link rel="hub" href="https://b.example/"/>',
            Hub(HUB),
        ),
        (f'<a:link rel="self" href="{SELF}"/>', Hub()),
        *(('<a:link rel="hub" href="/hub"/>', Hub()), ('<a:link rel="hub"/>', Hub())),
        (f'<own:link rel="hub" href="{HUB}"/>', Hub()),
        (f'<a:link rel="hub" href="{HUB}{"x" * 2_000}"/>', Hub()),
        (f'<image><a:link rel="hub" href="{HUB}"/></image>', Hub()),
    ],
)
def test_a_feed_names_its_hub(head: str, hub: Hub) -> None:
    assert rss(head).hub == hub


def test_an_atom_feed_names_its_hub() -> None:
    links = f'<link rel="hub" href="{HUB}"/><link rel="self" href="{SELF}"/>'
    entry = "<entry><id>1</id><title>t</title></entry>"
    found = read(f'<feed xmlns="http://www.w3.org/2005/Atom">{links}{entry}</feed>')
    assert found.hub == Hub(HUB, SELF)


@pytest.mark.parametrize(
    ("hubs", "hub"),
    [
        (
            [{"type": "rssCloud", "url": SELF}, {"type": "WebSub", "url": HUB}],
            Hub(HUB, SELF),
        ),
        ([{"type": "WebSub", "url": "ftp://b.example/"}, "x"], Hub()),
        ([{"type": "WebSub", "url": f"{HUB}\ud800"}], Hub()),
        ("x", Hub()),
    ],
)
def test_a_json_feed_names_its_hub(hubs: object, hub: Hub) -> None:
    root = {"version": "https://jsonfeed.org/version/1.1", "items": [], "feed_url": SELF}
    assert read(json.dumps(root | {"hubs": hubs})).hub == hub
