"""What a new configuration changes, in words for the log; and what it cannot change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from monitor.edges.settings import Settings
from monitor.service.wiring import Service

# What other processes, files and sockets were made by, by the keys they stand under.
_LASTING = {
    "store_url": "store.url",
    "data_dir": "store.data_dir",
    "max_memory": "store.max_memory",
    "websub": "websub",
    "web": "web",
}
# Told apart from all other settings.
_APART = {"feeds", "receivers", "routes", "silences"}


def lasting(before: Settings, after: Settings) -> tuple[str, ...]:
    """The keys of changed settings that need a restart."""
    names = [_LASTING[name] for name in _changed(before, after) if name in _LASTING]
    return tuple(names)


def with_lasting(after: Settings, before: Settings) -> Settings:
    """The new settings, with the old ones where a restart is needed."""
    kept: dict[str, Any] = {
        name: getattr(before, name) for name in _changed(before, after) if name in _LASTING
    }
    return replace(after, **kept)


def differences(before: Service, after: Service) -> dict[str, str]:
    """What is another in the one that is to take over; nothing that is secret."""
    old, new = before.settings, after.settings
    ours, theirs = ({one.name: one for one in each.receivers} for each in (old, new))
    others = [name for name in _changed(old, new) if name not in _APART]
    found = {
        "feeds": _counted(before.feeds, after.feeds) if before.knows_feeds else "",
        "rulebook": _versions(before.rulebook.version, after.rulebook.version),
        "shadow": _versions(before.candidate or "none", after.candidate or "none"),
        "receivers": _named(ours, theirs),
        "routes": "changed" if old.routes != new.routes else "",
        "silences": "changed" if old.silences != new.silences else "",
        "settings": ", ".join(others),
    }
    return {name: said for name, said in found.items() if said}


def _changed(before: Settings, after: Settings) -> list[str]:
    names = [one.name for one in fields(before)]
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _versions(before: str, after: str) -> str:
    return "" if before == after else f"{before} -> {after}"


def _named(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """The members that came, went and changed, as in "+desk -hook ~log"."""
    return " ".join(f"{sign}{name}" for sign, names in _moves(before, after) for name in names)


def _counted(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """How many came, went and changed, as in "+3 -1"."""
    return " ".join(f"{sign}{len(names)}" for sign, names in _moves(before, after) if names)


def _moves(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[tuple[str, list[str]], ...]:
    came = [name for name in after if name not in before]
    gone = [name for name in before if name not in after]
    other = [name for name in after if name in before and after[name] != before[name]]
    return ("+", came), ("-", gone), ("~", other)
