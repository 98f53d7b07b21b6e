"""Sending what waits for a receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.core.errors import Unavailable
from monitor.core.models import (
    Attempt,
    Delivery,
    DeliveryState,
    Pace,
    Receiver,
    Severity,
)
from monitor.edges.store.memory import MemoryStore
from monitor.service.sending import Sender, Sent, Served
from tests import make
from tests.service.fakes import Clock, Transport

OK = Attempt(ok=True, detail="200 ok", status=200)
FAILED = Attempt(ok=False, detail="500", status=500)
GONE = Attempt(ok=False, detail="410", status=410, permanent=True)
DESK = Receiver("desk", "webhook")


class Away(MemoryStore):
    """A store that cannot be reached for so many records."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0

    def record(self, *args: Any, **more: Any) -> bool:
        if self.away:
            self.away -= 1
            raise Unavailable("store: cannot be reached")
        return super().record(*args, **more)


@dataclass
class Post:
    """A sender over an outbox for the desk; time passes only while it waits."""

    receiver: Receiver = DESK
    store: Away = field(default_factory=Away)
    clock: Clock = field(default_factory=Clock)
    told: list[Sent] = field(default_factory=list)
    stop: bool = False
    served: Served = field(default_factory=Served)

    def __post_init__(self) -> None:
        self.sender = Sender(
            self.store,
            self.clock,
            lambda: 0.0,
            lambda: "me",
            sleep=self._sleep,
            elapsed=lambda: self.clock().timestamp(),
            stopping=lambda: self.stop,
            notify=("desk", "ops"),
        )

    async def _sleep(self, seconds: float) -> None:
        self.clock.move(seconds)

    def put(self, *deliveries: Delivery | str) -> None:
        for number, one in enumerate(deliveries):
            at = self.clock() - timedelta(microseconds=len(deliveries) - number)
            self.store.put([make.delivery(one, created=at) if isinstance(one, str) else one])

    def serve(
        self,
        *answers: Attempt | Exception,
        reports: int = 30,
        before: Callable[[], None] | None = None,
    ) -> Transport:
        transport = Transport(list(answers), before=before)
        serving = self.sender.serve(self.receiver, transport, self.told.append, reports)
        self.served = asyncio.run(serving)
        return transport

    def count(self, state: DeliveryState) -> int:
        return self.store.gauges(self.clock(), []).counts["desk"][state]


def posted(*stories: str) -> Post:
    post = Post()
    post.put(*stories)
    return post


def sent(transport: Transport) -> list[str]:
    return [one.alert.story.id for one in transport.sent]


def test_everything_that_waits_is_sent_once_in_its_order() -> None:
    post = posted("s_1", "s_2")
    assert sent(post.serve()) == ["s_1", "s_2"]
    assert post.count(DeliveryState.SENT) == 2
    assert post.served == Served(attempts=2)
    assert post.serve().sent == []
    assert [one.attempt.ok for one in post.told] == [True, True]


def test_a_failed_delivery_is_tried_again_under_the_same_id_when_its_time_comes() -> None:
    post = posted("s_1")
    first = post.serve(FAILED).sent[0]
    assert post.told[0].retry_at == make.at(5)
    assert post.serve().sent == []
    post.clock.move(5)
    again = post.serve().sent[0]
    assert (again.id, again.tries) == (first.id, 1)
    assert post.count(DeliveryState.SENT) == 1


def test_a_try_that_may_be_a_repeat_waits_for_half_a_minute() -> None:
    post = posted("s_1")
    post.serve(replace(FAILED, status=None, uncertain=True))
    assert post.told[0].retry_at == make.at(30)
    post.clock.move(30)
    assert post.serve().sent[0].uncertain


def test_a_permanent_refusal_is_dead_at_once_others_go_on_and_the_rest_hear_of_it() -> None:
    post = posted("s_1", "s_2")
    post.serve(GONE)
    assert (post.count(DeliveryState.DEAD), post.count(DeliveryState.SENT)) == (1, 1)
    assert post.told[0].retry_at is None
    assert post.served.noticed == ("ops",)
    (notice,) = post.store.due("ops", post.clock(), 9)
    assert notice.alert.story.title == "Given up: an alert for desk"


