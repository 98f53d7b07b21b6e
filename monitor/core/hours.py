"""When an alert may go out by a receiver's own hours: quiet hours, and digests."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.core.models import Alert, Cadence


def hold(alert: Alert, cadence: Cadence, now: datetime) -> tuple[datetime | None, str]:
    """Until when an alert is held back (None: not at all), and why in a few words.

    A digest waits for its hour, and that for the end of quiet hours; what is held in these goes
    out when they end, however old it is by then.
    """
    if alert.kind == "digest":
        due = next_digest(cadence, now)
        return quiet_until(cadence, due) or due, ""
    grave = cadence.unless is not None and alert.story.severity >= cadence.unless
    end = None if grave else quiet_until(cadence, now)
    return (end, f"held until {end:%H:%M} UTC: quiet hours") if end else (None, "")


def quiet_until(cadence: Cadence, now: datetime) -> datetime | None:
    """When the present quiet hours end; None outside of them."""
    if cadence.quiet is None:
        return None
    begin, end = cadence.quiet
    zone = ZoneInfo(cadence.zone)
    local = now.astimezone(zone)
    inside = begin <= local.time() < end if begin < end else not end <= local.time() < begin
    return _next(end, local) if inside else None


def next_digest(cadence: Cadence, now: datetime) -> datetime:
    """When the next digest goes out: at the next full hour, or daily at its time."""
    if cadence.digest is None:
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return _next(cadence.digest, now.astimezone(ZoneInfo(cadence.zone)))


def _next(at: time, local: datetime) -> datetime:
    """The next time the clocks of a zone show `at`, in UTC.

    By wall clocks: on the day they are put forward or back it is still that time of day.
    """
    days = 0 if local.time() < at else 1
    return datetime.combine(local.date() + timedelta(days), at, local.tzinfo).astimezone(UTC)
