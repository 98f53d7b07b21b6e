"""What addresses may ask for, who may log in, and where the marks of charts stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from multidict import MultiDict

from monitor.core.models import Severity
from monitor.web import asking, charts
from monitor.web.asking import Asked, Wrong
from monitor.web.sessions import LASTING, Sessions
from tests import make

TOPICS = ("sahel", "russia")


def asked(query: str = "", names: tuple[str, ...] = asking.STORIES) -> Asked:
    pairs = [tuple(one.split("=", 1)) for one in query.split("&") if one]
    return Asked(MultiDict(pairs), names)  # type: ignore[arg-type]


def test_conditions_are_read_and_blank_ones_left_out() -> None:
    one = asked("topic=sahel&severity=high&q= Coup  mali &source=&within=3d&country=Mali")
    wanted = asking.stories(one, TOPICS, make.NOW, "7d")
    assert (wanted.topic, wanted.severity, wanted.source) == ("sahel", Severity.HIGH, "")
    assert wanted.words == ("coup", "mali")
    assert wanted.since == make.at(-3 * 86_400).timestamp()
    assert one.link("/stories", page=2, topic="") == (
        "/stories?severity=high&q=Coup+mali&within=3d&country=Mali&page=2"
    )


def test_one_day_goes_before_a_span() -> None:
    wanted = asking.stories(asked("day=2026-03-01&within=1h"), TOPICS, make.NOW, "7d")
    day = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    assert (wanted.since, wanted.until) == (day, day + 86_400)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("topic=mali", "There is no topic “mali”; known: sahel, russia."),
        ("severity=grave", "There is no severity “grave”; known: critical, high, medium, low."),
        ("within=2h", "There is no within “2h”"),
        ("day=yesterday", "“yesterday” is no day like"),
        ("day=2026-02-30", "“2026-02-30” is no day like"),
        ("day=20260201", "“20260201” is no day like"),
        ("page=0", "“0” is no page: a whole number from 1"),
        ("page=-1", "is no page"),
        ("page=٣", "is no page"),
        ("page=99999999999999999999", "is no page"),
        ("topics=sahel", "There is no condition “topics” on this page; known: country, day"),
        (f"q={'x' * 201}", "The condition “q” is longer than 200 characters."),
        ("topic=sahel&topic=russia", "A condition is given twice."),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(query: str, said: str) -> None:
    with pytest.raises(Wrong, match=r"\.$") as told:
        read(query)
    assert said in str(told.value)


def read(query: str) -> None:
    """All that the page of stories reads."""
    one = asked(query)
    asking.stories(one, TOPICS, make.NOW, "7d")
    assert one.page


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_session_lasts_for_half_a_day_or_until_it_is_left() -> None:
    clock = Clock()
    sessions = Sessions("the token", clock)
    first, other = (sessions.enter("the token", "a") for _ in range(2))
    assert first
    assert other
    session = sessions.find(first)
    assert session
    assert session.wrote(session.form)
    assert not session.wrote("é")
    sessions.leave(other)
    assert sessions.find(other) is None
    clock.now += LASTING
    assert sessions.find(first) is None
    assert sessions.find("") is None


def test_after_five_wrong_tokens_an_address_must_wait_and_no_other() -> None:
    clock = Clock()
    sessions = Sessions("the token", clock)
    for _ in range(5):
        assert sessions.wait("a") == 0
        assert sessions.enter("guess", "a") is None
    assert sessions.wait("a") == 60
    assert sessions.enter("the token", "a") is None
    assert sessions.enter("the token", "b")
    clock.now += 60
    assert sessions.enter("the token", "a")


def test_without_a_token_nobody_gets_in() -> None:
    assert Sessions("").enter("", "a") is None
    assert not Sessions("").needed


def test_what_is_remembered_of_visitors_is_bounded() -> None:
    sessions = Sessions("the token")
    cookies = [sessions.enter("the token", "a") or "" for _ in range(1_001)]
    assert sessions.find(cookies[0]) is None
    assert sessions.find(cookies[-1])
    for number in range(1_001):
        sessions.enter("guess", f"{number}")
    assert len(sessions._wrong) == 1_000


def test_a_period_ends_with_the_hour_that_is() -> None:
    over = charts.period(make.at(1_800), timedelta(hours=1), 24, "%H:%M", 6)
    assert over.bounds[-1] == make.at(3_600)
    assert len(over.bounds) == 25
    assert over.ticks() == ("13:00", "19:00", "01:00", "07:00")


def test_bars_stand_on_one_another_and_nothing_is_no_bar() -> None:
    over = charts.period(make.NOW, timedelta(hours=1), 2, "%H:%M", 1)
    made = charts.bars([(1, 2), (0, 0)], over)
    low, high = made.bars
    assert (low.part, high.part) == (0, 1)
    assert low.y == pytest.approx(high.y + high.height)
    assert made.scale == ("4", "2", "0")
    assert charts.bars([(9,)], over).scale[0] == "10"
    assert charts.bars([(1,)], over).scale == ("1", "", "0")
    assert charts.bars([(0,), (0,)], over).bars == ()


def test_a_bar_of_little_can_be_seen() -> None:
    over = charts.period(make.NOW, timedelta(hours=1), 2, "%H:%M", 1)
    assert charts.bars([(1,), (5_000,)], over).bars[0].height == 2


def test_marks_near_one_another_are_stacked_and_one_alone_is_no_line() -> None:
    assert charts.timeline([make.NOW]) == []
    line = charts.timeline([make.NOW, make.at(1), make.at(2), make.at(3_600)])
    assert [up for _, up in line] == [0, 10, 20, 0]
    assert line[0][0] == 12
    assert line[-1][0] == charts.WIDTH - 12
    assert charts.timeline([make.NOW, make.NOW])[1] == (12, 10)