def test_a_receiver_that_fails_again_and_again_is_left_alone_and_then_gets_all_at_once() -> None:
    post = posted(*(f"s_{n}" for n in range(6)))
    transport = post.serve(*[FAILED] * 9)
    assert sent(transport) == ["s_0", "s_1", "s_2"]
    assert not post.served.again
    assert post.serve(FAILED).sent == []
    post.clock.move(5)
    assert sent(post.serve(FAILED)) == ["s_5"]
    post.clock.move(30)
    assert sent(post.serve()) == ["s_4", "s_0", "s_1", "s_2", "s_3", "s_5"]
    assert post.count(DeliveryState.SENT) == 6


def test_a_receiver_that_was_away_for_minutes_is_told_of_once() -> None:
    post = posted("s_1")
    for _ in range(4):
        post.serve(FAILED)
        post.clock.move(7_200)
    notices = post.store.due("ops", post.clock(), 9)
    assert [one.alert.story.title for one in notices] == [
        "Receiver desk takes no alerts since 14 Mar 12:00 UTC"
    ]
    post.clock.move(90_000)
    post.serve()
    titles = [one.alert.story.title for one in post.store.due("ops", post.clock(), 9)]
    assert "Receiver desk takes alerts again" in titles


def test_a_receiver_that_asks_for_patience_gets_nothing_meanwhile() -> None:
    post = posted("s_1", "s_2")
    post.serve(Attempt(ok=False, detail="429", status=429, retry_after=60.0))
    assert post.serve().sent == []
    post.clock.move(60)
    assert sorted(sent(post.serve())) == ["s_1", "s_2"]


def test_what_is_refused_again_and_again_keeps_nothing_else_waiting() -> None:
    post = posted(*(f"s_{n}" for n in range(40)))

    class Picky(Transport):
        async def send(self, delivery: Delivery, *_: object) -> Attempt:
            self.sent.append(delivery)
            poison = delivery.alert.story.id in {f"s_{n}" for n in range(10)}
            return FAILED if poison else OK

    transport = Picky([])
    for _ in range(60):
        asyncio.run(post.sender.serve(DESK, transport, post.told.append))
        post.clock.move(5)
    assert post.count(DeliveryState.SENT) == 30
    assert max(one.delivery.tries for one in post.told) <= 3


def test_of_several_in_one_message_the_freshest_decides_when_all_are_given_up() -> None:
    post = Post(replace(DESK, storm=Pace(1, 60.0)))
    post.put("s_1", "s_2")
    post.serve(FAILED)
    assert [one.retry_at for one in post.told] == [make.at(5)]


def test_a_message_of_several_that_is_refused_is_taken_apart() -> None:
    post = Post()
    post.put(digested("s_1"), digested("s_2"))
    invalid = Attempt(ok=False, detail="400 invalid_blocks", status=400, permanent=True)
    together, one, two = post.serve(invalid, invalid).sent
    assert [len(each.alert.lines) for each in (together, one, two)] == [2, 1, 1]
    assert (post.count(DeliveryState.DEAD), post.count(DeliveryState.SENT)) == (1, 1)


def test_a_pace_is_kept_within_a_turn() -> None:
    post = Post(replace(DESK, pace=Pace(1, 1.0)))
    post.put("s_1", "s_2", "s_3")
    assert len(post.serve().sent) == 3
    assert post.clock() == make.at(2)


def test_what_takes_longer_than_a_nap_is_left_to_the_sweep() -> None:
    post = Post(replace(DESK, pace=Pace(1, 60.0)))
    post.put("s_1", "s_2")
    assert len(post.serve().sent) == 1
    assert not post.served.again
    assert post.clock() == make.NOW


