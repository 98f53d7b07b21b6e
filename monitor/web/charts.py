"""Where the marks of a chart stand. Pure; sizes are units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WIDTH, HEIGHT = 720.0, 100.0
# How wide a bar is beside its gap, and the least height of one that is not nothing.
_BAR, _LEAST = 0.72, 2.0
# Of a time line: its margin, and how near marks may come before they are stacked.
_MARGIN, _NEAR, _STEP, _STACK = 12.0, 10.0, 10.0, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of one bar; `part`: which of the stacked ones."""

    x: float
    y: float
    width: float
    height: float
    part: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over time. `scale`: numbers beside it, from the top down; `ticks`: labels below it, each
    at the beginning of an equal share of its width.
    """

    bars: tuple[Bar, ...]
    scale: tuple[str, ...]
    ticks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """A time cut into equal parts. `bounds` has one more than there are parts; `form`: how the
    beginnings of parts are written, and `every` how many parts there are for each that is.
    """

    bounds: tuple[datetime, ...]
    form: str
    every: int

    @property
    def seconds(self) -> list[float]:
        """The bounds as epoch seconds."""
        return [one.timestamp() for one in self.bounds]

    def ticks(self) -> tuple[str, ...]:
        """What is written below the parts."""
        return tuple(f"{one:{self.form}}" for one in self.bounds[: -1 : self.every])


def period(now: datetime, step: timedelta, count: int, form: str, every: int) -> Period:
    """The last `count` parts of a length, the present one last; parts begin at full hours or days
    of UTC.
    """
    seconds = step.total_seconds()
    last = (now.timestamp() // seconds + 1) * seconds
    first = datetime.fromtimestamp(last, UTC) - count * step
    return Period(tuple(first + number * step for number in range(count + 1)), form, every)


def bars(parts: Sequence[Sequence[int]], over: Period) -> Chart:
    """Stacked bars: for each part of the period the numbers from the bottom up."""
    top = _round_up(max((sum(one) for one in parts), default=0))
    slot = WIDTH / max(1, len(parts))
    made = []
    for number, counts in enumerate(parts):
        y = HEIGHT
        for part, count in enumerate(counts):
            if count:
                height = max(_LEAST, HEIGHT * count / top)
                y -= height
                x = number * slot + slot * (1 - _BAR) / 2
                made.append(Bar(round(x, 1), round(y, 1), round(slot * _BAR, 1), height, part))
    scale = (str(top), str(top // 2) if top % 2 == 0 else "", "0")
    return Chart(tuple(made), scale, over.ticks())


def _round_up(value: int) -> int:
    """The next number that reads well: 1, 2, 4, 6, 8, 10, 20, 40 ..."""
    size = 1
    while True:
        for step in (1, 2, 4, 6, 8):
            if value <= step * size:
                return step * size
        size *= 10


def timeline(times: Sequence[datetime]) -> list[tuple[float, float]]:
    """Where the marks of moments in ascending order stand on a line of WIDTH: from left to right,
    those near one another above one another. Nothing for less than two.
    """
    if len(times) < 2:
        return []
    whole = max(1.0, (times[-1] - times[0]).total_seconds())
    found: list[tuple[float, float]] = []
    for at in times:
        share = (at - times[0]).total_seconds() / whole
        x = round(_MARGIN + share * (WIDTH - 2 * _MARGIN), 1)
        near = sum(1 for other, _ in found if x - other < _NEAR)
        found.append((x, _STEP * min(near, _STACK)))
    return found
