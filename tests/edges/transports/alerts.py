"""Alerts for the tests of channels: changed, from many outlets, heavy, and digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from monitor.core.models import Carrier, Delivery, Line, Match, Severity
from monitor.core.wording import put
from monitor.edges.transports.layout import lines
from tests.make import NOW, delivery


def changed(one: Delivery, **more: Any) -> Delivery:
    """The same with another alert."""
    return replace(one, alert=replace(one.alert, **more))


def on_story(**more: Any) -> Delivery:
    """An alert on a story of which this is changed."""
    one = delivery()
    return changed(one, story=replace(one.alert.story, **more))


def other(name: str) -> Carrier:
    """Another outlet that carries the story."""
    return Carrier(name, f"https://{name}.example/feed", f"https://{name}.example/1", NOW, "ar")


def evidence(spans: Sequence[tuple[int, int]]) -> tuple[Match, ...]:
    """Matches in the summary, from and to these characters."""
    (match, *_) = delivery().alert.story.matches
    return tuple(replace(match, field="summary", start=start, end=end) for start, end in spans)


def evident(summary: str, *words: str) -> Delivery:
    """An alert for these words of a summary."""
    spans = [(summary.index(word), summary.index(word) + len(word)) for word in words]
    return on_story(summary=summary, matches=evidence(spans))


def digest(*reports: Line, **more: Any) -> Delivery:
    """A digest of these reports."""
    return changed(delivery(), kind="digest", lines=reports, **more)


def meant(one: Delivery) -> list[str]:
    """The words of each line, as every channel has them."""
    return ["".join(run.text for run in line.runs) for line in lines(put(one.alert, NOW))]


def longest(text: str, fill: str, own: str = "x") -> Delivery:
    """An alert with the longest there can be of everything.

    Links to other outlets are filled with `fill`, that of the story with `own`.
    """
    long, step = text * 1_000, 1 + len(text)
    carriers = tuple(
        Carrier(f"{n}{long}", "f", f"https://o.example/{fill * 282}", NOW, long, long, True)
        for n in range(10)
    )
    one = on_story(
        title=long,
        summary=f"a{text}" * 1_000,
        link=f"https://n.example/{own * 1_982}",
        matches=evidence([(at, at + 1) for at in range(0, 30 * step, step)]),
        carrier=carriers[0],
        topics=frozenset(f"{long}{n}" for n in range(3)),
        severity=Severity.CRITICAL,
    )
    return changed(one, others=carriers[1:], reason=long, kind=long, news=(long,) * 9)