def test_in_a_storm_alerts_are_rolled_up_and_none_is_left_out() -> None:
    post = Post(replace(DESK, storm=Pace(3, 30.0)))
    grave = make.delivery("s_7")
    story = replace(grave.alert.story, severity=Severity.CRITICAL, title="Coup")
    grave = replace(grave, alert=replace(grave.alert, story=story))
    post.put(*(f"s_{n}" for n in range(7)), grave)
    transport = post.serve()
    one, two, rolled = transport.sent
    assert (one.alert.kind, two.alert.kind, rolled.alert.kind) == ("story.alert",) * 2 + ("digest",)
    assert len(rolled.alert.lines) == 6
    assert rolled.alert.lines[0].title == "Coup"
    assert post.count(DeliveryState.SENT) == 8


def test_a_send_that_takes_too_long_is_ended_and_may_have_arrived() -> None:
    post = posted("s_1")
    post.sender = replace(post.sender, timeout=timedelta(milliseconds=1))

    class Hanging(Transport):
        async def send(self, *_: object) -> Attempt:
            await asyncio.sleep(60)
            raise AssertionError

    asyncio.run(post.sender.serve(DESK, Hanging([]), post.told.append))
    (told,) = post.told
    assert told.attempt.detail == "no complete answer came within 0.001 s"
    assert told.attempt.uncertain


def test_a_bug_in_a_transport_is_loud_and_its_delivery_waits_its_turn() -> None:
    post = posted("s_1", "s_2")
    with pytest.raises(RuntimeError, match="bug"):
        post.serve(RuntimeError("a bug"))
    assert post.count(DeliveryState.FAILED) == 1
    assert sent(post.serve()) == ["s_2"]


def test_while_one_sender_serves_a_receiver_another_leaves_it_alone() -> None:
    post = posted("s_1")
    post.store.acquire("receiver:desk", "somebody else", post.sender.lease)
    assert post.serve().sent == []
    assert post.served == Served()
    post.store.release("receiver:desk", "somebody else")
    assert len(post.serve().sent) == 1


def test_a_sender_that_lost_its_receiver_to_another_sends_and_gives_back_nothing_more() -> None:
    post = posted("s_1", "s_2")

    def lose() -> None:
        post.clock.move(11)
        post.store.release("receiver:desk", "me")
        post.store.acquire("receiver:desk", "somebody else", post.sender.lease)

    assert len(post.serve(before=lose).sent) == 1
    assert post.store.due("desk", post.clock(), 9) == ()


def test_a_sender_that_dies_leaves_the_delivery_to_the_next_when_the_lease_ends() -> None:
    post = posted("s_1")
    claimed = post.store.due("desk", post.clock(), 1)
    assert post.store.claim(claimed, post.clock(), post.clock() + post.sender.lease, "")
    post.store.begin(claimed)
    assert post.serve().sent == []
    post.clock.move(30)
    (again,) = post.serve().sent
    assert again.uncertain


def test_a_delivery_whose_senders_die_again_and_again_counts_as_failed() -> None:
    post = posted("s_1")
    for _ in range(5):
        post.store.begin(post.store.due("desk", post.clock(), 1))
    assert post.serve().sent == []
    assert post.told[0].attempt.detail == "5 attempts were interrupted before their answer"
    assert post.count(DeliveryState.FAILED) == 1


def test_a_long_queue_is_left_to_the_next_wake_up_after_a_while() -> None:
    post = posted("s_1", "s_2")
    assert len(post.serve(before=lambda: post.clock.move(31)).sent) == 2
    assert not post.served.again
    post.put(*(f"t_{n}" for n in range(25)))
    assert len(post.serve(before=lambda: post.clock.move(2)).sent) == 20
    assert post.served.again


def test_whoever_is_to_end_ends_after_the_message_in_hand_and_gives_back_the_rest() -> None:
    post = posted("s_1", "s_2")

    def end() -> None:
        post.stop = True

    assert len(post.serve(before=end).sent) == 1
    assert not post.served.again
    post.stop = False
    (rest,) = post.serve().sent
    assert not rest.uncertain


