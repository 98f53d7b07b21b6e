"""Sending what waits for a receiver."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.core.models import Attempt, Delivery, DeliveryState
from monitor.edges.store.memory import MemoryStore
from monitor.service.sending import Sender, Sent
from tests import make
from tests.service.fakes import Clock, Transport


class Post:
    """A sender over an outbox with some deliveries for the desk."""

    def __init__(self, *stories: str) -> None:
        self.store, self.clock = MemoryStore(), Clock()
        self.told: list[Sent] = []
        deliveries = tuple(make.delivery(name) for name in stories)
        self.store.commit(make.commit(deliveries=deliveries))
        self.sender = Sender(self.store, self.clock, lambda: 0.0, lambda: "me")

    def drain(self, *answers: Attempt | Exception) -> Transport:
        transport = Transport(list(answers))
        asyncio.run(self.sender.drain("desk", transport, self.told.append))
        return transport

    def count(self, state: DeliveryState) -> int:
        return self.store.gauges(self.clock(), []).counts["desk"][state]


def test_everything_that_waits_is_sent_once_in_its_order() -> None:
    post = Post("s_1", "s_2")
    transport = post.drain()
    assert [one.alert.story.id for one in transport.sent] == ["s_1", "s_2"]
    assert post.count(DeliveryState.SENT) == 2
    assert post.drain().sent == []
    assert [one.attempt.ok for one in post.told] == [True, True]


def test_a_failed_delivery_is_tried_again_under_the_same_id_when_its_time_comes() -> None:
    post = Post("s_1")
    first = post.drain(Attempt(ok=False, detail="500")).sent[0]
    assert post.told[0].retry_at == make.at(5)
    assert post.drain().sent == []
    post.clock.move(5)
    again = post.drain().sent[0]
    assert (again.id, again.tries) == (first.id, 1)
    assert post.count(DeliveryState.SENT) == 1


def test_a_permanent_refusal_is_dead_at_once_and_others_go_on() -> None:
    post = Post("s_1", "s_2")
    post.drain(Attempt(ok=False, detail="410", status=410, permanent=True))
    assert (post.count(DeliveryState.DEAD), post.count(DeliveryState.SENT)) == (1, 1)
    assert post.told[0].retry_at is None


def test_a_receiver_that_is_away_is_tried_once_a_turn() -> None:
    post = Post("s_1", "s_2", "s_3")
    assert len(post.drain(Attempt(ok=False, detail="no answer")).sent) == 1
    assert len(post.drain().sent) == 2


def test_a_bug_in_a_transport_is_loud_and_its_delivery_waits_its_turn() -> None:
    post = Post("s_1", "s_2")
    with pytest.raises(RuntimeError, match="bug"):
        post.drain(RuntimeError("a bug"))
    assert post.count(DeliveryState.FAILED) == 1
    assert [one.alert.story.id for one in post.drain().sent] == ["s_2"]


def test_while_one_sender_serves_a_receiver_another_leaves_it_alone() -> None:
    post = Post("s_1")
    post.store.acquire("receiver:desk", "somebody else", post.sender.lease)
    assert post.drain().sent == []
    post.store.release("receiver:desk", "somebody else")
    assert len(post.drain().sent) == 1


def test_a_sender_that_dies_leaves_the_delivery_to_the_next_when_the_lease_ends() -> None:
    post = Post("s_1")
    post.store.claim_delivery("desk", make.NOW, make.NOW + post.sender.lease)
    assert post.drain().sent == []
    post.clock.move(30)
    assert len(post.drain().sent) == 1


def test_a_long_queue_is_left_to_the_next_wake_up_after_a_while() -> None:
    post = Post("s_1", "s_2")

    class Slow(Transport):
        async def send(self, *arguments: object) -> Attempt:
            post.clock.move(31)
            return Attempt(ok=True, detail="200")

    attempts = asyncio.run(post.sender.drain("desk", Slow([]), post.told.append))
    assert attempts == 1
    assert len(post.drain().sent) == 1


def digested(name: str) -> Delivery:
    """A report for the digest, due at once."""
    one = make.delivery(name)
    alert = replace(one.alert, kind="digest", news=("31 killed (12 before)",))
    return replace(one, id=f"d_{name}", alert=alert)


def test_all_reports_of_a_digest_are_one_message_and_each_is_written_down() -> None:
    post = Post()
    reports = tuple(digested(f"s_{n}") for n in range(3))
    alone = make.delivery("s_9", created=make.at(1))
    post.store.commit(make.commit(revision=2, deliveries=(*reports, alone)))
    post.clock.move(2)
    transport = post.drain()
    digest, other = transport.sent
    assert [one.title for one in digest.alert.lines] == ["Lavrov lands in Bamako"] * 3
    assert digest.alert.lines[0].news == ("31 killed (12 before)",)
    assert (other.alert.story.id, other.alert.lines) == ("s_9", ())
    assert post.count(DeliveryState.SENT) == 4


def test_a_digest_that_fails_is_tried_again_and_a_bug_leaves_none_of_it_claimed() -> None:
    post = Post()
    post.store.commit(make.commit(revision=2, deliveries=(digested("s_1"), digested("s_2"))))
    post.drain(Attempt(ok=False, detail="500", status=500))
    assert post.count(DeliveryState.FAILED) == 2
    post.clock.move(9)
    with pytest.raises(KeyError):
        post.drain(KeyError("bug"))
    assert {one.attempt.ok for one in post.told} == {False}
    post.clock.move(9_999)
    assert len(post.drain().sent[0].alert.lines) == 2


def test_an_update_continues_the_message_that_told_of_its_event_first() -> None:
    post = Post("s_1")
    post.drain(Attempt(ok=True, detail="200", reference="171.5"))
    parent = make.delivery("s_1").id
    update = make.delivery("s_2")
    update = replace(update, alert=replace(update.alert, kind="story.update", parent=parent))
    post.store.commit(make.commit(revision=2, deliveries=(update,)))
    assert post.drain().sent[0].thread == "171.5"
