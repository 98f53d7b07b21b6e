"""The commands that save the embedded store to a file, and make a store of one."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.core.errors import BadInput, Fault
from monitor.edges.settings import Settings
from monitor.edges.store import backup as files
from monitor.service.checking import read_settings

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.pass_obj
def backup(config: str | None, file: Path) -> None:
    """Save the embedded store to a file, while it runs.

    FILE is replaced once all is written.
    """
    settings = _own(config)
    size = files.save(settings.data_dir, file)
    click.echo(f"{size / 1e6:.1f} MB saved to {file}")


@click.command()
@click.argument("file", type=_FILE)
@click.pass_obj
def restore(config: str | None, file: Path) -> None:
    """Make the embedded store anew from a file.

    FILE is what `backup` wrote; the data folder must have no store.
    """
    settings = _own(config)
    files.restore(settings.data_dir, file)
    click.echo(f"the store in {settings.data_dir} is that of {file}; start monitor run")


def _own(config: str | None) -> Settings:
    settings = read_settings(config, feeds=False)
    if settings.store_url:
        place = f"{settings.path}: store.url"
        why = "is a server of your own, which these commands do not reach into"
        raise BadInput([Fault(place, why, "docs/production.md says how to back it up")])
    return settings
