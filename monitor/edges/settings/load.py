"""From files and environment to one object; every fault of every file is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from monitor.core.canary import Canary
from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed, Receiver, Route, Silence, Windows
from monitor.core.polling import Polling
from monitor.core.websub import Endpoint
from monitor.edges.files import note, read_text
from monitor.edges.settings.document import Reader, read_toml
from monitor.edges.settings.routes import (
    doubles,
    make_receiver,
    make_routes,
    make_silence,
    unknown_receivers,
)
from monitor.edges.settings.schema import (
    CanaryTable,
    ConfigFile,
    LimitsTable,
    WebsubTable,
    WebTable,
)
from monitor.edges.settings.standing import DEFAULTS, Sources, first_ones, sources_of


@dataclass(frozen=True, slots=True)
class Settings:
    """All that was configured. Paths are absolute; durations are timedeltas."""

    path: Path
    feeds: tuple[Feed, ...]
    rulebook: Path | None
    shadow: Path | None
    polling: Polling
    fresh: timedelta
    max_age: timedelta
    windows: Windows
    deadline: timedelta
    max_body: int
    max_entries: int
    limits: LimitsTable
    batch: int
    host_gap: timedelta
    contact: str
    allow: tuple[str, ...]
    user_agent: str
    proxy: str = field(repr=False)
    store_url: str = field(repr=False)
    data_dir: Path
    max_memory: str
    receivers: tuple[Receiver, ...]
    routes: tuple[Route, ...]
    silences: tuple[Silence, ...]
    timeout: timedelta
    keep: timedelta
    most_deliveries: int
    notices: tuple[str, ...] | None
    archive_keep: timedelta
    archive_size: int
    websub: Endpoint | None
    canary: Canary | None
    web: WebTable


def load_settings(
    path: Path | None,
    environ: Mapping[str, str],
    cwd: Path,
    *,
    feeds: bool = True,
    read: Reader = read_text,
) -> Settings:
    """The settings of a config file, or the shipped ones; raises BadInput with all faults.

    Without `feeds` there are none, and theirs are not looked for: a hundred thousand take 50 MB.

    Without a path, MONITOR_CONFIG is taken, then `monitor.toml` in `cwd`, then the shipped
    defaults, whose data lives below `cwd`. `read` gives the text of a file.
    """
    chosen = _choose(path, environ, cwd)
    config = read_toml(chosen, ConfigFile, environ, read)
    home = cwd if chosen.parent == DEFAULTS else chosen.parent
    shipped = read_toml(DEFAULTS / "monitor.toml", ConfigFile, environ)
    receivers = shipped.receivers if config.receivers is None else config.receivers
    named = tuple(make_receiver(one, home) for one in receivers or ())
    faults: list[Fault] = []
    standing = sources_of(config, chosen).standing(environ, faults, read) if feeds else iter(())
    found = tuple(feed for _, feed in first_ones(standing, faults))
    routes = make_routes(config.routes, shipped.routes or (), named)
    faults += doubles(named, chosen)
    others = [("deliveries.notices", name) for name in config.deliveries.notices or ()]
    others += [("canary.receiver", config.canary.receiver)] if config.canary else []
    faults += unknown_receivers(routes, others, named, chosen)
    if feeds and not found and not faults:
        faults.append(Fault(f"{chosen}: feeds", "there is no feed to watch"))
    settings = _settings(config, chosen, home, environ, found, named, routes)
    if faults:
        raise BadInput(faults, found=settings)
    return settings


def find_sources(
    path: Path | None, environ: Mapping[str, str], cwd: Path, read: Reader = read_text
) -> Sources:
    """Where the feeds stand, by the same config file; raises BadInput if it cannot be read."""
    chosen = _choose(path, environ, cwd)
    return sources_of(read_toml(chosen, ConfigFile, environ, read), chosen)


def _settings(
    config: ConfigFile,
    path: Path,
    home: Path,
    environ: Mapping[str, str],
    feeds: tuple[Feed, ...],
    receivers: tuple[Receiver, ...],
    routes: tuple[Route, ...],
) -> Settings:
    polling = config.polling
    return Settings(
        path=path,
        feeds=feeds,
        rulebook=home / config.rulebook if config.rulebook else None,
        shadow=home / config.shadow.rulebook if config.shadow.rulebook else None,
        polling=Polling(
            polling.interval.total_seconds(),
            polling.min_interval.total_seconds(),
            polling.max_interval.total_seconds(),
        ),
        fresh=polling.fresh,
        max_age=polling.max_age,
        windows=Windows(config.stories.event_window, config.stories.copy_window),
        deadline=polling.deadline,
        max_body=polling.max_body,
        max_entries=polling.max_entries,
        limits=config.limits,
        batch=polling.batch,
        host_gap=polling.host_gap,
        contact=polling.contact,
        allow=config.network.allow,
        user_agent=config.network.user_agent,
        proxy=config.network.proxy,
        store_url=config.store.url or environ.get("REDIS_URL", ""),
        data_dir=home / config.store.data_dir,
        max_memory=config.store.max_memory,
        receivers=receivers,
        routes=routes,
        silences=tuple(map(make_silence, config.silences)),
        timeout=config.deliveries.timeout,
        keep=config.deliveries.keep,
        most_deliveries=config.deliveries.most,
        notices=config.deliveries.notices,
        archive_keep=config.archive.keep,
        archive_size=config.archive.max_size,
        websub=_endpoint(config.websub),
        canary=_canary(config.canary),
        web=config.web,
    )


def _endpoint(table: WebsubTable) -> Endpoint | None:
    """Where hubs find us; None where they are not to."""
    if not table.callback:
        return None
    return Endpoint(table.callback, *table.listen, table.lease, table.allow_http)


def _canary(table: CanaryTable | None) -> Canary | None:
    return Canary(table.receiver, table.every, table.ping) if table else None


def _there(path: Path) -> bool:
    """Whether there is a file; one that we may not look at is, for its reader to say so."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _choose(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    if path is None and environ.get("MONITOR_CONFIG"):
        path = Path(environ["MONITOR_CONFIG"])
    if path is None:
        note(cwd / "monitor.toml")
    if path is None and _there(cwd / "monitor.toml"):
        path = cwd / "monitor.toml"
    return (cwd / path).absolute() if path else DEFAULTS / "monitor.toml"
