"""Quiet hours and digests, by the clocks of a receiver's own time zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from monitor.core.hours import hold, next_digest, quiet_until
from monitor.core.models import Alert, Cadence, Severity
from tests import make

NIGHT = Cadence("Europe/Paris", quiet=(time(22), time(6, 30)))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def alert(kind: str = "story.alert", severity: Severity = Severity.HIGH) -> Alert:
    given = make.delivery().alert
    return replace(given, kind=kind, story=replace(given.story, severity=severity))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-01-10T20:59", None),
        ("2026-01-10T21:00", "2026-01-11T05:30"),
        ("2026-01-10T23:30", "2026-01-11T05:30"),
        ("2026-01-11T05:29", "2026-01-11T05:30"),
        ("2026-01-11T05:30", None),
        # The night in which clocks go forward (29 March 2026) and back (25 October).
        ("2026-03-28T22:00", "2026-03-29T04:30"),
        ("2026-10-24T21:00", "2026-10-25T05:30"),
    ],
)
def test_what_comes_in_quiet_hours_is_held_until_they_end(now: str, end: str | None) -> None:
    assert quiet_until(NIGHT, utc(now)) == (utc(end) if end else None)


def test_quiet_hours_within_a_day_end_on_it() -> None:
    noon = Cadence(quiet=(time(12), time(14)))
    assert quiet_until(noon, utc("2026-01-10T13:59")) == utc("2026-01-10T14:00")
    assert quiet_until(noon, utc("2026-01-10T11:59")) is None
    assert quiet_until(Cadence(), utc("2026-01-10T11:59")) is None


def test_what_is_held_says_so_and_what_is_grave_enough_passes() -> None:
    now = utc("2026-01-10T23:30")
    assert hold(alert(), NIGHT, now) == (
        utc("2026-01-11T05:30"),
        "held until 05:30 UTC: quiet hours",
    )
    waking = replace(NIGHT, unless=Severity.HIGH)
    assert hold(alert(), waking, now) == (None, "")
    assert hold(alert(severity=Severity.MEDIUM), waking, now)[0]
    assert hold(alert(), NIGHT, utc("2026-01-10T12:00")) == (None, "")


def test_digests_go_out_at_the_full_hour_or_daily_at_a_local_time() -> None:
    assert next_digest(Cadence(), utc("2026-01-10T10:59")) == utc("2026-01-10T11:00")
    daily = Cadence("Asia/Kathmandu", digest=time(7, 30))
    assert next_digest(daily, utc("2026-01-10T01:44")) == utc("2026-01-10T01:45")
    assert next_digest(daily, utc("2026-01-10T01:45")) == utc("2026-01-11T01:45")
    assert hold(alert("digest"), daily, utc("2026-01-10T01:45")) == (utc("2026-01-11T01:45"), "")
