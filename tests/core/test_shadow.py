"""What a candidate rulebook would do otherwise with an entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.identity import identify
from monitor.core.models import Entry, Outcome, Route, Sameness, Severity, Verdict
from monitor.core.rulebook import Rulebook
from monitor.core.shadow import Difference, counts, differ, is_read
from monitor.core.tagging import tag
from monitor.edges.rulebook import load_rulebook
from tests import make

DESK, HOOK = Route(("desk",), topics=frozenset({"sahel"})), Route(("hook",))
LAVROV = make.entry("Lavrov lands in Bamako", summary="")


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(None)


def without(rulebook: Rulebook, topic: str) -> Rulebook:
    """The rulebook without the rules that give a topic by themselves or by implication."""
    topics = {name for name, one in rulebook.topic_by_name.items() if topic in one.implies}
    kept = tuple(one for one in rulebook.rules if one.topic not in topics | {topic})
    return replace(rulebook, rules=kept)


def verdict(entry: Entry, rulebook: Rulebook) -> Verdict:
    (identity,) = identify([entry])
    tagging = tag(entry, rulebook, make.FEED)
    return Verdict(entry, identity, Sameness.NEW, Outcome.ALERTED, "", tagging=tagging)


def test_a_rulebook_that_does_the_same_differs_in_nothing(rulebook: Rulebook) -> None:
    assert differ(verdict(LAVROV, rulebook), make.FEED, rulebook, (DESK,)) is None
    ferry = make.entry("Ferry timetable changes", summary="")
    assert differ(verdict(ferry, rulebook), make.FEED, rulebook, (DESK,)) is None


def test_lost_topics_cost_the_receivers_that_were_routed_by_them(rulebook: Rulebook) -> None:
    lesser = without(rulebook, "sahel")
    found = differ(verdict(LAVROV, rulebook), make.FEED, lesser, (DESK, HOOK))
    assert found
    assert found.kinds == ("topics_lost", "would_not_alert")
    assert {"sahel", "russia-sahel"} <= set(found.topics_lost)
    assert (found.would_alert, found.would_not_alert) == ((), ("desk",))
    assert found.reason.startswith("russia")


def test_gained_topics_bring_receivers_and_say_by_what_evidence(rulebook: Rulebook) -> None:
    lesser = without(rulebook, "sahel")
    found = differ(verdict(LAVROV, lesser), make.FEED, rulebook, (DESK, HOOK))
    assert found
    assert found.kinds == ("topics_gained", "would_alert")
    assert found.would_alert == ("desk",)
    assert '"Bamako"' in found.reason


def test_nobody_is_routed_to_without_a_topic_and_what_nearly_held_is_the_reason(
    rulebook: Rulebook,
) -> None:
    nothing = replace(rulebook, rules=())
    found = differ(verdict(LAVROV, rulebook), make.FEED, nothing, (HOOK,))
    assert found
    assert (found.would_not_alert, found.reason) == (("hook",), "no rule matched")


def test_a_severity_alone_can_change_who_hears_of_it(rulebook: Rulebook) -> None:
    grave = Route(("desk",), severity=Severity.HIGH)
    calm = replace(
        rulebook, rules=tuple(replace(one, severity=Severity.LOW) for one in rulebook.rules)
    )
    found = differ(verdict(LAVROV, rulebook), make.FEED, calm, (grave,))
    assert found
    assert found.kinds == ("would_not_alert",)


def test_only_what_was_read_for_a_verdict_is_compared(rulebook: Rulebook) -> None:
    one = verdict(LAVROV, rulebook)
    assert is_read(one)
    assert is_read(replace(one, sameness=Sameness.UPDATED))
    assert is_read(replace(one, sameness=Sameness.SAME_LINK))
    assert not is_read(replace(one, sameness=Sameness.SAME_ID))
    assert not is_read(replace(one, entry=replace(LAVROV, skimmed=True)))


def test_differences_are_counted_by_kind() -> None:
    one = Difference(("sahel",), (), ("desk", "hook"), (), "because")
    two = replace(one, topics_lost=("russia",), would_alert=())
    assert counts(9, [one, two]) == {
        "entries": 9,
        "differ": 2,
        "topics_gained": 2,
        "topics_lost": 1,
        "would_alert": 1,
    }
    assert counts(3, []) == {"entries": 3}
