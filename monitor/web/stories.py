"""The pages of stories: what was found, and one story with all that is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aiohttp import web

from monitor.core.digest import delivery_id
from monitor.core.evidence import Piece, marked, sentence
from monitor.core.models import Carrier, EventRef, Match, Story
from monitor.core.wording import reach, topics
from monitor.edges.store.records import Entered, StoredStory
from monitor.service.clockwork import utc_now
from monitor.web import asking, charts
from monitor.web.asking import Asked
from monitor.web.site import Site

# Stories on a page, outlets that are proposed, and other stories of an event that are shown.
_PAGE, _SOURCES, _EVENT = 50, 300, 50
# Of which time stories are shown where nothing is asked for.
_WITHIN = "7d"


@dataclass(frozen=True, slots=True)
class Card:
    """A story in a list."""

    story: Story
    title: tuple[Piece, ...]
    sentence: tuple[Piece, ...]
    topics: list[str]
    others: int


def card(stored: StoredStory) -> Card:
    """A story as a list shows it; the sentence is left out where it is the title."""
    story = stored.story
    title, telling = marked(story, "title"), sentence(story)
    others = {one.source for one in stored.carriers} - {story.carrier.source}
    shown = () if _text(telling) == _text(title) else telling
    return Card(story, title, shown, topics(story), len(others))


def _text(pieces: Iterable[Piece]) -> str:
    return "".join(one.text for one in pieces)


@dataclass
class Stories:
    """The handlers."""

    site: Site

    async def several(self, request: web.Request) -> web.Response:
        """Stories by what they are about, where they come from, and when."""
        asked = Asked(request.query, asking.STORIES)
        site, now = self.site, utc_now()
        known = site.service.rulebook.topics
        wanted = asking.stories(asked, known, now, _WITHIN)
        index = site.watch.index
        found = index.find(wanted)
        first = (asked.page - 1) * _PAGE
        ids = [row.id for row in found[first : first + _PAGE]]
        stored = await asyncio.to_thread(site.service.store.stories_by_id, ids)
        cards = [card(one) for one in stored.values()]
        days = groupby(cards, key=lambda one: one.story.first_seen.date())
        return site.page(
            request,
            "stories.html",
            asked=asked,
            days=[(day, list(these)) for day, these in days],
            count=len(found),
            first=first + 1,
            last=first + len(ids),
            before=asked.link("/stories", page=asked.page - 1) if asked.page > 1 else "",
            after=asked.link("/stories", page=asked.page + 1) if found[first + _PAGE :] else "",
            choices=self._choices(),
            within=asked.text("within") or _WITHIN,
        )

    def _choices(self) -> dict[str, Sequence[Any]]:
        index = self.site.watch.index
        return {
            "topics": list(self.site.service.rulebook.topics),
            "severities": asking.SEVERITIES,
            "languages": index.languages(),
            "countries": index.countries(),
            "sources": index.sources(_SOURCES),
            "spans": list(asking.SPANS.items()),
        }

    async def one(self, request: web.Request) -> web.Response:
        """One story."""
        Asked(request.query, ())
        values = await asyncio.to_thread(self._known, request.match_info["story"])
        if values is None:
            raise web.HTTPNotFound
        return self.site.page(request, "story.html", **values)

    def _known(self, name: str) -> dict[str, Any] | None:
        store = self.site.service.store
        stored = store.stories_by_id([name]).get(name)
        if stored is None:
            return None
        story = stored.story
        event = store.recall((), (story.event,))[1].get(story.event)
        carriers = _carriers(stored, event)
        ids = dict.fromkeys(one.story for one in carriers if one.story)
        ids |= dict.fromkeys(self.site.watch.index.of_event(story.event))
        ids.pop(name, None)
        others = store.stories_by_id(list(ids)[:_EVENT])
        return {
            "card": card(stored),
            "story": story,
            "summary": marked(story, "summary"),
            "evidence": _evidence(story.matches),
            "carriers": carriers,
            "line": charts.timeline([one.seen for one in carriers]),
            "reach": reach(carriers),
            "others": [card(one) for one in others.values()],
            "deliveries": self._deliveries(story, event),
        }

    def _deliveries(self, story: Story, event: EventRef | None) -> tuple[Entered, ...]:
        """What was told of this story to whom, and what its event was told by first."""
        store = self.site.service.store
        names = {*self.site.service.desk.receivers, *store.outboxes()}
        own = [delivery_id(story.id, one) for one in sorted(names)]
        return store.told_of(story, [*own, *(event.told.values() if event else ())])


def _carriers(stored: StoredStory, event: EventRef | None) -> list[Carrier]:
    """All outlets that carry the event, each with its first telling, the earliest first."""
    found = [*stored.carriers, *(event.carriers if event else ())]
    first: dict[str, Carrier] = {}
    for one in sorted(found, key=lambda one: one.seen):
        first.setdefault(one.source, one)
    return list(first.values())


@dataclass(frozen=True, slots=True)
class Proof:
    """What one rule went by for one topic: the words, and what they name."""

    topic: str
    rule: str
    words: list[Match]


def _evidence(matches: Iterable[Match]) -> list[Proof]:
    found: dict[tuple[str, str], dict[tuple[str, str | None], Match]] = {}
    for one in matches:
        found.setdefault((one.topic, one.rule), {}).setdefault((one.text, one.name), one)
    return [Proof(*key, list(words.values())) for key, words in found.items()]
