"""How a feed is asked: where, with which conditions, and who brings its news."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.core.models import Feed, FeedState, Hub, Move, Parsed, Push, Validators
from tests import make
from tests.core.polling.feeds import Watched

A, B, C = make.FEED.url, "https://b.example/feed", "https://c.example/feed"
HUB = Hub("https://hub.example/", A)
ETAG = Validators('"x"')
DAILY = tuple(make.at(-86_400 * n) for n in range(1, 20))


def moving(target: str, days: float = 1.1, one: Watched | None = None) -> Watched:
    """A feed that answers through permanent redirects to this URL at each poll of some days."""
    one = one or Watched()
    end = one.now + timedelta(days=days)
    while one.now < end:
        one.read(moved=target)
        one.wait(hours=1)
    return one


# Conditions and trust.


def test_a_first_poll_has_no_conditions_and_counts_as_the_first_full_one() -> None:
    one = Watched()
    assert one.approach() == replace(one.approach(), url=A, validators=Validators(), full=False)
    assert one.read().full == make.NOW
    assert (one.approach().validators, one.approach().full) == (ETAG, False)


def test_once_a_day_a_feed_is_read_in_full_and_not_all_feeds_at_once() -> None:
    one = Watched()
    one.read()
    assert not one.wait(hours=23.9).approach().full
    assert one.wait(hours=6.1).approach().full
    assert one.approach().validators == Validators()
    one.read(full=True)
    assert (one.state.full, one.approach().full) == (one.now, False)
    state = FeedState(full=make.NOW)
    due = [
        Watched(state, Feed(f"https://x{n}.example/"), now=make.at(27 * 3_600)).approach().full
        for n in range(200)
    ]
    assert 70 < sum(due) < 130


def test_a_clock_set_back_does_not_put_the_full_reading_off() -> None:
    one = Watched()
    one.read()
    assert one.wait(days=-400).approach().full


def lied(published: datetime, **more: object) -> Watched:
    """A feed whose full reading, after a 304, shows an entry published then."""
    one = Watched()
    one.read()
    one.wait(hours=1).unchanged()
    one.wait(minutes=10).read(published, **{"full": True, **more})
    return one


def test_a_server_whose_304_hid_news_is_asked_without_conditions_for_a_week() -> None:
    one = lied(make.at(1_800))
    assert one.state.caught == one.now
    assert (one.approach().validators, one.approach().full) == (Validators(), False)
    one.wait(days=6.9).read()
    assert one.approach().validators == Validators()
    after = one.wait(days=0.2).read(full=True)
    assert after.caught is None
    assert one.approach().validators == ETAG


@pytest.mark.parametrize(
    ("published", "more"),
    [
        (make.at(3_600 - 200), {}),
        (make.at(3_600 + 60), {}),
        (make.at(1_800), {"full": False}),
        (make.at(1_800), {"max_age": 7_200.0}),
    ],
)
def test_news_that_304_could_not_know_are_no_lie(
    published: datetime, more: dict[str, object]
) -> None:
    assert lied(published, **more).state.caught is None


def test_news_after_a_reading_are_no_lie_however_old() -> None:
    one = Watched()
    one.read()
    assert one.wait(hours=1).read(make.NOW, full=True).caught is None


# Moves.


def test_a_permanent_redirect_is_believed_after_a_day_of_polls() -> None:
    assert moving(B, days=0.9).approach().url == A
    one = moving(B)
    assert (one.state.move, one.approach().url) == (Move(url=B), B)
    assert one.approach().validators == ETAG


def test_five_polls_are_needed_however_far_apart() -> None:
    one = Watched()
    for _ in range(4):
        one.read(moved=B)
        one.wait(days=2)
    assert one.approach().url == A
    one.read(moved=B)
    assert one.approach().url == B


def test_another_target_or_none_begins_the_count_anew() -> None:
    one = moving(B, days=0.9)
    one.read(moved=C)
    assert (one.state.move.to, one.state.move.times) == (C, 1)
    one.read()
    assert one.state.move == Move()
    assert moving(B, days=0.9, one=one).approach().url == A


def test_a_feed_that_redirects_to_where_it_was_configured_is_back() -> None:
    one = moving(B)
    one.read(moved=A)
    assert one.state.move == Move()


def test_a_move_and_its_twin_are_kept_while_it_answers_there() -> None:
    one = moving(B)
    one.state = replace(one.state, move=Move(url=B, twin="k"))
    assert one.unchanged().move == Move(url=B, twin="k")
    one.read(moved=C)
    assert (one.state.move.url, one.state.move.to, one.state.move.twin) == (B, C, "k")
    assert one.read(moved=B).move == Move(url=B, twin="k")


def test_where_the_new_address_fails_both_are_tried_in_turns() -> None:
    one = moving(B)
    asked = []
    for _ in range(9):
        asked.append(one.approach().url)
        one.fail()
    assert asked == [B] * 3 + [A] * 3 + [B] * 3
    # What B vouched for says nothing of A.
    assert one.approach().validators == Validators()
    one.read()
    assert (one.state.move, one.approach().url) == (Move(), A)


def test_a_move_survives_failures_of_both() -> None:
    one = moving(B)
    for _ in range(7):
        one.fail()
    one.read()
    assert one.approach().url == B


def test_a_feed_that_moves_in_a_circle_moves_once_a_day_at_most() -> None:
    one, moves = Watched(), 0
    for _ in range(24 * 10):
        at = one.approach().url
        one.read(moved={A: B, B: C, C: A}[at])
        one.wait(hours=1)
        moves += one.approach().url not in (at, A)
    assert 2 <= moves <= 10


# Pushes.


def pushed(*, days: float = 9) -> Watched:
    """A feed whose hub has just pushed news, subscribed for so long."""
    busy = tuple(make.at(-300 * n) for n in range(1, 200))
    one = Watched()
    one.read(*busy, hub=HUB)
    one.state = replace(one.state, push=Push(HUB, until=make.at(days * 86_400)))
    one.push(make.NOW)
    return one


def test_the_hub_is_taken_from_the_headers_or_else_from_the_document() -> None:
    other = Hub("https://other.example/", A)
    one = Watched()
    assert one.read(parsed=Parsed((), hub=HUB)).push == Push(HUB)
    assert one.unchanged().push == Push(HUB)
    assert one.read(hub=other, parsed=Parsed((), hub=HUB)).push == Push(other)
    assert one.read(parsed=Parsed(())).push == Push()


def test_a_hub_that_would_be_told_a_key_of_ours_is_not_kept() -> None:
    one = Watched()
    assert one.read(hub=Hub("https://hub.example/", f"{A}?api_key=canary")).push == Push()


def test_while_the_hub_pushes_polling_is_but_the_safety_net() -> None:
    one = pushed()
    assert one.state.last_new == make.NOW
    assert (one.turn().unchanged().interval, one.state.because) == (3_600, "pushed")


def test_a_push_leaves_the_next_poll_where_it_is_and_tells_of_the_rhythm() -> None:
    before = Watched()
    before.read()
    after = replace(before).push(make.NOW)
    assert after.revision == before.state.revision + 1
    assert (after.next_poll, after.body) == (before.state.next_poll, before.state.body)
    assert after.rhythm.count == before.state.rhythm.count + 1


def test_a_hub_that_misses_news_is_not_relied_on_until_it_brings_some() -> None:
    one = pushed()
    one.turn().read(one.now)
    assert (one.state.push.misses, one.state.because.partition(" ")[0]) == (1, "rhythm")
    one.push()
    assert one.state.push.misses == 1
    one.push(one.now)
    assert (one.state.push.misses, one.state.push.last) == (0, one.now)
    assert one.turn().unchanged().because == "pushed"


def test_a_hub_that_never_pushed_or_whose_lease_ended_is_not_relied_on() -> None:
    silent = Watched(make.state(push=Push(until=make.at(9_999))))
    assert silent.unchanged().because == "new"
    ended = pushed(days=0.001)
    ended.turn().read(ended.now)
    assert ended.state.push.misses == 0
    assert ended.state.because.startswith("rhythm")
