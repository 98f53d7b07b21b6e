"""Logging: JSON lines for machines, short lines for a terminal, and no secrets in either.

Everything goes to standard error; standard output belongs to the console receiver.
"""

from __future__ import annotations

import base64
import logging
import sys
from collections.abc import Iterable
from typing import TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# httpx and httpcore write whole URLs, secrets included, at INFO (encode/httpx#2760).
_QUIET = ("httpx", "httpcore", "asyncio", "kombu")
# Celery tells of every tick at INFO.
_TICKING = ("celery.worker.strategy", "celery.app.trace", "celery.beat")
# Shorter ones would blank out ordinary words.
_SHORTEST_SECRET = 6


class Redactor:
    """Replaces every configured secret, also URL-encoded and in base64, by three stars."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for one in secrets for form in _forms(one)}
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without the secrets."""
        for form in self._forms:
            text = text.replace(form, "***")
        return text

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        """The same for every text of a log event (a structlog processor)."""
        return {key: self._value(value) for key, value in event.items()}

    def _value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self._value(one) for one in value]
        if isinstance(value, dict):
            return {key: self._value(one) for key, one in value.items()}
        return value


def _forms(secret: str) -> list[str]:
    if len(secret) < _SHORTEST_SECRET:
        return []
    raw = secret.encode()
    coded = base64.b64encode(raw).decode().rstrip("=")
    return [secret, quote(secret, safe=""), quote(secret), coded]


def setup_logs(secrets: Iterable[str] = (), *, out: TextIO | None = None) -> None:
    """Send structlog's and the standard library's logs through one line format."""
    out = out or sys.stderr
    redactor = Redactor(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _terse],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(redactor, terminal=out.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in (*_QUIET, *_TICKING):
        logging.getLogger(name).setLevel(logging.WARNING)


def _terse(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Of what Celery says the first line; a store that is away and a worker that was killed are
    expected, and told without a traceback.
    """
    record: logging.LogRecord = event["_record"]
    if record.name.startswith("celery."):
        event["event"] = str(event["event"]).partition("\n")[0]
        if record.exc_info and _expected(record.exc_info[1]):
            event.pop("exc_info", None)
    return event


def _expected(error: BaseException | None) -> bool:
    room = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or room in {"redis", "kombu", "celery", "billiard"}


def _rendering(redactor: Redactor, *, terminal: bool) -> list[Processor]:
    if terminal:
        plain = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain)
        return [redactor, _one_line, console]
    # Without locals: they would hold secrets (hynek/structlog#715).
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    exceptions = structlog.processors.ExceptionRenderer(frames)
    json = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return [exceptions, redactor, json]


def _one_line(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Texts from strangers must not forge a line or move the cursor of a terminal."""
    return {
        key: "".join(c if c.isprintable() else " " for c in value)
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }
