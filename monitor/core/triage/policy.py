"""What the people who run the service decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.models import Cadence, Route, Silence, Windows
from monitor.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, routes, ages and windows.

    `fresh`: how old an entry may be to alert at the first poll of its feed; `max_age`: the
    same at any later poll. `windows`: how far apart what belongs together may be. `silences`:
    those configured. `cadences`: the hours of each receiver, by name. `apart`: of what kind its
    alerts are, where what it is about is no news: compared with no story, remembered as none.
    """

    rulebook: Rulebook
    routes: tuple[Route, ...]
    fresh: timedelta = timedelta(hours=24)
    max_age: timedelta = timedelta(days=7)
    windows: Windows = field(default_factory=Windows)
    silences: tuple[Silence, ...] = ()
    cadences: Mapping[str, Cadence] = field(default_factory=dict)
    apart: str = ""
