"""A feed over weeks: is it polled when it publishes, and are its news seen sooner for it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from statistics import mean

from monitor.core.polling import Polling
from tests import make
from tests.core.polling.feeds import Watched

# A Monday.
START = datetime.fromisoformat("2026-03-02T00:00Z")
LEARNT, END = START + timedelta(weeks=3), START + timedelta(weeks=4)
ROOMY = Polling(interval=600, min_interval=60, max_interval=86_400)


@dataclass
class Seen:
    """When a feed was polled in the last week, and after how many seconds its news were seen."""

    polls: list[datetime] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    def hourly(self, chosen: Callable[[datetime], bool]) -> float:
        """Polls an hour at the times chosen."""
        hours = sum(chosen(LEARNT + timedelta(hours=n)) for n in range(168))
        return sum(map(chosen, self.polls)) / hours


def office(at: datetime) -> bool:
    """Weekdays, from eight in the morning to six in the evening."""
    return at.weekday() < 5 and 8 <= at.hour < 18


def published(each_hour: float, chosen: Callable[[datetime], bool]) -> list[datetime]:
    """The entries of four weeks and the week before, at random times among those chosen."""
    chance, at, found = Random(7), START - timedelta(weeks=1), []
    while at < END:
        at += timedelta(hours=chance.expovariate(each_hour))
        if chosen(at):
            found.append(at)
    return found


def watch(entries: list[datetime], polling: Polling) -> Seen:
    """Poll a feed of these entries, its last thirty in the document, for four weeks."""
    one, seen, chance, shown = Watched(polling=polling, now=START), Seen(), Random(1), 0
    while one.now < END:
        upto = sum(at <= one.now for at in entries[shown:]) + shown
        new = entries[max(shown, upto - 30) : upto]
        one.jitter = chance.random()
        one.read(*new) if new else one.unchanged()
        if one.now >= LEARNT:
            seen.polls.append(one.now)
            seen.delays += [(one.now - at).total_seconds() for at in new]
        shown = upto
        one.turn()
    return seen


def compare(entries: list[datetime]) -> tuple[Seen, Seen]:
    """The feed polled by its rhythm, and polled as often at a fixed gap."""
    learnt = watch(entries, ROOMY)
    gap = 7 * 86_400 / len(learnt.polls)
    return learnt, watch(entries, Polling(gap, gap, gap))


def test_a_feed_of_office_hours_is_polled_in_them_and_seen_sooner() -> None:
    learnt, fixed = compare(published(2.0, office))
    assert abs(len(fixed.polls) - len(learnt.polls)) < len(learnt.polls) / 20
    assert learnt.hourly(office) > 2 * learnt.hourly(lambda at: not office(at))
    assert mean(learnt.delays) < mean(fixed.delays) * 0.75


def test_a_feed_without_habits_is_seen_no_later_than_at_a_fixed_gap() -> None:
    learnt, fixed = compare(published(2.0, lambda _: True))
    assert mean(learnt.delays) < mean(fixed.delays) * 1.1


def test_a_feed_that_speaks_once_a_day_is_polled_each_hour_all_the_same() -> None:
    learnt, _ = compare(published(1.0, lambda at: at.hour == 9))
    assert len(learnt.polls) >= 150
    assert max(learnt.delays) <= 3_600 * 1.1


def test_first_dates_are_enough_to_know_the_hours() -> None:
    entries = [at for at in published(2.0, office) if at < START]
    one = Watched(now=START + timedelta(hours=9))
    morning = one.read(*entries).interval
    assert one.wait(hours=15).unchanged().interval > 2 * morning
    assert make.NOW > START
