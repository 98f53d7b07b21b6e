"""Headers of answers that say how long: what they say is a time within bounds, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.edges.net import max_age, parse_retry_after
from monitor.edges.net.retry import DAY
from tests.fuzz.chance import chances, made_of
from tests.make import NOW

words = made_of(
    *("Sat,", "14", "Mar", "2026", "12:00:00", "12:00", "12.00.00", "GMT", "+0000", "-9999", "EST"),
    *("Sat, 14 Mar 2026 12:00:30 GMT", "Saturday, 14-Mar-26 12:00:30 GMT", "0000", "9999", "-1"),
    *("120", "1.5", "1e3", "inf", "nan", "9" * 400, "٣", ":", ",", "Dec", "31 Dec 9999 23:59:59"),
    *("1 Jan 0001 00:00:00", "+2359", "-0000"),
    most=8,
)
cached = made_of(
    "max-age=", '"', "600", "9" * 10, "-1", "٣", "no-cache", "s-maxage=5", ",", "private", most=8
)
moments = st.one_of(st.just(NOW), st.datetimes(timezones=st.just(UTC)))


@chances
@given(words, moments)
def test_a_wish_to_be_left_alone_is_within_a_day_or_none(text: str, now: datetime) -> None:
    asked = parse_retry_after(text, now)
    assert asked is None or 0 <= asked <= DAY


@chances
@given(cached, words, words, moments)
def test_an_answer_holds_for_no_time_up_to_a_day(
    control: str, expires: str, age: str, now: datetime
) -> None:
    headers = {"cache-control": control, "expires": expires, "age": age}
    assert 0 <= max_age(headers, now) <= DAY
    assert 0 <= max_age({"expires": expires}, now) <= DAY
