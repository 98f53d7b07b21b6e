"""What receivers are told of the service itself: of one that takes no alerts, of dead feeds."""

from __future__ import annotations

from monitor.core.errors import Fault
from monitor.core.models import Attempt, Condition, Delivery, Feed, FeedState, Patience
from monitor.core.notices import feed_notices, given_up, notices, refused, silence_notices
from monitor.core.polling import silence
from tests import make

OK = Attempt(ok=True, detail="200 ok", status=200)
FAILED = Attempt(ok=False, detail="500 no", status=500)
GONE = Attempt(ok=False, detail="410 channel_is_archived", status=410, permanent=True)
NOW = make.NOW
START = NOW.timestamp()


def told(
    before: Condition, after: Condition, attempt: Attempt, *, dead: int = 0, minutes: float = 0
) -> list[Delivery]:
    now = make.at(minutes * 60)
    return list(
        notices("desk", before, after, attempt, dead=dead, to=("desk", "ops", "log"), now=now)
    )


def failing(failures: int) -> Condition:
    return Condition(failures=failures, since=START)


def test_a_delivery_that_was_given_up_is_told_to_all_others_with_what_to_do() -> None:
    one, two = told(Condition(), failing(1), GONE, dead=1)
    assert [one.alert.receiver, two.alert.receiver] == ["ops", "log"]
    assert one.alert.kind == "notice"
    assert one.alert.story.title == "Given up: an alert for desk"
    assert one.alert.story.summary == (
        "410 channel_is_archived. Look: monitor deliveries --state dead --receiver desk. "
        "Once mended: monitor redeliver --dead --receiver desk"
    )


def test_one_refusal_after_the_other_is_one_notice_an_hour() -> None:
    first = told(Condition(), failing(1), GONE, dead=1)
    more = told(failing(1), failing(2), GONE, dead=3, minutes=20)
    later = told(failing(2), failing(3), GONE, dead=1, minutes=61)
    assert [one.id for one in more] == [one.id for one in first]
    assert more[0].alert.story.title == "Given up: 3 alerts for desk"
    assert later[0].id != first[0].id


def test_a_receiver_that_takes_nothing_for_minutes_is_told_once_and_when_it_is_back() -> None:
    assert told(failing(2), failing(3), FAILED, minutes=4) == []
    assert told(failing(1), failing(2), FAILED, minutes=60) == []
    away = told(failing(3), failing(4), FAILED, minutes=6)
    again = told(failing(7), failing(8), FAILED, minutes=60)
    assert [one.id for one in again] == [one.id for one in away]
    assert away[0].alert.story.title == "Receiver desk takes no alerts since 14 Mar 12:00 UTC"
    back = told(failing(8), Condition(), OK, minutes=90)
    assert back[0].alert.story.title == "Receiver desk takes alerts again"
    assert "It took none for 1:30:00" in back[0].alert.story.summary


def test_what_waited_too_long_is_told_like_all_that_is_given_up() -> None:
    told_ = given_up("desk", "waited for 5 days", dead=40, to=("desk", "ops"), now=make.NOW)
    (one,) = told_
    assert one.alert.receiver == "ops"
    assert one.alert.story.title == "Given up: 40 alerts for desk"
    assert one.alert.story.summary.startswith("waited for 5 days. Look: ")


def test_a_receiver_that_is_always_too_busy_is_told_of_too() -> None:
    busy = Attempt(ok=False, detail="429", status=429)
    waiting = Condition(since=START, closed=START + 400)
    assert told(waiting, waiting, busy, minutes=4) == []
    assert len(told(waiting, waiting, busy, minutes=6)) == 2


def test_of_a_short_trouble_nothing_is_said() -> None:
    assert told(failing(3), Condition(), OK, minutes=4) == []
    assert told(Condition(), Condition(), OK) == []


DEAD = make.state(dead=make.NOW, failing_since=make.at(-86_400), reason="404 Not Found")


def of_feed(before: FeedState, after: FeedState, minutes: float = 0) -> list[Delivery]:
    now = make.at(minutes * 60)
    return list(feed_notices(make.FEED, before, after, to=("desk", "ops"), now=now))


