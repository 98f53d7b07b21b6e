"""The canary: how it is polled, what is told of it, and when it is missed."""

from __future__ import annotations

from datetime import timedelta

from monitor.core.canary import Canary, apart, document, is_canary, with_canary
from monitor.core.models import Document, Parsed
from monitor.core.parse import parse
from monitor.core.tagging import tag
from monitor.edges.rulebook import load_rulebook
from tests import make

HOURLY = Canary("ops", timedelta(hours=1), "https://ping.example/a-secret")
FEED = HOURLY.feed
RULEBOOK = load_rulebook(None)


def parsed() -> Parsed:
    found = parse(FEED, Document(FEED.url, document(make.NOW), "application/atom+xml"))
    assert isinstance(found, Parsed)
    return found


def test_its_document_is_a_feed_of_one_entry_published_now() -> None:
    (entry,) = parsed().entries
    assert parsed().note == ""
    assert entry.title == "Canary 12:00: the way from feed to receiver works"
    assert entry.published == make.NOW
    assert (entry.link, entry.language) == ("", "en")
    assert entry.id == "tag:canary.invalid,2026:2026-03-14T12:00:00+00:00"


def test_only_its_own_rulebook_finds_it_and_only_its_receiver_is_told() -> None:
    (entry,) = parsed().entries
    own = apart(HOURLY, RULEBOOK)[FEED.url]
    assert tag(entry, own.policy.rulebook, FEED).topics == {"canary"}
    assert tag(entry, RULEBOOK, FEED).topics == frozenset()
    assert tag(make.entry(), own.policy.rulebook, make.FEED).topics == frozenset()
    assert [one.receivers for one in own.policy.routes] == [("ops",)]
    assert own.polling.fixed
    assert own.polling.interval == 3_600


def test_it_is_missed_when_two_and_a_half_of_its_periods_are_over() -> None:
    last, long_ago = make.NOW.timestamp(), make.at(-9_999_999)
    assert HOURLY.missed_since(last, long_ago, make.at(9_000)) is None
    assert HOURLY.missed_since(last, long_ago, make.at(9_001)) == make.at(9_000)


def test_after_a_start_it_has_as_long_whenever_the_last_one_came() -> None:
    for last in (0.0, make.at(-999_999).timestamp()):
        assert HOURLY.missed_since(last, make.NOW, make.at(8_999)) is None
        assert HOURLY.missed_since(last, make.NOW, make.at(9_001)) == make.at(9_000)


def test_for_another_receiver_or_period_it_is_another_feed_that_is_polled_at_once() -> None:
    others = (Canary("desk"), Canary("ops", timedelta(minutes=1)), HOURLY)
    assert len({one.feed.key for one in others}) == 3
    assert all(is_canary(one.feed) for one in others)
    assert not is_canary(make.FEED)


def test_without_a_canary_nothing_is_polled_or_decided_in_another_way() -> None:
    feeds = {make.FEED.key: make.FEED}
    assert with_canary(feeds, None) is feeds
    assert apart(None, RULEBOOK) == {}
    assert dict(with_canary(feeds, HOURLY)) == feeds | {FEED.key: FEED}


def test_its_ping_is_shown_nowhere() -> None:
    assert "secret" not in repr(HOURLY)
