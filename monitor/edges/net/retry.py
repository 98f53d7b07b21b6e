"""How long a server asks us to stay away."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

DAY = 86_400.0
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait from `now` (aware) by a Retry-After header, at most one day.

    Takes seconds or a date (RFC 9110, section 10.2.3), and decimals too, since some
    services send them. None if there is no wish, or none that makes sense: nonsense, a
    negative number, a moment that has passed.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), DAY)
    moment = _date(text)
    if moment is None or moment <= now:
        return None
    return min((moment - now).total_seconds(), DAY)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # The asctime form names no zone; HTTP means UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
