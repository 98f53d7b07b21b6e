"""Dates as feeds write them, in UTC; None for what is no date, or cannot be meant."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The years a feed can mean. The epoch and the year 1 stand for "not set": taken as dates
# they would make every entry too old to tell.
_FIRST, _LAST = 1990, 2099
_MONTHS = (
    ("janvier", "январь", "января", "يناير"),
    ("fevrier", "февраль", "февраля", "فبراير"),
    ("mars", "март", "марта", "مارس"),
    ("avril", "апрель", "апреля", "أبريل"),
    ("mai", "май", "мая", "مايو"),
    ("juin", "июнь", "июня", "يونيو"),
    ("juillet", "июль", "июля", "يوليو"),
    ("aout", "август", "августа", "أغسطس"),
    ("septembre", "сентябрь", "сентября", "سبتمبر"),
    ("octobre", "октябрь", "октября", "أكتوبر"),
    ("novembre", "ноябрь", "ноября", "نوفمبر"),
    ("decembre", "декабрь", "декабря", "ديسمبر"),
)
_WORDED = re.compile(
    r"(?P<day>\d{1,2})(?:er)?\s+(?P<month>[^\W\d_]{3,10})\.?,?\s+(?P<year>\d{4})\b"
    r"(?:\D{1,6}(?P<hour>\d{1,2})[:h](?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
    r"\s*(?P<zone>[+-]\d{2}:?\d{2}|[A-Z]{3,4})?"
)
# Zones of the places we watch, which RFC 822 and so feedparser do not know (and read as UTC).
_ZONES = {
    **dict.fromkeys(("MSK", "EEST", "EAT"), "+0300"),
    **dict.fromkeys(("CEST", "EET", "CAT"), "+0200"),
    **dict.fromkeys(("CET", "WAT", "BST"), "+0100"),
}
_SHORT = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RFC_822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(?P<day>\d{1,2}) "
    rf"(?P<month>{'|'.join(_SHORT)}) (?P<year>\d{{4}}) "
    r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))? "
    r"(?P<zone>GMT|UTC|UT|Z|[+-][01]\d[0-5]\d)",
    re.ASCII,
)
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-][01]\d:[0-5]\d)", re.ASCII
)
_UNIX = re.compile(r"\d{10}")


def from_struct(parsed: tuple[int, ...] | None, text: str) -> datetime | None:
    """The moment that feedparser read (UTC), else what our own languages say in `text`."""
    if _UNIX.fullmatch(text):
        return plausible(_EPOCH + timedelta(seconds=int(text)))
    if parsed is None:
        return from_words(text)
    try:
        moment = _EPOCH + timedelta(seconds=calendar.timegm(parsed))
    except (ValueError, OverflowError):  # a year that no calendar has
        return None
    return plausible(moment - _offset(_ZONES.get(text[-4:].strip(), "+0000")))


def from_certain(text: str) -> datetime | None:
    """A date as RFC 822 or RFC 3339 writes it in full, to the second; None for any other,
    of which feedparser may know more.
    """
    try:
        if _RFC_3339.fullmatch(text):
            return plausible(datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0))
        found = _RFC_822.fullmatch(text)
        return plausible(_rfc_822(found)) if found else None
    except (ValueError, OverflowError):
        return None


def _rfc_822(found: re.Match[str]) -> datetime:
    day, year, hour, minute, second = (
        int(found[name] or 0) for name in ("day", "year", "hour", "minute", "second")
    )
    local = datetime(year, _SHORT.index(found["month"]) + 1, day, hour, minute, second, tzinfo=UTC)
    return local - _offset(found["zone"])


def from_iso(text: str) -> datetime | None:
    """RFC 3339, which JSON Feed asks for; UTC where no offset is given."""
    try:
        found = datetime.fromisoformat(text.strip())
        return plausible((found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def from_words(text: str) -> datetime | None:
    """Dates like "3 février 2024 à 10h30" or "Сб, 3 фев 2024 10:30:00 +0300"."""
    found = _WORDED.search(_fold(text[:100]))
    month = _month(found["month"]) if found else 0
    if not found or not month:
        return None
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    year, day, zone = int(found["year"]), int(found["day"]), _zone(found["zone"])
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        return plausible(local.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def plausible(moment: datetime) -> datetime | None:
    """The moment, if a feed can mean it."""
    return moment if _FIRST <= moment.year <= _LAST else None


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_NAMES = tuple((_fold(name), number) for number, row in enumerate(_MONTHS, 1) for name in row)


def _month(word: str) -> int:
    """The month that a name or its abbreviation begins; 0 for none."""
    start = word.lower()[:4]
    return next((number for name, number in _NAMES if name.startswith(start)), 0)


def _zone(text: str | None) -> timezone:
    return timezone(_offset(_ZONES.get(text or "", text or "")))


def _offset(text: str) -> timedelta:
    """Of "+03:00" or "+0300"; none of anything else."""
    digits = text[1:].replace(":", "")
    if not digits.isdecimal():
        return timedelta()
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if text[0] == "-" else size
