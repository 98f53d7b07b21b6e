"""Receivers, routes and silences: from their tables to what the core decides by."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from monitor.core.digest import digest
from monitor.core.errors import Fault
from monitor.core.models import Receiver, Route, Severity, Silence
from monitor.edges.settings.receiving import ReceiverTable, RouteTable, SilenceTable

# A route that says nothing of its own takes these over from the one above it.
_TOP = Route((), alerts="send", updates="send")


def make_receiver(table: ReceiverTable, home: Path) -> Receiver:
    """A receiver, a path among its options made absolute from `home`; its channel's own limits
    are added where the channel is known.
    """
    options = table.options()
    if path := options.get("path"):
        options["path"] = str(home / path)
    return Receiver(table.name, table.type, options, table.cadence(), table.pace, table.storm)


def make_silence(table: SilenceTable) -> Silence:
    """A configured silence, under a name that stays the same as long as it does."""
    conditions = (table.topics, table.entities, table.sources, table.events)
    name = digest(table.until.isoformat(), *("\n".join(sorted(one)) for one in conditions))
    topics, entities, sources, events = map(frozenset, conditions)
    return Silence(name, table.until, topics, entities, sources, events, table.comment)


def make_routes(
    tables: Sequence[RouteTable] | None,
    shipped: Sequence[RouteTable],
    receivers: Sequence[Receiver],
) -> tuple[Route, ...]:
    """The routes as configured; without any, the shipped ones to all receivers."""
    if tables is not None:
        return tuple(_route(one, _TOP) for one in tables)
    everybody = Route(tuple(one.name for one in receivers))
    bare = (one.model_copy(update={"receivers": None}) for one in shipped)
    return tuple(_route(one, everybody) for one in bare)


def _route(table: RouteTable, above: Route) -> Route:
    own = Route(
        receivers=table.receivers or above.receivers,
        topics=frozenset(table.topics),
        entities=frozenset(table.entities),
        severity=Severity.from_label(table.severity),
        languages=frozenset(table.languages),
        countries=frozenset(table.countries),
        sources=frozenset(table.sources),
        feeds=frozenset(table.feeds),
        state_media=table.state_media,
        alerts=table.alerts or above.alerts,
        updates=table.updates or above.updates,
        goes_on=table.goes_on,
    )
    return replace(own, routes=tuple(_route(one, own) for one in table.routes))


def all_routes(routes: Sequence[Route], place: str = "routes") -> Iterator[tuple[str, Route]]:
    """Every route of a tree with its place, "routes[0].routes[1]"."""
    for number, one in enumerate(routes):
        here = f"{place}[{number}]"
        yield here, one
        yield from all_routes(one.routes, f"{here}.routes")


def doubles(receivers: Sequence[Receiver], path: Path) -> list[Fault]:
    """The receivers that have the name of an earlier one."""
    names = [one.name for one in receivers]
    return [
        Fault(f"{path}: receivers[{number}].name", f"{name} is the name of another receiver too")
        for number, name in enumerate(names)
        if name in names[:number]
    ]


def unknown_receivers(
    routes: Sequence[Route],
    named: Sequence[tuple[str, str]],
    receivers: Sequence[Receiver],
    path: Path,
) -> Iterator[Fault]:
    """Where a receiver is named that there is not; `named`: what names one beside the routes."""
    known = [one.name for one in receivers]
    asked = [
        (f"{place}.receivers", name) for place, one in all_routes(routes) for name in one.receivers
    ]
    for where, name in dict.fromkeys((*asked, *named)):
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            yield Fault(f"{path}: {where}", f"there is no receiver {name}", hint)
