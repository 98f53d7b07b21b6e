"""The commands about feeds: which there are, how they are, and what a site offers."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from monitor.cli import editing, polling
from monitor.cli.found import aligned, found_table
from monitor.cli.saying import FAILED, as_json, complain
from monitor.core.errors import BadInput, Fault, Unavailable
from monitor.core.models import Failure, Feed
from monitor.core.polling import HEALTHS
from monitor.core.shown import plain, shown_url
from monitor.service import discovering, feeding
from monitor.service.checking import read_settings
from monitor.service.discovering import Found
from monitor.service.wiring import Service
from monitor.views import rows

# Letters of a column at most; the last one, the reason, has what it needs.
_WIDEST = 60


@click.group()
def feeds() -> None:
    """List, add, remove, import, export, find and poll feeds."""


for command in (*editing.COMMANDS, polling.poll):
    feeds.add_command(command)


@feeds.command(name="list")
@click.option("--health", type=click.Choice(HEALTHS), help="Only those which are so.")
@click.option("--search", metavar="TEXT", help="Only those with this in name, URL or place.")
@click.option("--json", "machine", is_flag=True, help="For machines: one list.")
@click.option("--format", "form", type=click.Choice(["table", "jsonl", "csv", "urls"]))
@click.pass_obj
def list_command(
    config: str | None, health: str | None, search: str | None, machine: bool, form: str | None
) -> None:
    """List the feeds, how each is, and why.

    With its last news, its next poll, and the place where it stands.
    """
    settings = read_settings(config)
    try:
        states, due = feeding.states(settings)
    except Unavailable as away:
        if health:
            raise Unavailable(f"{away}; without it the health of feeds is not known") from None
        complain(f"{away}; told is only what the files say")
        states, due = None, {}
    shelf = feeding.Shelf(config)
    places = feeding.spoken([place for place, _ in shelf.standing])
    found = [
        rows.standing_row(feed, place, states, due.get(feed.key))
        for place, (_, feed) in zip(places, shelf.standing, strict=True)
    ]
    wanted = [one for one in found if health in {None, one["health"]} and _holds(one, search)]
    _print(wanted, "json" if machine else form or "table", f"{shelf.sources.home}/")


def _holds(row: dict[str, Any], text: str | None) -> bool:
    sought = (text or "").casefold()
    return any(sought in str(row[name]).casefold() for name in ("name", "url", "place", "key"))


def _print(found: Sequence[dict[str, Any]], form: str, home: str) -> None:
    """In one of the forms; in a table, places begin at `home`."""
    if form == "json":
        click.echo(as_json(found, indent=1))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, rows.STANDING_COLUMNS, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows.csv_row(row, rows.STANDING_COLUMNS) for row in found)
    else:
        each = {"jsonl": as_json, "urls": lambda row: plain(row["url"])}
        for line in map(each[form], found) if form in each else [_table(found, home)]:
            click.echo(line)


def _table(found: Sequence[dict[str, Any]], home: str) -> str:
    if not found:
        return "no such feed"
    found = [{**row, "place": row["place"].removeprefix(home)} for row in found]
    heads = ("NAME", "HEALTH", "LAST NEW", "NEXT POLL", "URL", "WHERE", "WHY")
    keys = ("name", "health", "last_new", "next_poll", "url", "place", "why")
    cells = [[_cell(key, row[key]) for key in keys] for row in found]
    return aligned([heads, *cells])


def _cell(key: str, value: object) -> str:
    text = plain(str(value or "-"))
    if key in {"last_new", "next_poll"}:
        return text[:16].replace("T", " ")
    return text if key == "why" or len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


@feeds.command()
@click.argument("url")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.pass_obj
def discover(config: str | None, url: str, machine: bool) -> None:
    """Find the feeds of a site by one of its pages, and try each."""
    address = discovering.address(url)
    if not address:
        raise BadInput([Fault("URL", "is not an http or https address", "https://...")])
    found = discovering.run(Service(read_settings(config)), Feed(address))
    if isinstance(found, Failure):
        _give_up(f"{shown_url(address)} cannot be read: {found.reason}")
    if machine:
        click.echo(as_json([_row(one) for one in found], indent=1))
    elif found:
        click.echo(found_table(found))
    if not found:
        _give_up(f"no feed was found at {shown_url(address)}")


def _give_up(reason: str) -> NoReturn:
    complain(reason)
    sys.exit(FAILED)


def _row(one: Found) -> dict[str, Any]:
    newest = one.newest.isoformat() if one.newest else None
    named = {"url": one.url, "title": one.title, "format": one.format}
    return named | {"entries": one.entries, "newest": newest, "found_by": one.found_by}
