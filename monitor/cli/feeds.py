"""The commands about feeds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from monitor.cli.saying import as_json, complain
from monitor.core.errors import BadInput, Fault
from monitor.core.models import Failure
from monitor.core.shown import plain, shown_url
from monitor.service import discovering
from monitor.service.checking import read_settings
from monitor.service.discovering import Found
from monitor.service.wiring import Service

FAILED = 1


@click.group()
def feeds() -> None:
    """Find feeds."""


@feeds.command()
@click.argument("url")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.pass_obj
def discover(config: str | None, url: str, machine: bool) -> None:
    """Find the feeds of a site by one of its pages, and try each."""
    address = discovering.address(url)
    if not address:
        raise BadInput([Fault("URL", "is not an http or https address", "https://...")])
    found = discovering.run(Service(read_settings(config)), address)
    if isinstance(found, Failure):
        _give_up(f"{shown_url(address)} cannot be read: {found.reason}")
    if machine:
        click.echo(as_json([_row(one) for one in found], indent=1))
    elif found:
        click.echo(_table(found))
    if not found:
        _give_up(f"no feed was found at {shown_url(address)}")


def _give_up(reason: str) -> NoReturn:
    complain(reason)
    sys.exit(FAILED)


def _row(one: Found) -> dict[str, Any]:
    newest = one.newest.isoformat() if one.newest else None
    named = {"url": one.url, "title": one.title, "format": one.format}
    return named | {"entries": one.entries, "newest": newest, "found_by": one.found_by}


def _table(found: Sequence[Found]) -> str:
    lines = [("URL", "FORMAT", "ENTRIES", "NEWEST (UTC)", "TITLE")]
    for one in found:
        newest = f"{one.newest:%Y-%m-%d %H:%M}" if one.newest else "-"
        lines.append((one.url, one.format, str(one.entries), newest, one.title))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    told = ["  ".join(map(str.ljust, map(plain, line), widths)).rstrip() for line in lines]
    if found[0].found_by == "itself":
        told.append("this address is a feed itself")
    return "\n".join(told)
