"""The form of `monitor.toml`: which keys there are, their types and their bounds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from monitor.core.models import Cadence, Pace, Severity
from monitor.edges.settings.forms import (
    check_callback,
    check_header,
    check_host,
    check_language,
    check_ping,
    check_store_url,
    check_token,
    check_url,
    check_zone,
    is_loopback,
    parse_digest,
    parse_duration,
    parse_listen,
    parse_pace,
    parse_quiet,
    parse_size,
    parse_until,
)

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Size = Annotated[int, BeforeValidator(parse_size)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Header = Annotated[str, AfterValidator(check_header)]
Topics = tuple[str, ...]
Priority = Literal["high", "normal", "low"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, told: ValidationInfo) -> object:
        """To Python `true` is the number 1; what is set by a variable is a text and stays one."""
        field = cls.model_fields.get(told.field_name or "")
        if isinstance(value, bool) and field and field.annotation is int:
            raise ValueError("is not a whole number")
        return value


def _between(low: str, high: str, read: Callable[[object], Any] = parse_duration) -> AfterValidator:
    """Bounds of a duration, or of what else `read` makes of a text, each written like one."""
    least, most = read(low), read(high)

    def check(value: Any) -> Any:
        if not least <= value <= most:
            raise ValueError(f"is not between {low} and {high}")
        return value

    return AfterValidator(check)


def _in_order(low: timedelta, high: timedelta, what: str) -> None:
    if low > high:
        raise ValueError(f"{what} are not in ascending order")


class PollingTable(_Table):
    """[polling]"""

    interval: Duration = timedelta(minutes=10)
    min_interval: Annotated[Duration, _between("1s", "24h")] = timedelta(minutes=1)
    max_interval: Duration = timedelta(hours=24)
    fresh: Duration = timedelta(hours=24)
    max_age: Duration = timedelta(days=7)
    deadline: Annotated[Duration, _between("1s", "10m")] = timedelta(seconds=30)
    max_body: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 10_000_000
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    batch: Annotated[int, Field(ge=1, le=200)] = 100
    host_gap: Annotated[Duration, _between("0s", "60s")] = timedelta(seconds=1)
    contact: Header = ""

    @model_validator(mode="after")
    def _ordered(self) -> PollingTable:
        _in_order(self.min_interval, self.interval, "min_interval and interval")
        _in_order(self.interval, self.max_interval, "interval and max_interval")
        return self


class LimitsTable(_Table):
    """[limits]: bounds of what strangers send, beside those of [polling]."""

    redirects: Annotated[int, Field(ge=0, le=20)] = 5
    # httpcore reads no more than 100 kB before a body.
    header_bytes: Annotated[int, Field(ge=4_000, le=100_000)] = 65_536
    headers: Annotated[int, Field(ge=50, le=10_000)] = 2_000
    title: Annotated[int, Field(ge=50, le=1_000)] = 300
    summary: Annotated[int, Field(ge=0, le=20_000)] = 2_000
    link: Annotated[int, Field(ge=200, le=8_000)] = 2_000
    parse_cpu: Annotated[Duration, _between("1s", "2m")] = timedelta(seconds=8)
    parse_time: Annotated[Duration, _between("1s", "2m")] = timedelta(seconds=15)
    parse_memory: Annotated[Size, _between("128mb", "4gb", parse_size)] = 256 << 20

    @model_validator(mode="after")
    def _ordered(self) -> LimitsTable:
        _in_order(self.parse_cpu, self.parse_time, "parse_cpu and parse_time")
        return self


class StoriesTable(_Table):
    """[stories]"""

    event_window: Annotated[Duration, _between("1h", "30d")] = timedelta(hours=72)
    copy_window: Annotated[Duration, _between("1h", "30d")] = timedelta(days=14)


class NetworkTable(_Table):
    """[network]"""

    allow: tuple[str, ...] = ()
    user_agent: Header = ""
    proxy: str = Field(default="", repr=False)


class StoreTable(_Table):
    """[store]"""

    url: Annotated[str, AfterValidator(check_store_url)] = ""
    data_dir: str = "var"
    max_memory: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}(kb|mb|gb)$")] = "512mb"


class FeedTable(_Table):
    """[[feeds]], in monitor.toml and in feeds files."""

    url: Annotated[str, Field(max_length=2_000), AfterValidator(check_url)]
    name: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str | None, AfterValidator(check_language)] = None
    country: str | None = None
    kind: str = ""
    state_media: bool = False
    priority: Priority = "normal"


class FeedsFile(_Table):
    """A feeds file; one of comments alone is one too."""

    feeds: tuple[FeedTable, ...] = ()


class ShadowTable(_Table):
    """[shadow]"""

    rulebook: str | None = None


class WebsubTable(_Table):
    """[websub]"""

    callback: Annotated[str, AfterValidator(check_callback)] = ""
    listen: Annotated[tuple[str, int], BeforeValidator(parse_listen)] = ("127.0.0.1", 8780)
    lease: Annotated[Duration, _between("10m", "30d")] = timedelta(days=10)
    allow_http: bool = False

    @model_validator(mode="after")
    def _safe(self) -> WebsubTable:
        if self.callback.startswith("http://") and not self.allow_http:
            raise ValueError("callback is not https, and allow_http is not set")
        return self


class WebTable(_Table):
    """[web]"""

    listen: Annotated[tuple[str, int], BeforeValidator(parse_listen)] = ("127.0.0.1", 8790)
    token: Annotated[str, AfterValidator(check_token)] = Field(default="", repr=False)
    hosts: tuple[Annotated[str, AfterValidator(check_host)], ...] = ()
    run: bool = False
    keep: Annotated[Duration, _between("1h", "90d")] = timedelta(days=30)
    most: Annotated[int, Field(ge=1_000, le=1_000_000)] = 200_000

    @model_validator(mode="after")
    def _guarded(self) -> WebTable:
        if not self.token and not is_loopback(self.listen[0]):
            raise ValueError("listens where others can reach it, and has no token")
        return self


class DeliveriesTable(_Table):
    """[deliveries]"""

    timeout: Annotated[Duration, _between("1s", "15s")] = timedelta(seconds=15)
    # Stories are remembered for a day longer, so that none is told again.
    keep: Annotated[Duration, _between("1d", "90d")] = timedelta(days=90)
    most: Annotated[int, Field(ge=1_000, le=10_000_000)] = 20_000
    notices: tuple[Name, ...] | None = None


class CanaryTable(_Table):
    """[canary]"""

    receiver: Name
    every: Annotated[Duration, _between("1m", "24h")] = timedelta(hours=1)
    ping: Annotated[str, AfterValidator(check_ping)] = Field(default="", repr=False)


class ArchiveTable(_Table):
    """[archive]"""

    keep: Annotated[Duration, _between("1h", "366d")] = timedelta(days=30)
    max_size: Annotated[Size, _between("1mb", "64gb", parse_size)] = 128 << 20


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


class RouteTable(_Table):
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


class SilenceTable(_Table):
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


class ConfigFile(_Table):
    """monitor.toml as a whole."""

    feeds: tuple[str | FeedTable, ...] | None = None
    rulebook: str | None = None
    polling: PollingTable = PollingTable()
    limits: LimitsTable = LimitsTable()
    stories: StoriesTable = StoriesTable()
    network: NetworkTable = NetworkTable()
    store: StoreTable = StoreTable()
    deliveries: DeliveriesTable = DeliveriesTable()
    archive: ArchiveTable = ArchiveTable()
    shadow: ShadowTable = ShadowTable()
    canary: CanaryTable | None = None
    websub: WebsubTable = WebsubTable()
    web: WebTable = WebTable()
    receivers: tuple[ReceiverTable, ...] | None = None
    routes: tuple[TopRouteTable, ...] | None = None
    silences: tuple[SilenceTable, ...] = ()


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
