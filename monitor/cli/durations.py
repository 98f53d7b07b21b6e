"""Durations as options of commands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from monitor.edges.settings.forms import parse_duration


class Duration(click.ParamType[timedelta]):
    """A duration like "90s", "10m" or "24h"."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        """The duration, or click's own error with a sentence."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = Duration()
