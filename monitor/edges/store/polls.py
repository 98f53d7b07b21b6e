"""The polling side of the store: what is known, and the one write a poll."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from urllib.parse import urlsplit

from monitor.core.commit import Commit
from monitor.core.dedupe import names_of_new
from monitor.core.digest import digest
from monitor.core.models import FeedState, Identity, Known, Seen, StoryRef
from monitor.core.shown import shown_url
from monitor.edges.store import keys
from monitor.edges.store.absent import trouble_of
from monitor.edges.store.archive import archive_commands
from monitor.edges.store.connection import Connected, Pipeline
from monitor.edges.store.deliveries import add_delivery
from monitor.edges.store.likes import overtaken, watched, write_likes
from monitor.edges.store.records import (
    BY,
    CARRIER,
    FEED_STATE,
    FULL_READ,
    STORY,
    STORY_FIELD,
    TOLD,
    read_seen,
    read_story,
    reference,
    write_seen,
)
from monitor.edges.store.scripts import EACH

# Seconds that a story and its claims are remembered: a copy this much later is new again.
# A story is known at least as long as its deliveries are, so that it is not told again.
STORY_TTL = 91 * 86_400
CLAIM_TTL = 14 * 86_400
# Words of one command: Lua can hand on some 8,000 (an even number, for names and values).
_WORDS = 2_000
# Seconds after which a feed that is not polled any more is forgotten.
FEED_TTL = 90 * 86_400


class Polls(Connected):
    """What is known, and the commit."""

    def feed_state(self, feed: str) -> FeedState:
        """What is remembered of a feed; a blank state for one never polled."""
        with self.reached():
            state = self._redis.hget(keys.feed(feed), "state")
        return FEED_STATE.validate_json(state) if state else FeedState()

    def known(self, feed: str, identities: Sequence[Identity]) -> Known:
        """What is known of these entries: in this feed, and as stories in any."""
        (seen,) = self.seen_each([(feed, identities)])
        return Known(seen, self.stories_of(identities, seen))

    def seen_each(self, asked: Sequence[tuple[str, Sequence[Identity]]]) -> list[dict[str, Seen]]:
        """What each feed is remembered to have shown of these entries, by Identity.id; all that
        it has shown where that is much, so that the oldest can be forgotten.
        """
        ids = [[one.id for one in identities] for _, identities in asked]
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for (feed, _), these in zip(asked, ids, strict=True):
                pipe.hlen(keys.seen(feed))
                pipe.hmget(keys.seen(feed), these or [""])
            found = iter(pipe.execute())
        return [
            self.memory(feed) if next(found) >= FULL_READ else _seen(these, next(found))
            for (feed, _), these in zip(asked, ids, strict=True)
        ]

    def stories_of(
        self, identities: Sequence[Identity], seen: Mapping[str, Seen]
    ) -> dict[str, StoryRef]:
        """The stories behind entries: by claim for new and edited ones, by id for known ones."""
        names = list(dict.fromkeys(names_of_new(identities, seen)))
        own = {seen[one.id].story for one in identities if one.id in seen}
        with self.reached():
            held = self._redis.mget([keys.claim(name) for name in names]) if names else []
            by_claim = {name: story for name, story in zip(names, held, strict=True) if story}
            refs = self._references({*by_claim.values(), *filter(None, own)})
        named = {name: refs[story] for name, story in by_claim.items() if story in refs}
        return refs | named

    def memory(self, feed: str) -> dict[str, Seen]:
        """All that a feed is remembered to have shown, by Identity.id."""
        with self.reached():
            found = self._redis.hgetall(keys.seen(feed))
        return {key: read_seen(line) for key, line in found.items()}

    def _references(self, story_ids: set[str]) -> dict[str, StoryRef]:
        if not story_ids:
            return {}
        pipe = self._redis.pipeline(transaction=False)
        for one in story_ids:
            pipe.hgetall(keys.story(one))
        stored = [read_story(fields) for fields in pipe.execute()]
        return {one.story.id: reference(one) for one in stored if one}

    def commit(self, commit: Commit) -> bool:
        """Write all of it, or nothing and return False: it was decided on old knowledge."""
        if commit.of_the_feed:
            return self.commit_each([commit])[0]
        claimed = [keys.claim(name) for name in commit.claims]
        sent = [keys.delivery(one.id) for one in commit.deliveries]

        def attempt(pipe: Pipeline) -> bool:
            revision = int(pipe.hget(keys.feed(commit.feed), "rev") or 0)
            if revision + 1 != commit.state.revision or _held(pipe, claimed):
                return False
            if overtaken(pipe, commit):
                return False
            made = [one for one in commit.deliveries if not pipe.exists(keys.delivery(one.id))]
            pipe.multi()
            _write(pipe, replace(commit, deliveries=tuple(made)))
            return True

        keys_read = [keys.feed(commit.feed), *claimed, *sent, *watched(commit)]
        return self._conditional(keys_read, attempt)

    def commit_each(self, commits: Sequence[Commit]) -> tuple[bool, ...]:
        """Write what concerns nothing but its feed, each for itself; whether it was written.

        One round trip for all: most polls bring nothing, and must cost next to nothing.
        """
        if not commits:
            return ()
        args = ["rev"]
        for one in commits:
            before = one.state.revision - 1
            args += [str(before or ""), json.dumps(list(_feed_commands(one)))]
        with self.reached():
            run = self._redis.register_script(EACH)
            done = run(keys=[keys.feed(one.feed) for one in commits], args=args)
        return tuple(map(bool, done))

    def take_home(self, url: str, feed: str) -> str:
        """Note that a feed is read at this address now; the key of the one that is already."""
        configured = digest(url)
        with self.reached():
            if configured != feed and self._redis.zscore(keys.DUE, configured) is not None:
                return configured
            self._redis.hsetnx(keys.HOMES, configured, feed)
            holder: str = self._redis.hget(keys.HOMES, configured) or feed
        return "" if holder == feed else holder


def _seen(ids: Sequence[str], lines: Sequence[str | None]) -> dict[str, Seen]:
    return {name: read_seen(line) for name, line in zip(ids, lines, strict=False) if line}


def _held(pipe: Pipeline, claimed: Sequence[str]) -> bool:
    """Whether a claim is a living story's; one left by a story that is gone is free."""
    holders = pipe.mget(claimed) if claimed else []
    return any(pipe.exists(keys.story(one)) for one in holders if one)


