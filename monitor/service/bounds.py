"""From settings to what each part is told of them: what is told to whom, and how far it may go."""

from __future__ import annotations

from datetime import timedelta

from monitor.core.parse import ParseLimits
from monitor.core.rulebook import Rulebook
from monitor.core.triage import Policy
from monitor.edges.fetch import FetchLimits
from monitor.edges.parsing import ParserProcess
from monitor.edges.settings import Settings


def policy_of(settings: Settings, rulebook: Rulebook) -> Policy:
    """What is told to whom, as it was configured."""
    return Policy(
        rulebook,
        settings.routes,
        settings.fresh,
        settings.max_age,
        settings.windows,
        settings.silences,
        {one.name: one.cadence for one in settings.receivers},
    )


def parser_of(
    settings: Settings,
    *,
    cpu: timedelta = timedelta.max,
    wall: timedelta = timedelta.max,
    nice: int = 0,
    keep: bool = True,
) -> ParserProcess:
    """A killable parser within the configured limits, and within `cpu` and `wall` where these are
    narrower. `nice`, `keep`: as in ParserProcess.
    """
    one = settings.limits
    texts = ParseLimits(settings.max_entries, one.title, one.summary, one.link)
    cpu, wall = min(one.parse_cpu, cpu), min(one.parse_time, wall)
    return ParserProcess(
        *(cpu.total_seconds(), one.parse_memory, wall.total_seconds(), texts), nice=nice, keep=keep
    )


def limits_of(settings: Settings, user_agent: str) -> FetchLimits:
    """How far a fetch may go by what was configured."""
    one = settings.limits
    return FetchLimits(
        deadline=settings.deadline.total_seconds(),
        max_body=settings.max_body,
        max_redirects=one.redirects,
        header_bytes=one.header_bytes,
        headers=one.headers,
        user_agent=user_agent,
    )
