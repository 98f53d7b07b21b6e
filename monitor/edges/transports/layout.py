"""An alert as lines of runs, for channels to dress: what stands where is decided once, here.

A channel turns each run into its own markup and escapes its text at the last moment; nothing
here is markup, and no text here was escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from monitor.core.models import Severity
from monitor.core.wording import Elsewhere, Report, Wording

SIGNALS = {
    Severity.LOW: "⚪",
    Severity.MEDIUM: "🟡",
    Severity.HIGH: "🟠",
    Severity.CRITICAL: "🔴",
}
# Characters of a link to another outlet or of a report in a digest; a longer one is left out,
# so that the length of a whole message stays bounded.
OTHER_LINK = 300


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style; `url` is where it leads, or ""."""

    text: str
    bold: bool = False
    url: str = ""


class Role(StrEnum):
    """What a line is for; channels may set some apart (a quote, small print)."""

    HEADLINE = "headline"
    NEWS = "news"
    FACT = "fact"
    QUOTE = "quote"
    WHY = "why"
    OTHERS = "others"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an alert."""

    role: Role
    runs: tuple[Run, ...]


def lines(alert: Wording) -> tuple[Line, ...]:
    """An alert's lines in their order; a digest's are its title, why, and one for each report."""
    return tuple(_digest(alert) if alert.reports else _alert(alert))


def _alert(alert: Wording) -> Iterator[Line]:
    """What happened and who says so first, then the evidence; what only places it comes after."""
    kind = (Run(f"{alert.kind}: ", bold=True),) if alert.kind else ()
    yield Line(Role.HEADLINE, (*kind, Run(alert.headline, bold=True, url=alert.link)))
    if alert.news:
        yield Line(Role.NEWS, (Run("New: "), Run(alert.news, bold=True)))
    yield from _fact(alert.origin)
    if alert.sentence:
        quote = tuple(Run(one.text, bold=one.evidence) for one in alert.sentence)
        yield Line(Role.QUOTE, quote)
    yield from _fact(f"{SIGNALS[alert.severity]} {alert.label}" if alert.label else "")
    yield from _fact(alert.reach)
    yield from _why(alert.reason)
    if alert.others:
        yield Line(Role.OTHERS, tuple(_others(alert.others, alert.more)))


def _digest(alert: Wording) -> Iterator[Line]:
    yield Line(Role.HEADLINE, (Run(alert.title, bold=True),))
    yield from _why(alert.reason)
    for one in alert.reports:
        yield Line(Role.REPORT, _report(one))


def _fact(text: str) -> Iterator[Line]:
    if text:
        yield Line(Role.FACT, (Run(text),))


def _why(reason: str) -> Iterator[Line]:
    if reason:
        yield Line(Role.WHY, (Run(f"Why: {reason}"),))


def _report(one: Report) -> tuple[Run, ...]:
    return (
        Run(f"{SIGNALS[one.severity]} "),
        Run(one.headline, url=_short(one.link)),
        Run(f" · {one.said}"),
    )


def _others(named: Sequence[Elsewhere], more: int) -> Iterator[Run]:
    """Who else carries the story, each with a link."""
    yield Run("Also carried by ")
    for number, one in enumerate(named):
        if number:
            yield Run(", ")
        yield Run(one.outlet, url=_short(one.link))
    if more:
        yield Run(f" and {more} more")


def merged(runs: Sequence[Run]) -> Iterator[Run]:
    """Neighbours of one style as one: in Markdown "**a****b**" is not two words in bold."""
    for (bold, url), alike in groupby(runs, key=lambda run: (run.bold, run.url)):
        yield Run("".join(run.text for run in alike), bold, url)


def _short(link: str) -> str:
    return link if len(link) <= OTHER_LINK else ""
