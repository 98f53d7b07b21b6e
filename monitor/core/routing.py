"""Which receivers a story goes to: a tree of routes, and silences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from monitor.core.models import Entry, Feed, Route, Severity, Silence, Tagging
from monitor.core.shown import shown_url


class Routed(NamedTuple):
    """Why a receiver gets an entry; what it wants of first alerts ("send", "digest"), and of
    later stories of an event it knows ("send", "digest" or "quiet").
    """

    why: str
    updates: str
    alerts: str = "send"


@dataclass(frozen=True, slots=True)
class Step:
    """What one route says of an entry: its place in the tree ("2.1"), whether it takes it, why
    or why not. `told`: whether its receivers get it: a route below one that takes it goes first.
    """

    place: str
    route: Route
    takes: bool
    why: str
    told: bool = False


def route(tagging: Tagging, entry: Entry, feed: Feed, routes: Sequence[Route]) -> dict[str, Routed]:
    """The receivers for an entry, each with the reason; empty when no route takes it.

    A receiver named by several routes is told once, by the first.
    """
    chosen: dict[str, Routed] = {}
    for step in trace(tagging, entry, feed, routes):
        if step.told:
            one = step.route
            for receiver in one.receivers:
                said = Routed(f"route {step.place}: {step.why}", one.updates, one.alerts)
                chosen.setdefault(receiver, said)
    return chosen


def refusals(
    tagging: Tagging, entry: Entry, feed: Feed, routes: Sequence[Route]
) -> tuple[str, ...]:
    """Why each route that does not take the entry leaves it, one line each."""
    steps = trace(tagging, entry, feed, routes)
    return tuple(f"route {one.place}: {one.why}" for one in steps if not one.takes)


def trace(
    tagging: Tagging, entry: Entry, feed: Feed, routes: Sequence[Route], above: str = ""
) -> tuple[Step, ...]:
    """What each route that is read says, in the order they are read.

    As in Alertmanager's tree: below a route that takes the entry its own routes are read; it tells
    its receivers itself only where none of those takes it. A route that takes the entry and does
    not go on is the last one read beside its like.
    """
    steps: list[Step] = []
    for number, one in enumerate(routes, start=1):
        place = f"{above}{number}"
        if refused := _refusal(one, tagging, entry, feed):
            steps.append(Step(place, one, takes=False, why=refused))
            continue
        below = trace(tagging, entry, feed, one.routes, f"{place}.")
        told = not any(step.takes for step in below)
        steps += [Step(place, one, takes=True, why=_condition(one, tagging), told=told), *below]
        if not one.goes_on:
            break
    return tuple(steps)


def silence(
    silences: Iterable[Silence], tagging: Tagging, feed: Feed, event: str, now: datetime
) -> Silence | None:
    """The silence that keeps a story of this event from alerting now, if one does."""
    return next(
        (one for one in silences if now < one.until and _meets(one, tagging, feed, event)), None
    )


def _meets(one: Silence, tagging: Tagging, feed: Feed, event: str) -> bool:
    wanted = (
        (one.topics, tagging.topics),
        (one.entities, entities(tagging)),
        (one.sources, frozenset((feed.source,))),
        (one.events, frozenset((event,))),
    )
    given = [(conditions, found) for conditions, found in wanted if conditions]
    return bool(given) and all(conditions & found for conditions, found in given)


def entities(tagging: Tagging) -> frozenset[str]:
    """The ids of all entities that an entry names."""
    proving = (one.entity for one in tagging.matches if one.entity)
    return frozenset((*(one.id for one in tagging.names), *proving))


def _refusal(one: Route, tagging: Tagging, entry: Entry, feed: Feed) -> str:
    """Why a route does not take an entry; "" when it does."""
    for what, wanted, found in _sets(one, tagging):
        if wanted and not wanted & found:
            return f"wants {what} {_any_of(wanted)}"
    if tagging.severity < one.severity:
        return f"wants severity {one.severity.label}, this is {tagging.severity.label}"
    for what, wanted, value in _labels(one, entry, feed):
        if wanted and value not in wanted:
            return f"wants {what} {_any_of(wanted)}, this is {shown_url(value) or 'unknown'}"
    if one.state_media not in {None, feed.state_media}:
        return "wants state media" if one.state_media else "wants no state media"
    return ""


def _sets(one: Route, tagging: Tagging) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    yield "topic", one.topics, tagging.topics
    if one.entities:
        yield "entity", one.entities, entities(tagging)


def _labels(one: Route, entry: Entry, feed: Feed) -> tuple[tuple[str, frozenset[str], str], ...]:
    return (
        ("language", one.languages, entry.language or feed.language or ""),
        ("country", one.countries, feed.country or ""),
        ("source", one.sources, feed.source),
        ("feed", one.feeds, feed.url),
    )


def _condition(one: Route, tagging: Tagging) -> str:
    met = sorted(one.topics & tagging.topics)
    met += [f"names {name}" for name in sorted(one.entities & entities(tagging))]
    met = met or ["any topic"]
    floor = f", severity {tagging.severity.label}" if one.severity > Severity.LOW else ""
    return ", ".join(met) + floor


def _any_of(names: frozenset[str]) -> str:
    return " or ".join(map(shown_url, sorted(names)))
