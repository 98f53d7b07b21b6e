"""The form of `monitor.toml`: which keys there are, their types and their bounds."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)

from monitor.edges.settings.forms import (
    check_callback,
    check_host,
    check_language,
    check_ping,
    check_store_url,
    check_token,
    check_url,
    is_loopback,
    parse_listen,
    parse_size,
)
from monitor.edges.settings.receiving import ReceiverTable, SilenceTable, TopRouteTable
from monitor.edges.settings.table import (
    Duration,
    Header,
    Name,
    Priority,
    Size,
    Table,
    between,
    in_order,
)


class PollingTable(Table):
    """[polling]"""

    interval: Duration = timedelta(minutes=10)
    min_interval: Annotated[Duration, between("1s", "24h")] = timedelta(minutes=1)
    max_interval: Duration = timedelta(hours=24)
    fresh: Duration = timedelta(hours=24)
    max_age: Duration = timedelta(days=7)
    deadline: Annotated[Duration, between("1s", "10m")] = timedelta(seconds=30)
    max_body: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 10_000_000
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    batch: Annotated[int, Field(ge=1, le=200)] = 100
    host_gap: Annotated[Duration, between("0s", "60s")] = timedelta(seconds=1)
    contact: Header = ""

    @model_validator(mode="after")
    def _ordered(self) -> PollingTable:
        in_order(self.min_interval, self.interval, "min_interval and interval")
        in_order(self.interval, self.max_interval, "interval and max_interval")
        return self


class LimitsTable(Table):
    """[limits]: bounds of what strangers send, beside those of [polling]."""

    redirects: Annotated[int, Field(ge=0, le=20)] = 5
    # httpcore reads no more than 100 kB before a body.
    header_bytes: Annotated[int, Field(ge=4_000, le=100_000)] = 65_536
    headers: Annotated[int, Field(ge=50, le=10_000)] = 2_000
    title: Annotated[int, Field(ge=50, le=1_000)] = 300
    summary: Annotated[int, Field(ge=0, le=20_000)] = 2_000
    link: Annotated[int, Field(ge=200, le=8_000)] = 2_000
    parse_cpu: Annotated[Duration, between("1s", "2m")] = timedelta(seconds=8)
    parse_time: Annotated[Duration, between("1s", "2m")] = timedelta(seconds=15)
    parse_memory: Annotated[Size, between("128mb", "4gb", parse_size)] = 256 << 20

    @model_validator(mode="after")
    def _ordered(self) -> LimitsTable:
        in_order(self.parse_cpu, self.parse_time, "parse_cpu and parse_time")
        return self


class StoriesTable(Table):
    """[stories]"""

    event_window: Annotated[Duration, between("1h", "30d")] = timedelta(hours=72)
    copy_window: Annotated[Duration, between("1h", "30d")] = timedelta(days=14)


class NetworkTable(Table):
    """[network]"""

    allow: tuple[str, ...] = ()
    user_agent: Header = ""
    proxy: str = Field(default="", repr=False)


class StoreTable(Table):
    """[store]"""

    url: Annotated[str, AfterValidator(check_store_url)] = ""
    data_dir: str = "var"
    max_memory: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}(kb|mb|gb)$")] = "512mb"


class FeedTable(Table):
    """[[feeds]], in monitor.toml and in feeds files."""

    url: Annotated[str, Field(max_length=2_000), AfterValidator(check_url)]
    name: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str | None, AfterValidator(check_language)] = None
    country: str | None = None
    kind: str = ""
    state_media: bool = False
    priority: Priority = "normal"


class FeedsFile(Table):
    """A feeds file; one of comments alone is one too."""

    feeds: tuple[FeedTable, ...] = ()


class ShadowTable(Table):
    """[shadow]"""

    rulebook: str | None = None


class WebsubTable(Table):
    """[websub]"""

    callback: Annotated[str, AfterValidator(check_callback)] = ""
    listen: Annotated[tuple[str, int], BeforeValidator(parse_listen)] = ("127.0.0.1", 8780)
    lease: Annotated[Duration, between("10m", "30d")] = timedelta(days=10)
    allow_http: bool = False

    @model_validator(mode="after")
    def _safe(self) -> WebsubTable:
        if self.callback.startswith("http://") and not self.allow_http:
            raise ValueError("callback is not https, and allow_http is not set")
        return self


class WebTable(Table):
    """[web]"""

    listen: Annotated[tuple[str, int], BeforeValidator(parse_listen)] = ("127.0.0.1", 8790)
    token: Annotated[str, AfterValidator(check_token)] = Field(default="", repr=False)
    hosts: tuple[Annotated[str, AfterValidator(check_host)], ...] = ()
    run: bool = False
    keep: Annotated[Duration, between("1h", "90d")] = timedelta(days=30)
    most: Annotated[int, Field(ge=1_000, le=1_000_000)] = 200_000

    @model_validator(mode="after")
    def _guarded(self) -> WebTable:
        if not self.token and not is_loopback(self.listen[0]):
            raise ValueError("listens where others can reach it, and has no token")
        return self


class DeliveriesTable(Table):
    """[deliveries]"""

    timeout: Annotated[Duration, between("1s", "15s")] = timedelta(seconds=15)
    # Stories are remembered for a day longer, so that none is told again.
    keep: Annotated[Duration, between("1d", "90d")] = timedelta(days=90)
    most: Annotated[int, Field(ge=1_000, le=10_000_000)] = 20_000
    notices: tuple[Name, ...] | None = None


class CanaryTable(Table):
    """[canary]"""

    receiver: Name
    every: Annotated[Duration, between("1m", "24h")] = timedelta(hours=1)
    ping: Annotated[str, AfterValidator(check_ping)] = Field(default="", repr=False)


class ArchiveTable(Table):
    """[archive]"""

    keep: Annotated[Duration, between("1h", "366d")] = timedelta(days=30)
    max_size: Annotated[Size, between("1mb", "64gb", parse_size)] = 128 << 20


class ConfigFile(Table):
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
