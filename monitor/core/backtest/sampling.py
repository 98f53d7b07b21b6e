"""Some of many, evenly spread, so that a sample shows all of the time and not its beginning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

_Thing = TypeVar("_Thing")


def evenly(things: Sequence[_Thing], most: int) -> tuple[_Thing, ...]:
    """So many of them at most, in their order."""
    if len(things) <= most:
        return tuple(things)
    return tuple(things[n * len(things) // most] for n in range(most))


class Thinned(Generic[_Thing]):
    """Some of what comes, in bounded room: whenever twice as many as wanted are kept, every other
    one is dropped, and from then on half as many are taken.
    """

    def __init__(self, most: int) -> None:
        self._most, self._step, self._came = most, 1, 0
        self._kept: list[_Thing] = []

    def add(self, one: _Thing) -> None:
        """Keep one, if it is its turn."""
        if self._most and self._came % self._step == 0:
            self._kept.append(one)
            if len(self._kept) > 2 * self._most:
                self._kept, self._step = self._kept[::2], 2 * self._step
        self._came += 1

    def __iter__(self) -> Iterator[_Thing]:
        return iter(evenly(self._kept, self._most))
