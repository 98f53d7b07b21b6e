"""How deliveries, routes and silences are written, for machines and for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.core.models import DeliveryState, Logged, Silence
from monitor.core.routing import Step
from monitor.core.shown import plain
from monitor.edges.store.records import Entered
from monitor.views.deliveries import delivery_row
from monitor.views.latency import budget_line
from monitor.views.rows import iso

_WIDEST_TITLE = 60


def deliveries(found: Sequence[Entered]) -> str:
    """Deliveries as a table, the latest last."""
    if not found:
        return "no such delivery in this time"
    return "\n".join([_HEADER, *(_line(one) for one in reversed(found))])


_HEADER = "decided UTC  delivery       receiver     state    title"


def _line(one: Entered) -> str:
    delivery = one.delivery
    title = plain(delivery.alert.story.title)
    short = title if len(title) <= _WIDEST_TITLE else title[: _WIDEST_TITLE - 1] + "…"
    tries = f"{delivery.tries} {'try' if delivery.tries == 1 else 'tries'}"
    tail = _last(one) + (f"; {_next(one)}" if one.due is not None else "")
    when = f"{delivery.created:%m-%d %H:%M}"
    receiver = delivery.alert.receiver
    return f"{when}  {delivery.id}  {receiver:12} {delivery.state:8} {short}  ({tries}{tail})"


def _next(one: Entered) -> str:
    held = one.delivery.due is not None and not one.delivery.tries
    word = "held until" if held else "next"
    return f"{word} {datetime.fromtimestamp(one.due or 0, UTC):%m-%d %H:%M:%S}"


def _last(one: Entered) -> str:
    """Why the last attempt failed."""
    if one.delivery.state is DeliveryState.SENT or not one.attempts:
        return ""
    return f"; {plain(one.attempts[-1].detail)[:100]}"


def delivery(one: Entered) -> str:
    """One delivery with all its attempts, in lines."""
    row = delivery_row(one)
    names = ("receiver", "state", "type", "title", "reason", "created", "next_try", "bundle")
    lines = [one.delivery.id]
    lines += [f"  {name:9} {plain(str(row[name]))}" for name in names if row[name]]
    if spent := budget_line(row["budget"]):
        lines.append(f"  {'spent':9} {spent}")
    lines += [f"  {_tried(each)}" for each in one.attempts] or ["  not tried yet"]
    return "\n".join(lines)


def _tried(one: Logged) -> str:
    came = "arrived" if one.ok else "failed"
    return f"{one.at:%Y-%m-%d %H:%M:%S} UTC  {came} in {one.seconds:.2f} s: {plain(one.detail)}"


def routes(title: str, steps: Iterable[Step]) -> str:
    """What each route says of an entry, in lines."""
    lines = [plain(title), *(f"  {one}" for one in _steps(steps))]
    return "\n".join(lines if len(lines) > 1 else [*lines, "  no route is configured"])


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for one in steps:
        if not one.takes:
            yield f"no   route {one.place}: {plain(one.why)}"
        elif one.told:
            yield f"YES  route {one.place}: {plain(one.why)} -> {', '.join(one.route.receivers)}"
        else:
            yield f"yes  route {one.place}: {plain(one.why)}; a route below takes it"


def silence_row(one: Silence) -> dict[str, Any]:
    """One silence as JSON."""
    return {
        "silence": one.id,
        "until": iso(one.until),
        "topics": sorted(one.topics),
        "entities": sorted(one.entities),
        "sources": sorted(one.sources),
        "events": sorted(one.events),
        "comment": one.comment,
    }


def silences(found: Sequence[Silence]) -> str:
    """The silences in force, a line each."""
    return "\n".join(map(_silence, found)) or "no silence is in force"


def _silence(one: Silence) -> str:
    row = silence_row(one)
    about = [f"{name} {' or '.join(row[name])}" for name in _CONDITIONS if row[name]]
    said = f" ({plain(one.comment)})" if one.comment else ""
    return f"{one.id}  until {one.until:%Y-%m-%d %H:%M} UTC  {plain(' and '.join(about))}{said}"


_CONDITIONS = ("topics", "entities", "sources", "events")
