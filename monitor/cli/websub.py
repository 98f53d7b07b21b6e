"""The command that takes what hubs push."""

from __future__ import annotations

import click

from monitor.service import subscribing
from monitor.service.checking import read_checked, secrets
from monitor.service.logs import setup_logs


@click.command()
@click.pass_obj
def websub(config: str | None) -> None:
    """Take what the hubs of feeds push.

    Subscribes to them first; needs [websub] callback.
    """
    settings, _ = read_checked(config)
    setup_logs(secrets(settings))
    # Celery's app reads the configuration when it is imported.
    from monitor.service import tasks

    tasks.reloader.start()
    subscribing.run(tasks.service)
