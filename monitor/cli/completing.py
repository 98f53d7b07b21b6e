"""The command that lets a shell complete all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, get_completion_class

from monitor.core.errors import BadInput
from monitor.edges.settings import Settings
from monitor.service.checking import read_settings

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command(short_help="Print what makes a shell complete commands.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options and names.

    For bash, in ~/.bashrc: eval "$(monitor completion bash)"
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"nothing is known of {shell}")
    root = ctx.find_root()
    click.echo(kind(root.command, {}, "monitor", "_MONITOR_COMPLETE").source())


def completed(names: Callable[[Settings], Iterable[str]]) -> Complete:
    """What completes an argument by names of the configuration; by none where that is broken."""

    def complete(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            settings = read_settings(ctx.find_root().params.get("config"))
        except BadInput:
            return []
        return [CompletionItem(name) for name in names(settings) if name.startswith(begun)]

    return complete


def receivers(settings: Settings) -> list[str]:
    """The names of the configured receivers."""
    return [one.name for one in settings.receivers]
