"""Learn the weights of likeness.toml from the labelled groups: `make learn`.

Every two entries of eval/groups.jsonl that lie within the event window are a pair; its figures
(monitor/core/likeness/features.py) and its labels go into a logistic regression whose weights
may only have the sign that makes sense: what is shared speaks for, what clashes against. Before
it writes, it says what weights learned without a pair's events would have made of it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from monitor.core.identity import identify
from monitor.core.likeness.features import Copying, Sharing, copying, sharing
from monitor.core.likeness.judge import comparable
from monitor.core.models import Fingerprint
from monitor.core.triage.reading import Case, read
from monitor.edges.rulebook import SHIPPED, load_rulebook
from monitor.service.offline import read_entry

HERE = Path(__file__).parent
WINDOW = 72 * 3600
# Figures that speak against a pair, and those that may go either way.
AGAINST = {
    *("place_clash", "person_clash", "subject_clash", "count_clash", "number_clash", "clash"),
    *("title_number_clash", "kind_clash", "asks", "days", "undated", "short"),
}
EITHER = {"within", "length"}
# The chance from which a pair counts: high, for a wrong merge hides news.
THRESHOLDS = {"copies": 0.76, "events": 0.83}
# How strongly the weights follow the pairs; what a pair in one language counts (there are
# fewer of them).
STRENGTH = {"copies": 10.0, "events": 0.3}
ONE_LANGUAGE = 3.0
# Texts from which on a name or concept is common, and the least that it still tells.
COMMON, LEAST = 6, 0.15
FOLDS = 8

HEADER = """\
# What two texts are compared by; written by `make learn` from the labelled pairs of
# eval/groups.jsonl. The figures are those of monitor/core/likeness/features.py. A pair belongs
# together when the logistic function of bias + the sum of weight x figure reaches the threshold.
"""


class Row(NamedTuple):
    """A labelled entry: what was read of it, and when it was published, told or not."""

    labels: dict[str, Any]
    case: Case
    at: float


class Pair(NamedTuple):
    """Two entries: their figures, whether they belong together, and the row of their events."""

    figures: tuple[float, ...]
    together: bool
    weight: float
    first: int


def load(path: Path, rulebook: Any) -> Iterator[Row]:
    """The entries of a file that have a topic."""
    for line in path.read_text(encoding="utf-8").splitlines():
        labels = json.loads(line)
        feed, entry = read_entry(line.encode())
        (case,) = read(feed, [(entry, identify([entry])[0])], {}, rulebook)
        if case.fingerprint:
            told = labels.get("published") or labels.get("about")
            at = datetime.fromisoformat(told).timestamp() if told else math.nan
            yield Row(labels, case, at)


def rarity(prints: Sequence[Fingerprint]) -> dict[str, float]:
    """How telling the common names and concepts are, by how many texts have them."""
    count = Counter(name for one in prints for name in (*one.names, *one.concepts))
    most = math.log(len(prints) / 4)
    return {
        name: round(max(LEAST, min(1.0, math.log(len(prints) / often) / most)), 2)
        for name, often in sorted(count.items())
        if often >= COMMON
    }


def pairs(rows: Sequence[Row], known: dict[str, float]) -> tuple[list[Pair], list[Pair]]:
    """The pairs for copies and for events."""
    copies, events = [], []
    scenes = _scenes(rows)
    for one, other in combinations(rows, 2):
        if abs(one.at - other.at) > WINDOW:
            continue
        a, b = one.case.fingerprint, other.case.fingerprint
        scene = scenes[one.labels["event"]]
        if comparable(a, b):
            same = one.labels["copy"] is not None and one.labels["copy"] == other.labels["copy"]
            copies.append(Pair(copying(a, b), same, 1.0, scene))
        if a.names & b.names:
            same = one.labels["event"] == other.labels["event"]
            weight = ONE_LANGUAGE if a.language == b.language else 1.0
            events.append(Pair(sharing(a, b, known), same, weight, scene))
    return copies, events


def _scenes(rows: Sequence[Row]) -> dict[str, int]:
    """A number for each event, the same for events that lie close together in time."""
    found: dict[str, int] = {}
    last, number = -math.inf, 0
    for row in sorted(rows, key=lambda one: one.at):
        if row.at - last > WINDOW:
            number += 1
        last = row.at
        found.setdefault(row.labels["event"], number)
    return found


Fit = tuple[Any, float]


def fit(pairs_: Sequence[Pair], fields: Sequence[str], strength: float) -> Fit:
    """Weights and bias of least regularised logistic loss, each weight with its sign."""
    x = np.array([one.figures for one in pairs_])
    side = np.array([1.0 if one.together else -1.0 for one in pairs_])
    weight = np.array([one.weight for one in pairs_])

    def loss(w: Any) -> tuple[float, Any]:
        margin = side * (x @ w[:-1] + w[-1])
        slope = -side * weight / (1 + np.exp(margin))
        total = strength * float(np.logaddexp(0, -margin) @ weight) + 0.5 * float(w[:-1] @ w[:-1])
        return total, np.append(strength * (x.T @ slope) + w[:-1], strength * slope.sum())

    bounds = [
        (None, None) if name in EITHER else (None, 0) if name in AGAINST else (0, None)
        for name in fields
    ]
    start = np.zeros(len(fields) + 1)
    found = minimize(loss, start, jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B")
    return found.x[:-1], float(found.x[-1])


def chances(model: Fit, pairs_: Sequence[Pair]) -> Any:
    """What a model makes of pairs."""
    return 1 / (1 + np.exp(-(np.array([one.figures for one in pairs_]) @ model[0] + model[1])))


def across_folds(name: str, found: Sequence[Pair], learn: Callable[[Sequence[Pair]], Fit]) -> None:
    """Print precision and recall of pairs by models that did not see their scenes."""
    right = wrong = missed = 0
    for fold in range(FOLDS):
        held = [one for one in found if one.first % FOLDS == fold]
        model = learn([one for one in found if one.first % FOLDS != fold])
        if not held:
            continue
        for chance, one in zip(chances(model, held), held, strict=True):
            joined = chance >= THRESHOLDS[name]
            right += joined and one.together
            wrong += joined and not one.together
            missed += one.together and not joined
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    print(  # noqa: T201
        f"{name}: {len(found)} pairs, {right + missed} together; unseen scenes:"
        f" precision {precision:.3f}, recall {recall:.3f}"
    )


def main() -> None:
    """Learn, say how well, and write likeness.toml."""
    rulebook = load_rulebook(None)
    rows = list(load(HERE / "groups.jsonl", rulebook))
    others = load(HERE / "gold.jsonl", rulebook)
    known = rarity([row.case.fingerprint for row in (*rows, *others) if row.case.fingerprint])
    copies, events = pairs(rows, known)
    lines = [HEADER]
    for name, found, fields in (
        ("copies", copies, Copying._fields),
        ("events", events, Sharing._fields),
    ):

        def learn(these: Sequence[Pair], name: str = name, fields: Any = fields) -> Fit:
            return fit(these, fields, STRENGTH[name])

        across_folds(name, found, learn)
        weights, bias = learn(found)
        lines.append(f"[{name}]\nthreshold = {THRESHOLDS[name]}\nbias = {bias:.3f}")
        lines += [f"{key} = {one:.3f}" for key, one in zip(fields, weights, strict=True)]
        lines.append("")
    lines += ["# How telling names and concepts are that many texts share: 1 for all others."]
    lines += ["[rarity]", *(f'"{name}" = {value}' for name, value in known.items()), ""]
    (SHIPPED / "likeness.toml").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
