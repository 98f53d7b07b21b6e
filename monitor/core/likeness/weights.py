"""likeness.toml: the weights of both models, as a file people can read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence

from monitor.core.errors import Fault
from monitor.core.likeness.features import Copying, Sharing
from monitor.core.likeness.judge import Model, Models

_FIGURES: Mapping[str, Sequence[str]] = {
    "copies": Copying._fields,
    "events": Sharing._fields,
}
_EMPTY = Model(-30.0, (), 1.0)
_NOTHING = Models(_EMPTY, _EMPTY, {})


def read_models(text: str, faults: list[Fault]) -> Models:
    """Both models; what is wrong is added to `faults`."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        faults.append(Fault("likeness.toml", f"is not valid TOML: {error}"))
        return _NOTHING
    copies, events = (_model(name, tables.get(name, {}), faults) for name in _FIGURES)
    return Models(copies, events, _rarity(tables.get("rarity", {}), faults))


def _rarity(table: object, faults: list[Fault]) -> Mapping[str, float]:
    if isinstance(table, dict) and all(_is_share(one) for one in table.values()):
        return {name: float(one) for name, one in table.items()}
    faults.append(Fault("likeness.toml: rarity", "is not a table of numbers from 0 to 1"))
    return {}


def _is_share(one: object) -> bool:
    return isinstance(one, int | float) and 0 <= one <= 1


def _model(name: str, table: object, faults: list[Fault]) -> Model:
    wanted = ("bias", "threshold", *_FIGURES[name])
    if not isinstance(table, dict) or set(table) != set(wanted):
        faults.append(Fault(f"likeness.toml: {name}", f"needs just these: {', '.join(wanted)}"))
        return _EMPTY
    if wrong := [key for key in wanted if not isinstance(table[key], int | float)]:
        faults.append(Fault(f"likeness.toml: {name}.{wrong[0]}", "is no number"))
        return _EMPTY
    weights = tuple(float(table[key]) for key in _FIGURES[name])
    return Model(float(table["bias"]), weights, float(table["threshold"]))
