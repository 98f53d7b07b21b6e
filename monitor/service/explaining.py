"""Why a piece of news came, or did not: all that is still known of it, and what today's rules say.

The archive says what was decided; stories, events and the ledger what became of it. Each entry is
decided on anew as of the moment it came, by itself, so that a rule changed since shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from monitor.core.dedupe import claims
from monitor.core.digest import delivery_id, digest
from monitor.core.identity import canonical_url, identify
from monitor.core.models import Archived, Entry, Feed, FeedState, Outcome, Seen, Verdict
from monitor.core.triage import Policy
from monitor.edges.store.archive import Extent
from monitor.edges.store.memory import MemoryStore
from monitor.edges.store.records import Entered, StoredStory
from monitor.edges.store.redis import RedisStore
from monitor.service.deciding import decide

# Earlier entries that are looked up to say when they came, and links of a story, at most.
_EARLIER, _LINKS = 5, 10
# What depends on no other entry, and on no silence: the same entry alone would end there again.
_BY_ITSELF = frozenset((Outcome.ALERTED, Outcome.NO_TOPIC, Outcome.NO_ROUTE, Outcome.TOO_OLD))


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry as it came. `feed`: None where it is not configured any more. `today`: what would be
    decided on it now, by itself; None where its text was not kept. `earlier`: the entry that it
    repeats, or tells of the event of, where that is archived.
    """

    archived: Archived
    feed: Feed | None
    today: Verdict | None = None
    earlier: Archived | None = None

    @property
    def differs(self) -> bool:
        """Whether today's rules say something else."""
        then, now = self.archived, self.today
        if now is None:
            return False
        if then.topics != tuple(sorted(now.tagging.topics)):
            return True
        if then.severity is not now.tagging.severity:
            return True
        return then.outcome in _BY_ITSELF and now.outcome is not then.outcome


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is known of what was asked for, the latest first.

    `lost`: ids of deliveries that are not in the ledger any more. Where no entry was found,
    `memory` has the feeds (by key) that showed one before the archive begins, and `hosted` the
    configured ones of the same host with their states.
    """

    asked: str
    extent: Extent
    sightings: tuple[Sighting, ...] = ()
    stories: tuple[StoredStory, ...] = ()
    deliveries: tuple[Entered, ...] = ()
    lost: tuple[str, ...] = ()
    memory: Mapping[str, Seen] = field(default_factory=dict)
    hosted: tuple[tuple[Feed, FeedState | None], ...] = ()

    @property
    def seen(self) -> bool:
        """Whether it ever came, as far as anything remembers."""
        return bool(self.sightings or self.stories or self.memory)


@dataclass(frozen=True, slots=True)
class Explainer:
    """Looks up why. `feeds`: the configured ones by key."""

    store: RedisStore
    policy: Policy
    feeds: Mapping[str, Feed]

    def explain(self, asked: str) -> Findings:
        """All about a link, an entry's id, a story's or a delivery's."""
        named = self._story_named(asked)
        found = self._entries(asked, named)
        stories = self._stories(asked, found, named)
        wanted = [name for one in found for name in one.deliveries]
        entered = self._deliveries([*wanted, *self._told(found, stories)])
        known = {one.delivery.id for one in entered}
        findings = Findings(
            asked,
            self.store.archive_extent(),
            tuple(self._sightings(found)),
            stories,
            entered,
            tuple(name for name in dict.fromkeys(wanted) if name not in known),
        )
        return findings if findings.seen else self._unseen(findings)

    def _story_named(self, asked: str) -> StoredStory | None:
        """The story of this id, or the one that the delivery of this id tells."""
        if asked.startswith("d_") and (one := self.store.entered(asked)):
            asked = one.delivery.alert.story.id
        return self.store.stories_by_id([asked]).get(asked) if asked.startswith("s_") else None

    def _entries(self, asked: str, named: StoredStory | None) -> tuple[Archived, ...]:
        if named is None:
            return self.store.archived_of(asked)
        links = dict.fromkeys(one.link for one in named.carriers if one.link)
        found = [one for link in list(links)[:_LINKS] for one in self.store.archived_of(link)]
        ours = [one for one in dict.fromkeys(found) if one.story == named.story.id]
        return tuple(sorted(ours, key=lambda one: one.at, reverse=True))

    def _sightings(self, found: Iterable[Archived]) -> Iterator[Sighting]:
        earlier = self._earlier(found)
        for one in found:
            feed = self.feeds.get(one.feed)
            today = None if one.entry.skimmed else judge(one, feed, self.policy)
            yield Sighting(one, feed, today, earlier.get(one.of or ""))

    def _earlier(self, found: Iterable[Archived]) -> dict[str, Archived]:
        """The first of the entries that these repeat, by their names."""
        names = dict.fromkeys(one.of for one in found if one.of and one.of != one.entry.id)
        asked = {name: self.store.archived_of(name) for name in list(names)[:_EARLIER]}
        return {name: ones[-1] for name, ones in asked.items() if ones}

    def _stories(
        self, asked: str, found: Sequence[Archived], named: StoredStory | None
    ) -> tuple[StoredStory, ...]:
        names = dict.fromkeys(one.story for one in found if one.story)
        stored = [named, self._claimed(asked), *self.store.stories_by_id(list(names)).values()]
        return tuple({one.story.id: one for one in stored if one}.values())

    def _claimed(self, link: str) -> StoredStory | None:
        """The story that holds a link."""
        (identity,) = identify([Entry(feed="", id=link, title=link, link=link)])
        return self.store.story_of(claims(identity)[0])

    def _told(self, found: Sequence[Archived], stories: Sequence[StoredStory]) -> Iterator[str]:
        """The deliveries that told these stories first, and those that told their events."""
        for one in stories:
            yield from (delivery_id(one.story.id, name) for name in sorted(one.told))
        events = {one.event for one in found if one.event} | {one.story.event for one in stories}
        _, known = self.store.recall((), sorted(events))
        for event in known.values():
            yield from event.told.values()

    def _deliveries(self, names: Iterable[str]) -> tuple[Entered, ...]:
        found = [one for name in dict.fromkeys(names) if (one := self.store.entered(name))]
        return tuple(sorted(found, key=lambda one: one.delivery.created, reverse=True))

    def _unseen(self, findings: Findings) -> Findings:
        """What can be said of an entry that nothing is archived of."""
        asked = findings.asked
        names = (digest(asked), digest(canonical_url(asked)))
        keys = [key for key, feed in self.feeds.items() if _related(asked, feed.url)]
        states = self.store.feed_states(keys)
        return replace(
            findings,
            memory=self.store.remembered(list(self.feeds), names),
            hosted=tuple((self.feeds[key], states.get(key)) for key in keys),
        )


def judge(one: Archived, feed: Feed | None, policy: Policy) -> Verdict:
    """What would be decided on an archived entry as of the moment it came, by itself: rules, routes
    and ages, no silences.
    """
    known = feed or Feed("", one.source, one.entry.language)
    entry = replace(one.entry, feed=known.url)
    entries = tuple(zip((entry,), identify([entry]), strict=True))
    policy = replace(policy, silences=())
    return decide(MemoryStore(), known, entries, policy, one.at).verdicts[0]


def _related(asked: str, url: str) -> bool:
    """Whether two addresses are of one site, or of one below the other."""
    ours, theirs = _site(asked), _site(url)
    if not ours or not theirs:
        return False
    return ours == theirs or ours.endswith(f".{theirs}") or theirs.endswith(f".{ours}")


def _site(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
