"""What a feed says of itself: how often to come, when not, and who pushes its news."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from monitor.core.models import Hub, Wish
from monitor.core.parse.layout import Element, Layout
from monitor.core.parse.strict import own_prefix

_URL = re.compile(r"https?://[^\s/][^\s]{0,1990}", re.IGNORECASE)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# The longest that is believed: RSS ttl counts minutes, the periods of the syndication module
# (https://web.resource.org/rss/1.0/modules/syndication/) go up to a year.
_LONGEST = 7 * _DAY
_PERIODS = {
    "hourly": _HOUR,
    "daily": _DAY,
    "weekly": 7 * _DAY,
    "monthly": 30 * _DAY,
    "yearly": 365 * _DAY,
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def hub_url(text: object) -> str:
    """An http(s) URL of at most 2,000 characters that can all be seen; "" for anything else."""
    fine = isinstance(text, str) and text.isprintable() and _URL.fullmatch(text)
    return str(text) if fine else ""


def wish_of(layout: Layout) -> Wish:
    """What a feed asks of those who poll it: ttl, sy:updatePeriod, skipHours, skipDays."""
    own = [one for one in layout.head if own_prefix(one.space) == ""]
    ttl = _first(own, "ttl")
    return Wish(
        seconds=float(min(_number(ttl) * _MINUTE, _LONGEST) or _period(layout.head)),
        hours=tuple(sorted({hour for hour in _numbers(own, "hour") if hour < 24})),
        days=tuple(sorted({_DAYS.index(day) for day in _texts(own, "day") if day in _DAYS})),
    )


def hub_of(layout: Layout) -> Hub:
    """The hub that a feed names and the feed's own name with it (WebSub, section 4)."""
    level = len(layout.path) + 1
    links = [one for one in layout.head if one.name == "link" and one.level == level]
    by_rel = {
        rel: one.attrs.get("href", "")
        for one in reversed(links)
        if own_prefix(one.space) == ""
        for rel in one.attrs.get("rel", "").lower().split()
    }
    url = hub_url(by_rel.get("hub"))
    return Hub(url, hub_url(by_rel.get("self"))) if url else Hub()


def _period(head: Iterable[Element]) -> int:
    own = [one for one in head if own_prefix(one.space) == "sy"]
    period = _PERIODS.get(_first(own, "updateperiod"), 0)
    return min(period // (_number(_first(own, "updatefrequency")) or 1), _LONGEST)


def _numbers(head: Iterable[Element], name: str) -> Iterator[int]:
    return (int(text) for text in _texts(head, name) if _is_number(text))


def _number(text: str) -> int:
    return int(text) if _is_number(text) else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6


def _first(head: Iterable[Element], name: str) -> str:
    return next(_texts(head, name), "")


def _texts(head: Iterable[Element], name: str) -> Iterator[str]:
    return (one.text.strip().lower() for one in head if one.name == name)
