"""The tables of `monitor.toml` on who is told of what: receivers, routes, silences."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from monitor.core.models import Cadence, Pace, Severity
from monitor.edges.settings.forms import (
    check_zone,
    parse_digest,
    parse_pace,
    parse_quiet,
    parse_until,
)
from monitor.edges.settings.table import (
    Name,
    Table,
    Topics,
)

SeverityName = Literal["low", "medium", "high", "critical"]


class ReceiverTable(BaseModel):
    """[[receivers]]: the keys named here are ours, the others are the channel's."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Name
    type: str
    pace: Annotated[Pace, BeforeValidator(parse_pace)] | None = None
    storm: Annotated[Pace, BeforeValidator(parse_pace)] | None = None
    timezone: Annotated[str, AfterValidator(check_zone)] = "UTC"
    quiet: Annotated[tuple[time, time], BeforeValidator(parse_quiet)] | None = None
    quiet_unless: SeverityName | None = None
    digest: Annotated[time | None, BeforeValidator(parse_digest)] = None

    def options(self) -> dict[str, str]:
        """The channel's own keys, as text."""
        return {key: _as_text(value) for key, value in (self.model_extra or {}).items()}

    def cadence(self) -> Cadence:
        """The receiver's hours."""
        unless = Severity.from_label(self.quiet_unless) if self.quiet_unless else None
        return Cadence(self.timezone, self.quiet, unless, self.digest)


class RouteTable(Table):
    """[[routes]], and the routes below them."""

    receivers: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    topics: Topics = ()
    entities: tuple[str, ...] = ()
    severity: SeverityName = "low"
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = ()
    countries: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    state_media: bool | None = None
    alerts: Literal["send", "digest"] | None = None
    updates: Literal["send", "digest", "quiet"] | None = None
    goes_on: bool = Field(default=True, alias="continue", strict=True)
    routes: tuple[RouteTable, ...] = ()


class TopRouteTable(RouteTable):
    """[[routes]]: one that leads somewhere, by itself or by each route below it."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> TopRouteTable:
        if not _leads(self):
            raise ValueError("leads to nobody: receivers is missing")
        return self


def _leads(table: RouteTable) -> bool:
    return bool(table.receivers) or (bool(table.routes) and all(map(_leads, table.routes)))


class SilenceTable(Table):
    """[[silences]]"""

    until: Annotated[datetime, BeforeValidator(parse_until)]
    topics: Topics = ()
    entities: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    comment: str = ""

    @model_validator(mode="after")
    def _about_something(self) -> SilenceTable:
        if not (self.topics or self.entities or self.sources or self.events):
            raise ValueError("names no topics, entities, sources or events: it would silence all")
        return self


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