def _write(pipe: Pipeline, commit: Commit) -> None:
    _write_feed(pipe, commit)
    _write_stories(pipe, commit)
    write_likes(pipe, commit)
    for name, story_id in commit.claims.items():
        pipe.set(keys.claim(name), story_id, ex=CLAIM_TTL)
    for one in commit.deliveries:
        add_delivery(pipe, one)


def _write_feed(pipe: Pipeline, commit: Commit) -> None:
    for command in _feed_commands(commit):
        pipe.execute_command(*command)


def _feed_commands(commit: Commit) -> Iterator[list[str]]:
    """What is written of the feed itself, as commands of the server."""
    feed, state = keys.feed(commit.feed), commit.state
    lines = list(chain.from_iterable((name, write_seen(one)) for name, one in commit.seen.items()))
    for at in range(0, len(lines), _WORDS):
        yield ["HSET", keys.seen(commit.feed), *lines[at : at + _WORDS]]
    for at in range(0, len(commit.forgotten), _WORDS):
        yield ["HDEL", keys.seen(commit.feed), *commit.forgotten[at : at + _WORDS]]
    host = urlsplit(state.move.url).hostname or ""
    written = FEED_STATE.dump_json(state, exclude_defaults=True).decode()
    own = ["url", shown_url(commit.url)] if state.revision == 1 else []
    yield ["HSET", feed, "rev", str(state.revision), "host", host, "state", written, *own]
    yield ["EXPIRE", feed, str(FEED_TTL)]
    yield ["EXPIRE", keys.seen(commit.feed), str(FEED_TTL)]
    if state.next_poll and commit.sets_turn:
        # XX: a feed taken out of the configuration meanwhile does not come back.
        yield ["ZADD", keys.DUE, "XX", repr(state.next_poll.timestamp()), commit.feed]
    elif state.dead:
        yield ["ZREM", keys.DUE, commit.feed]
    if trouble := trouble_of(state):
        yield ["HSET", keys.FAILING, commit.feed, trouble]
    else:
        yield ["HDEL", keys.FAILING, commit.feed]
    if commit.sheet:
        yield from archive_commands(commit.feed, commit.sheet)


def _write_stories(pipe: Pipeline, commit: Commit) -> None:
    for story in commit.stories:
        key, by = keys.story(story.id), f"{BY}{commit.feed}"
        # Two feeds may add themselves at once: each field is written by one of them only,
        # and the first telling stays.
        pipe.hsetnx(key, STORY_FIELD, STORY.dump_json(story, exclude_defaults=True))
        pipe.hsetnx(key, by, CARRIER.dump_json(story.carrier, exclude_defaults=True))
        pipe.expire(key, STORY_TTL)
        pipe.zadd(keys.STORIES, {story.id: story.first_seen.timestamp()}, nx=True)
    for story_id, receivers in commit.settled.items():
        if receivers:
            told = {f"{TOLD}{one}": "1" for one in sorted(receivers)}
            pipe.hset(keys.story(story_id), mapping=told)
