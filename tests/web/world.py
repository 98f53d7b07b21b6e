"""A store with everything in it that pages show: reports of our own judged by the shipped rules,
hostile ones made by hand, deliveries in each state, feeds in each health.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.core.commit import gather
from monitor.core.identity import identify
from monitor.core.models import (
    Attempt,
    Carrier,
    Condition,
    Entry,
    Feed,
    FeedState,
    Match,
    PollOutcome,
    Severity,
    Story,
)
from monitor.core.triage import Policy
from monitor.edges.store.redis import RedisStore
from monitor.service.deciding import decide
from tests import make

GOLD = Path(__file__).parents[2] / "eval" / "groups.jsonl"
TOKEN = "a token of twenty-odd signs"
OUTLETS = {
    "en": ("Harbour Wire", "United Kingdom"),
    "fr": ("Bamako Courrier", "Mali"),
    "ru": ("Невский вестник", "Russia"),
    "ar": ("الصحراء اليوم", "Mauritania"),
}
CONFIG = """\
[store]
url = "{url}"
[web]
listen = "127.0.0.1:{port}"
{more}
{feeds}
[[receivers]]
name = "desk"
type = "console"
[[receivers]]
name = "night-desk"
type = "console"
[[routes]]
topics = ["russia-sahel"]
receivers = ["desk", "night-desk"]
[[routes]]
topics = ["sahel"]
receivers = ["desk"]
"""
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
RTL = "\u202eروسيا ترسل مدربين إلى مالي\u202c <b>عاجل</b>"
MARKUP = '<script>alert(1)</script><img src=x onerror="alert(2)"> Mali & "Niger" \'Tchad\''
HOSTILE = (MARKUP, RTL, LONG, "Mali " * 60, "", "{{ 7 * 7 }} {% raw %} Mali \x1b[31m\x00\u200b")


def feeds() -> list[Feed]:
    """A feed for each language, with a few more that fail or have not been read."""
    named = [
        Feed(f"https://{code}.example/feed?token=geheim", name, code, country, state_media=not n)
        for n, (code, (name, country)) in enumerate(reversed(OUTLETS.items()))
    ]
    odd = [
        Feed("https://gone.example/rss", "Gone <i>Gazette</i>", "fr", "Niger"),
        Feed(f"https://{'x' * 60}.example/{LONG}", LONG[:190]),
        Feed("https://dead.example/rss", "Dead Letters", "en"),
        Feed("https://new.example/rss", "صحيفة جديدة", "ar", "Chad"),
    ]
    return [*named, *odd]


def config(
    folder: Path, url: str, port: int = 8790, more: str = "", *, hostile: bool = True
) -> Path:
    """A configuration with these feeds, or those alone that do well."""
    tables = []
    for one in feeds() if hostile else feeds()[:4]:
        lines = [f"url = {json.dumps(one.url)}", f"name = {json.dumps(one.name)}"]
        lines += [f"language = {json.dumps(one.language)}"] if one.language else []
        lines += [f"country = {json.dumps(one.country)}"] if one.country else []
        lines += ["state_media = true"] if one.state_media else []
        tables.append("\n".join(["[[feeds]]", *lines]))
    path = folder / "monitor.toml"
    text = CONFIG.format(url=url, port=port, more=more, feeds="\n".join(tables))
    path.write_text(text, encoding="utf-8")
    return path


def fill(
    store: RedisStore, policy: Policy, now: datetime, most: int = 200, *, hostile: bool = True
) -> None:
    """All of it; `most` reports of our own. Without what is `hostile` all is well."""
    for at, feed, entry in _reports(now, most):
        _judge(store, policy, feed, entry, at)
    if hostile:
        _hostile(store, now)
        _attempts(store, now)
        _healths(store, now)
    else:
        _sent(store)
        for feed in feeds()[:4]:
            state = _read(store, feed, now)
            assert store.commit(make.commit(feed, state.revision, state=state))
    store.register({one.key: now + timedelta(minutes=3) for one in feeds()})
    for name in ("poll_due", "sweep", "poll", "deliver"):
        store.mark_alive(name, now)


def _reports(now: datetime, most: int) -> Iterator[tuple[datetime, Feed, Entry]]:
    by_language = {one.language: one for one in feeds()[:4]}
    lines = GOLD.read_text(encoding="utf-8").splitlines()[:most]
    for number, line in enumerate(lines):
        row = json.loads(line)
        at = now - timedelta(minutes=(len(lines) - number) * 11)
        feed = by_language[row["lang"]]
        words = (row["title"], row.get("summary", ""), f"https://{row['lang']}.example/{number}")
        published = at - timedelta(minutes=6)
        yield at, feed, Entry(feed.url, row["id"], *words, published, feed.language)


def _judge(store: RedisStore, policy: Policy, feed: Feed, entry: Entry, now: datetime) -> None:
    paired = tuple(zip((entry,), identify([entry]), strict=True))
    decided = decide(store, feed, paired, policy, now)
    state = _read(store, feed, now)
    made = gather(feed.key, feed.url, state, decided.verdicts, decided.known, now=now)
    assert store.commit(made)


def _read(store: RedisStore, feed: Feed, now: datetime) -> FeedState:
    revision = store.feed_state(feed.key).revision + 1
    after = now + timedelta(minutes=10)
    read = make.state(revision, last_poll=now, last_new=now, because="new")
    return replace(read, next_poll=after)


def _hostile(store: RedisStore, now: datetime) -> None:
    """Stories that try to break a page, by outlets that do so too."""
    feed = feeds()[4]
    for number, title in enumerate(HOSTILE):
        at = now - timedelta(minutes=number)
        carrier = Carrier(title[:100], feed.url, "javascript:alert(1)", at, "<x>", MARKUP)
        story = Story(
            id=f"s_hostile{number}",
            event="e_hostile",
            entry="x",
            title=title,
            summary=f"{title} {LONG} {MARKUP}"[:2_000],
            link="javascript:alert(document.cookie)",
            published=None,
            first_seen=at,
            carrier=carrier,
            topics=frozenset({"sahel", "mali"}),
            severity=Severity(number % 4 + 1),
            matches=(
                Match("sahel", MARKUP, "title", 0, 4, title[:4], "Q1", MARKUP),
                Match("sahel", "r", "title", 5, 9_999, "x"),
                Match("sahel", "r", "summary", 1, 9, "x"),
            ),
            reasons=(MARKUP, LONG),
        )
        delivery = make.delivery(story.id, "desk", at)
        told = replace(delivery, alert=replace(delivery.alert, story=story, reason=MARKUP))
        revision = store.feed_state(feed.key).revision + 1
        made = make.commit(feed, revision, stories=(story,), deliveries=(told,))
        assert store.commit(made)


def _sent(store: RedisStore) -> None:
    """All arrived two seconds after they were decided."""
    for one in store.ledger_page(None, None, 0, 1_000).found:
        attempt = Attempt(ok=True, detail="200 ok", status=200, seconds=0.21)
        at = one.delivery.created + timedelta(seconds=2)
        assert store.record([one.delivery], attempt, at, None, Condition())


def _attempts(store: RedisStore, now: datetime) -> None:
    """Some are sent, some fail, some are given up, and some still wait."""
    for name in store.outboxes():
        page = store.ledger_page(None, name, 0, 500)
        for number, one in enumerate(page.found):
            if number % 5 == 4 and number < 10:
                continue
            ok = number % 5 in (0, 1, 4)
            said = "200 ok" if ok else f"503 upstream {MARKUP}"
            attempt = Attempt(ok, said, status=200 if ok else 503, seconds=0.21)
            retry = now + timedelta(minutes=5) if number % 5 == 2 else None
            failures = 0 if ok else 3
            condition = Condition(failures=failures, since=now.timestamp() if failures else 0.0)
            assert store.record([one.delivery], attempt, now, retry, condition)


def _healths(store: RedisStore, now: datetime) -> None:
    gone, long, dead, _ = feeds()[4:]
    failed: dict[str, Any] = {
        "outcome": PollOutcome.HTTP_404,
        "reason": f"answered 404 {MARKUP}",
        "failures": 7,
    }
    since = now - timedelta(days=3)
    states: list[tuple[Feed, dict[str, Any]]] = [
        (gone, {**failed, "failing_since": since}),
        (long, {"outcome": PollOutcome.TIMEOUT, "reason": LONG, "failures": 1}),
        (dead, {**failed, "dead": since, "failing_since": since, "because": "dead 1767225600"}),
    ]
    for feed, more in states:
        state = replace(_read(store, feed, now), **more)
        assert store.commit(make.commit(feed, state.revision, state=state))


def ids(store: RedisStore, names: Sequence[str] = ()) -> list[str]:
    """The ids of all stories, the newest first; `names` are put in front."""
    return [*names, *store.story_ids(datetime(2000, 1, 1, tzinfo=UTC), 10_000)]
