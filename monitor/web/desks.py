"""The pages of deliveries and feeds, and the one thing that can be done here: sending anew."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from monitor.core.models import DeliveryState, Feed
from monitor.service.clockwork import utc_now
from monitor.views.latency import budget_line, budget_row
from monitor.views.rows import feed_row
from monitor.web import asking
from monitor.web.asking import Asked
from monitor.web.site import Site
from monitor.web.watch import WAITING

_PAGE = 50
# What is said after a form was sent, by what stands in the address then.
_DONE = {
    "again": "It goes out again within seconds, under the same id and with all tries before it.",
    "busy": "It was not put out again: it is just being sent. Try again in a minute.",
}


@dataclass
class Deliveries:
    """The handlers of deliveries."""

    site: Site

    async def several(self, request: web.Request) -> web.Response:
        """Deliveries by receiver and state."""
        asked = Asked(request.query, ("state", "receiver", "skip"))
        return self.site.page(
            request, "deliveries.html", asked=asked, **await asyncio.to_thread(self._found, asked)
        )

    def _found(self, asked: Asked) -> dict[str, Any]:
        service = self.site.service
        receivers = sorted({*service.desk.receivers, *service.store.outboxes()})
        state = asked.one_of("state", asking.STATES)
        receiver = asked.one_of("receiver", receivers)
        page = service.store.ledger_page(
            DeliveryState(state) if state else None,
            receiver or None,
            asked.number("skip", 0, 10_000_000),
            _PAGE,
        )
        further = page.further
        return {
            "found": page.found,
            "receivers": receivers,
            "states": asking.STATES,
            "after": "" if further is None else asked.link("/deliveries", skip=further),
        }

    async def one(self, request: web.Request) -> web.Response:
        """One delivery with its attempts."""
        asked = Asked(request.query, ("done",))
        done = _DONE.get(asked.one_of("done", _DONE), "")
        name = request.match_info["delivery"]
        found = await asyncio.to_thread(self.site.service.store.entered, name)
        if found is None:
            raise web.HTTPNotFound
        spent = budget_line(budget_row(found))
        return self.site.page(request, "delivery.html", one=found, done=done, spent=spent)

    async def again(self, request: web.Request) -> web.Response:
        """Put a delivery out anew; the guard has seen that the form is ours."""
        name = request.match_info["delivery"]
        service = self.site.service
        if await asyncio.to_thread(service.store.entered, name) is None:
            raise web.HTTPNotFound
        done = await asyncio.to_thread(service.desk.redeliver, [name])
        said = "again" if done else "busy"
        return web.Response(status=303, headers={"Location": f"/deliveries/{name}?done={said}"})


@dataclass
class Feeds:
    """The handlers of feeds. They stand in the order of their health, then of their names."""

    site: Site

    async def several(self, request: web.Request) -> web.Response:
        """Feeds by how they do and what they are called."""
        asked = Asked(request.query, ("q", "health", "page"))
        wanted = asked.one_of("health", asking.HEALTHS)
        found = self._found(asked.text("q").casefold())
        counts = {health: len(these) for health, these in found.items()}
        chosen = [one for health, these in found.items() if wanted in ("", health) for one in these]
        first = (asked.page - 1) * _PAGE
        shown = chosen[first : first + _PAGE]
        rows = await asyncio.to_thread(self._rows, shown)
        return self.site.page(
            request,
            "feeds.html",
            asked=asked,
            rows=rows,
            counts=counts,
            count=len(chosen),
            first=first + 1,
            last=first + len(rows),
            before=asked.link("/feeds", page=asked.page - 1) if asked.page > 1 else "",
            after=asked.link("/feeds", page=asked.page + 1) if chosen[first + _PAGE :] else "",
        )

    def _found(self, words: str) -> dict[str, list[Feed]]:
        found: dict[str, list[Feed]] = {one: [] for one in asking.HEALTHS}
        known = self.site.watch.health
        for key, feed, name in self.site.feeds_by_name():
            if not words or words in name:
                found.setdefault(known.get(key, WAITING), []).append(feed)
        return found

    def _rows(self, feeds: list[Feed]) -> list[dict[str, Any]]:
        keys = [one.key for one in feeds]
        store, now = self.site.service.store, utc_now()
        states, due = store.feed_states(keys), store.due_times(keys)
        return [
            feed_row(feed, states.get(key), due.get(key), now) | {"feed": feed}
            for key, feed in zip(keys, feeds, strict=True)
        ]
