"""The small parts: digests, batches, severities, faults."""

from __future__ import annotations

import pytest

from monitor.core.batching import deal, host_of
from monitor.core.digest import digest
from monitor.core.errors import BadInput, Fault
from monitor.core.models import Feed, Severity


def feeds(*urls: str) -> list[Feed]:
    return [Feed(url) for url in urls]


def test_a_digest_is_short_stable_and_tells_parts_apart() -> None:
    assert len(digest("x")) == 11
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("\ud800") != digest("x")


def test_the_feeds_of_a_host_are_in_one_batch_as_far_as_they_fit() -> None:
    given = feeds("https://b/1", "https://a/1", "https://a/2", "https://c/1", "https://a/3")
    batches = [[one.url for one in batch] for batch in deal(given, 3)]
    assert batches == [
        ["https://a/1", "https://a/2", "https://a/3"],
        ["https://b/1", "https://c/1"],
    ]
    assert deal([], 2) == []


def test_a_host_with_more_feeds_than_fit_into_a_batch_makes_none_that_is_larger() -> None:
    given = feeds(*(f"https://a/{n}" for n in range(7)), "https://b/1")
    assert [len(batch) for batch in deal(given, 3)] == [3, 3, 2]


def test_a_host_is_told_from_a_url() -> None:
    assert [host_of(one) for one in ("mailto:x", "https://a:8/")] == ["", "a"]


def test_severities_have_an_order_and_names() -> None:
    assert Severity.LOW < Severity.CRITICAL
    assert Severity.from_label("high") is Severity.HIGH
    with pytest.raises(KeyError):
        Severity.from_label("HIGH")


def test_bad_input_tells_all_faults_with_place_and_hint() -> None:
    bad = BadInput([Fault("a.toml:3", "is wrong", "try this"), Fault("b", "too")])
    assert str(bad) == "a.toml:3: is wrong (try this)\nb: too"
