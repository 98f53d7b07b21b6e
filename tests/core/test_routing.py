"""Which receivers a story goes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.models import Match, Name, Route, Severity, Silence, Tagging
from monitor.core.routing import Routed, refusals, route, silence, trace
from tests import make

TAGGING = Tagging(frozenset({"sahel"}), Severity.MEDIUM)


def test_every_route_that_takes_the_entry_adds_its_receivers_once_by_the_first() -> None:
    routes = (make.route("a", "b"), make.route("b", "c", topics=frozenset({"sahel"})))
    assert route(TAGGING, make.entry(), make.FEED, routes) == {
        "a": Routed("route 1: any topic", "send"),
        "b": Routed("route 1: any topic", "send"),
        "c": Routed("route 2: sahel", "send"),
    }


def test_a_route_that_does_not_go_on_is_the_last_one_read() -> None:
    routes = (make.route("a", goes_on=False), make.route("b"))
    assert set(route(TAGGING, make.entry(), make.FEED, routes)) == {"a"}


def test_a_route_with_a_floor_says_the_severity_it_met() -> None:
    routes = (make.route("a", severity=Severity.MEDIUM),)
    assert route(TAGGING, make.entry(), make.FEED, routes) == {
        "a": Routed("route 1: any topic, severity medium", "send")
    }


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ({"topics": frozenset({"russia"})}, "wants topic russia"),
        ({"severity": Severity.HIGH}, "wants severity high, this is medium"),
        ({"languages": frozenset({"fr", "ar"})}, "wants language ar or fr, this is en"),
        ({"countries": frozenset({"Chad"})}, "wants country Chad, this is Mali"),
        ({"sources": frozenset({"AFP"})}, "wants source AFP, this is Sahel Daily"),
        ({"entities": frozenset({"Q912"})}, "wants entity Q912"),
        ({"state_media": True}, "wants state media"),
        ({"feeds": frozenset({"https://x"})}, f"wants feed https://x, this is {make.FEED.url}"),
    ],
)
def test_a_route_that_does_not_take_the_entry_says_why(condition: dict[str, Any], why: str) -> None:
    routes = (make.route("a", **condition),)
    assert route(TAGGING, make.entry(), make.FEED, routes) == {}
    assert refusals(TAGGING, make.entry(), make.FEED, routes) == (f"route 1: {why}",)


def test_an_unknown_label_is_called_unknown() -> None:
    routes = (make.route("a", countries=frozenset({"Chad"})), make.route("b"))
    bare = type(make.FEED)("https://bare.example/")
    (why,) = refusals(TAGGING, make.entry(), bare, routes)
    assert why.endswith("this is unknown")
    assert bare.source == bare.url


def told(*routes: Route, tagging: Tagging = TAGGING) -> dict[str, str]:
    found = route(tagging, make.entry(), make.FEED, routes)
    return {name: one.why for name, one in found.items()}


def test_an_entity_is_named_where_it_is_evidence_and_where_it_is_not() -> None:
    proof = Match("sahel", "r", "title", 0, 4, "Mali", "Q912", "Mali")
    tagging = Tagging(frozenset({"sahel"}), matches=(proof,), names=(Name("lavrov", "person"),))
    wanted = make.route("a", entities=frozenset({"Q912", "lavrov", "Q159"}))
    assert told(wanted, tagging=tagging) == {"a": "route 1: names Q912, names lavrov"}


def test_state_media_can_be_left_out() -> None:
    assert told(make.route("a", state_media=False)) == {"a": "route 1: any topic"}
    (why,) = refusals(
        TAGGING,
        make.entry(),
        replace(make.FEED, state_media=True),
        [make.route(state_media=False)],
    )
    assert why == "route 1: wants no state media"


def test_a_route_below_goes_first_and_the_one_above_takes_the_rest() -> None:
    below = make.route("night", topics=frozenset({"russia"}))
    above = make.route("desk", topics=frozenset({"sahel"}), routes=(below,))
    assert told(above) == {"desk": "route 1: sahel"}
    both = Tagging(frozenset({"sahel", "russia"}), Severity.MEDIUM)
    assert told(above, tagging=both) == {"night": "route 1.1: russia"}


def test_a_route_below_that_does_not_go_on_hides_those_beside_it_only() -> None:
    first, second = make.route("a", goes_on=False), make.route("b")
    above = make.route("desk", routes=(first, second))
    assert set(told(above, make.route("c"))) == {"a", "c"}


def test_every_route_that_is_read_says_what_it_does() -> None:
    below = make.route("night", topics=frozenset({"russia"}))
    above = make.route("desk", routes=(below,), goes_on=False)
    steps = trace(TAGGING, make.entry(), make.FEED, (above, make.route("never")))
    assert [(one.place, one.takes, one.told, one.why) for one in steps] == [
        ("1", True, True, "any topic"),
        ("1.1", False, False, "wants topic russia"),
    ]


def quiet(**conditions: str) -> Silence:
    found: dict[str, Any] = {name: frozenset({one}) for name, one in conditions.items()}
    return replace(Silence("q", make.at(60)), **found)


@pytest.mark.parametrize(
    "one",
    [
        quiet(topics="sahel"),
        quiet(entities="lavrov"),
        quiet(sources="Sahel Daily"),
        quiet(events="e_1"),
        quiet(topics="sahel", events="e_1"),
    ],
)
def test_a_silence_holds_for_what_meets_all_it_names_until_its_end(one: Silence) -> None:
    tagging = replace(TAGGING, names=(Name("lavrov", "person"),))
    assert silence([one], tagging, make.FEED, "e_1", make.NOW) == one
    assert silence([one], tagging, make.FEED, "e_1", make.at(60)) is None
    other = Tagging(frozenset({"russia"}))
    assert silence([one], other, make.OTHER, "e_2", make.NOW) is None


def test_a_silence_that_names_nothing_silences_nothing() -> None:
    assert silence([quiet()], TAGGING, make.FEED, "e_1", make.NOW) is None
