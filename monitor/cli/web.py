"""The command that shows pages."""

from __future__ import annotations

import click

from monitor.service.checking import read_settings, secrets
from monitor.service.logs import setup_logs
from monitor.service.wiring import Service
from monitor.web import server


@click.command()
@click.pass_obj
def web(config: str | None) -> None:
    """Show stories, feeds and deliveries as pages for a browser (see [web])."""
    settings = read_settings(config)
    setup_logs(secrets(settings))
    server.run(Service(settings))
