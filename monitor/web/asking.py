"""What a page was asked for: read strictly, for who types an address wants to hear of a slip."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from monitor.core.models import DeliveryState, Severity
from monitor.core.parse.plain import clean
from monitor.web.index import Wanted

# Choices of time, and how each is read by people.
SPANS = {
    "1h": "last hour",
    "24h": "last 24 hours",
    "3d": "last 3 days",
    "7d": "last 7 days",
    "30d": "last 30 days",
    "90d": "last 90 days",
}
_UNITS = {"h": 3_600, "d": 86_400}
SEVERITIES = [one.label for one in sorted(Severity, reverse=True)]
HEALTHS = ("failing", "dead", "retired", "silent", "waiting", "healthy")
STATES = [one.value for one in DeliveryState]
_LONGEST, _WORDS, _PAGES = 200, 8, 100_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Wrong(Exception):
    """A page was asked for in a way that makes no sense; the message is a sentence."""


class Asked:
    """The query of an address, of known names only, each given once and short."""

    def __init__(self, query: Mapping[str, str], names: Collection[str]) -> None:
        """Raises Wrong. `query`: that of an address, which may hold a name twice."""
        for name, value in query.items():
            if name not in names:
                known = ", ".join(sorted(names)) or "none"
                raise Wrong(f"There is no condition “{name[:40]}” on this page; known: {known}.")
            if len(value) > _LONGEST:
                raise Wrong(f"The condition “{name}” is longer than {_LONGEST} characters.")
        if len(set(query)) != len(query):
            raise Wrong("A condition is given twice.")
        shown = {name: clean(value) for name, value in query.items()}
        self.given = {name: value for name, value in shown.items() if value}

    def text(self, name: str) -> str:
        """What was given, or "" for nothing."""
        return self.given.get(name, "")

    def one_of(self, name: str, known: Collection[str], default: str = "") -> str:
        """What was given, if it is known."""
        value = self.given.get(name, default)
        if value and value not in known:
            raise Wrong(f"There is no {name} “{value}”; known: {', '.join(known)}.")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from `default` to `most`."""
        value = self.given.get(name, str(default))
        if not re.fullmatch("[0-9]{1,9}", value) or not default <= int(value) <= most:
            raise Wrong(f"“{value}” is no {name}: a whole number from {default} to {most}.")
        return int(value)

    @property
    def page(self) -> int:
        """Which page of a list, from 1 on."""
        return self.number("page", 1, _PAGES)

    def day(self) -> datetime | None:
        """The day (in UTC) that was given, if any was."""
        value = self.given.get("day")
        if not value:
            return None
        try:
            if not _DAY.fullmatch(value):
                raise ValueError
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        except ValueError:
            raise Wrong(f"“{value}” is no day like 2026-11-25.") from None

    def link(self, path: str, **other: object) -> str:
        """The address of the same page with these conditions exchanged; "" takes one out."""
        given = {**self.given, **{name: str(value) for name, value in other.items()}}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{path}?{query}" if query else path


STORIES = ("q", "topic", "severity", "source", "language", "country", "within", "day", "page")


def stories(asked: Asked, topics: Collection[str], now: datetime, default: str) -> Wanted:
    """Which stories were asked for; `default`: of what time, where nothing is said."""
    within = asked.one_of("within", SPANS, default)
    severity = asked.one_of("severity", SEVERITIES, "low")
    since, until = (now - span(within)).timestamp(), float("inf")
    if day := asked.day():
        since, until = day.timestamp(), (day + timedelta(days=1)).timestamp()
    return Wanted(
        topic=asked.one_of("topic", topics),
        severity=Severity.from_label(severity),
        source=asked.text("source"),
        language=asked.text("language"),
        country=asked.text("country"),
        words=tuple(asked.text("q").casefold().split()[:_WORDS]),
        since=since,
        until=until,
    )


def span(text: str) -> timedelta:
    """One of SPANS as a duration."""
    return timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])
