"""Which receivers a story goes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitor.core.models import Entry, Feed, Route, Severity, Tagging


class Routed(NamedTuple):
    """Why a receiver gets an entry, and what it wants of later stories of an event it knows:
    "send", "digest" or "quiet".
    """

    why: str
    updates: str


def route(tagging: Tagging, entry: Entry, feed: Feed, routes: Sequence[Route]) -> dict[str, Routed]:
    """The receivers for an entry, each with the reason; empty when no route takes it.

    Routes are read in their order; one that takes the entry and does not go on is the
    last one read. A receiver named by several routes is told once, by the first.
    """
    chosen: dict[str, Routed] = {}
    for number, one in enumerate(routes, start=1):
        if _refusal(one, tagging, entry, feed):
            continue
        for receiver in one.receivers:
            why = f"route {number}: {_condition(one, tagging)}"
            chosen.setdefault(receiver, Routed(why, one.updates))
        if not one.goes_on:
            break
    return chosen


def refusals(
    tagging: Tagging, entry: Entry, feed: Feed, routes: Sequence[Route]
) -> tuple[str, ...]:
    """Why each route that does not take the entry leaves it, one line each."""
    said = [
        (number, _refusal(one, tagging, entry, feed)) for number, one in enumerate(routes, start=1)
    ]
    return tuple(f"route {number}: {why}" for number, why in said if why)


def _refusal(one: Route, tagging: Tagging, entry: Entry, feed: Feed) -> str:
    """Why a route does not take an entry; "" when it does."""
    if one.topics and not one.topics & tagging.topics:
        return f"wants topic {_any_of(one.topics)}"
    if tagging.severity < one.severity:
        return f"wants severity {one.severity.label}, this is {tagging.severity.label}"
    for what, wanted, value in _labels(one, entry, feed):
        if wanted and value not in wanted:
            return f"wants {what} {_any_of(wanted)}, this is {value or 'unknown'}"
    return ""


def _labels(one: Route, entry: Entry, feed: Feed) -> tuple[tuple[str, frozenset[str], str], ...]:
    return (
        ("language", one.languages, entry.language or feed.language or ""),
        ("country", one.countries, feed.country or ""),
        ("source", one.sources, feed.source),
        ("feed", one.feeds, feed.url),
    )


def _condition(one: Route, tagging: Tagging) -> str:
    met = sorted(one.topics & tagging.topics) or ["any topic"]
    floor = f", severity {tagging.severity.label}" if one.severity > Severity.LOW else ""
    return ", ".join(met) + floor


def _any_of(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))
