"""A comparison of two rulebooks for people. Texts from strangers are shown as `plain` has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from monitor.cli import pages
from monitor.core.parse.plain import shorten
from monitor.core.shown import plain

# Rows of the chart at most, and columns of its longest bar; characters of a reason.
_ROWS, _BAR, _REASON = 31, 40, 400
_NUMBERS = ("now", "then", "gained", "lost")


def page(row: Mapping[str, Any]) -> RenderableType:
    """The row of `backtest`, as a page."""
    return Group(*_summary(row), Text(), *_chart(row), *_tables(row), Text(), *_samples(row))


def _summary(row: Mapping[str, Any]) -> Iterator[Text]:
    yield _heading("ENTRIES", f"{row['entries']:,} from {_time(row['from'])} to {_time(row['to'])}")
    for name in ("now", "then"):
        side = row[name]
        said = f"{side['alerts_a_day']:g} alerts a day, {side['alerts']} in all: {side['by']}"
        yield _heading(name.upper(), said)
    found = row["alerts"]
    moved = f" ({found['moved']} by another entry of the event)" if found["moved"] else ""
    yield _heading(
        "ALERTS", f"{found['same']} the same{moved}, {found['gained']} GAINED, {found['lost']} LOST"
    )
    if found["gained"]:
        yield _heading("NOISE", _noise(row["noise"], found["gained"]))
    if gone := row["unknown_feeds"]["feeds"]:
        many = f"{gone} feeds that are not configured any more: judged without country and kind"
        yield _heading("FEEDS", f"{row['unknown_feeds']['entries']} entries are of {many}")


def _noise(noise: Mapping[str, int], gained: int) -> str:
    signs = f"no evidence in the title {noise['untitled']}, one rule {noise['one_rule']}"
    return (
        f"{noise['likely']} of {gained} gained show all signs of it ({signs}, "
        f"one outlet {noise['alone']})"
    )


def _chart(row: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Alerts a day; where there are many days, a row stands for several."""
    days = row["days"]
    step = -(-len(days) // _ROWS)
    parts = [days[at : at + step] for at in range(0, len(days), step)]
    bars = [(one[0]["day"], _mean(one, "now"), _mean(one, "then")) for one in parts]
    top = max(max(now, then) for _, now, then in bars) or 1.0
    first = "a day" if step == 1 else f"{step} days from"
    table = pages.table(first, "now", "then", "", numbers=_NUMBERS)
    for day, now, then in bars:
        table.add_row(day, f"{now:g}", f"{then:g}", _bar(now / top, then / top))
    yield pages.indented(table)
    yield Text("  █ both   + then only   - now only")


def _mean(days: Sequence[Mapping[str, Any]], side: str) -> float:
    return round(sum(int(one[side]) for one in days) / len(days), 1)


def _bar(now: float, then: float) -> Text:
    """What both have, then what one has more than the other; shares of the longest bar."""
    left, right = round(now * _BAR), round(then * _BAR)
    more = ("+" * (right - left), "green"), ("-" * (left - right), "red")
    return Text.assemble("█" * min(left, right), *more)


def _tables(row: Mapping[str, Any]) -> Iterator[RenderableType]:
    for name in ("topics", "receivers"):
        table = pages.table(name, *_NUMBERS, numbers=_NUMBERS)
        for key, one in row[name].items():
            counts = (one["now"], one["then"], one["gained"], one["lost"])
            table.add_row(plain(key), *map(str, counts))
        if row[name]:
            yield from (Text(), pages.indented(table))


def _samples(row: Mapping[str, Any]) -> Iterator[Text]:
    for name, sign in (("gained", "+"), ("lost", "-")):
        if found := row[name]:
            yield _heading(name.upper(), f"{row['alerts'][name]} alerts, for example:")
            for one in found:
                yield from _change(one, sign, f"{one['source']}; {', '.join(one[name])}")
    retagged = row["retagged"]
    if retagged["entries"]:
        by = [f"{name} +{one['gained']} -{one['lost']}" for name, one in retagged["topics"].items()]
        said = f"{retagged['entries']} entries, no other alert: {', '.join(by)}"
        yield _heading("RETAGGED", said)
    for one in retagged["sample"]:
        yield from _change(one, "~", one["source"])


def _change(one: Mapping[str, Any], sign: str, where: str) -> Iterator[Text]:
    """An entry with what each side made of it."""
    yield Text(f"  {sign} {_time(one['at'])}  {plain(one['title'])}", "bold")
    yield Text(f"      {plain(where)}")
    for side in ("now", "then"):
        ruled = one[side]
        topics = f" [{', '.join(ruled['topics'])}]" if ruled["topics"] else ""
        said = shorten(plain(ruled["reason"]), _REASON)
        yield Text(f"      {side:4} {ruled['outcome']}{plain(topics)}: {said}")


def _heading(name: str, said: str) -> Text:
    return pages.heading(name, said, 9)


def _time(iso: str) -> str:
    return iso[:16].replace("T", " ")