def test_all_are_told_once_that_a_feed_is_given_up_and_what_to_do() -> None:
    one, two = of_feed(make.state(), DEAD)
    assert [one.alert.receiver, two.alert.receiver] == ["desk", "ops"]
    assert (one.alert.kind, one.alert.story.title) == ("notice", "Feed given up: Sahel Daily")
    assert one.alert.story.summary == (
        "404 Not Found. It has failed since 13 Mar 12:00 UTC; it is asked once a day until 13 Apr, "
        "then no more. Its url is https://sahel.example/feed: change it if the feed has moved, "
        "take it out if it is gone."
    )
    assert of_feed(DEAD, DEAD) == []
    assert of_feed(make.state(), make.state()) == []


def test_all_are_told_once_that_a_feed_is_back() -> None:
    (one, _) = of_feed(DEAD, make.state(), minutes=90)
    assert one.alert.story.title == "Feed is back: Sahel Daily"
    assert "had been given up for 1:30:00" in one.alert.story.summary


def test_what_is_decided_twice_of_a_feed_has_one_id_and_another_death_another() -> None:
    again = make.state(dead=make.at(9), failing_since=DEAD.failing_since)
    assert of_feed(make.state(), DEAD)[0].id == of_feed(make.state(), again)[0].id
    later = make.state(dead=make.at(9_999))
    assert of_feed(make.state(), DEAD)[0].id != of_feed(make.state(), later)[0].id
    assert of_feed(DEAD, make.state())[0].id == of_feed(DEAD, make.state(), minutes=9)[0].id


QUIET = make.state(last_new=make.at(-90_000), patience=Patience(NOW, 25), silent=NOW)


def of_silence(
    silent: dict[Feed, FeedState], speaking: dict[Feed, float] | None = None
) -> list[Delivery]:
    return list(silence_notices(silent, speaking or {}, to=("desk", "ops"), now=NOW))


def test_all_are_told_that_a_feed_is_silent_since_when_and_what_was_expected() -> None:
    one, two = of_silence({make.FEED: QUIET})
    assert [one.alert.receiver, two.alert.receiver] == ["desk", "ops"]
    assert (one.alert.kind, one.alert.story.title) == ("notice", "Feed is silent: Sahel Daily")
    assert one.alert.story.summary == (
        "It answers, but: nothing new since 13 Mar 2026 11:00 UTC; about 25 entries were expected "
        "by now. Its url is https://sahel.example/feed."
    )
    assert silence(QUIET, NOW) in one.alert.story.summary


def test_however_many_feeds_are_silent_one_notice_names_the_first_and_counts_all() -> None:
    many = {
        Feed(f"https://a.example/{n}", "A very long name of an outlet" * 3): QUIET
        for n in range(500)
    }
    one, _ = of_silence(many)
    assert one.alert.story.title == "500 feeds are silent"
    assert "and 494 more. " in one.alert.story.summary
    assert len(one.alert.story.summary) < 400


def test_it_is_told_in_one_notice_that_feeds_speak_again() -> None:
    (one, _) = of_silence({}, {make.FEED: 5.0})
    assert one.alert.story.title == "Feed speaks again: Sahel Daily"
    (both, _) = of_silence({}, {make.FEED: 5.0, make.OTHER: 6.0})
    assert both.alert.story.title == "2 feeds speak again"
    assert both.alert.story.summary == "They have new entries: Sahel Daily, The Wire."


def test_a_silence_has_one_id_however_often_it_is_told_and_another_another() -> None:
    first, _ = of_silence({make.FEED: QUIET, make.OTHER: QUIET})
    again, _ = of_silence({make.OTHER: QUIET, make.FEED: QUIET})
    later = FeedState(last_new=NOW, silent=make.at(9_999))
    assert first.id == again.id
    assert of_silence({make.FEED: QUIET})[0].id != of_silence({make.FEED: later})[0].id


def test_a_refused_configuration_is_told_once_an_hour_with_its_first_faults() -> None:
    faults = [Fault(f"monitor.toml:{n}", "is wrong") for n in range(7)]
    (one, other) = refused(faults, make.NOW, to=("desk", "ops"), now=make.at(9))
    (again, _) = refused(faults, make.at(60), to=("desk", "ops"), now=make.at(99))
    (later, _) = refused(faults, make.at(3_600), to=("desk", "ops"), now=make.at(9))
    assert one.id == again.id
    assert len({one.id, other.id, later.id}) == 3
    story = one.alert.story
    assert story.title == "Configuration refused: 7 faults"
    assert story.summary.endswith("monitor.toml:2: is wrong; and 4 more")
    (single,) = refused(faults[:1], make.NOW, to=("desk",), now=make.NOW)
    assert single.alert.story.title == "Configuration refused: a fault"
    assert "more" not in single.alert.story.summary
