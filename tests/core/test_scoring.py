"""Scores of labels and groupings."""

from __future__ import annotations

import pytest

from monitor.core.scoring import Score, adjusted_rand, one, pairs


def test_precision_recall_and_f1_follow_from_the_counts() -> None:
    score = Score(right=6, wrong=2, missed=4)
    assert (score.precision, score.recall) == (0.75, 0.6)
    assert score.f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35)


def test_where_nothing_was_to_find_and_nothing_was_found_all_is_well() -> None:
    assert (Score().precision, Score().recall, Score().f1) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("found", "wanted", "score"),
    [
        (True, True, Score(1, 0, 0)),
        (True, False, Score(0, 1, 0)),
        (False, True, Score(0, 0, 1)),
        (False, False, Score()),
    ],
)
def test_one_yes_or_no_counts_once(found: bool, wanted: bool, score: Score) -> None:
    assert one(found, wanted) == score
    assert one(found, wanted) + Score(1, 1, 1) == Score(
        score.right + 1, score.wrong + 1, score.missed + 1
    )


def test_groupings_are_compared_by_their_pairs() -> None:
    assert pairs(["a", "a", "b", "b"], [1, 1, 1, 2]) == Score(right=1, wrong=1, missed=2)
    assert pairs([], []) == Score()


def test_the_adjusted_rand_index_is_one_for_the_same_groups_and_about_zero_by_chance() -> None:
    assert adjusted_rand("aabb", [1, 1, 2, 2]) == 1.0
    assert adjusted_rand("abcd", "abcd") == 1.0
    assert adjusted_rand("", "") == 1.0
    # Five of six in their place.
    assert adjusted_rand("aaabbb", "aabbbb") == pytest.approx(0.3243, abs=1e-4)
    assert adjusted_rand("abab", "aabb") == pytest.approx(-0.5)
