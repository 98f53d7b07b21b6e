"""Named points at which a worker of the running service kills itself, as a test wishes.

Loaded into the workers by `tests.service.faulty_run` (`celery worker -I`). For each kill a test
puts an empty file "POINT.N" into the folder that the variable KILLS names. A process that comes
to the point takes one away, notes it in "killed" and ends by SIGKILL: no code of ours runs on.
"""

from __future__ import annotations

import functools
import inspect
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitor.edges.fetch import Fetcher
from monitor.edges.parsing import ParserProcess
from monitor.edges.store.redis import RedisStore
from monitor.edges.transports.slack import Slack
from monitor.edges.transports.webhook import Webhook

# Point -> before ("<") or after (">") which step. In the order of a poll, then of a delivery.
POLL = {
    "poll-held": (RedisStore, "take_turns", ">"),
    "poll-fetched": (Fetcher, "fetch", ">"),
    "poll-parsed": (ParserProcess, "parse", ">"),
    "poll-decided": (RedisStore, "commit", "<"),
    "poll-committed": (RedisStore, "commit", ">"),
}
DELIVERY = {
    "receiver-held": (RedisStore, "acquire", ">"),
    "delivery-claimed": (RedisStore, "claim", ">"),
    "delivery-answered": (Webhook, "send", ">"),
    "slack-sending": (Slack, "send", "<"),
    "slack-answered": (Slack, "send", ">"),
    "delivery-recorded": (RedisStore, "record", ">"),
}


def reached(point: str) -> None:
    """End here, at once, if a test wishes it."""
    folder = Path(os.environ["KILLS"])
    for token in folder.glob(f"{point}.*"):
        try:
            token.unlink()
        except FileNotFoundError:
            continue  # another process was quicker
        with (folder / "killed").open("a") as log:
            log.write(f"{point}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(step: Callable[..., Any], point: str, where: str) -> Callable[..., Any]:
    def before() -> None:
        if where == "<":
            reached(point)

    def after() -> None:
        if where == ">":
            reached(point)

    @functools.wraps(step)
    async def waited(*args: Any, **kwargs: Any) -> Any:
        before()
        found = await step(*args, **kwargs)
        after()
        return found

    @functools.wraps(step)
    def called(*args: Any, **kwargs: Any) -> Any:
        before()
        found = step(*args, **kwargs)
        after()
        return found

    return waited if inspect.iscoroutinefunction(step) else called


def install() -> None:
    """Put the points into the code of this process."""
    for name, (owner, method, side) in {**POLL, **DELIVERY}.items():
        setattr(owner, method, _wrapped(getattr(owner, method), name, side))


# Not in the process of the tests themselves, which only reads the names.
if "KILLS" in os.environ:
    install()
