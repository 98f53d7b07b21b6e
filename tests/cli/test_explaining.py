"""Why news came, and why it did not, asked later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.core.commit import gather
from monitor.core.identity import identify
from monitor.core.models import (
    Attempt,
    Condition,
    Delivery,
    Entry,
    Feed,
    Origin,
    PollOutcome,
    Seen,
    Verdict,
)
from monitor.core.triage import Policy
from monitor.edges.store.redis import RedisStore
from monitor.service.bounds import policy_of
from monitor.service.checking import check, read_settings
from monitor.service.clockwork import utc_now
from monitor.service.deciding import decide
from tests import make
from tests.cli.shell import Shell
from tests.servers import embedded_store, short_folder

CONFIG = """\
[[feeds]]
url = "https://sahel.example/feed?token=s3cret-of-the-feed"
name = "Sahel Daily"
[[feeds]]
url = "https://wire.example/rss"
[[receivers]]
name = "desk"
type = "console"
[[receivers]]
name = "night"
type = "console"
digest = "daily 07:30"
[[routes]]
topics = ["russia-sahel"]
receivers = ["desk"]
[[routes]]
topics = ["russia-sahel"]
receivers = ["night"]
alerts = "digest"
[[silences]]
until = 2999-01-01T00:00:00Z
topics = ["niger"]
comment = "exercise"
"""
DAILY = replace(make.FEED, url="https://sahel.example/feed?token=s3cret-of-the-feed")
WIRE = Feed("https://wire.example/rss")
LINK = "https://sahel.example/lavrov-bamako"


@dataclass
class Desk:
    """A store, and polls that are decided on as the service does."""

    shell: Shell
    store: RedisStore
    policy: Policy
    now: datetime

    def poll(self, *entries: Entry, feed: Feed = DAILY, minutes: float = 0) -> tuple[Verdict, ...]:
        now = self.now + timedelta(minutes=minutes)
        pairs = tuple(zip(entries, identify(entries), strict=True))
        decided = decide(self.store, feed, pairs, self.policy, now)
        state = make.state(self.store.feed_state(feed.key).revision + 1)
        origin = Origin(feed.source, self.policy.rulebook.version, "0.1.0")
        commit = gather(
            feed.key,
            feed.url,
            replace(state, last_poll=now, last_new=now),
            decided.verdicts,
            decided.known,
            now=now,
            cadences=self.policy.cadences,
            origin=origin,
        )
        assert self.store.commit(commit)
        return decided.verdicts

    def entry(self, title: str = "Lavrov lands in Bamako", **more: Any) -> Entry:
        return make.entry(title, published=self.now - timedelta(hours=1), **more)

    def record(self, one: Delivery, attempt: Attempt) -> None:
        until = self.now + timedelta(seconds=9)
        assert self.store.claim([one], utc_now(), until, "")
        assert self.store.record([one], attempt, self.now, None, Condition())


@pytest.fixture
def desk(shell: Shell) -> Iterator[Desk]:
    with short_folder() as folder, embedded_store(folder / "var") as url:
        shell.config(f'[store]\nurl = "{url}"\n{CONFIG}')
        settings = read_settings(None)
        rulebook, _ = check(settings)
        store = RedisStore(url)
        store.register({DAILY.key: make.NOW, WIRE.key: make.NOW})
        yield Desk(shell, store, policy_of(settings, rulebook), utc_now() - timedelta(minutes=30))
        store.close()


@pytest.mark.slow
def test_news_that_came_is_explained_to_its_delivery(desk: Desk) -> None:
    (verdict,) = desk.poll(desk.entry())
    due = {one.alert.receiver: one for one in desk.store.due("desk", utc_now(), 9)}
    desk.record(due["desk"], Attempt(ok=True, detail="200"))
    said = desk.shell("explain", f"http://www.{LINK.removeprefix('https://')}/?utm_source=x")
    assert said.code == 0
    for text in (
        "UTC, Sahel Daily: ALERT\n",
        "  why       russia-sahel: ",
        "  title     »Lavrov« »lands in« »Bamako«\n",
        f"  link      {LINK}\n",
        "  feed      https://sahel.example/feed?token=***\n",
        "  sameness  new\n",
        "  placed    not seen before\n",
        "  topics    ",
        "  evidence  ",
        f"  story     {verdict.story_id}, event {verdict.event_id}\n",
        "  alerts    desk, story.alert\n",
        "(today's), monitor 0.1.0\n",
        f"{due['desk'].id} to desk, story.alert of {verdict.story_id}: sent ",
        f"to night, digest of {verdict.story_id}: held until ",
        "       route 2: russia-sahel\n",
        "archive: 1 entries since ",
    ):
        assert text in said.out, said.out
    assert "OTHERWISE" not in said.out


@pytest.mark.slow
def test_every_sighting_in_every_feed_is_told_the_latest_first(desk: Desk) -> None:
    desk.poll(desk.entry())
    desk.store.seal(desk.now + timedelta(hours=2))
    desk.poll(desk.entry("Lavrov lands in Bamako!", id="w-1"), feed=WIRE, minutes=5)
    row = json.loads(desk.shell("explain", LINK, "--json").out)
    second, first = row["sightings"]
    assert (first["source"], first["outcome"]) == ("Sahel Daily", "alerted")
    assert (second["source"], second["outcome"]) == ("https://wire.example/rss", "duplicate")
    assert (second["sameness"], second["of"]) == ("same-link", "guid-1")
    assert second["of_seen"]["source"] == "Sahel Daily"
    assert first["story"] == second["story"]
    assert {one["receiver"] for one in row["deliveries"]} == {"desk", "night"}
    assert [one["story"] for one in row["stories"]] == [first["story"]]
    assert (row["seen"], row["archive"]["entries"]) == (True, 2)
    text = desk.shell("explain", LINK).out
    assert "wire.example/rss: not told: a copy of what came before" in text
    assert "same-link as guid-1 (Sahel Daily, " in text


@pytest.mark.slow
def test_news_that_did_not_come_is_explained_by_what_was_missing(desk: Desk) -> None:
    old = desk.entry("Lavrov lands in Gao", id="old", link="https://sahel.example/old")
    desk.poll(
        desk.entry("Rain in Paris", id="p", summary="", link="https://sahel.example/rain"),
        desk.entry("Drought in Mali", id="m", summary="", link="https://sahel.example/mali"),
        desk.entry("Lavrov lands in Niamey", id="n", link="https://sahel.example/niger"),
        replace(old, published=desk.now - timedelta(days=30)),
        desk.entry("", id="s", summary="", link="https://sahel.example/skimmed", skimmed=True),
    )
    for page, texts in {
        "rain": ("not told: no topic\n", "  why       no rule matched\n", "  topics    none\n"),
        "mali": ("not told: no route takes it\n", "  why       route 1: wants topic russia-sahel"),
        "niger": ("not told: silenced\n", "  why       silence ", "(exercise)"),
        "old": ("not told: too old\n", "over 168 h ago"),
        "skimmed": ("not told: too old\n", "only noted as seen"),
    }.items():
        said = desk.shell("explain", f"https://sahel.example/{page}")
        assert said.code == 0
        for text in texts:
            assert text in said.out, said.out
        assert "OTHERWISE" not in said.out, said.out


@pytest.mark.slow
def test_a_delivery_that_was_given_up_says_why_and_one_that_is_gone_that_it_was(desk: Desk) -> None:
    (verdict,) = desk.poll(desk.entry())
    (one,) = desk.store.due("desk", utc_now(), 9)
    desk.record(one, Attempt(ok=False, detail="410 Gone", status=410, permanent=True))
    said = desk.shell("explain", LINK).out
    assert "GIVEN UP " in said
    assert f"after 1 try: 410 Gone; once mended: monitor redeliver {one.id}" in said
    for key in desk.store._redis.keys("monitor:delivery:*"):
        desk.store._redis.delete(key)
    said = desk.shell("explain", LINK).out
    assert f"{one.id}: decided, but not in the ledger any more" in said
    assert verdict.story_id
    assert verdict.story_id in said


@pytest.mark.slow
def test_ids_of_entries_stories_and_deliveries_are_as_good_as_a_link(desk: Desk) -> None:
    (verdict,) = desk.poll(desk.entry())
    (one,) = desk.store.due("desk", utc_now(), 9)
    assert verdict.story_id
    for asked in ("guid-1", verdict.story_id, one.id):
        row = json.loads(desk.shell("explain", asked, "--json").out)
        assert [each["entry"] for each in row["sightings"]] == ["guid-1"], asked
        assert len(row["deliveries"]) == 2
    unknown = desk.shell("explain", "s_unknown")
    assert (unknown.code, unknown.out) == (1, "")
    assert "s_unknown: there is no such file, and no entry, story or delivery of" in unknown.err
    assert desk.shell("explain", "s_unknown", "--json").code == 1


@pytest.mark.slow
def test_a_link_that_never_came_is_answered_by_the_feeds_it_could_have_come_by(desk: Desk) -> None:
    desk.poll(desk.entry())
    broken = make.state(1, failures=2, reason="no such name")
    state = replace(broken, outcome=PollOutcome.DNS)
    assert desk.store.commit(make.commit(WIRE, state=state))
    said = desk.shell("explain", "https://www.wire.example/never")
    assert said.code == 1
    assert "https://www.wire.example/never was never seen.\n" in said.out
    assert "https://wire.example/rss: failing, dns: no such name; last polled" in said.out
    assert "  archive   1 entries since " in said.out
    (feed,) = json.loads(desk.shell("explain", "https://sahel.example/x", "--json").out)["feeds"]
    assert (feed["name"], feed["health"]) == ("Sahel Daily", "healthy")
    said = desk.shell("explain", "https://elsewhere.example/?key=typed-by-somebody")
    assert "none of its host is configured" in said.out
    assert "typed-by" not in said.out
    assert desk.shell("explain", "https://[::1/").code == 1


@pytest.mark.slow
def test_what_is_only_remembered_by_a_feed_was_seen(desk: Desk) -> None:
    (identity,) = identify([make.entry(id="", link=LINK)])
    assert desk.store.commit(make.commit(DAILY, seen={identity.id: Seen("t", None, 5.0)}))
    said = desk.shell("explain", LINK)
    assert said.code == 0
    assert "Sahel Daily showed it at 1970-01-01 00:00:05 UTC; more is not known" in said.out
    (row,) = json.loads(desk.shell("explain", LINK, "--json").out)["remembered"]
    assert row["name"] == "Sahel Daily"


@pytest.mark.slow
def test_what_todays_rules_would_say_otherwise_is_shown(desk: Desk) -> None:
    desk.poll(desk.entry("Yurts for sale", id="y", summary="", link="https://sahel.example/y"))
    desk.poll(desk.entry("Drought in Mali", id="m", summary="", link="https://sahel.example/m"))
    config = (desk.shell.folder / "monitor.toml").read_text(encoding="utf-8")
    desk.shell.config(config.replace('topics = ["russia-sahel"]', 'topics = ["sahel"]'))
    said = desk.shell("explain", "https://sahel.example/m").out
    assert "  today     OTHERWISE: ALERT; topics " in said
    assert "OTHERWISE" not in desk.shell("explain", "https://sahel.example/y").out


@pytest.mark.slow
def test_of_very_many_sightings_the_latest_are_written_out(desk: Desk) -> None:
    for number in range(23):
        desk.poll(desk.entry(f"Rain in Paris, day {number}", id="r"), minutes=number)
    said = desk.shell("explain", LINK).out
    assert "and 3 earlier: monitor explain --json" in said
    assert said.count("Sahel Daily: not told") == 20


def test_a_name_that_is_no_file_needs_the_store(shell: Shell) -> None:
    shell.config(f'[store]\nurl = "unix:///nowhere/valkey.sock"\n{CONFIG}')
    for asked in ("typo.jsonl", "x" * 5_000):
        said = shell("explain", asked)
        assert said.code == 1
        assert "there is no such file, and whether an entry has this id cannot be" in said.err
    assert shell("explain", LINK).code == 1


def test_a_file_is_judged_for_machines_too(shell: Shell) -> None:
    line = {"id": "e", "feed": "f", "title": "Lavrov lands in Bamako", "lang": "en"}
    said = shell("explain", "-", "--json", stdin=json.dumps(line) + "\n")
    (row,) = said.rows()
    assert (row["outcome"], row["entry"]) == ("alerted", "e")
    assert row["routes"]
