"""The command that tries a changed rulebook on past entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from monitor.cli import backtest_page, pages
from monitor.cli.durations import DURATION
from monitor.cli.saying import as_json
from monitor.core.backtest import Comparison
from monitor.core.errors import Unavailable
from monitor.core.models import Archived
from monitor.service.backtesting import beginnings, compare
from monitor.service.checking import check, read_settings
from monitor.service.clockwork import utc_now
from monitor.service.wiring import Service
from monitor.views.backtests import backtest_row

_MOST = 1_000


@click.command()
@click.option("--rulebook", metavar="DIR", help="A candidate; else the configured one is tried.")
@click.option("--since", type=DURATION, default="30d", show_default=True)
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.option(
    "--sample", type=click.IntRange(0, _MOST), default=10, show_default=True, help="Entries shown."
)
@click.pass_obj
def backtest(
    config: str | None, rulebook: str | None, since: timedelta, machine: bool, sample: int
) -> None:
    """Try a changed rulebook on the entries of the last days.

    What it would have told, and what not.

    With --rulebook the candidate ("then") is compared with the configured rulebook ("now"), both
    with the configured routes. Without, the configured rulebook and routes ("then") are compared
    with what was really decided ("now").
    """
    service = Service(read_settings(config))
    settings, policy = service.settings, service.policy
    candidate = None
    if rulebook is not None:
        candidate, _ = check(replace(settings, rulebook=Path.cwd() / rulebook))
    counted, judged = beginnings(utc_now(), since, policy)
    total = service.store.archive_extent(judged).entries
    comparison = Comparison(counted, sample)
    entries = _watched(service.store.archived(judged), total)
    unknown = compare(entries, service.feeds, policy, comparison, candidate, live=settings.rulebook)
    report = comparison.report()
    if not report.entries:
        raise Unavailable(f"the archive holds no entry since {counted:%Y-%m-%d %H:%M} UTC")
    ours = f"rulebook {policy.rulebook.version}"
    row = backtest_row(
        report,
        now=ours if candidate else "as it was decided",
        then=f"rulebook {candidate.version}, {rulebook}" if candidate else ours,
        unknown=unknown,
    )
    if machine:
        click.echo(as_json(row, indent=1))
    else:
        pages.console().print(backtest_page.page(row))


def _watched(entries: Iterable[Archived], total: int) -> Iterator[Archived]:
    """The entries, with a bar on standard error that shows how far they are; none in a pipe."""
    console = Console(stderr=True)
    columns = (TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        yield from bar.track(entries, total=total)
