"""How people write durations, paces, hours and URLs: each form is read in one place."""

from __future__ import annotations

import re
from datetime import time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.core.models import Pace

# What "off" stands for where a limit is expected.
UNLIMITED = Pace(0, 0.0)
_FASTEST = 10_000
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def parse_duration(text: object) -> timedelta:
    """A duration like "90s", "10m" or "24h"; raises ValueError with a sentence."""
    found = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError('is not a duration, a number and a unit like "90s", "10m" or "24h"')
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def check_url(url: str) -> str:
    """A feed's URL unchanged; raises ValueError with a sentence when it cannot be one."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("starts with neither http:// nor https://")
    if not parts.hostname:
        raise ValueError("names no host")
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ValueError("holds a blank or a control character")
    return url


def check_store_url(url: str) -> str:
    """A store's URL unchanged; raises ValueError when no store can have it."""
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("begins with none of redis://, rediss://, unix://")
    return url


def parse_pace(text: object) -> Pace:
    """A pace like "1/s", "20/10m", or "off" (a pace of none); raises ValueError with a sentence."""
    if text == "off":
        return UNLIMITED
    count, slash, span = str(text).partition("/")
    if not slash or not count.strip().isdigit() or not 1 <= int(count) <= _FASTEST:
        raise ValueError('is not a pace, messages in a time like "1/s" or "20/10m", nor "off"')
    unit = span.strip()
    seconds = parse_duration(unit if unit[:1].isdigit() else f"1{unit}").total_seconds()
    if not seconds:
        raise ValueError("is a pace in no time")
    return Pace(int(count), seconds)


def parse_time(text: object) -> time:
    """A time of day like "07:30"; raises ValueError with a sentence."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError('is not a time of day like "07:30"')
    return time(int(found[1]), int(found[2]))


def parse_quiet(text: object) -> tuple[time, time]:
    """Quiet hours like "22:00-06:30"; raises ValueError with a sentence."""
    begin, dash, end = str(text).partition("-")
    if not dash:
        raise ValueError('is no span of the day like "22:00-06:30"')
    span = parse_time(begin.strip()), parse_time(end.strip())
    if span[0] == span[1]:
        raise ValueError("begins when it ends")
    return span


def parse_digest(text: object) -> time | None:
    """When digests go out: "hourly" (None) or "daily 07:30"; raises ValueError with a sentence."""
    if text == "hourly":
        return None
    word, _, at = str(text).partition(" ")
    if word != "daily":
        raise ValueError('is neither "hourly" nor a time like "daily 07:30"')
    return parse_time(at.strip())


def check_zone(name: str) -> str:
    """The name of a time zone unchanged; raises ValueError when there is none of this name."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError('is no time zone like "Africa/Bamako"') from None
    return name
