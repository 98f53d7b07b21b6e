"""What is kept in memory for the pages, and the thread that keeps it up to date."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from monitor.core.models import Feed, FeedState
from monitor.core.polling import health
from monitor.edges.store.browsing import Outline
from monitor.service.reporting import Throttle
from monitor.views.rows import overdue
from monitor.web.index import Index

# Seconds between looks; between whole comparisons of ids, and looks at all feeds, at least.
_LOOK, _WHOLE, _FEEDS = 2.0, 60.0, 10.0
# Stories read in one go. A commit is written a little after the time that it bears.
_PAGE, _LATE = 1_000, timedelta(minutes=2)
# Seconds between two such readings.
_BREATH = 0.002
# The share of its time that looking at feeds may take.
_SHARE = 0.05
# How a feed does of which nothing is known yet.
WAITING = health(FeedState())


class Remembering(Protocol):
    """The store, as far as it is read here."""

    def count_stories(self, since: datetime) -> int:
        """How many there are."""

    def story_ids(self, since: datetime, most: int) -> list[str]:
        """Their ids, the newest first."""

    def outlines(self, ids: list[str]) -> tuple[Outline, ...]:
        """Their outlines, without those that are gone."""

    def feed_states(self, feeds: list[str]) -> dict[str, FeedState]:
        """The states of feeds, by key."""


@dataclass
class Watch:
    """`keep`, `most`: how long, and how many, stories are shown. `trouble` hears of what went
    wrong; the next look tries again.
    """

    store: Remembering
    feeds: Callable[[], Mapping[str, Feed]]
    keep: timedelta
    most: int
    clock: Callable[[], datetime]
    trouble: Callable[[Exception], None]
    index: Index = field(default_factory=Index)
    health: dict[str, str] = field(default_factory=dict)
    late: int = 0
    left: int | None = None
    _gone: int = 0
    _whole: Throttle = field(default_factory=lambda: Throttle(every=_WHOLE))
    _stop: threading.Event = field(default_factory=threading.Event)
    _feeds_at: float = 0.0

    @property
    def filling(self) -> bool:
        """Whether not all stories were read yet; `left` says how many are not, if known."""
        return self.left != 0

    def begin(self) -> None:
        """Keep looking, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
                self.look_at_feeds()
            except Exception as error:  # noqa: BLE001 - told there
                self.trouble(error)
            self._stop.wait(_LOOK)

    def look(self) -> None:
        """Read the stories that came; costs one small question where none did."""
        since = self.clock() - self.keep
        self.index = self.index.since(since.timestamp(), self.most)
        there = min(self.most, self.store.count_stories(since))
        if self.index and there != len(self.index) + self._gone:
            newest = datetime.fromtimestamp(self.index.rows[-1].at, since.tzinfo)
            self._add(self.store.story_ids(max(since, newest - _LATE), self.most))
        if there != len(self.index) + self._gone and self._may_compare():
            self._compare(since)
        self.left = 0

    def _may_compare(self) -> bool:
        return self._whole.lets("whole") or self.filling

    def _compare(self, since: datetime) -> None:
        """Bring all in line with the store: at the start, and where its clock was set back."""
        ids = self.store.story_ids(since, self.most)
        if gone := {row.id for row in self.index.rows}.difference(ids):
            self.index = self.index.without(gone)
        self._add(ids)
        self._gone = len(ids) - len(self.index)
        # They stay: looking for circles among them takes longer than a page.
        gc.collect()
        gc.freeze()

    def _add(self, ids: list[str]) -> None:
        """Read what is not known of these, the newest first."""
        known = {row.id for row in self.index.rows}
        new = [one for one in ids if one not in known]
        for at in range(0, len(new), _PAGE):
            if self.filling:
                self.left = len(new) - at
            self.index = self.index.grown(self.store.outlines(new[at : at + _PAGE]))
            # Pages are asked for meanwhile.
            if self._stop.wait(_BREATH):
                return

    def look_at_feeds(self) -> None:
        """See how all feeds do, but not so often that it takes more than a share of the time."""
        began = time.monotonic()
        if began < self._feeds_at:
            return
        keys, found, late = list(self.feeds()), {}, 0
        for at in range(0, len(keys), _PAGE):
            part = self.store.feed_states(keys[at : at + _PAGE])
            found.update({key: health(state) for key, state in part.items()})
            late += overdue(part.values(), self.clock())
        self.health, self.late = found, late
        now = time.monotonic()
        self._feeds_at = now + max(_FEEDS, (now - began) / _SHARE)
