"""What the people who run the service decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.models import Route, Windows
from monitor.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, routes, ages and windows.

    `fresh`: how old an entry may be to alert at the first poll of its feed; `max_age`: the
    same at any later poll. `windows`: how far apart what belongs together may be.
    """

    rulebook: Rulebook
    routes: tuple[Route, ...]
    fresh: timedelta = timedelta(hours=24)
    max_age: timedelta = timedelta(days=7)
    windows: Windows = field(default_factory=Windows)
