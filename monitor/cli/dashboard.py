"""`monitor status` for people: what is wrong first, then how everything stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.cli import pages
from monitor.core.polling.reasons import lasting
from monitor.core.shadow import KINDS
from monitor.core.shown import plain
from monitor.views.troubles import SILENT, troubles

# More feeds in trouble than this are counted by reason instead of listed, unless all are asked for.
_LISTED = 30
_COLOURS = {"healthy": "green", "waiting": "cyan", "silent": "yellow", "failing": "red"}
_BARS = "▁▂▃▄▅▆▇█"
# Feeds that bring news late: how many are named, and whose doing it is.
_SLOW, _BLAME = 3, {"feed": "it shows them late", "wait": "polled seldom"}
_UNREAD = ("failing", "silent", "dead", "retired")


def page(row: Mapping[str, Any]) -> RenderableType:
    """The row of `status`, as a page. Texts from strangers are shown as `plain` has them."""
    wrong = troubles(row)
    parts: list[RenderableType] = [_title(row, bool(wrong))]
    parts += [Text(f"  ✗ {said}", "bold red") for said in wrong]
    if row["store"]["reachable"]:
        for part in (_feeds, _deliveries, _service):
            parts += [Text(), *part(row)]
    return Group(*parts)


def _title(row: Mapping[str, Any], wrong: bool) -> Text:
    said = Text.assemble(("monitor", "bold"), f" {row['version']}, rulebook {row['rulebook']}, ")
    said.append(f"{row['at'].replace('T', ' ').rstrip('Z')} UTC: ")
    return said.append("see to this" if wrong else "all is well", "bold red" if wrong else "green")


def _heading(name: str, said: str) -> Text:
    return pages.heading(name, said, 11)


_NUMBERS = ("pending", "sent", "failed", "dead", "feeds")


def _row(table: Table, *cells: object, style: str = "") -> None:
    table.add_row(*(Text(plain(str(cell)), style) for cell in cells))


# -- feeds -----------------------------------------------------------------------------


def _feeds(row: Mapping[str, Any]) -> Iterator[RenderableType]:
    feeds = row["feeds"]
    health = Counter(one["health"] for one in feeds)
    counts = ", ".join(f"{n} {name}" for name, n in sorted(health.items()))
    yield _heading("FEEDS", f"{len(feeds)}: {counts}{_next(feeds)}")
    if bad := [one for one in feeds if one["health"] in _UNREAD]:
        yield pages.indented(_by_reason(bad) if len(bad) > _LISTED else _one_by_one(bad))
    if moved := [one for one in feeds if one["moved_to"]]:
        yield _heading("MOVED", f"{len(moved)} read elsewhere than configured")
        yield from (Text(plain(f"  {one['name']}: {one['moved_to']}")) for one in moved[:_LISTED])
    if hosts := row["queues"]["hosts_waiting"]:
        yield _heading("HOSTS", f"{len(hosts)} left alone: they have too much to do")
        shown = list(hosts.items())[:_LISTED]
        yield from (Text(plain(f"  {host} until {_time(until)}")) for host, until in shown)


def _next(feeds: Sequence[Mapping[str, Any]]) -> str:
    due = min((one["next_poll"] for one in feeds if one["next_poll"]), default=None)
    new = max((one["last_new"] for one in feeds if one["last_new"]), default=None)
    said = f"; last new entry {_time(new)}" if new else ""
    return f"{said}; next poll {_time(due)}" if due else said


def _one_by_one(feeds: Sequence[Mapping[str, Any]]) -> Table:
    table = pages.table("health", "feed", "why", "last new", "next poll", numbers=_NUMBERS)
    for one in sorted(feeds, key=lambda feed: (feed["health"], feed["name"])):
        since = f", {one['failures']} in a row since {_time(one['failing_since'])}"
        why = f"{one['reason']}{since if one['failures'] else ''}; {one['because']}"
        times = (_time(one["last_new"]), _time(one["next_poll"]) if one["next_poll"] else "never")
        _row(table, one["health"], one["name"], why, *times, style=_COLOURS.get(one["health"], ""))
    return table


def _by_reason(feeds: Sequence[Mapping[str, Any]]) -> Table:
    table = pages.table("feeds", "health", "why", numbers=_NUMBERS)
    kinds = Counter((one["health"], one["outcome"], one["reason"]) for one in feeds)
    for (health, outcome, reason), count in kinds.most_common(_LISTED):
        _row(table, count, health, f"{outcome}: {reason}", style=_COLOURS.get(health, ""))
    _row(table, "", "", "each of them: monitor feeds list")
    return table


# -- deliveries --------------------------------------------------------------------------


def _deliveries(row: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield _heading("DELIVERIES", "" if row["deliveries"] else "none yet")
    if row["deliveries"]:
        yield pages.indented(_receivers(row))
    if days := row["deliveries_by_day"]:
        first, last = min(days), max(days)
        said = f"{_bars(list(days.values()))}  {first[5:]} to {last[5:]}, today {days[last]}"
        yield _heading("A DAY", said)


def _receivers(row: Mapping[str, Any]) -> Table:
    states = ("pending", "sent", "failed", "dead")
    table = pages.table("receiver", *states, "longest wait", "last failure", numbers=_NUMBERS)
    late = row["queues"]["oldest_delivery_seconds"]
    for name, counts in row["deliveries"].items():
        wait = f"{late[name]:.0f} s" if late.get(name) else "-"
        cells = (name, *(counts[state] for state in states), wait, row["troubles"].get(name, "-"))
        _row(table, *cells, style="red" if counts["dead"] or name in row["closed_until"] else "")
    return table


def _bars(counts: Sequence[int]) -> str:
    """Counts as a row of small bars; nothing is a blank, anything at least the smallest."""
    top = max(counts, default=0)
    steps = [-(-n * len(_BARS) // top) if n else 0 for n in counts]
    return "".join(f" {_BARS}"[step] for step in steps)


# -- the service -------------------------------------------------------------------------


def _service(row: Mapping[str, Any]) -> Iterator[Text]:
    queues, latency, kept = row["queues"], row["latency"], row["store"]
    ages = queues["seconds_since"].items()
    parts = ", ".join(f"{name} {seconds:.0f} s ago" for name, seconds in ages)
    yield _heading("PROCESSES", f"at work: {parts or 'none yet'}")
    waiting = ", ".join(f"{name} {n}" for name, n in queues["broker"].items())
    late = f"{queues['feeds_due']} feeds due, the longest for {queues['oldest_due_seconds']:.0f} s"
    yield _heading("QUEUES", f"{waiting}; {late}")
    yield from _latency(latency)
    size = f"{kept['memory'] / 1e6:.1f} MB"
    limit = f" of {kept['max_memory'] / 1e6:.0f}" if kept["max_memory"] else ""
    yield _heading("STORE", f"{kept['version']}, {size}{limit}, {kept['stories']} stories")
    if row["canary"]:
        yield _heading("CANARY", _canary(row["canary"], row["queues"]["seconds_since"]))
    yield from _push(row)
    if shadow := row["shadow"]:
        yield _heading("SHADOW", _shadow(shadow))


def _latency(latency: Mapping[str, Any]) -> Iterator[Text]:
    """How long alerts take, where that time goes, and which feeds bring news the latest."""
    spread = ", ".join(f"{name} {_seconds(latency[name])}" for name in ("p50", "p95", "p99"))
    yield _heading("LATENCY", f"seen to delivered: {spread} of the last {latency['count']}")
    parts = latency["parts"].items()
    if told := ", ".join(f"{part} {_seconds(one['p50'])}" for part, one in parts if one["count"]):
        yield _heading("", f"since published, half of all within: {told}")
    if slowest := latency["slowest"][:_SLOW]:
        yield _heading("SLOWEST", ", ".join(map(_slow, slowest)))


def _slow(feed: Mapping[str, Any]) -> str:
    return f"{feed['name']} {lasting(feed['seconds'])} ({_BLAME[feed['part']]})"


def _shadow(found: Mapping[str, Any]) -> str:
    """How far a candidate rulebook differs from the live one."""
    if not found["entries"]:
        return "no entry compared so far"
    ways = ", ".join(f"{found[kind]} {kind.replace('_', ' ')}" for kind in KINDS if found[kind])
    said = f"{found['differ']} of {found['entries']} entries differ"
    since = f"rulebook {found['rulebook']} since {_time(found['since'])}"
    return f"{since}: {said}{f': {ways}' if ways else ''}"


def _canary(canary: Mapping[str, Any], ages: Mapping[str, float]) -> str:
    age = f"last arrived {lasting(ages['canary'])} ago" if canary["last"] else "none arrived yet"
    missing = f" - MISSING since {_time(canary['missing_since'])}" * bool(canary["missing_since"])
    return f"to {canary['receiver']} every {lasting(canary['every'])}: {age}{missing}"


def _push(row: Mapping[str, Any]) -> Iterator[Text]:
    """How hubs do, where there are any."""
    websub, silent = row["websub"], row["queues"]["seconds_since"].get("websub")
    if not websub["subscriptions"]:
        return
    first = f"{websub['first']['push']} first by push, {websub['first']['poll']} by poll"
    unused = f"; not used: {_counts(websub['dropped'])}" if websub["dropped"] else ""
    down = " - IS monitor websub RUNNING?" if silent is None or silent > SILENT else ""
    hubs = _counts(websub["subscriptions"])
    yield _heading("PUSH", f"hubs: {hubs}; news: {first}{unused}{down}")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items())


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _time(iso: str | None) -> str:
    """A moment in ISO 8601 as people read it: month, day, hour and minute."""
    return iso[5:16].replace("T", " ") if iso else "-"
