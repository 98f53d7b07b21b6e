"""How people write durations, paces, hours and URLs: each form is read in one place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.core.models import Pace
from monitor.core.storeurl import parse_store_url

# What "off" stands for where a limit is expected.
UNLIMITED = Pace(0, 0.0)
_FASTEST = 10_000
# Seconds; beyond that, dates can no longer be reckoned with.
_LONGEST = 3_650 * 86_400.0
_HEADER = 200
_PACE = re.compile(r"(\d{1,6})/(\d+(?:\.\d+)?)?\s*(ms|s|m|h|d)")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LISTEN = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_TOKEN = 16
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_SIZES = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_SIZE = re.compile(r"(\d{1,9})\s*(kb|mb|gb)")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def parse_duration(text: object) -> timedelta:
    """A duration like "90s", "10m" or "24h"; raises ValueError with a sentence."""
    found = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError('is not a duration, a number and a unit like "90s", "10m" or "24h"')
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST:
        raise ValueError("is longer than ten years")
    return timedelta(seconds=seconds)


def parse_size(text: object) -> int:
    """Bytes, written like "512mb"; raises ValueError with a sentence."""
    found = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError('is not a size, a whole number and a unit like "512mb" or "1gb"')
    return int(found[1]) * _SIZES[found[2]]


def check_url(url: str) -> str:
    """A feed's URL unchanged; raises ValueError with a sentence when it cannot be one."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # Without Python's own words: they hold parts of it, and one may be a password.
        raise ValueError("is not a URL: its host or port cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("starts with neither http:// nor https://")
    if not parts.hostname:
        raise ValueError("names no host")
    if parts.port == 0 or not _can_be(parts.hostname):
        raise ValueError("names a host or port that there cannot be")
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ValueError("holds a blank or a control character")
    return url


def _can_be(host: str) -> bool:
    """Whether a host's name has labels of 1 to 63 letters (RFC 1035), or is an IPv6 address."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return "%" not in host


def check_ping(url: str) -> str:
    """A URL to be asked for, or ""; raises ValueError when it cannot be one."""
    return check_url(url) if url else url


def check_callback(url: str) -> str:
    """The URL that our own paths are added to, or ""; raises ValueError when it cannot be one."""
    if url and urlsplit(check_url(url))[3:] != ("", ""):
        raise ValueError("has a query or a fragment")
    return url.rstrip("/")


def parse_listen(text: object) -> tuple[str, int]:
    """Where to listen, like "127.0.0.1:8780" or "[::1]:8780"; raises ValueError with a sentence."""
    found = _LISTEN.fullmatch(text) if isinstance(text, str) else None
    if found is None or not 0 < int(found[2]) < 65_536:
        raise ValueError('is no address and port like "127.0.0.1:8780"')
    return found[1].strip("[]"), int(found[2])


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_host(name: str) -> str:
    """The name of a host in small letters; raises ValueError where there can be none of it."""
    if not _HOST.fullmatch(name):
        raise ValueError('is no host\'s name like "monitor.example.org"')
    return name.lower()


def check_token(token: str) -> str:
    """A token unchanged; raises ValueError when it could be guessed, or typed by nobody."""
    if token and (len(token) < _TOKEN or not token.isascii() or not token.isprintable()):
        raise ValueError(f"is shorter than {_TOKEN}, or not of plain (ASCII) signs alone")
    return token


def check_language(tag: str | None) -> str | None:
    """A language of ISO 639 unchanged; raises ValueError with a sentence when it is none."""
    if tag and not _LANGUAGE.fullmatch(tag):
        raise ValueError('is no language like "fr" or "en"')
    return tag


def check_header(text: str) -> str:
    """What goes into a header unchanged; raises ValueError when it cannot."""
    if len(text) > _HEADER or not text.isascii() or not text.isprintable():
        raise ValueError(f"is longer than {_HEADER}, or not of plain (ASCII) signs alone")
    return text


def check_store_url(url: str) -> str:
    """A store's URL unchanged; raises ValueError when no store can have it, or when a file that
    it names cannot be read.
    """
    for option, path in ((url and parse_store_url(url).tls) or {}).items():
        if not path.startswith("/"):
            raise ValueError(f"has a path in {option} that does not begin with /")
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise ValueError(
                f"has a file in {option} that cannot be read: {error.strerror}"
            ) from None
    return url


def parse_pace(text: object) -> Pace:
    """A pace like "1/s", "20/10m", or "off" (a pace of none); raises ValueError with a sentence."""
    found = _PACE.fullmatch(text.strip()) if isinstance(text, str) else None
    if text == "off":
        return UNLIMITED
    if found is None or not 1 <= int(found[1]) <= _FASTEST:
        raise ValueError('is not a pace like "1/s", "20/10m" (units s, m, h, d), nor "off"')
    seconds = float(found[2] or 1) * _UNITS[found[3]]
    if not seconds:
        raise ValueError("is a pace in no time")
    return Pace(int(found[1]), seconds)


def _time(text: str) -> time | None:
    found = _TIME.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None


def parse_quiet(text: object) -> tuple[time, time]:
    """Quiet hours like "22:00-06:30"; raises ValueError with a sentence."""
    begin, end = map(_time, str(text).partition("-")[::2])
    if begin is None or end is None:
        raise ValueError('is no span of the day like "22:00-06:30" (midnight is 00:00)')
    if begin == end:
        raise ValueError("begins when it ends")
    return begin, end


def parse_digest(text: object) -> time | None:
    """When digests go out: "hourly" (None) or "daily 07:30"; raises ValueError with a sentence."""
    if text == "hourly":
        return None
    word, _, at = str(text).partition(" ")
    found = _time(at)
    if word != "daily" or found is None:
        raise ValueError('is neither "hourly" nor a time like "daily 07:30"')
    return found


def parse_until(value: object) -> datetime:
    """The end of a silence, a time or a day as TOML has them; one without a zone is UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError("is not a time like 2026-12-01T06:00:00Z (without quotes)")
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def check_zone(name: str) -> str:
    """The name of a time zone unchanged; raises ValueError when there is none of this name."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError('is no time zone like "Africa/Bamako"') from None
    return name
