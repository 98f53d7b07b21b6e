"""An alert as JSON for programs: what a webhook posts and what the file channel writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.core.models import Alert, Carrier, Delivery, Match, Story
from monitor.core.wording import reach

# Standard Webhooks (standardwebhooks.com, "Payload size") asks for less than 20 kB.
LARGEST = 20_000


@dataclass(frozen=True, slots=True)
class _Report:
    """How much is kept of each report in a digest: characters of its texts and of its link,
    and how many of its news."""

    text: int
    link: int
    news: int


@dataclass(frozen=True, slots=True)
class _Bounds:
    """How much is kept: characters of the summary, of any other text and of a link, and
    the length of each list."""

    summary: int
    text: int
    link: int
    matches: int
    others: int
    reasons: int
    report: _Report


# Reports of a digest that always fit, all of them, under the bound.
REPORTS = 20
_WHOLE = _Bounds(*(LARGEST,) * 6, report=_Report(LARGEST, LARGEST, LARGEST))
# What is too long is cut by the first of these that makes it fit. The last one always
# does: a character takes at most six bytes of JSON.
_CUTS = (
    _Bounds(2_000, 1_000, 2_000, matches=30, others=20, reasons=20, report=_Report(300, 500, 5)),
    _Bounds(1_000, 500, 2_000, matches=15, others=5, reasons=5, report=_Report(150, 300, 3)),
    _Bounds(0, 250, 1_000, matches=0, others=0, reasons=0, report=_Report(30, 0, 1)),
)


def body(delivery: Delivery) -> bytes:
    """The JSON of an alert, UTF-8, less than 20,000 bytes, the same in every attempt.

    `data.truncated` is true where something was left out to stay below that.
    """
    content = _encode(delivery, _data(delivery.alert, _WHOLE))
    for bounds in _CUTS:
        if len(content) < LARGEST:
            break
        content = _encode(delivery, _data(delivery.alert, bounds) | {"truncated": True})
    return content


def _encode(delivery: Delivery, fields: Mapping[str, Any]) -> bytes:
    message = {
        "type": delivery.alert.kind,
        "timestamp": _iso(delivery.created),
        "data": fields,
    }
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair has no UTF-8; it becomes a question mark.
    return text.encode("utf-8", "replace")


def _data(alert: Alert, bounds: _Bounds) -> dict[str, Any]:
    story, most = alert.story, bounds.text
    return {
        "story": story.id,
        "event": story.event,
        "title": story.title[:most],
        "summary": story.summary[: bounds.summary],
        "link": _link(story.link, bounds),
        **_outlet(story.carrier, most),
        "published": _iso(story.published) if story.published else None,
        "first_seen": _iso(story.first_seen),
        "topics": sorted(story.topics),
        "severity": story.severity.label,
        "matches": [asdict(one) for one in _kept(story, bounds)][: bounds.matches],
        "others": [_other(one, bounds) for one in alert.others[: bounds.others]],
        "reason": alert.reason[:most],
        "news": [one[:most] for one in alert.news[: bounds.reasons]],
        "reach": reach((story.carrier, *alert.others))[:most],
        **({"reports": _reports(alert, bounds)} if alert.lines else {}),
        "reasons": [one[:most] for one in story.reasons[: bounds.reasons]],
    }


def _reports(alert: Alert, bounds: _Bounds) -> list[dict[str, Any]]:
    """The reports of a digest, every one: what is too long loses words, never a report."""
    most = bounds.report
    return [
        {
            "title": one.title[: most.text],
            "link": one.link if len(one.link) <= most.link else "",
            "source": one.source[: most.text],
            "severity": one.severity.label,
            "others": one.others,
            "state_media": one.state_media,
            "news": [text[: most.text] for text in one.news[: most.news]],
        }
        for one in alert.lines
    ]


def _kept(story: Story, bounds: _Bounds) -> Iterator[Match]:
    """The matches whose words are still there: a span must point into the text sent."""
    ends = {"title": bounds.text, "summary": bounds.summary}
    return (one for one in story.matches if one.end <= ends.get(one.field, LARGEST))


def _other(carrier: Carrier, bounds: _Bounds) -> dict[str, Any]:
    return {
        **_outlet(carrier, bounds.text),
        "link": _link(carrier.link, bounds),
        "seen": _iso(carrier.seen),
    }


def _outlet(carrier: Carrier, most: int) -> dict[str, Any]:
    return {
        "source": carrier.source[:most],
        "language": carrier.language and carrier.language[:most],
        "country": carrier.country and carrier.country[:most],
        "state_media": carrier.state_media,
    }


def _link(link: str, bounds: _Bounds) -> str:
    """A link whole or not at all, for half of one leads nowhere."""
    return link if len(link) <= bounds.link else ""


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
