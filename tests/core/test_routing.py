"""Which receivers a story goes to."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.models import Severity, Tagging
from monitor.core.routing import Routed, refusals, route
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
