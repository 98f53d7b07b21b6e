"""The command that shows pages."""

from __future__ import annotations

import click

from monitor.service.checking import secrets
from monitor.service.logs import setup_logs
from monitor.service.reloading import Reloader


@click.command()
@click.pass_obj
def web(config: str | None) -> None:
    """Show it all as pages for a browser (see [web])."""
    # Templates and a server take a quarter of a second to import: no other command needs them.
    from monitor.web import server

    reloader = Reloader(config, feeds=True)
    setup_logs(secrets(reloader.service().settings))
    reloader.start()
    server.run(reloader.service)
