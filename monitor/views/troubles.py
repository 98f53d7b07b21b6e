"""What is wrong just now, in sentences that say what to do: from the row of `status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from monitor.core.polling.reasons import lasting
from monitor.core.shown import plain
from monitor.views.readiness import DELIVERY

# Seconds after which a part of the service that said nothing is taken for ended.
SILENT = 30.0
# Seconds after which something that waits to be sent to an open receiver is late.
_LATE = 120.0
# Shares: of feeds that fail at once, from which on it is no longer their own fault; of the
# store's memory in use.
_MANY, _FULL = 0.2, 0.8
# Below so many feeds a share says nothing.
_FEW = 10
_UNREAD = ("failing", "dead", "retired")


def troubles(row: Mapping[str, Any]) -> tuple[str, ...]:
    """All that somebody should see to, the worst first; nothing where all is well.

    It begins with why the service is not fit for work (`unready` of the row), if it is not.
    """
    if not row["store"]["reachable"]:
        return (f"the store cannot be reached: {plain(row['store']['reason'])}",)
    parts = (_pace(row), _canary(row), _store(row["store"]), _deliveries(row), _feeds(row))
    return (*row["unready"], *(said for part in parts for said in part))


def _pace(row: Mapping[str, Any]) -> Iterator[str]:
    if (late := row["queues"]["feeds_overdue"]) and not row["unready"]:
        yield f"{late} {_feeds_are(late)} overdue by minutes: the workers cannot keep up"


def _canary(row: Mapping[str, Any]) -> Iterator[str]:
    canary = row.get("canary") or {}
    if since := canary.get("missing_since"):
        yield f"no canary has arrived at {canary['receiver']} since {since}: alerts may not either"


def _store(store: Mapping[str, Any]) -> Iterator[str]:
    if not store["persistent"]:
        yield "the store is not persistent, a restart forgets everything: set appendonly yes"
    if store["policy"] not in {"noeviction", ""}:
        yield f"the store evicts keys ({store['policy']}): set maxmemory-policy noeviction"
    if store["max_memory"] and store["memory"] > _FULL * store["max_memory"]:
        share = store["memory"] / store["max_memory"]
        yield f"the store is {share:.0%} full: raise store.max_memory"


def _deliveries(row: Mapping[str, Any]) -> Iterator[str]:
    for name, counts in row["deliveries"].items():
        late = row["queues"]["oldest_delivery_seconds"].get(name, 0.0)
        why = row["troubles"].get(name)
        if until := row["closed_until"].get(name):
            last = f", last failure {plain(why)}" if why else ""
            yield f"nothing is sent to {name} until {until}: it failed or asked to wait{last}"
        elif _LATE < late <= DELIVERY:
            yield f"an alert to {name} is late by {lasting(late)}: is the sender running?"
        if dead := counts["dead"]:
            again = f"once mended: monitor redeliver --dead --receiver {name}"
            yield f"{dead} given up on the way to {name}; {again}"


def _feeds(row: Mapping[str, Any]) -> Iterator[str]:
    health, total = Counter(one["health"] for one in row["feeds"]), len(row["feeds"])
    bad = sum(health[name] for name in _UNREAD)
    if bad and total >= _FEW and bad > _MANY * total:
        yield f"{bad} of {total} feeds cannot be read: is it the network?"
    elif bad:
        yield f"{bad} of {total} feeds cannot be read"
    if silent := health["silent"]:
        yield f"{silent} {_feeds_are(silent)} silent: monitor feeds list --health silent"


def _feeds_are(count: int) -> str:
    return "feed is" if count == 1 else "feeds are"
