"""Logging: JSON lines for machines, short lines for a terminal, and no secrets in either.

Everything goes to standard error; standard output belongs to the console receiver.
"""

from __future__ import annotations

import base64
import json
import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast
from urllib.parse import quote, quote_plus

import structlog
from ahocorasick_rs import AhoCorasick, MatchKind
from structlog.typing import EventDict, Processor, WrappedLogger

from monitor.core.shown import plain, seen

# httpx and httpcore write whole URLs, secrets included, at INFO (encode/httpx#2760).
_QUIET = ("httpx", "httpcore", "asyncio", "kombu")
# Celery tells of every tick at INFO.
_TICKING = ("celery.worker.strategy", "celery.app.trace", "celery.beat")
# Shorter ones would blank out ordinary words.
_SHORTEST_SECRET = 6


class Redactor:
    """Replaces every secret, also as URLs, Python and base64 write it, by three stars.

    The cost follows the text, not the number of secrets (Aho and Corasick).
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {one for one in secrets if len(one) >= _SHORTEST_SECRET}
        forms = sorted({form for one in found for form in _forms(one)})
        longest = MatchKind.LeftmostLongest
        self._search = AhoCorasick(forms, matchkind=longest) if forms else None

    def text(self, text: str) -> str:
        """The text without the secrets."""
        if self._search is None:
            return text
        if not text.isascii():
            # Half a surrogate pair, as in a file's odd name, cannot be searched.
            text = text.encode("utf-8", "replace").decode()
        parts, done = [], 0
        for _, start, end in self._search.find_matches_as_indexes(text):
            parts += [text[done:start], "***"]
            done = end
        return "".join([*parts, text[done:]])

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        """The same for every text of a log event (a structlog processor)."""
        return {key: self._value(value) for key, value in event.items()}

    def _value(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, list | tuple):
            return [self._value(one) for one in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self._value(one) for key, one in value.items()}
        return self.text(str(value))


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1])
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    raw = secret.encode("utf-8", "replace")
    for before in range(3):
        # The letters that stand for it alone, wherever in a longer text it begins.
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        coded = base64.b64encode(bytes(before) + raw)[first:last].decode()
        yield from (coded, coded.translate(_URL_SAFE))


_URL_SAFE = str.maketrans("+/", "-_")


class _Guarded:
    """A stream for whoever writes past the log: no secrets, and nothing that moves a cursor."""

    def __init__(self, raw: TextIO, redactor: Redactor) -> None:
        self.raw, self._redactor = raw, redactor

    def write(self, text: str) -> int:
        """Write what may be seen of a text."""
        shown = self._redactor.text(text)
        self.raw.write("\n".join(map(plain, shown.split("\n"))))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def setup_logs(secrets: Iterable[str] = (), *, out: TextIO | None = None) -> None:
    """Send structlog's and the standard library's logs through one line format.

    Without `out` they go to standard error, which is guarded from then on: tracebacks of what
    nobody caught, warnings and what libraries print there hold no secrets either.
    """
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
    out = out or _guard_stderr(redactor)
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


def _guard_stderr(redactor: Redactor) -> TextIO:
    """Guard standard error anew; the stream itself."""
    raw = cast(TextIO, sys.stderr.raw if isinstance(sys.stderr, _Guarded) else sys.stderr)
    sys.stderr = cast(TextIO, _Guarded(raw, redactor))
    return raw


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
        # A traceback becomes text first, for what it quotes must be looked through as well.
        traces = structlog.processors.format_exc_info
        plainly = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plainly)
        return [traces, redactor, _one_line, console]
    # Without locals: they would hold secrets (hynek/structlog#715).
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    exceptions = structlog.processors.ExceptionRenderer(frames)
    return [exceptions, redactor, structlog.processors.JSONRenderer(_json)]


def _json(event: object, **_: Any) -> str:
    """One line; what a terminal would not show, or would act on, as escapes."""
    return seen(json.dumps(event, ensure_ascii=False, default=str))


def _one_line(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Texts from strangers must not forge a line or move the cursor of a terminal; a traceback
    keeps its lines.
    """
    kept = ("exception", "stack")
    return {
        key: "\n".join(map(plain, value.split("\n") if key in kept else [value]))
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }
