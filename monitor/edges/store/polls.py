"""The polling side of the store: whose turn it is, what is known, and the one write a poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.commit import Commit
from monitor.core.dedupe import names_of_new
from monitor.core.models import FeedState, Identity, Known, Seen, StoryRef
from monitor.edges.store import keys
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
from monitor.edges.store.scripts import CLAIM, RENEW

# Seconds that a story and its claims are remembered: a copy this much later is new again.
# A story is known at least as long as its deliveries are, so that it is not told again.
STORY_TTL = 91 * 86_400
CLAIM_TTL = 14 * 86_400
# Seconds after which a feed that is not polled any more is forgotten.
FEED_TTL = 90 * 86_400


class Polls(Connected):
    """Whose turn it is, what is known, and the commit."""

    def register(self, due: Mapping[str, datetime], *, prune: bool = True) -> None:
        """Make these feeds take turns: new ones at the given time, known ones as they do.

        `prune`: others take none any more.
        """
        with self.reached():
            gone = set(self._redis.zrange(keys.DUE, 0, -1)) - due.keys() if prune else set()
            pipe = self._redis.pipeline()
            for key, at in due.items():
                pipe.zadd(keys.DUE, {key: at.timestamp()}, nx=True)
            if gone:
                pipe.zrem(keys.DUE, *gone)
            pipe.execute()

    def claim_feeds(self, now: datetime, until: datetime, limit: int) -> tuple[str, ...]:
        """Take up to `limit` feeds whose time has come; nobody else gets them before `until`."""
        with self.reached():
            run = self._redis.register_script(CLAIM)
            return tuple(run(keys=[keys.DUE], args=[now.timestamp(), until.timestamp(), limit]))

    def renew_feeds(
        self, feeds: Sequence[str], lease: datetime, until: datetime
    ) -> tuple[str, ...]:
        """Those of the feeds that are still ours by the lease, now held until `until`."""
        with self.reached():
            run = self._redis.register_script(RENEW)
            args = [lease.timestamp(), until.timestamp(), *feeds]
            return tuple(run(keys=[keys.DUE], args=args))

    def feed_state(self, feed: str) -> FeedState:
        """What is remembered of a feed; a blank state for one never polled."""
        with self.reached():
            state = self._redis.hget(keys.feed(feed), "state")
        return FEED_STATE.validate_json(state) if state else FeedState()

    def known(self, feed: str, identities: Sequence[Identity]) -> Known:
        """What is known of these entries: in this feed, and as stories in any."""
        with self.reached():
            size = self._redis.hlen(keys.seen(feed))
            seen = self._seen(feed, identities, everything=size >= FULL_READ)
            return Known(seen, self._stories(identities, seen))

    def memory(self, feed: str) -> Mapping[str, Seen]:
        """All that a feed is remembered to have shown, by Identity.id."""
        with self.reached():
            found = self._redis.hgetall(keys.seen(feed))
        return {key: read_seen(line) for key, line in found.items()}

    def _seen(
        self, feed: str, identities: Sequence[Identity], *, everything: bool
    ) -> dict[str, Seen]:
        if everything:
            found = self._redis.hgetall(keys.seen(feed))
            return {key: read_seen(line) for key, line in found.items()}
        ids = [one.id for one in identities]
        lines = self._redis.hmget(keys.seen(feed), ids) if ids else []
        return {key: read_seen(line) for key, line in zip(ids, lines, strict=True) if line}

    def _stories(
        self, identities: Sequence[Identity], seen: Mapping[str, Seen]
    ) -> dict[str, StoryRef]:
        """The stories behind entries: by claim for new and edited ones, by id for known ones."""
        names = list(dict.fromkeys(names_of_new(identities, seen)))
        held = self._redis.mget([keys.claim(name) for name in names]) if names else []
        by_claim = {name: story for name, story in zip(names, held, strict=True) if story}
        own = {seen[one.id].story for one in identities if one.id in seen}
        refs = self._references({*by_claim.values(), *filter(None, own)})
        named = {name: refs[story] for name, story in by_claim.items() if story in refs}
        return refs | named

    def _references(self, story_ids: set[str]) -> dict[str, StoryRef]:
        pipe = self._redis.pipeline(transaction=False)
        for one in story_ids:
            pipe.hgetall(keys.story(one))
        stored = [read_story(fields) for fields in pipe.execute()]
        return {one.story.id: reference(one) for one in stored if one}

    def commit(self, commit: Commit) -> bool:
        """Write all of it, or nothing and return False: it was decided on old knowledge."""
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
    if commit.seen:
        lines = {key: write_seen(one) for key, one in commit.seen.items()}
        pipe.hset(keys.seen(commit.feed), mapping=lines)
    if commit.forgotten:
        pipe.hdel(keys.seen(commit.feed), *commit.forgotten)
    state = FEED_STATE.dump_json(commit.state, exclude_defaults=True)
    fields = {"rev": commit.state.revision, "url": commit.url, "state": state}
    pipe.hset(keys.feed(commit.feed), mapping=fields)
    for key in (keys.feed(commit.feed), keys.seen(commit.feed)):
        pipe.expire(key, FEED_TTL)
    if commit.state.next_poll:
        # xx: a feed taken out of the configuration meanwhile does not come back.
        pipe.zadd(keys.DUE, {commit.feed: commit.state.next_poll.timestamp()}, xx=True)


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