def test_an_answer_is_kept_while_the_store_is_away() -> None:
    post = posted("s_1")
    post.store.away = 20
    assert len(post.serve().sent) == 1
    assert post.count(DeliveryState.SENT) == 1
    post.put("s_2")
    post.store.away = 10_000
    with pytest.raises(Unavailable):
        post.serve()


def test_what_is_put_out_while_the_last_is_sent_is_not_left_to_the_sweep() -> None:
    post = posted("s_1")
    answers = iter((lambda: post.put("s_2"), lambda: None))
    assert sent(post.serve(before=lambda: next(answers)())) == ["s_1", "s_2"]

    def late() -> None:
        release = post.store.release
        post.store.release = lambda *_: (post.put("s_4"), release("receiver:desk", "me"))  # type: ignore[method-assign, assignment, func-returns-value]

    post.put("s_3")
    post.serve(before=late)
    assert post.served.again


# -- digests -------------------------------------------------------------------------


def digested(name: str, created: float = 0) -> Delivery:
    """A report for the digest, due at once."""
    one = make.delivery(name, created=make.at(created))
    alert = replace(one.alert, kind="digest", news=("31 killed (12 before)",))
    return replace(one, id=f"d_{name}", alert=alert)


def test_all_reports_of_a_digest_are_one_message_and_each_is_written_down() -> None:
    post = Post()
    post.put(*(digested(f"s_{n}") for n in range(3)), make.delivery("s_9", created=make.at(1)))
    post.clock.move(2)
    digest, other = post.serve().sent
    assert [one.title for one in digest.alert.lines] == ["Lavrov lands in Bamako"] * 3
    assert digest.alert.lines[0].news == ("31 killed (12 before)",)
    assert (other.alert.story.id, other.alert.lines) == ("s_9", ())
    assert post.count(DeliveryState.SENT) == 4
    assert len(post.told[0].carried) == 3


def test_more_than_one_message_lists_goes_out_in_several() -> None:
    post = Post()
    post.put(*(digested(f"s_{n}") for n in range(45)))
    assert [len(one.alert.lines) for one in post.serve(reports=20).sent] == [20, 20, 5]


def test_a_digest_that_fails_is_the_same_message_in_every_attempt() -> None:
    post = Post()
    post.put(digested("s_1"), digested("s_2"))
    first = post.serve(FAILED).sent[0]
    assert post.count(DeliveryState.FAILED) == 2
    post.clock.move(9)
    post.put(digested("s_0", created=-50))
    late, again = sorted(post.serve().sent, key=lambda one: len(one.alert.lines))
    assert (again.id, again.alert) == (first.id, first.alert)
    assert len(late.alert.lines) == 1
    assert late.id != first.id


def test_what_comes_while_a_roll_up_waits_for_its_next_try_is_sent_before_it() -> None:
    post = Post(replace(DESK, storm=Pace(1, 1.0)))
    post.put("s_1", "s_2")
    first = post.serve(FAILED).sent[0]
    post.clock.move(1)
    post.put("s_3")
    post.clock.move(6)
    alone, again = post.serve().sent
    assert alone.alert.story.id == "s_3"
    assert (again.id, again.alert) == (first.id, first.alert)


def test_a_bug_leaves_none_of_a_digest_claimed() -> None:
    post = Post()
    post.put(digested("s_1"), digested("s_2"))
    with pytest.raises(KeyError):
        post.serve(KeyError("bug"))
    assert {one.attempt.ok for one in post.told} == {False}
    post.clock.move(9_999)
    assert len(post.serve().sent[0].alert.lines) == 2


def test_an_update_continues_the_message_that_told_of_its_event_first() -> None:
    post = posted("s_1")
    post.serve(replace(OK, reference="171.5"))
    parent = make.delivery("s_1")
    update = make.delivery("s_2")
    update = replace(update, alert=replace(update.alert, kind="story.update", parent=parent.id))
    post.put(update)
    (arrived,) = post.serve().sent
    assert (arrived.thread, arrived.parent) == ("171.5", parent.alert)
