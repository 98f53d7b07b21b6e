"""Labelled entries, scored through the very triage that the service uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.core.models import Document, Earlier, Failure, Feed, Parsed
from monitor.core.triage import Policy
from monitor.edges.rulebook import load_rulebook
from monitor.service.evaluation import Evaluation, evaluate, losses, row
from monitor.service.offline import Replay


class NoParser:
    """Labelled entries come as lines; no document is ever parsed."""

    def parse(
        self, feed: Feed, document: Document, earlier: Earlier | None = None
    ) -> Parsed | Failure:
        raise AssertionError("no document was given")


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy(load_rulebook(None), ())


def scored(policy: Policy, *lines: object) -> Evaluation:
    written = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
    return evaluate(Replay(policy, NoParser()), "gold.jsonl", written)


def labelled(number: int, title: str, **labels: object) -> dict[str, Any]:
    return {"id": f"e{number}", "feed": "f", "lang": "en", "title": title, "summary": "", **labels}


def test_each_topic_is_scored_by_language_and_each_miss_says_why(policy: Policy) -> None:
    found = scored(
        policy,
        labelled(1, "Lavrov lands in Bamako", sahel=True, russia=True, russia_sahel=True),
        labelled(2, "Gunmen raid Djibo in Burkina Faso", sahel=False, russia=False),
        labelled(3, "Bakers of Bamako", sahel=True) | {"lang": None},
        b"\n",
    )
    figures = row(found)
    assert figures["entries"] == 3
    assert figures["topics"]["sahel"]["en"] == {
        "precision": 0.5, "recall": 1.0, "f1": 0.6667, "right": 1, "wrong": 1, "missed": 0,
    }  # fmt: skip
    assert set(figures["topics"]["russia"]) == {"en", "all"}
    assert figures["topics"]["russia-sahel"]["all"]["f1"] == 1.0
    wrong = figures["misses"][0]
    assert (wrong["id"], wrong["topic"], wrong["kind"]) == ("e2", "sahel", "false-positive")
    assert "Burkina Faso" in wrong["why"]


def test_copies_and_events_are_scored_as_groups(policy: Policy) -> None:
    text = "Mali's army retakes a camp near Kidal from the rebels"
    found = scored(
        policy,
        labelled(1, text, copy="c", event="e"),
        labelled(2, text, copy="c", event="e") | {"feed": "other"},
        labelled(3, "Nothing of interest", copy=None, event=None),
        labelled(4, "Nor is this", copy=None, event=None),
    )
    copies = row(found)["copies"]
    assert (copies["f1"], copies["adjusted_rand"], copies["pairs"]) == (1.0, 1.0, 1)
    assert copies["within"]["bcubed"]["f1"] == 1.0
    assert copies["across"]["pairs"] == 0
    assert (copies["mixed"], copies["split"]) == ([], [])


def test_groups_that_are_not_as_labelled_are_listed(policy: Policy) -> None:
    text = "Mali's army retakes a camp near Kidal from the rebels"
    found = scored(
        policy,
        labelled(1, text, copy=None, event="a"),
        labelled(2, text, copy=None, event="b") | {"feed": "other"},
        labelled(3, "Wagner leaves Timbuktu", copy=None, event="a"),
    )
    events = row(found)["events"]
    assert (events["mixed"], events["split"]) == ([["e1", "e2"]], [["e1", "e3"]])


def test_a_grouping_that_loses_more_than_a_point_is_named() -> None:
    def figures(precision: float) -> dict[str, Any]:
        scope = {"pairwise": {"precision": precision}, "bcubed": {"recall": 1.0}}
        events = {"all": scope, "within": scope, "across": scope}
        return {"topics": {}, "copies": events, "events": events}

    assert losses(figures(0.95), figures(0.955)) == []
    lost = losses(figures(0.9), figures(0.95))
    assert len(lost) == 6
    assert lost[0] == "copies all: pairwise precision 0.900, was 0.950"


@pytest.mark.parametrize("name", ["groups", "groups-held"])
def test_our_own_labelled_groups_are_put_together_as_well_as_ever(
    policy: Policy, name: str
) -> None:
    with (ROOT / "eval" / f"{name}.jsonl").open("rb") as lines:
        found = evaluate(Replay(policy, NoParser()), name, lines)
    baseline = json.loads((ROOT / "eval" / f"{name}-baseline.json").read_text(encoding="utf-8"))
    figures = row(found)
    assert found.faults == []
    assert losses(figures, baseline) == []
    assert figures["copies"]["precision"] >= 0.98
    for scope, least in (("within", 0.85), ("across", 0.80)):
        cubed = figures["events"][scope]["bcubed"]
        assert cubed["precision"] >= 0.95
        assert cubed["f1"] >= least


def test_lines_that_are_no_entries_are_faults_with_their_number(policy: Policy) -> None:
    found = scored(policy, labelled(1, "Mali votes", sahel=True), b"{", b"[]")
    assert [one.where for one in found.faults] == ["gold.jsonl:2", "gold.jsonl:3"]
    assert found.entries == 1


def test_a_topic_that_loses_more_than_a_point_in_a_language_is_named() -> None:
    def figures(f1: float) -> dict[str, Any]:
        return {"topics": {"sahel": {"en": {"f1": f1}}}}

    assert losses(figures(0.95), figures(0.96)) == []
    assert losses(figures(0.94), figures(0.96)) == ["sahel in en: F1 0.940, was 0.960"]
    assert losses({"topics": {}}, figures(0.9)) == ["sahel in en: F1 0.000, was 0.900"]
    assert losses(figures(0.1), {}) == []


def test_the_shipped_rulebook_loses_no_point_on_our_own_labelled_entries(policy: Policy) -> None:
    with (ROOT / "eval" / "gold.jsonl").open("rb") as lines:
        found = evaluate(Replay(policy, NoParser()), "eval/gold.jsonl", lines)
    baseline = json.loads((ROOT / "eval" / "baseline.json").read_text(encoding="utf-8"))
    assert found.faults == []
    assert found.entries >= 300
    assert losses(row(found), baseline) == []
