"""The command `monitor`. Each command is one call into the service, and its output."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from monitor import __version__
from monitor.cli import (
    backtest,
    completing,
    explaining,
    feeds,
    keeping,
    screens,
    sending,
    status,
    web,
    websub,
)
from monitor.cli.durations import DURATION
from monitor.cli.replaying import Replaying
from monitor.cli.saying import BAD_USE, FAILED, as_json, complain, tell_bug
from monitor.cli.streams import FULL, close_output, open_streams
from monitor.core.errors import BadInput, Fault, Unavailable
from monitor.core.shown import plain
from monitor.edges.settings import Settings
from monitor.edges.store import embedded
from monitor.service import evaluation, running
from monitor.service.checking import advice, check_shadow, read_checked, read_settings, secrets
from monitor.service.clockwork import utc_now
from monitor.service.logs import setup_logs
from monitor.service.wiring import Service
from monitor.views import rows


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 fine, 1 failed, 2 bad use or configuration. "
    "To complete in a shell: monitor completion --help",
)
@click.option("--config", metavar="FILE", help="Default: monitor.toml, else the shipped defaults.")
@click.version_option(__version__)
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """Watch feeds for news on the Sahel, Russia and Russia in the Sahel, and alert."""
    if config == "":
        raise click.BadOptionUsage("--config", "Option '--config' needs the name of a file.", ctx)
    if config:
        # Worker and beat are processes of their own: they read the same variable.
        os.environ["MONITOR_CONFIG"] = str(Path(config).absolute())
    ctx.obj = config


@cli.command()
@click.pass_obj
def run(config: str | None) -> None:
    """Run everything in the foreground.

    Store, workers, sender and beat; SIGTERM or Ctrl-C ends all of it within 10 s.
    """
    running.run(_checked(config))


def _checked(config: str | None) -> Settings:
    """The settings, checked with all that belongs to them; the rest is let go of."""
    settings, _ = read_checked(config)
    setup_logs(secrets(settings))
    return settings


@cli.command()
@click.pass_obj
def store(config: str | None) -> None:
    """Run only the embedded store (the Procfile's `store`)."""
    settings = read_settings(config)
    embedded.serve(settings.data_dir, settings.max_memory)


@cli.command(name="check")
@click.pass_obj
def check_command(config: str | None) -> None:
    """Check config, feeds, rulebook, receivers and routes.

    Every fault is printed with its place and a hint.
    """
    settings, rulebook = read_checked(config)
    candidate = check_shadow(settings)
    counts = {"feeds": settings.feeds, "receivers": settings.receivers, "routes": settings.routes}
    click.echo(f"config     {plain(str(settings.path))}")
    for name, these in counts.items():
        click.echo(f"{name:10} {len(these)}")
    click.echo(f"rulebook   {rulebook.version}, topics: {', '.join(rulebook.topics)}")
    if candidate:
        click.echo(f"shadow     {candidate.version}, {plain(str(settings.shadow))}")
    for note in (*advice(settings), *rulebook.notes):
        click.echo(f"worth a look: {plain(str(note))}")
    click.echo("no fault found")


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.pass_obj
def replay(config: str | None, paths: tuple[str, ...]) -> None:
    """Run files of feeds or entries through triage, offline.

    Feed documents or .jsonl entries, also .gz (`-`: stdin). One JSON object per entry on
    standard output; what cannot be read is told on standard error, and the exit status is 1
    then. Each entry is judged as of the day it was published, so none is too old.
    """
    faults = 0
    with Replaying(read_settings(config)) as judge:
        for path in paths:
            for verdict in judge(path):
                if isinstance(verdict, Fault):
                    faults += 1
                    complain(verdict)
                else:
                    sys.stdout.write(f"{as_json(rows.verdict_row(verdict))}\n")
    sys.exit(FAILED if faults else 0)


@cli.command(name="eval")
@click.argument("gold", metavar="GOLD.jsonl")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.option("--baseline", metavar="FILE", help="An earlier --json: losing a point fails.")
@click.pass_obj
def eval_command(config: str | None, gold: str, machine: bool, baseline: str | None) -> None:
    """Measure the rulebook on labelled entries.

    Precision, recall and F1 of topics, the scores of groupings, and every miss.
    """
    before = _baseline(baseline) if baseline else {}
    with Replaying(read_settings(config)) as judge:
        found = judge.evaluate(gold)
    for fault in found.faults:
        complain(fault)
    row = evaluation.row(found)
    lost = evaluation.losses(row, before)
    click.echo(as_json(row, indent=1) if machine else screens.scores(row))
    for line in lost:
        complain(line)
    sys.exit(FAILED if found.faults or lost else 0)


def _baseline(path: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput([Fault(path, f"is no evaluation: {error}")]) from None
    return found


@cli.command()
@click.option("--since", type=DURATION, default="24h", show_default=True)
@click.option("--topic", help="Only stories of this topic.")
@click.option("--format", "form", type=click.Choice(["table", "jsonl", "csv"]), default="table")
@click.pass_obj
def stories(config: str | None, since: timedelta, topic: str | None, form: str) -> None:
    """List what was found."""
    service = Service(read_settings(config), checked=False)
    found = service.store.stories(utc_now() - since)
    wanted = [one for one in found if topic is None or topic in one.story.topics]
    if topic is not None and topic not in service.rulebook.topics:
        known = ", ".join(service.rulebook.topics)
        raise BadInput([Fault("--topic", f"there is no topic {topic}", f"known: {known}")])
    _print_stories([rows.story_row(one) for one in wanted], form)


def _print_stories(found: list[dict[str, Any]], form: str) -> None:
    if form == "table":
        click.echo(screens.stories(found))
    elif form == "jsonl":
        for row in found:
            click.echo(as_json(row))
    else:
        # Quoted, all of them: else a program that parts cells by other signs makes new ones.
        writer = csv.DictWriter(sys.stdout, rows.STORY_COLUMNS, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows.csv_row(row) for row in found)


@cli.command()
@click.option("--seconds", default=60, show_default=True, help="End after this long.")
def demo(seconds: int) -> None:
    """See it work, offline.

    Feeds on loopback publish reports and traps while you watch.
    """
    from monitor.cli.demo import play

    sys.exit(play(seconds))


for command in (
    *sending.COMMANDS,
    backtest.backtest,
    completing.completion,
    explaining.explain,
    feeds.feeds,
    keeping.backup,
    keeping.restore,
    status.status,
    web.web,
    websub.websub,
):
    cli.add_command(command)


def main() -> None:
    """The entry point: faults and troubles become sentences and exit codes."""
    sys.excepthook = tell_bug
    open_streams()
    try:
        code = _outcome()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough (`monitor replay ... | head`).
        close_output(sys.stdout)
        code = 128 + signal.SIGPIPE
    except OSError as error:
        if error.filename is not None or error.errno not in FULL:
            raise
        close_output(sys.stdout)
        complain(f"what is printed cannot be written: {error.strerror}")
        code = FAILED
    try:
        sys.stderr.flush()
    except OSError:
        close_output(sys.stderr)
    sys.exit(code)


def _outcome() -> int:
    """Run the command; its exit code."""
    try:
        return cli(standalone_mode=False) or 0
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except click.ClickException as wrong:
        _explain_use(wrong)
        return wrong.exit_code
    except click.Abort:
        complain("aborted")
        return FAILED
    except BadInput as bad:
        for fault in bad.faults:
            complain(fault)
        return BAD_USE
    except Unavailable as away:
        complain(away)
        return FAILED


def _explain_use(wrong: click.ClickException) -> None:
    with suppress(OSError):
        if isinstance(wrong, click.exceptions.NoArgsIsHelpError):
            click.echo(wrong.format_message(), err=True)
            return
        if isinstance(wrong, click.UsageError) and wrong.ctx:
            click.echo(wrong.ctx.get_usage(), err=True)
    complain(wrong.format_message())
