"""What an alert says to a person. Pure: channels only dress these words.

Texts from feeds come here as they were published; what a channel must escape, it escapes
itself, at the last moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.core.commit import delivery_id
from monitor.core.models import Alert, Carrier, Delivery, Match, Severity, Story

# How many of the others that carry a story are named.
_NAMED = 5
# Characters of context shown before the first piece of evidence.
_BEFORE = 120
_ORDER = ("russia-sahel", "sahel", "russia")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `evidence` is what the rules went by."""

    text: str
    evidence: bool = False


def pieces(text: str, matches: Iterable[Match], field: str, limit: int) -> tuple[Piece, ...]:
    """A field's text cut where evidence begins and ends, at most `limit` characters.

    A long text is shown from a little before its first evidence on.
    """
    spans = sorted({(one.start, one.end) for one in matches if one.field == field})
    start = _window(text, spans, limit)
    end = min(len(text), start + limit)
    found = [Piece("…")] if start else []
    done = start
    for left, right in spans:
        if left < done or right > end:
            continue
        found += [Piece(text[done:left]), Piece(text[left:right], evidence=True)]
        done = right
    tail = text[done:end] + ("…" if end < len(text) else "")
    return tuple(one for one in (*found, Piece(tail)) if one.text)


def _window(text: str, spans: list[tuple[int, int]], limit: int) -> int:
    """Where to begin so that the first evidence is shown."""
    if len(text) <= limit or not spans or spans[0][1] <= limit:
        return 0
    start = max(0, spans[0][0] - min(_BEFORE, limit // 2))
    blank = text.find(" ", start, spans[0][0])
    return blank + 1 if blank >= 0 else start


def outlet(carrier: Carrier) -> str:
    """An outlet as people place it: name, country, language, state media."""
    traits = [carrier.country or "", carrier.language or ""]
    traits.append("state media" if carrier.state_media else "")
    known = ", ".join(one for one in traits if one)
    return f"{carrier.source} ({known})" if known else carrier.source


def when(story: Story, now: datetime) -> str:
    """When a story was published and how long ago; when first seen, if it has no date."""
    at, verb = (story.published, "published") if story.published else (story.first_seen, "seen")
    return f"{verb} {at:%d %b %Y %H:%M} UTC, {ago(at, now)}"


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in the unit a person would use."""
    seconds = (now - then).total_seconds()
    if seconds < 0:
        return "dated in the future"
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {name} ago"
    return "just now"


def label(story: Story) -> str:
    """Severity and topics, the most telling topic first."""
    return f"{story.severity.label.upper()} · {', '.join(topics(story))}"


def topics(story: Story) -> list[str]:
    """The topics, the most telling first."""
    known = [one for one in _ORDER if one in story.topics]
    return known + sorted(story.topics.difference(_ORDER))


def others(alert: Alert) -> str:
    """Who else carries the story; "" for nobody."""
    named = list(dict.fromkeys(one.source for one in alert.others))
    if not named:
        return ""
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"also at {', '.join(named[:_NAMED])}{more}"


def fallback(alert: Alert) -> str:
    """An alert in one line, for a notification."""
    test = "TEST: " if alert.kind == "test" else ""
    story = alert.story
    return f"{test}[{story.severity.label.upper()}] {story.title} - {story.carrier.source}"


def sample(receiver: str, now: datetime) -> Delivery:
    """A made-up alert that says that it is a test."""
    title = (
        "TEST: Moscow promises arms and instructors to the joint force of Mali, Niger and Burkina"
    )
    summary = (
        "This is a test of monitor and no news. Russia would equip and train the joint force,"
        " its foreign minister would say after talks in Bamako."
    )
    carrier = Carrier(
        "monitor (test)", "https://monitor.example/feed", "https://monitor.example/test", now
    )
    story = Story(
        id="s_test",
        event="e_test",
        entry="test",
        title=title,
        summary=summary,
        link="https://monitor.example/test",
        published=now,
        first_seen=now,
        carrier=carrier,
        topics=frozenset(_ORDER),
        severity=Severity.CRITICAL,
        matches=(
            _sample_match("title", title, "Moscow", "Q159", "Russia"),
            _sample_match("title", title, "Mali", "Q912", "Mali"),
            _sample_match("summary", summary, "Russia", "Q159", "Russia"),
            _sample_match("summary", summary, "Bamako", "Q3703", "Bamako"),
        ),
        reasons=('russia-sahel: a sample: "Moscow" (Russia), "Mali" (Mali)',),
    )
    alert = Alert(receiver, "asked for by hand: monitor send-test", story, kind="test")
    return Delivery(delivery_id(f"s_test {now.isoformat()}", receiver), alert, created=now)


def _sample_match(field: str, text: str, word: str, entity: str, name: str) -> Match:
    start = text.index(word)
    return Match("russia-sahel", "sample", field, start, start + len(word), word, entity, name)
