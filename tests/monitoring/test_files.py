"""The dashboard, the alert rules and the table of the documentation name metrics that are there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.views import exposed

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
# Prometheus makes it itself, for everything that it scrapes.
ITS_OWN = {"up": {"job", "instance"}}
SAMPLES = exposed.samples() | ITS_OWN
SELECTOR = re.compile(r"\b(monitor_[a-z_]+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'([a-z]+)(=~|!~|!=|=)"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|without) \(([^)]*)\)")


def board() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    return found


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))
    return [one for group in found["groups"] for one in group["rules"]]


def asked() -> Iterator[tuple[str, str]]:
    """Every expression, with where it stands."""
    for panel in board()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for rule in rules():
        yield rule["alert"], rule["expr"]


EXPRESSIONS = list(asked())


def values(name: str, label: str) -> set[str]:
    """The values that a label of a metric can have, as far as they are words of ours."""
    found = (one for family in exposed.families().values() for one in family.samples)
    return {one.labels[label] for one in found if one.name == name and label in one.labels}


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[one for one, _ in EXPRESSIONS])
def test_each_panel_and_rule_asks_for_what_is_there(where: str, expression: str) -> None:
    selectors = SELECTOR.findall(expression)
    assert selectors, where
    known: set[str] = set()
    for name, matchers in selectors:
        assert name in SAMPLES, f"{where}: no metric is called {name}"
        known |= SAMPLES[name]
        for label, sign, words in MATCHER.findall(matchers):
            assert label in SAMPLES[name], f"{where}: {name} has no label {label}"
            asked_for = set(words.split("|")) if "~" in sign else {words}
            assert name in ITS_OWN or asked_for <= values(name, label), f"{where}: {words}"
    for labels in GROUPING.findall(expression):
        assert set(labels.split(", ")) <= known, where


@pytest.mark.parametrize("panel", board()["panels"], ids=lambda one: one["title"])
def test_each_panel_says_what_it_shows_and_names_only_labels_that_are_left(
    panel: dict[str, Any],
) -> None:
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    for target in panel["targets"]:
        shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        grouped = {one for by in GROUPING.findall(target["expr"]) for one in by.split(", ")}
        (name, _), *_ = SELECTOR.findall(target["expr"])
        assert shown <= (grouped or SAMPLES[name]), panel["title"]


def test_panels_have_a_place_each() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_each_rule_says_what_is_wrong_and_what_to_do() -> None:
    names = [one["alert"] for one in rules()]
    assert len(set(names)) == len(names)
    for one in rules():
        assert one["labels"]["severity"] in {"critical", "warning"}
        assert set(one["annotations"]) == {"summary", "action"}
        for text in one["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= _labels(one["expr"]) | {"instance"}


def _labels(expression: str) -> set[str]:
    return {label for name, _ in SELECTOR.findall(expression) for label in SAMPLES[name]}


def test_the_table_of_metrics_is_the_metrics() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(monitor_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    told = {name: (kind, labels.strip(), said.strip()) for name, kind, labels, said in rows}
    found = {}
    for name, one in exposed.families().items():
        labels = dict.fromkeys(label for each in one.samples for label in each.labels)
        shown = ", ".join(f"`{label}`" for label in labels if label != "le")
        found[name] = (one.type, shown, one.documentation.removesuffix("."))
    assert told == found


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "deploy/monitoring/alerts.yaml"),
        ("check", "config", "deploy/monitoring/prometheus.yaml"),
        ("test", "rules", "tests/monitoring/rules.yaml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(words: tuple[str, ...]) -> None:
    said = subprocess.run(["promtool", *words], cwd=ROOT, capture_output=True, check=False)
    assert said.returncode == 0, said.stderr.decode()
