"""How long a server asks us to stay away, or says that its answer holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

DAY = 86_400.0
_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,10})")
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


def max_age(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds for which an answer holds by Cache-Control or Expires, 0.0 to one day.

    RFC 9111, sections 5.2 and 5.3: max-age goes before Expires; an answer that must not be
    kept, or not without asking, says nothing about its future.
    """
    said = headers.get("cache-control", "").lower()
    if "no-cache" in said or "no-store" in said:
        return 0.0
    if found := _MAX_AGE.search(said):
        return max(min(float(found[1]), DAY) - _age(headers), 0.0)
    moment = _date(headers.get("expires", ""))
    return min(max((moment - now).total_seconds(), 0.0), DAY) if moment else 0.0


def _age(headers: Mapping[str, str]) -> float:
    """How long a cache on the way had the answer already."""
    text = headers.get("age", "").strip()
    return float(text) if _SECONDS.fullmatch(text) else 0.0


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # The asctime form names no zone; HTTP means UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
