"""Counting what this process does: in memory, and handed to the store every few seconds, so that a
poll that brings nothing costs no round trip more. Who is killed takes some seconds of it along.

Alerts and attempts are not counted here, but by the writes that make them: none of them is lost.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from monitor.core.canary import is_canary
from monitor.core.errors import Unavailable
from monitor.core.models import Document, Earlier, Failure, Feed, Parsed, Sameness, Verdict
from monitor.edges.store.counts import counter
from monitor.service.pipeline import Fetched, Polled
from monitor.service.ports import Parser

# Seconds between two times that counts are handed over.
_EVERY = 5.0
_ALL = Earlier()
# What a poll comes to when others changed what it was decided on; the parsers, and what documents
# come to there.
OVERTAKEN = "overtaken"
LANES, READ = ("quick", "patient"), ("ok", "failed", "overran")


@dataclass
class Counting:
    """Counts, from any thread. `store` takes what was counted; `clock` is one that nobody sets."""

    store: Callable[[Mapping[str, int]], None]
    clock: Callable[[], float] = time.monotonic
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _handed: float = -_EVERY

    def add(self, name: str, *labels: str, by: int = 1) -> None:
        """Count something; labels are few words of ours, never a text or a name from outside."""
        with self._lock:
            self._counts[counter(name, *labels)] += by

    def fetched(self, fetched: Fetched) -> None:
        """Count the bytes of a document."""
        if fetched.size:
            self.add("fetched_bytes", by=fetched.size)

    def polled(self, polled: Polled) -> None:
        """Count a poll by its outcome, and what it brought."""
        outcome = str(polled.state.outcome) if polled.committed else OVERTAKEN
        self.add("polls", outcome)
        self.brought(polled)

    def brought(self, polled: Polled) -> None:
        """Count entries not seen before by where they ended, and stories; a canary is neither."""
        for one in polled.verdicts if polled.committed and not is_canary(polled.feed) else ():
            if one.sameness is not Sameness.SAME_ID:
                self.add("entries", one.outcome.value)
            if _begins(one):
                self.add("stories")

    def close(self) -> None:
        """Give the store what is left, if it is there."""
        self._handed = -_EVERY
        with suppress(Unavailable):
            self.hand_over()

    def hand_over(self) -> None:
        """Give the store what was counted, if that was not done of late; raises Unavailable, and
        keeps it, where the store is away.
        """
        with self._lock:
            if not self._counts or self.clock() - self._handed < _EVERY:
                return
            self._handed = self.clock()
            counted, self._counts = self._counts, Counter()
        try:
            self.store(counted)
        except Unavailable:
            with self._lock:
                self._counts += counted
            raise


@dataclass(frozen=True, slots=True)
class Counted:
    """A parser whose documents are counted: read, failed, or given up for the time they took."""

    parser: Parser
    lane: str
    counting: Counting

    def parse(self, feed: Feed, document: Document, earlier: Earlier = _ALL) -> Parsed | Failure:
        """As Parser.parse."""
        found = self.parser.parse(feed, document, earlier)
        failed = "overran" if isinstance(found, Failure) and found.overran else "failed"
        self.counting.add("parses", self.lane, "ok" if isinstance(found, Parsed) else failed)
        return found


def _begins(one: Verdict) -> bool:
    """Whether a story begins with an entry: it is no copy, nor a known text that was edited."""
    return one.story is not None and one.sameness is Sameness.NEW
