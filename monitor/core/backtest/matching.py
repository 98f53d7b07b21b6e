"""The same event told by another entry is no change: which gained alerts make up for lost ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitor.core.backtest.rulings import Change


def settle(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """The changes in their order, without the alerts that have one of the same event for the same
    receiver on the other side; and for each lost alert left out the entry that brought it.

    One for one, the earliest first: of two updates lost for one gained, one is lost.
    """
    waiting = _Gained(changes)
    left, moved = list(changes), list[Change]()
    for at, one in enumerate(changes):
        for receiver in sorted(one.lost):
            other = waiting.take(one, receiver)
            if other is not None:
                moved.append(one)
                left[at] = replace(left[at], lost=left[at].lost - {receiver})
                left[other] = replace(left[other], gained=left[other].gained - {receiver})
    return left, moved


class _Gained:
    """Gained alerts by receiver and event, as long as no lost one was matched with them."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._by: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._taken: set[tuple[int, str]] = set()
        # Backwards, so that the earliest is taken first.
        for at in reversed(range(len(changes))):
            for receiver in changes[at].gained:
                for side, event in _events(changes[at]):
                    self._by[receiver, side, event].append(at)

    def take(self, lost: Change, receiver: str) -> int | None:
        """Where the earliest stands that tells of the same event, by either side's grouping."""
        for side, event in _events(lost):
            found = self._by[receiver, side, event]
            while found:
                at = found.pop()
                if (at, receiver) not in self._taken:
                    self._taken.add((at, receiver))
                    return at
        return None


def _events(one: Change) -> Iterator[tuple[str, str]]:
    """The events that an entry tells of, and the side that says so."""
    for side, event in (("now", one.now.event), ("then", one.then.event)):
        if event:
            yield side, event
