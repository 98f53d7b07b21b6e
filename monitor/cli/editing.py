"""The commands that edit which feeds are watched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from monitor.cli.found import found_table
from monitor.cli.saying import FAILED, complain
from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed
from monitor.core.shown import plain, shown_url
from monitor.edges.files import decoded, plain_lines, read_exactly, read_text, replace_text
from monitor.edges.settings.listing import read_listing
from monitor.service import exporting, feeding, trying
from monitor.service.checking import read_settings
from monitor.service.feeding import Added, Wanted
from monitor.service.wiring import Service

_TAKEN_UP = "a service that runs takes it up within seconds"
_BIGGEST = 50_000_000

_into = click.option(
    "--file", "into", metavar="FILE", help="One of the files in `feeds`; default: the last."
)


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--name", help="Default: the feed's own title.")
@click.option("--language", help='Of its entries, "fr"; default: what the feed says.')
@click.option("--country", help="Where the outlet is.")
@click.option("--kind", help='A word of yours, "local".')
@click.option(
    "--priority", type=click.Choice(["high", "normal", "low"]), help="How often it is asked."
)
@click.option("--state-media", is_flag=True, help="The outlet speaks for a government.")
@_into
@click.option("--no-check", is_flag=True, help="Do not try the feed first.")
@click.option("--discover", is_flag=True, help="Of a page, add all feeds that it has.")
@click.pass_obj
def add(
    config: str | None,
    /,
    urls: tuple[str, ...],
    into: str | None,
    no_check: bool,
    discover: bool,
    **words: Any,
) -> None:
    """Watch more feeds.

    Each is tried, then written to the last feeds file (TOML).
    """
    if words["name"] and len(urls) > 1:
        raise BadInput([Fault("--name", "is for one feed, and several are to be added")])
    told = {name.replace("-", "_"): one for name, one in words.items() if one}
    wanted = [Wanted(plain(shown_url(url)), {"url": url, **told}) for url in urls]
    feeds = trying.feeds_of(wanted)
    shelf = feeding.Shelf(config)
    file = Path(into) if into else None
    shelf.target(file)
    troubles: list[str] = []
    if not no_check:
        fresh = [not shelf.holds_feed(one.url) for one in wanted]
        tried = zip(wanted, feeds, fresh, strict=True)
        service = Service(read_settings(config, feeds=False)) if any(fresh) else None
        wanted = list(_tried(service, tried, discover, troubles))
    if wanted:
        with feeding.edit(config) as shelf:
            added = shelf.add(wanted, file)
        _tell(added)
        troubles += [f"{shown_url(one.url)} stands already at {at}" for one, at in added.known]
    for each in troubles:
        complain(each)
    sys.exit(FAILED if troubles else 0)


def _tried(
    service: Service | None,
    tried: Iterator[tuple[Wanted, Feed, bool]],
    discover: bool,
    troubles: list[str],
) -> Iterator[Wanted]:
    """Those that are there, and those that stand already; what is wrong with the others is added
    to `troubles`.
    """
    for one, feed, fresh in tried:
        if not fresh or service is None:
            yield one
            continue
        found = trying.attempt(service, one, feed)
        if isinstance(found, str):
            troubles.append(found)
        elif discover or trying.is_one(found):
            yield from (trying.as_found(one, each) for each in found)
        else:
            click.echo(found_table(found))
            what = f"{shown_url(one.url)} is a page"
            troubles.append(f"{what}: add one of its feeds, or all with `--discover`")


def _tell(added: Added) -> None:
    for one in added.new:
        name = f" ({one.words['name']})" if one.words.get("name") else ""
        click.echo(plain(f"added {shown_url(one.url)}{name} to {added.file}"))
    if added.new:
        click.echo(_TAKEN_UP)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="URL|NAME|KEY...")
@click.pass_obj
def remove(config: str | None, names: tuple[str, ...]) -> None:
    """Watch feeds no more: take them out of their files."""
    with feeding.edit(config) as shelf:
        gone = shelf.find_all(names)
        shelf.remove(gone)
    for place, feed in gone:
        name = f" ({feed.name})" if feed.name else ""
        click.echo(plain(f"removed {feed.shown}{name} from {place.file}"))
    click.echo(_TAKEN_UP)


@click.command(name="import")
@click.argument("file", metavar="FILE|-")
@_into
@click.pass_obj
def import_command(config: str | None, file: str, into: str | None) -> None:
    """Add the feeds of a list that are not there yet.

    OPML, a feeds file, or URLs, one a line.
    """
    text = _stdin() if file == "-" else read_text(Path(file))
    name = "-" if file == "-" else file
    faults: list[Fault] = []
    wanted = [Wanted(where, words) for where, words in read_listing(text, name, faults)]
    if not wanted and not faults:
        raise BadInput([Fault(name, "holds no feed", "OPML, a feeds file, or URLs, one a line")])
    for fault in faults:
        complain(f"refused: {fault}")
    if wanted:
        with feeding.edit(config) as shelf:
            added = shelf.add(wanted, Path(into) if into else None)
        for one, place in added.known:
            click.echo(plain(f"already there: {shown_url(one.url)} at {place}"))
        _tell(added)
        counts = f"added {len(added.new)}, already there {len(added.known)}"
        click.echo(f"{counts}, refused {len(faults)}")
    sys.exit(FAILED if faults else 0)


def _stdin() -> str:
    body = sys.stdin.buffer.read(_BIGGEST + 1)
    if len(body) > _BIGGEST:
        raise BadInput([Fault("-", f"is larger than {_BIGGEST // 1_000_000} MB")])
    return plain_lines(decoded(body, "-"))


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]")
@click.option("--format", "form", type=click.Choice(["opml", "toml"]), help="Default: opml.")
@click.option("--with-credentials", "credentials", is_flag=True, help="Also what opens feeds.")
@click.pass_obj
def export(config: str | None, file: str, form: str | None, credentials: bool) -> None:
    """Write all feeds as OPML for other readers.

    Or, with --format toml, as a feeds file of ours.
    """
    shelf = feeding.Shelf(config)
    if shelf.faults:
        raise BadInput(shelf.faults)
    by_name = "toml" if file.endswith(".toml") else "opml"
    made = exporting.export(shelf.standing, form or by_name, credentials=credentials)
    if file == "-":
        click.echo(made.text, nl=False)
    else:
        _write(shelf, Path(file), made.text)
    if made.bare:
        complain(f"of {made.bare} feeds user, password or keys are left out (--with-credentials)")
    if made.left_out:
        why = "their addresses are written with variables"
        complain(f"{made.left_out} feeds are left out, for {why} (--with-credentials)")


def _write(shelf: feeding.Shelf, file: Path, text: str) -> None:
    if shelf.holds(file):
        raise BadInput([Fault(str(file), "is one of the files that the feeds stand in")])
    replace_text(file, text, read_exactly(file) if file.exists() else None)


@click.command()
@click.pass_obj
def init(config: str | None) -> None:
    """Make the shipped feeds yours.

    They are copied to feeds.toml, which is then named in monitor.toml.
    """
    chosen, feeds = feeding.begin(config)
    click.echo(plain(f"wrote {feeds}, and named it in {chosen}"))


COMMANDS = (add, remove, import_command, export, init)
