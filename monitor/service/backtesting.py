"""Past entries through the very triage that the service uses, for two rulebooks side by side.

So that both stand on the same footing, and on that of the day:
- Each begins with an empty memory; what was decided on in the days before fills it, uncounted.
- An entry is judged at the moment it was decided on, together with those of the same poll.
- Where one of a poll's entries was held back as seeded, it was its feed's first poll, and all of
  them are judged so. What was only skimmed then was not read, and is not there to be judged.
- Silences have an end and no beginning, so those in force now are not asked; what was silenced
  then is silenced on both sides.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from monitor.core.backtest import Comparison, Ruling, recorded, ruling
from monitor.core.errors import Unavailable
from monitor.core.identity import identify
from monitor.core.models import Archived, Entry, Feed, Identity, Outcome, Silence
from monitor.core.rulebook import Rulebook
from monitor.core.triage import Policy
from monitor.edges.rulebook import load_rulebook
from monitor.service.offline import Bench

# Entries handed to both sides at a time.
_TOGETHER = 500


class Poll(NamedTuple):
    """What was decided on together."""

    feed: Feed
    entries: list[Archived]


# Gives the rulings on all entries of some polls, in their order; and what is asked for them first
# and heard later, so that it can be at work meanwhile.
Judge = Callable[[Sequence[Poll]], list[Ruling]]
Asked = Callable[[Sequence[Poll]], Callable[[], list[Ruling]]]


def as_decided(polls: Sequence[Poll]) -> list[Ruling]:
    """What was made of the entries when they came."""
    return [recorded(one) for poll in polls for one in poll.entries]


def here(judge: Judge) -> Asked:
    """A side that is at work when it is heard."""
    return lambda polls: lambda: judge(polls)


class Side:
    """One policy, with a memory of its own."""

    def __init__(self, policy: Policy) -> None:
        self._policy = replace(policy, silences=())
        self._bench = Bench()

    def __call__(self, polls: Sequence[Poll]) -> list[Ruling]:
        """What it makes of the entries, each known to those after it."""
        return [one for poll in polls for one in self._rule(poll)]

    def _rule(self, poll: Poll) -> Iterator[Ruling]:
        entries = [one.entry for one in poll.entries]
        named = list(zip(entries, identify(entries), strict=True))
        first = any(one.outcome is Outcome.SEEDED or one.entry.skimmed for one in poll.entries)
        at = poll.entries[0].at
        for policy, part in self._parts(poll, named):
            verdicts = self._bench.judge(poll.feed, part, policy, at, first_poll=first)
            yield from map(ruling, verdicts)

    def _parts(
        self, poll: Poll, named: Sequence[tuple[Entry, Identity]]
    ) -> Iterator[tuple[Policy, list[tuple[Entry, Identity]]]]:
        """The entries in their order, those that were silenced under a silence."""
        pairs = zip(poll.entries, named, strict=True)
        for silenced, part in groupby(pairs, lambda pair: pair[0].outcome is Outcome.SILENCED):
            yield self._silenced(poll) if silenced else self._policy, [one for _, one in part]

    def _silenced(self, poll: Poll) -> Policy:
        until = poll.entries[0].at + timedelta(seconds=1)
        silence = Silence("then", until, sources=frozenset((poll.feed.source,)))
        return replace(self._policy, silences=(silence,))


@contextmanager
def apart(rulebook: Path | None, terms: Policy) -> Iterator[Asked]:
    """A side with the rulebook of a folder, all else as in `terms`, in a process of its own, so
    that two sides keep two cores busy.
    """
    given = {"routes": terms.routes, "fresh": terms.fresh, "max_age": terms.max_age}
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(theirs, rulebook, given | {"windows": terms.windows}), daemon=True
    )
    process.start()
    theirs.close()

    try:
        yield partial(_ask, ours)
    finally:
        ours.close()
        process.join()


def _ask(pipe: Connection, polls: Sequence[Poll]) -> Callable[[], list[Ruling]]:
    with _alive():
        pipe.send(polls)
    return partial(_hear, pipe)


def _hear(pipe: Connection) -> list[Ruling]:
    with _alive():
        found: list[Ruling] = pipe.recv()
    return found


@contextmanager
def _alive() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        raise Unavailable("the process that judges by the other rulebook has ended") from None


def _serve(pipe: Connection, rulebook: Path | None, given: Mapping[str, Any]) -> None:
    """Judge what comes until nothing does; what an interrupt means the other process decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    side = Side(Policy(load_rulebook(rulebook), **given))
    # It ends where the other does, also in the middle of something.
    with suppress(EOFError, OSError):
        while True:
            pipe.send(side(pipe.recv()))


@dataclass
class Backtest:
    """Past entries, judged by two sides and compared.

    `feeds`: those configured, by key; one that is not there any more is made up from the record,
    without country and kind, and noted in `unknown` with the number of its entries.
    """

    feeds: Mapping[str, Feed]
    comparison: Comparison
    unknown: dict[str, int] = field(default_factory=dict)

    def run(self, entries: Iterable[Archived], now: Asked, then: Judge) -> None:
        """Take all entries, in the order they were decided on."""
        for polls in self._chunks(entries):
            asked, after = now(polls), then(polls)
            these = (one for poll in polls for one in poll.entries)
            for one, left, right in zip(these, asked(), after, strict=True):
                self.comparison.add(one, left, right)

    def _chunks(self, entries: Iterable[Archived]) -> Iterator[list[Poll]]:
        polls: list[Poll] = []
        count = 0
        for _, these in groupby(entries, lambda one: (one.feed, one.at)):
            polls.append(self._poll(list(these)))
            count += len(polls[-1].entries)
            if count >= _TOGETHER:
                yield polls
                polls, count = [], 0
        if polls:
            yield polls

    def _poll(self, entries: list[Archived]) -> Poll:
        first = entries[0]
        if known := self.feeds.get(first.feed):
            return Poll(known, entries)
        self.unknown[first.feed] = self.unknown.get(first.feed, 0) + len(entries)
        return Poll(Feed(first.feed, first.source), entries)


def compare(
    entries: Iterable[Archived],
    feeds: Mapping[str, Feed],
    policy: Policy,
    comparison: Comparison,
    candidate: Rulebook | None = None,
    *,
    live: Path | None = None,
) -> dict[str, int]:
    """Compare what `policy` makes of past entries with what was made of them; or, where there is a
    candidate, what the same policy makes of them with it and with its own rulebook, whose folder
    is `live`. Returns the entries of each feed that is not configured any more.
    """
    backtest = Backtest(feeds, comparison)
    if candidate is None:
        backtest.run(entries, here(as_decided), Side(policy))
        return backtest.unknown
    with apart(live, policy) as now:
        backtest.run(entries, now, Side(replace(policy, rulebook=candidate)))
    return backtest.unknown


def beginnings(now: datetime, ago: timedelta, policy: Policy) -> tuple[datetime, datetime]:
    """From when on entries are counted; and from when on they are judged: reports of one event
    lie so far apart at most.
    """
    return now - ago, now - ago - policy.windows.event
