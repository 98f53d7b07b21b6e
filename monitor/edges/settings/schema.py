"""The form of `monitor.toml`: which keys there are, their types and their bounds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Topics = tuple[str, ...]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _in_order(low: timedelta, high: timedelta, what: str) -> None:
    if low > high:
        raise ValueError(f"{what} are not in ascending order")


class PollingTable(_Table):
    """[polling]"""

    interval: Duration = timedelta(minutes=10)
    min_interval: Duration = timedelta(minutes=1)
    max_interval: Duration = timedelta(hours=24)
    fresh: Duration = timedelta(hours=24)
    max_age: Duration = timedelta(days=7)
    deadline: Duration = timedelta(seconds=30)
    max_body: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 10_000_000
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    batch: Annotated[int, Field(ge=1, le=1_000)] = 25

    @model_validator(mode="after")
    def _ordered(self) -> PollingTable:
        for name in ("min_interval", "deadline"):
            if getattr(self, name) < timedelta(seconds=1):
                raise ValueError(f"{name} is below one second")
        _in_order(self.min_interval, self.interval, "min_interval and interval")
        _in_order(self.interval, self.max_interval, "interval and max_interval")
        return self


class StoriesTable(_Table):
    """[stories]"""

    event_window: Duration = timedelta(hours=72)
    copy_window: Duration = timedelta(days=14)

    @model_validator(mode="after")
    def _bounded(self) -> StoriesTable:
        for name in ("event_window", "copy_window"):
            if not timedelta(hours=1) <= getattr(self, name) <= timedelta(days=30):
                raise ValueError(f"{name} is not between 1h and 30d")
        return self


class NetworkTable(_Table):
    """[network]"""

    allow: tuple[str, ...] = ()
    user_agent: str = ""


class StoreTable(_Table):
    """[store]"""

    url: Annotated[str, AfterValidator(check_store_url)] = ""
    data_dir: str = "var"
    max_memory: Annotated[str, Field(pattern=r"^\d+(kb|mb|gb)$")] = "512mb"


class FeedTable(_Table):
    """[[feeds]], in monitor.toml and in feeds files."""

    url: Annotated[str, Field(max_length=2_000), AfterValidator(check_url)]
    name: Annotated[str, Field(max_length=200)] = ""
    language: str | None = None
    country: str | None = None
    kind: str = ""
    state_media: bool = False


class FeedsFile(_Table):
    """A feeds file."""

    feeds: tuple[FeedTable, ...]


class ReceiverTable(BaseModel):
    """[[receivers]]: name and type are ours, the other keys are the channel's."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Name
    type: str

    def options(self) -> dict[str, str]:
        """The channel's own keys, as text."""
        return {key: _as_text(value) for key, value in (self.model_extra or {}).items()}


class RouteTable(_Table):
    """[[routes]]"""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    receivers: Annotated[tuple[Name, ...], Field(min_length=1)]
    topics: Topics = ()
    severity: Literal["low", "medium", "high", "critical"] = "low"
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = ()
    countries: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    updates: Literal["send", "digest", "quiet"] = "send"
    goes_on: bool = Field(default=True, alias="continue")


class ConfigFile(_Table):
    """monitor.toml as a whole."""

    feeds: tuple[str | FeedTable, ...] | None = None
    rulebook: str | None = None
    polling: PollingTable = PollingTable()
    stories: StoriesTable = StoriesTable()
    network: NetworkTable = NetworkTable()
    store: StoreTable = StoreTable()
    receivers: tuple[ReceiverTable, ...] | None = None
    routes: tuple[RouteTable, ...] | None = None


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
