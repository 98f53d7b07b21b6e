"""Every entry that was decided on, and where it ended: kept, found again, and within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import redis

from monitor.core.commit import Commit, gather
from monitor.core.digest import delivery_id
from monitor.core.identity import identify
from monitor.core.models import (
    Alert,
    Archived,
    Entry,
    Feed,
    Known,
    Origin,
    Outcome,
    Sameness,
    Severity,
    Sheet,
    Tagging,
    Verdict,
)
from monitor.edges.store.memory import MemoryStore
from monitor.edges.store.redis import RedisStore
from monitor.edges.store.sheets import count, names, pick, read_sheets, sought, write_sheet
from tests import make
from tests.servers import PASSWORD, debian_redis, short_folder

ORIGIN = Origin("Sahel Daily", "0123456789ab", "0.1.0")
AGO, LATER = make.at(-86_400), make.at(7_200)


def verdict(number: int = 1, **more: object) -> Verdict:
    """A verdict on an entry of its own that came to nothing."""
    entry = make.entry(f"Title {number}", id=f"g-{number}", link=f"https://sahel.example/{number}")
    entry = replace(entry, **more)  # type: ignore[arg-type]
    (identity,) = identify([entry])
    outcome = Outcome.TOO_OLD if entry.skimmed else Outcome.NO_TOPIC
    return Verdict(entry, identity, Sameness.NEW, outcome, "no rule matched")


def told() -> Verdict:
    """A verdict with everything that one can have."""
    story = make.story()
    return replace(
        verdict(7, author="A. Diallo", categories=("Mali", "Politique"), title="Tirs à Gao"),
        outcome=Outcome.UPDATED,
        sameness=Sameness.UPDATED,
        of="g-0",
        story_id="s_1",
        event_id="e_1",
        tagging=Tagging(frozenset({"sahel", "russia"}), Severity.HIGH),
        alerts=(Alert("desk", "because", story, kind="story.update"),),
        placed="its text changed since it was first seen",
    )


def poll(
    *verdicts: Verdict, feed: Feed = make.FEED, revision: int = 1, now: datetime = make.NOW
) -> Commit:
    """The commit of a poll that came to these."""
    state = make.state(revision)
    return gather(feed.key, feed.url, state, verdicts, Known(), now=now, origin=ORIGIN)


def sheet(*verdicts: Verdict) -> Sheet:
    found = poll(*verdicts).sheet
    assert found
    return found


def test_an_entry_is_read_back_as_it_was_with_all_that_was_decided() -> None:
    lines = write_sheet("f", sheet(told(), verdict(2, published=None, language=None)))
    first, second = read_sheets(lines)
    assert first == Archived(
        at=make.NOW,
        feed="f",
        source="Sahel Daily",
        entry=replace(told().entry, feed=""),
        outcome=Outcome.UPDATED,
        reason="no rule matched",
        sameness=Sameness.UPDATED,
        of="g-0",
        story="s_1",
        event="e_1",
        topics=("russia", "sahel"),
        severity=Severity.HIGH,
        alerts=(("desk", "story.update"),),
        placed="its text changed since it was first seen",
        rulebook="0123456789ab",
        version="0.1.0",
        deliveries=(delivery_id("s_1", "desk"),),
    )
    assert (second.entry.published, second.entry.language) == (None, None)


def test_a_line_holds_fifty_entries_and_only_the_first_those_that_were_skimmed() -> None:
    skimmed = [verdict(n, skimmed=True) for n in range(200, 203)]
    lines = write_sheet("f", sheet(*map(verdict, range(120)), *skimmed))
    assert [count([one]) for one in lines] == [50, 50, 20]
    found, many = names(lines[0])
    assert (len(found), many) == (6 * (2 * 50 + 3), 50)


def test_an_entry_is_found_by_its_id_and_by_any_spelling_of_its_link() -> None:
    lines = write_sheet(
        "f", sheet(verdict(1), verdict(2, id="", link=""), verdict(3, skimmed=True))
    )
    for asked in ("g-1", "https://sahel.example/1", "http://www.sahel.example/1/?utm_source=x"):
        (found,) = pick(lines, sought(asked))
        assert found.entry.title == "Title 1"
    (old,) = pick(lines, sought("https://sahel.example/3"))
    assert (old.outcome, old.entry.title, old.entry.skimmed) == (Outcome.TOO_OLD, "", True)
    assert not list(pick(lines, sought("https://sahel.example/4")))


def test_lines_and_entries_that_cannot_be_read_are_left_out() -> None:
    (good,) = write_sheet("f", sheet(verdict(1)))
    newer = good.replace('"no-topic"', '"unheard-of"')
    longer = good.replace("]]]", '],"more"],"more"]')
    lines = ["", "{}", "[1]", '"text"', "[1", newer, longer]
    assert [one.entry.id for one in read_sheets(lines)] == ["g-1"]
    assert [one.entry.id for one in pick(lines, sought("g-1"))] == ["g-1"]
    assert (names("no line"), count(["no line", good])) == ((b"", 0), 1)


def test_a_guid_that_is_no_text_spoils_nothing() -> None:
    (line,) = write_sheet("f", sheet(verdict(1, id="\ud800")))
    assert line.isascii()
    (found,) = pick([line], sought("\ud800"))
    assert found.entry.id == "\ud800"


def test_memory_takes_a_commit_with_its_archive() -> None:
    assert MemoryStore().commit(poll(verdict()))


@pytest.fixture(params=["embedded", "debian"])
def store(request: pytest.FixtureRequest, urls: dict[str, str]) -> Iterator[RedisStore]:
    url = urls[request.param]
    redis.Redis.from_url(url).flushall()
    limited = url.replace("://", f"://monitor:{PASSWORD}@") if request.param == "debian" else url
    made = RedisStore(limited)
    yield made
    made.close()


def ids(store: RedisStore, since: datetime = AGO, until: datetime | None = None) -> list[str]:
    return [one.entry.id for one in store.archived(since, until)]


@pytest.mark.slow
def test_nothing_is_archived_at_first(store: RedisStore) -> None:
    assert ids(store) == []
    assert store.archived_of("g-1") == ()
    assert store.archive_extent().oldest is None
    assert store.seal(LATER) == 0
    assert store.bound_archive(AGO, 1) == 0


@pytest.mark.slow
def test_what_a_poll_decided_is_found_at_once_and_when_it_is_sealed(store: RedisStore) -> None:
    assert store.commit(poll(told(), verdict(2)))
    for sealed in (False, True):
        assert store.seal(LATER if sealed else make.NOW) == sealed
        assert ids(store) == ["g-7", "g-2"]
        (found,) = store.archived_of("https://www.sahel.example/7?utm_source=x")
        assert (found.entry.title, found.outcome) == ("Tirs à Gao", Outcome.UPDATED)
        extent = store.archive_extent()
        assert (extent.entries, extent.oldest) == (2, make.NOW)
        assert (extent.bytes > 0) == sealed
    assert store.seal(LATER) == 0


@pytest.mark.slow
def test_a_refused_commit_archives_nothing_and_a_repeated_one_once(store: RedisStore) -> None:
    claimed = poll(verdict(1))
    assert store.commit(replace(claimed, claims={"link:x": "s_1"}))
    assert not store.commit(replace(claimed, claims={"link:x": "s_1"}))
    assert store.commit_each([claimed, poll(verdict(2), revision=2)]) == (False, True)
    assert ids(store) == ["g-1", "g-2"]


@pytest.mark.slow
def test_entries_are_read_by_time_whichever_feed_and_hour_they_are_of(store: RedisStore) -> None:
    times = [make.at(3_600 * n) for n in (2, 0, 1, 3)]
    for number, now in enumerate(times):
        feed = Feed(f"https://f{number}.example/")
        assert store.commit(poll(verdict(number), feed=feed, now=now))
    assert store.seal(times[-1]) == 1
    assert ids(store) == ["g-1", "g-2", "g-0", "g-3"]
    assert ids(store, times[2], times[3]) == ["g-2", "g-0"]
    assert ids(store, times[3]) == ["g-3"]
    assert store.archive_extent().oldest == make.NOW
    # The hour that is not over stays open.
    assert store.seal(times[-1]) == 0
    assert len(store._redis.lrange("monitor:archive", 0, -1)) == 1


@pytest.mark.slow
def test_all_sightings_are_found_the_latest_first(store: RedisStore) -> None:
    for number in range(130):
        feed = Feed(f"https://f{number}.example/")
        assert store.commit(poll(verdict(1), feed=feed, now=make.at(number * 60)))
    assert store.seal(make.at(3 * 3600)) == 1
    assert store.commit(poll(verdict(1), now=make.at(9_000)))
    found = store.archived_of("g-1")
    assert len(found) == 100
    assert [one.at for one in found] == sorted([one.at for one in found], reverse=True)
    assert (found[0].feed, found[0].at) == (make.FEED.key, make.at(9_000))


@pytest.mark.slow
def test_what_is_open_is_read_once_though_it_is_sealed_meanwhile(store: RedisStore) -> None:
    for number, hours in enumerate((0, 1, 2)):
        feed = Feed(f"https://f{number}.example/")
        assert store.commit(poll(verdict(number), feed=feed, now=make.at(3_600 * hours)))
        store.seal(make.at(3_600 * min(hours, 1)))
    reading = store.archived(AGO)
    assert next(reading).entry.id == "g-0"
    assert store.seal(make.at(86_400))
    assert [one.entry.id for one in reading] == ["g-1", "g-2"]


@pytest.mark.slow
def test_a_hostile_feed_fills_no_store_for_much_is_sealed_at_once(store: RedisStore) -> None:
    noise = "x" * 2_000
    for revision in range(1, 4):
        verdicts = [verdict(n, summary=noise) for n in range(2_000)]
        assert store.commit(poll(*verdicts, revision=revision))
    assert store.seal(make.NOW) >= 10
    assert sum(map(len, store._redis.lrange("monitor:archive", 0, -1))) < 1_000_000
    assert len(store.archived_of("g-77")) == 3
    extent = store.archive_extent()
    assert extent.entries == 6_000
    assert extent.bytes < 1_000_000


@pytest.mark.slow
def test_the_oldest_hours_go_by_their_age_and_where_there_is_too_much(store: RedisStore) -> None:
    for number in range(6):
        feed = Feed(f"https://f{number}.example/")
        assert store.commit(poll(verdict(number), feed=feed, now=make.at(3_600 * number)))
    store.seal(make.at(86_400))
    assert store.bound_archive(make.at(3_600 * 2), 1 << 20) == 2
    assert ids(store) == ["g-2", "g-3", "g-4", "g-5"]
    total = store.archive_extent().bytes
    assert store.bound_archive(AGO, total) == 0
    assert store.bound_archive(AGO, total - 1) == 1
    assert ids(store) == ["g-3", "g-4", "g-5"]
    assert store.archived_of("g-2") == ()
    kept = [bool(store._redis.exists(f"monitor:sealed:2026-03-14T{n}")) for n in range(12, 18)]
    assert kept == [False, False, False, True, True, True]


@pytest.mark.slow
def test_a_store_that_is_nearly_full_gives_the_archive_up() -> None:
    with short_folder() as folder, debian_redis(folder, "--maxmemory", "32mb") as url:
        store = RedisStore(url)
        assert store.commit(poll(*map(verdict, range(50))))
        store.seal(LATER)
        assert store.commit(poll(verdict(99), revision=2, now=LATER))
        assert store.bound_archive(AGO, 1 << 20) == 0
        for number in range(26):
            store._redis.set(f"other:{number}", "x" * 1_000_000)
        assert store.bound_archive(AGO, 1 << 20) == 1
        assert ids(store) == []
        assert store._redis.keys("monitor:*rchive*") == []
        store.close()


@pytest.mark.slow
def test_two_sweeps_at_once_seal_each_line_once(store: RedisStore) -> None:
    assert store.commit(poll(*map(verdict, range(120))))
    lines = store._ripe(LATER)
    assert store._seal(lines)
    assert not store._seal(lines)
    assert len(ids(store)) == 120


@pytest.mark.slow
def test_a_line_that_cannot_be_read_is_sealed_with_the_oldest(store: RedisStore) -> None:
    store._redis.rpush("monitor:archive", "no line at all", "[1e99,")
    assert store.commit(poll(verdict(1)))
    assert store.seal(LATER) == 1
    assert ids(store, make.NOW - timedelta(days=99_999)) == ["g-1"]
    assert store.bound_archive(AGO, 1 << 20) == 1


def test_an_entry_in_the_archive_names_no_address_of_its_feed() -> None:
    secret = replace(make.FEED, url="https://sahel.example/feed?token=hush")
    entry = make.entry(feed=secret.url)
    (identity,) = identify([entry])
    one = Verdict(entry, identity, Sameness.NEW, Outcome.NO_TOPIC, "")
    (line,) = write_sheet(secret.key, sheet(one))
    assert "hush" not in line
    assert next(read_sheets([line])).entry == Entry(
        **{name: getattr(entry, name) for name in Entry.__slots__ if name != "feed"}, feed=""
    )
