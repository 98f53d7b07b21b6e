"""Judging files by the configured rulebook and routes, offline."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from typing import Self

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed, Verdict
from monitor.core.routing import Step, trace
from monitor.edges.settings import Settings
from monitor.service import evaluation, offline
from monitor.service.bounds import parser_of, policy_of
from monitor.service.checking import check


class Replaying:
    """Judges files, with a parser process that ends with the block."""

    def __init__(self, settings: Settings) -> None:
        rulebook, _ = check(settings)
        self._policy = policy_of(settings, rulebook)
        self._parser = parser_of(settings)
        self._feeds = {feed.url: feed for feed in settings.feeds}
        self._replay = offline.Replay(self._policy, self._parser, self._feeds)

    def __enter__(self) -> Self:
        return self

    def evaluate(self, path: str) -> evaluation.Evaluation:
        """The score on a file of labelled entries."""
        try:
            with offline.open_input(path, sys.stdin.buffer) as stream:
                return evaluation.evaluate(self._replay, path, stream)
        except (EOFError, OSError, zlib.error) as error:
            raise BadInput(
                [Fault(path, getattr(error, "strerror", None) or "is damaged")]
            ) from None

    def __call__(self, path: str) -> Iterator[Verdict | Fault]:
        """A verdict for each entry of a file, a fault for what cannot be read."""
        try:
            with offline.open_input(path, sys.stdin.buffer) as stream:
                yield from self._replay.read(path, stream)
        except EOFError:
            yield Fault(path, "ends too early: what came before was read")
        except (OSError, zlib.error) as error:
            yield Fault(path, getattr(error, "strerror", None) or "is damaged gzip")

    def steps(self, one: Verdict) -> tuple[Step, ...]:
        """What each route says of an entry, whatever else keeps it from alerting."""
        feed = self._feeds.get(one.entry.feed, Feed(one.entry.feed, language=one.entry.language))
        return trace(one.tagging, one.entry, feed, self._policy.routes)

    def __exit__(self, *_: object) -> None:
        self._parser.close()
