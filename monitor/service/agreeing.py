"""Agreements with hubs: which feeds are to be subscribed, what is due, and what hubs say to it.

The hub of a feed is known from its polls. All steps are taken against the store, each of them
only if nobody else took one since: a hub may verify before it has answered.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from monitor.core import websub
from monitor.core.batching import host_of
from monitor.core.commit import Commit
from monitor.core.models import Feed, Hub
from monitor.core.shown import hidden, shown_url
from monitor.core.websub import Endpoint, Heard, Stage, Subscription
from monitor.edges.hubs import Answer
from monitor.edges.store.redis import RedisStore

# Feeds looked through in one go, and subscriptions in hand at the same time.
_CHUNK, _IN_HAND = 2_000, 200
# How often something is tried again that somebody else came in between of.
_TRIES = 5
_UNAVAILABLE = Heard(503)

log = structlog.get_logger("monitor")


class Asking(Protocol):
    """Sends a form to a hub."""

    def __call__(self, url: str, form: Mapping[str, str], /) -> Awaitable[Answer]:
        """Whether it was taken."""
        ...


@dataclass
class Agreements:
    """The subscriptions of this configuration's feeds; used on one event loop, but for `hear`
    and `find`. `gap` lies between two requests to one host. `jitter` gives numbers in 0..1.
    """

    store: RedisStore
    feeds: Mapping[str, Feed]
    endpoint: Endpoint
    ask: Asking
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    gap: timedelta
    trouble: Callable[[Exception], None]
    _hands: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _hosts: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    # -- which are wanted ------------------------------------------------------------

    async def look(self, *, prune: bool) -> None:
        """See which feeds have a hub, or another one. `prune`: end what is not configured."""
        keys, had = list(self.feeds), await asyncio.to_thread(self.store.subscribed)
        for at in range(0, len(keys), _CHUNK):
            await self._end(await asyncio.to_thread(self._compare, keys[at : at + _CHUNK], had))
        if prune:
            await self._end(await asyncio.to_thread(self._strays))

    def _compare(self, keys: list[str], had: frozenset[str]) -> list[Subscription]:
        """Note what is wanted anew; those that were left for it."""
        hubs = self.store.hubs(keys)
        kept = self.store.subscriptions([key for key in keys if key in had])
        left = []
        for key in hubs.keys() | kept.keys():
            one, hub = kept.get(key), self._named(hubs.get(key), key)
            if one and one.hub == hub:
                continue
            if one and self.store.leave(one):
                left.append(one)
            if hub:
                self.store.save_subscription(self._wanted(key, hub))
        return left

    def _named(self, hub: Hub | None, key: str) -> Hub | None:
        """The hub, and what it knows the feed by: its URL where the feed does not say; none where
        that would tell the hub a key of ours.
        """
        topic = (hub and hub.topic) or self.feeds[key].url
        return None if hub is None or any(hidden(topic)) else Hub(hub.url, topic)

    def _wanted(self, key: str, hub: Hub) -> Subscription:
        token = f"{key}.{secrets.token_urlsafe(24)}"
        return Subscription(key, hub, token, secrets.token_urlsafe(32), self.clock())

    def _strays(self) -> list[Subscription]:
        strays = self.store.subscribed() - self.feeds.keys()
        found = self.store.subscriptions(sorted(strays)).values()
        return [one for one in found if self.store.leave(one)]

    async def _end(self, left: Iterable[Subscription]) -> None:
        """Tell hubs that we are gone; where that fails, the lease ends by itself."""
        for one in left:
            if one.state in {Stage.ASKED, Stage.VERIFIED}:
                form = websub.form(one.hub.topic, one.token, self.endpoint)
                async with self._host(one.hub.url):
                    await self.ask(one.hub.url, form)
                    await asyncio.sleep(self.gap.total_seconds())
            log.info("push ended", feed=self._url(one), hub=host_of(one.hub.url))

    # -- what is due -----------------------------------------------------------------

    async def tick(self) -> None:
        """Begin what is due, as far as there is room; a hub that hangs holds up nobody else."""
        now, limit = self.clock(), 2 * _IN_HAND
        due = await asyncio.to_thread(self.store.due_subscriptions, now, limit)
        ours = [feed for feed in due if feed in self.feeds and feed not in self._hands]
        room = _IN_HAND - len(self._hands)
        found = await asyncio.to_thread(self.store.subscriptions, ours[:room])
        for feed, one in found.items():
            self._hands[feed] = asyncio.create_task(self._serve(one))

    async def close(self) -> None:
        """Drop what is in hand: it is due again after the patience for a hub."""
        hands = list(self._hands.values())
        for one in hands:
            one.cancel()
        await asyncio.gather(*hands, return_exceptions=True)

    def _host(self, url: str) -> asyncio.Lock:
        return self._hosts.setdefault(host_of(url), asyncio.Lock())

    async def _serve(self, one: Subscription) -> None:
        try:
            async with self._host(one.hub.url):
                if await self._step(one.feed):
                    await asyncio.sleep(self.gap.total_seconds())
        except Exception as error:  # noqa: BLE001 - told there
            self.trouble(error)
        finally:
            del self._hands[one.feed]

    async def _step(self, feed: str) -> bool:
        """Do what is due for a feed now; whether its hub was asked."""
        now = self.clock()
        one = (await asyncio.to_thread(self.store.subscriptions, [feed])).get(feed)
        if one is None or one.due > now:
            return False
        if one.waits:
            await self._fail(one, Answer(ok=False, why=websub.NEVER))
            return False
        asked = websub.ask(one, now)
        if not await asyncio.to_thread(self.store.save_subscription, asked):
            return False
        form = websub.form(asked.hub.topic, asked.token, self.endpoint, asked.secret)
        answer = await self.ask(asked.hub.url, form)
        if not answer.ok:
            await self._fail(asked, answer)
        return True

    async def _fail(self, one: Subscription, answer: Answer) -> None:
        after = websub.failed(one, answer.why, self.clock(), self.jitter(), answer.retry_after)
        if await asyncio.to_thread(self.store.save_subscription, after):
            await asyncio.to_thread(self._told, one, after)

    # -- what hubs say ---------------------------------------------------------------

    def find(self, token: str) -> Subscription | None:
        """The subscription that an address was made for."""
        feed = token.partition(".")[0]
        one = self.store.subscriptions([feed]).get(feed)
        same = one is not None and secrets.compare_digest(one.token.encode(), token.encode())
        return one if same and feed in self.feeds else None

    def hear(self, token: str, said: Mapping[str, str]) -> Heard:
        """What the hub that has this address deserves."""
        for _ in range(_TRIES):
            if (one := self.find(token)) is None:
                topic = self.store.left_topic(token)
                return websub.hear_leaving(topic, said) if topic else websub.NOTHING
            heard = websub.hear(one, said, self.endpoint.lease, self.clock(), self.jitter())
            if heard.after is None:
                return heard
            if self.store.save_subscription(heard.after):
                self._told(one, heard.after)
                return heard
        return _UNAVAILABLE

    def _told(self, before: Subscription, after: Subscription) -> None:
        """Let polling know until when the hub pushes, and say what has changed."""
        words = {"feed": self._url(after), "hub": host_of(after.hub.url)}
        feed = self.feeds.get(after.feed)
        if feed and before.expires != after.expires:
            self._promise(feed, after.expires)
        if after.state is Stage.VERIFIED and not after.why:
            log.info("push agreed", **words, until=f"{after.expires:%Y-%m-%dT%H:%MZ}")
        elif before.why != after.why:
            log.warning("no push", **words, state=str(after.state), why=after.why)

    def _promise(self, feed: Feed, until: datetime | None) -> None:
        for _ in range(_TRIES):
            state = self.store.feed_state(feed.key)
            if state.push.until == until or not state.revision:
                return
            if self.store.commit(Commit(feed.key, feed.url, websub.promised(state, until))):
                return

    def _url(self, one: Subscription) -> str:
        feed = self.feeds.get(one.feed)
        return feed.shown if feed else shown_url(one.hub.topic)
