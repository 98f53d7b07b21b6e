"""The command that tells how everything stands, once or again and again."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Any

import click
from rich.live import Live

from monitor.cli import dashboard, pages
from monitor.cli.durations import DURATION
from monitor.cli.saying import FAILED, as_json, complain
from monitor.core.errors import Unavailable
from monitor.edges.rulebook import version_in
from monitor.service.checking import read_settings
from monitor.service.clockwork import utc_now
from monitor.service.wiring import Service
from monitor.views import rows


@click.command()
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.option("--watch", is_flag=True, help="Stay, and look again and again; Ctrl-C ends.")
@click.option("--every", type=DURATION, default="2s", show_default=True, help="With --watch.")
@click.pass_obj
def status(config: str | None, machine: bool, watch: bool, every: Any) -> None:
    """Show what is wrong, and how everything stands.

    Feeds, queues, deliveries, latency and the store; works when the workers are down.
    """
    if watch and machine:
        raise click.UsageError("--watch is for people, --json for machines: one of them")
    service = Service(read_settings(config), checked=False)
    if watch:
        _watch(service, every.total_seconds())
        return
    row = look(service)
    if machine:
        click.echo(as_json(row, indent=1))
    elif row["store"]["reachable"]:
        pages.console().print(dashboard.page(row))
    else:
        why = row["store"]["reason"]
        complain(f"{why}; is the service running?" if why.endswith("cannot be reached") else why)
    sys.exit(0 if row["store"]["reachable"] else FAILED)


def _watch(service: Service, every: float) -> None:
    """Show the page anew every so many seconds, until told to end."""
    console = pages.console()
    if not console.is_terminal or console.is_dumb_terminal:
        raise click.UsageError("--watch needs a terminal that can move its cursor")
    with (
        suppress(KeyboardInterrupt),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            live.update(dashboard.page(look(service)), refresh=True)
            time.sleep(every)


def look(service: Service) -> dict[str, Any]:
    """The row of `status`: what is known without the store where that is away."""
    rulebook = version_in(service.settings.rulebook)
    try:
        return _looked(service, rulebook)
    except Unavailable as away:
        return rows.unreachable_row(service.settings.feeds, str(away), rulebook)


def _looked(service: Service, rulebook: str) -> dict[str, Any]:
    found, now = service.look(), utc_now()
    feeds = [
        rows.feed_row(feed, found.states.get(feed.key), found.due.get(feed.key), now)
        for feed in service.settings.feeds
    ]
    names = [one.name for one in service.settings.receivers]
    late = rows.overdue(found.states.values(), now)
    hosts = service.store.waiting_hosts(now + service.settings.host_gap)
    canary = service.settings.canary
    row = rows.status_row(feeds, found.gauges, names, now, late, hosts, rulebook, canary)
    shadow = rows.shadow_row(found.gauges.shadow) if service.settings.shadow else None
    return row | {"shadow": shadow}
