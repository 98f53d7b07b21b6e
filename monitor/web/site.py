"""How a page is made: templates, what they may call, and who is looking."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monitor.core.models import Feed
from monitor.core.parse.plain import clean, shorten
from monitor.core.shown import shown_url
from monitor.core.wording import ago, safe_link, spoken
from monitor.service.clockwork import utc_now
from monitor.service.wiring import Service
from monitor.web.sessions import Session, Sessions
from monitor.web.watch import Watch

_HERE = Path(__file__).parent
COOKIE = "monitor_session"
STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
# The pages in the order of the menu.
MENU = {
    "/": "Overview",
    "/stories": "Stories",
    "/alerts": "Alerts",
    "/deliveries": "Deliveries",
    "/feeds": "Feeds",
}


@dataclass
class Site:
    """What all pages share. `services` gives the Service in force, which another may take over."""

    services: Callable[[], Service]
    watch: Watch
    sessions: Sessions
    templates: Environment = field(init=False)
    files: dict[str, bytes] = field(init=False)
    _named: tuple[Service, list[tuple[str, Feed, str]]] | None = None

    def __post_init__(self) -> None:
        self.files = {name: (_HERE / "static" / name).read_bytes() for name in STATIC}
        self.templates = _templates({name: _address(name, raw) for name, raw in self.files.items()})

    @property
    def service(self) -> Service:
        """The Service in force."""
        return self.services()

    def feeds_by_name(self) -> list[tuple[str, Feed, str]]:
        """Key, feed, and name and address in small letters, in the order of the names."""
        service, known = self.service, self._named
        if known is None or known[0] is not service:
            found = [
                (key, one, f"{one.source} {one.shown}".casefold())
                for key, one in service.feeds.items()
            ]
            known = self._named = (service, sorted(found, key=lambda one: one[2]))
        return known[1]

    def session(self, request: web.Request) -> Session | None:
        """Whose request this is, if they have shown the token."""
        return self.sessions.find(request.cookies.get(COOKIE, ""))

    def page(
        self, request: web.Request, template: str, status: int = 200, **values: Any
    ) -> web.Response:
        """A page of a template in templates/, with these values."""
        session = self.session(request)
        known = {
            "menu": MENU,
            "path": request.path,
            "watch": self.watch,
            "session": session,
            "guarded": self.sessions.needed,
            "now": utc_now(),
        }
        text = self.templates.get_template(template).render({**known, **values})
        return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)

    def sorry(self, request: web.Request, status: int, said: str) -> web.Response:
        """The page of something that went wrong, with a sentence."""
        title = _TITLES.get(status, "This did not work")
        closed = self.sessions.needed and self.session(request) is None
        values = {"title": title, "said": said, "code": status, "closed": closed}
        return self.page(request, "sorry.html", status, **values)


_TITLES = {
    400: "This cannot be asked",
    403: "Not allowed",
    404: "There is no such page",
    405: "This cannot be done here",
    413: "Too large",
    421: "Not known by this name",
    429: "Too many tries",
    500: "Something is broken",
    503: "The store is away",
}


_KINDS = {
    "story.alert": "alert",
    "story.update": "update",
    "digest": "digest",
    "notice": "notice",
    "test": "test",
}


def _address(name: str, raw: bytes) -> str:
    """The address of a file, another one whenever the file is, so that it may be kept."""
    return f"/{name}?{hashlib.sha256(raw).hexdigest()[:12]}"


def _templates(files: Mapping[str, str]) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(files=files, kinds=_KINDS)
    made.filters.update(
        clean=clean,
        day=_day,
        link=safe_link,
        long=_long,
        moment=_moment,
        moment_of=_moment_of,
        pairs=_pairs,
        spoken_pairs=_spoken_pairs,
        counted_pairs=_counted_pairs,
        shown=shown_url,
        short=shorten,
        clock=_clock,
        spoken=spoken,
        ago=_ago,
        number=_number,
        tag=_tag,
    )
    return made


def _time(at: datetime, form: str) -> Markup:
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:{form}}"
    )


def _moment(at: datetime | str | None) -> Markup | str:
    """A moment, to the minute; its seconds are in the attribute."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return _time(at, "%Y-%m-%d %H:%M") if at else "–"


def _moment_of(seconds: float) -> Markup | str:
    """The same for epoch seconds."""
    return _moment(datetime.fromtimestamp(seconds, UTC))


def _pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Choices that are called what they are."""
    return [(one, one) for one in values]


def _spoken_pairs(languages: Iterable[str]) -> list[tuple[str, str]]:
    return sorted(((one, spoken(one)) for one in languages), key=lambda pair: pair[1])


def _counted_pairs(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(name, f"{name} ({_number(count)})") for name, count in counts.items()]


def _clock(at: datetime) -> Markup:
    return _time(at, "%H:%M")


def _day(day: date) -> str:
    return f"{day:%A, %d %B %Y}"


def _ago(at: datetime | str | None, now: datetime) -> str:
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return ago(now - at) if at else "never"


def _long(seconds: float) -> str:
    """A duration as people say it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"


def _number(value: float) -> str:
    """A number with narrow blanks between its thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


def _tag(language: str | None) -> str:
    """A language as an attribute may have it; "" (unknown) for what is none."""
    plain = (language or "").replace("-", "")
    return (language or "") if plain.isascii() and plain.isalnum() and len(plain) < 20 else ""
