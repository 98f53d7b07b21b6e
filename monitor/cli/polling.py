"""The command that polls feeds out of turn."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from monitor.cli.saying import FAILED, as_json
from monitor.core.models import Sameness, Verdict
from monitor.core.shown import plain
from monitor.service import feeding
from monitor.service.checking import read_settings
from monitor.service.polling_now import Called, poll_now
from monitor.service.wiring import Service
from monitor.views import rows


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="URL|NAME|KEY...")
@click.option("--json", "machine", is_flag=True, help="For machines: one JSON object a feed.")
@click.pass_obj
def poll(config: str | None, names: tuple[str, ...], machine: bool) -> None:
    """Poll feeds now, whenever their turn is.

    The service need not run, its store must.
    """
    settings = read_settings(config)
    feeds = [feed for _, feed in feeding.Shelf(config).find_all(names)]
    service = Service(settings)
    failed = False
    try:
        for called in poll_now(service, feeds):
            failed = failed or called.failed
            if machine:
                click.echo(as_json(_row(called)))
            else:
                for line in _lines(called):
                    click.echo(plain(line))
    finally:
        service.close()
    sys.exit(FAILED if failed else 0)


def _new(called: Called) -> list[Verdict]:
    """What the poll came to for each entry that was new."""
    verdicts = called.polled.verdicts if called.polled else ()
    return [one for one in verdicts if one.sameness is not Sameness.SAME_ID]


def _row(called: Called) -> dict[str, Any]:
    state = called.polled.state if called.polled else None
    return {
        "url": called.feed.shown,
        "name": called.feed.source,
        "outcome": state.outcome.value if state and state.outcome else None,
        "reason": called.why or (state.reason if state else ""),
        "new": called.polled.new if called.polled else 0,
        "known": called.known,
        "next_poll": rows.iso(state.next_poll) if state else None,
        "verdicts": [rows.verdict_row(one) for one in _new(called)],
    }


def _lines(called: Called) -> Iterator[str]:
    row = _row(called)
    name = f"{row['name']} {row['url']}" if row["name"] != row["url"] else row["url"]
    if called.polled is None:
        yield f"{name}: not polled: {called.why}"
    elif called.failed:
        yield f"{name}: {row['outcome']}: {row['reason'] or 'others changed it meanwhile'}"
    else:
        yield f"{name}: {row['outcome']}, {row['new']} new, {row['known']} known"
    for one in _new(called):
        told = ", ".join(alert.receiver for alert in one.alerts)
        to = f" to {told}" if told else ""
        yield f"  {one.outcome.value}{to}: {one.entry.title} ({one.reason})"
