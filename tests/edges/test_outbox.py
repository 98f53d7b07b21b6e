"""The outbox and its ledger, in every kind of store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.core.latency import PARTS, Histogram
from monitor.core.models import (
    Attempt,
    Budget,
    Condition,
    Delivery,
    DeliveryState,
    Severity,
    Silence,
)
from monitor.edges.store.counts import labelled
from monitor.edges.store.memory import MemoryStore
from monitor.edges.store.redis import RedisStore
from tests import make

Store = RedisStore | MemoryStore
LEASE = timedelta(seconds=60)
OK, FAILED = Attempt(ok=True, detail="200 ok", status=200), Attempt(ok=False, detail="500")
GONE = Attempt(ok=False, detail="410 gone", status=410, permanent=True)
CALM = Condition()


def put(store: Store, *deliveries: Delivery) -> None:
    assert store.put(deliveries) == deliveries


def claim(store: Store, *, at: float = 0, until: float = 60, bundle: str = "") -> Delivery:
    """The first due delivery, claimed."""
    (found, *_) = store.due("desk", make.at(at), 1)
    assert store.claim([found], make.at(at), make.at(until), bundle)
    return found


def test_what_is_claimed_is_due_to_nobody_until_the_lease_ends(store: Store) -> None:
    put(store, make.delivery())
    assert store.due_receivers(make.NOW) == ("desk",)
    assert claim(store) == make.delivery()
    assert store.due("desk", make.at(59), 9) == ()
    assert not store.claim([make.delivery()], make.at(59), make.at(90), "")
    assert store.due("desk", make.at(60), 9) == (make.delivery(),)
    assert store.due("nobody", make.NOW, 9) == ()


def test_what_was_begun_and_never_written_down_may_have_arrived(store: Store) -> None:
    put(store, make.delivery())
    store.begin([claim(store)])
    (again,) = store.due("desk", make.at(60), 9)
    assert (again.id, again.interrupted, again.uncertain) == (make.delivery().id, 1, True)
    assert store.record([claim(store, at=60, until=99)], FAILED, make.at(61), make.at(70), CALM)
    (still,) = store.due("desk", make.at(70), 9)
    assert (still.interrupted, still.uncertain) == (0, True)


def test_who_slept_between_looking_and_claiming_gets_nothing(store: Store) -> None:
    one, two = make.delivery("s_1"), make.delivery("s_2")
    put(store, one, two)
    assert store.record([one], FAILED, make.NOW, make.at(0), CALM)
    assert not store.claim([one, two], make.at(1), make.at(60), "")
    assert (
        store.due("desk", make.at(1), 9)[0].tries + store.due("desk", make.at(1), 9)[1].tries == 1
    )


def test_that_it_may_have_arrived_is_remembered_until_it_has(store: Store) -> None:
    put(store, make.delivery())
    lost = replace(FAILED, uncertain=True)
    for number, attempt in enumerate((lost, FAILED, FAILED)):
        at = number * 10
        assert store.record([claim(store, at=at)], attempt, make.at(at), make.at(at + 10), CALM)
        assert store.due("desk", make.at(at + 10), 9)[0].uncertain


def test_a_delivery_that_exists_is_not_made_again(store: Store) -> None:
    """Else an entry that comes back after all memory of it is gone would be told twice."""
    put(store, make.delivery())
    assert store.record([claim(store)], OK, make.NOW, None, CALM)
    assert store.put([make.delivery()]) == ()
    assert store.commit(make.commit(deliveries=(make.delivery(),)))
    assert store.due_receivers(make.at(9_999)) == ()
    assert store.gauges(make.NOW, []).counts["desk"][DeliveryState.SENT] == 1


def test_a_sent_delivery_leaves_the_outbox_and_is_counted(store: Store) -> None:
    put(store, make.delivery())
    assert store.record([claim(store)], OK, make.at(2), None, Condition(paced=5.0))
    assert store.due_receivers(make.at(9_999)) == ()
    gauges = store.gauges(make.at(3), ["poll"])
    assert gauges.counts["desk"][DeliveryState.SENT] == 1
    assert gauges.counts["desk"][DeliveryState.PENDING] == 0
    assert gauges.latency == (2.0,)
    assert store.condition("desk") == Condition(paced=5.0)
    assert store.condition("nobody") == CALM


def test_what_an_alert_took_is_kept_with_it_and_counted_once_it_arrives(store: Store) -> None:
    timed = replace(make.delivery(), budget=Budget(None, 30.0, 0.5))
    plain = make.delivery("s_2", created=make.at(-1))
    put(store, timed, plain)
    assert store.record([plain], FAILED, make.at(1), make.at(2), CALM)
    assert store.gauges(make.NOW, []).spent["wait"] == Histogram()
    both = store.due("desk", make.at(2), 9)
    assert {one.id: one.budget for one in both} == {timed.id: timed.budget, plain.id: None}
    assert store.claim(both, make.at(2), make.at(9), "")
    assert store.record(both, OK, make.at(3), None, CALM)
    spent = store.gauges(make.NOW, []).spent
    assert [spent[part].count for part in PARTS] == [0, 1, 1, 2, 1]
    assert (spent["total"].sum, spent["delivery"].sum) == (33.5, 7.0)


def test_alerts_and_attempts_are_counted_with_the_write_that_makes_them(store: Store) -> None:
    put(store, make.delivery(), make.delivery("s_2", created=make.at(1)))
    assert store.commit(make.commit(deliveries=(make.delivery("s_3", "night"),)))
    assert store.record([claim(store)], FAILED, make.at(1), make.at(2), CALM)
    assert not store.record([make.delivery()], FAILED, make.at(1), make.at(2), CALM)
    assert store.record([claim(store, at=1)], GONE, make.at(1), None, CALM)
    assert store.record([claim(store, at=2)], OK, make.at(2), None, CALM)
    counted = store.gauges(make.NOW, []).counted
    assert labelled(counted, "alerts") == {
        ("desk", "story.alert"): 2,
        ("night", "story.alert"): 1,
    }
    assert labelled(counted, "attempts") == {
        ("desk", "failed"): 1,
        ("desk", "dead"): 1,
        ("desk", "ok"): 1,
    }


def test_what_processes_counted_adds_up(store: Store) -> None:
    store.count({"polls|ok": 2, "stories": 1})
    store.count({"polls|ok": 3})
    assert store.gauges(make.NOW, []).counted == {"polls|ok": 5, "stories": 1}


def test_a_failed_delivery_waits_for_its_time_and_remembers_its_tries(store: Store) -> None:
    put(store, make.delivery())
    lost = replace(FAILED, uncertain=True)
    assert store.record([claim(store)], lost, make.at(1), make.at(300), CALM)
    assert store.due("desk", make.at(299), 9) == ()
    (again,) = store.due("desk", make.at(300), 9)
    assert (again.tries, again.state) == (1, DeliveryState.FAILED)
    assert (again.interrupted, again.uncertain) == (0, True)


def test_what_came_too_fast_uses_up_no_try(store: Store) -> None:
    put(store, make.delivery())
    busy = Attempt(ok=False, detail="429", status=429)
    assert store.record([claim(store)], busy, make.at(1), make.at(5), CALM)
    (again,) = store.due("desk", make.at(5), 9)
    assert (again.tries, again.base) == (1, 1)


def test_a_delivery_given_up_is_dead_counted_and_found(store: Store) -> None:
    put(store, make.delivery(), make.delivery(receiver="other"))
    assert store.record([claim(store)], GONE, make.at(1), None, CALM)
    assert store.due("desk", make.at(9_999_999), 9) == ()
    gauges = store.gauges(make.at(3), [])
    assert gauges.counts["desk"][DeliveryState.DEAD] == 1
    assert gauges.troubles == {"desk": "2026-03-14 12:00 UTC: 410 gone"}
    assert store.dead(None) == store.dead("desk") == (make.delivery().id,)
    assert store.dead("other") == ()


def test_an_attempt_is_recorded_once_when_two_senders_overlap(store: Store) -> None:
    put(store, make.delivery())
    claimed = claim(store)
    assert store.record([claimed], FAILED, make.at(1), make.at(5), CALM)
    assert not store.record([claimed], OK, make.at(2), None, Condition(failures=9))
    assert store.gauges(make.at(3), []).counts["desk"][DeliveryState.FAILED] == 1
    assert store.condition("desk") == CALM


def test_the_ledger_keeps_every_attempt_up_to_a_bound(store: Store) -> None:
    put(store, make.delivery())
    for number in range(25):
        claimed = claim(store, at=number * 10, until=number * 10 + 5)
        retry = make.at(number * 10 + 10)
        failed = replace(FAILED, detail=f"500 number {number}", seconds=0.25, status=500)
        assert store.record([claimed], failed, make.at(number), retry, CALM)
    entered = store.entered(make.delivery().id)
    assert entered
    assert len(entered.attempts) == 20
    last = entered.attempts[-1]
    assert (last.detail, last.status, last.seconds) == ("500 number 24", 500, 0.25)
    assert last.at == make.at(24)
    assert entered.due == make.at(250).timestamp()
    assert store.entered("d_unknown") is None


def test_what_is_let_go_is_due_again_as_if_it_had_not_been_taken(store: Store) -> None:
    later = replace(make.delivery(), due=make.at(600))
    put(store, later)
    assert store.due("desk", make.at(599), 9) == ()
    claimed = claim(store, at=600, until=700)
    assert store.due("desk", make.at(601), 9) == ()
    store.let_go([claimed])
    store.let_go([])
    (again,) = store.due("desk", make.at(600), 9)
    assert (again.interrupted, again.uncertain) == (0, False)


def test_what_went_out_together_stays_together_in_its_order(store: Store) -> None:
    one, two, three = (make.delivery(f"s_{n}", created=make.at(-n)) for n in (1, 2, 3))
    put(store, one, two, three)
    store.claim([two, one], make.at(1), make.at(60), "b_1")
    (alone,) = store.due("desk", make.at(1), 9)
    assert alone.id == three.id
    both = store.due("desk", make.at(60), 9)[:1]
    assert both[0].id == three.id
    store.claim([three], make.at(60), make.at(500), "")
    both = store.due("desk", make.at(61), 1)
    assert [one.id for one in both] == [two.id, one.id]
    assert {one.bundle for one in both} == {"b_1"}
    assert [one.delivery.id for one in store.members("b_1")] == [two.id, one.id]
    assert store.members("b_unknown") == ()
    store.claim(both, make.at(61), make.at(90), "b_1")
    assert store.record(both, FAILED, make.at(62), make.at(100), CALM)
    again = store.due("desk", make.at(100), 9)
    assert [(one.id, one.tries) for one in again] == [(two.id, 1), (one.id, 1)]
    assert store.record(again, OK, make.at(101), None, CALM)
    assert store.gauges(make.NOW, []).counts["desk"][DeliveryState.SENT] == 2


def test_of_a_bundle_all_attempts_are_written_down_or_none(store: Store) -> None:
    one, two = make.delivery("s_1"), make.delivery("s_2")
    put(store, one, two)
    store.claim([one, two], make.NOW, make.at(60), "b_1")
    assert store.record([one], OK, make.at(1), None, CALM)
    assert not store.record([one, two], FAILED, make.at(2), make.at(9), CALM)
    entered = store.entered(two.id)
    assert entered
    assert entered.attempts == ()


def test_what_failed_is_hurried_the_oldest_first_and_nothing_else_is(store: Store) -> None:
    old, new = make.delivery("s_1"), make.delivery("s_2", created=make.at(1))
    held = replace(make.delivery("s_3"), due=make.at(9_000))
    put(store, new, old, held)
    for one, retry in ((old, 2_000), (new, 1_000)):
        store.record([one], FAILED, make.at(1), make.at(retry), CALM)
    taken = make.delivery("s_4", created=make.at(-1))
    put(store, taken)
    store.record([taken], FAILED, make.at(2), make.at(3), CALM)
    store.begin([claim(store, at=3, until=500)])
    assert store.hurry("desk", make.at(5)) == 2
    due = store.due("desk", make.at(5), 9)
    assert [(one.id, one.tries, one.base) for one in due] == [(old.id, 1, 1), (new.id, 1, 1)]
    assert store.hurry("nobody", make.at(5)) == 0


def test_an_update_knows_the_message_that_it_continues(store: Store) -> None:
    parent, child = make.delivery("s_1"), make.delivery("s_2")
    child = replace(child, alert=replace(child.alert, parent=parent.id))
    orphan = replace(child, id="d_o", alert=replace(child.alert, parent="d_unknown"))
    put(store, parent)
    store.record([claim(store)], replace(OK, reference="17.5"), make.NOW, None, CALM)
    put(store, child, orphan)
    found = {one.id: one for one in store.due("desk", make.NOW, 9)}
    assert (found[child.id].thread, found[child.id].parent) == ("17.5", parent.alert)
    assert (found["d_o"].thread, found["d_o"].parent) == ("", None)


def test_a_named_lease_has_one_holder(store: Store) -> None:
    assert store.acquire("receiver:desk", "me", LEASE)
    assert not store.acquire("receiver:desk", "me", LEASE)
    assert store.renew("receiver:desk", "me", LEASE)
    assert not store.acquire("receiver:desk", "you", LEASE)
    store.release("receiver:desk", "you")
    assert not store.acquire("receiver:desk", "you", LEASE)
    store.release("receiver:desk", "me")
    assert not store.renew("receiver:desk", "me", LEASE)
    assert store.acquire("receiver:desk", "you", LEASE)


def test_the_ledger_is_listed_by_state_receiver_and_time_the_latest_first(store: Store) -> None:
    dead, sent, waiting = (make.delivery(f"s_{n}", created=make.at(n)) for n in (1, 2, 3))
    other = make.delivery("s_4", receiver="other", created=make.at(4))
    put(store, dead, sent, waiting, other)
    store.record([dead], GONE, make.at(5), None, CALM)
    store.record([sent], OK, make.at(5), None, CALM)

    def ids(
        state: DeliveryState | None = None,
        receiver: str | None = None,
        since: float = 0,
        limit: int = 9,
    ) -> list[str]:
        found = store.ledger(make.at(since), state, receiver, limit)
        return [one.delivery.alert.story.id for one in found]

    assert ids() == ["s_4", "s_3", "s_2", "s_1"]
    assert ids(limit=2) == ["s_4", "s_3"]
    assert ids(since=3) == ["s_4", "s_3"]
    assert ids(receiver="desk") == ["s_3", "s_2", "s_1"]
    assert ids(DeliveryState.DEAD) == ["s_1"]
    assert ids(DeliveryState.SENT) == ["s_2"]
    assert ids(DeliveryState.PENDING, "desk") == ["s_3"]
    assert ids(DeliveryState.FAILED) == []


def test_what_was_given_up_or_sent_can_be_sent_anew_with_all_tries_before_it(store: Store) -> None:
    put(store, make.delivery())
    store.record([claim(store)], GONE, make.at(1), None, Condition(failures=9, closed=9e9))
    assert store.redeliver(make.delivery().id, make.at(10))
    assert store.dead(None) == ()
    (again,) = store.due("desk", make.at(10), 9)
    assert (again.tries, again.base, again.state) == (1, 1, DeliveryState.PENDING)
    assert store.condition("desk") == CALM
    assert store.record([claim(store, at=10)], OK, make.at(11), None, CALM)
    assert store.redeliver(make.delivery().id, make.at(12))
    assert not store.redeliver("d_unknown", make.at(12))
    counts = store.gauges(make.at(12), []).counts["desk"]
    assert (counts[DeliveryState.PENDING], counts[DeliveryState.SENT]) == (1, 0)


def test_what_waits_can_be_hastened_but_for_what_is_just_being_sent(store: Store) -> None:
    put(store, replace(make.delivery("s_1"), due=make.at(9_000)), make.delivery("s_2"))
    store.record([claim(store)], FAILED, make.at(1), make.at(9_000), CALM)
    for name in ("s_1", "s_2"):
        assert store.redeliver(make.delivery(name).id, make.at(2))
    due = store.due("desk", make.at(2), 9)
    assert {(one.alert.story.id, one.due) for one in due} == {("s_1", None), ("s_2", None)}
    counts = store.gauges(make.at(2), []).counts["desk"]
    assert (counts[DeliveryState.PENDING], counts[DeliveryState.FAILED]) == (2, 0)
    store.begin(due)
    assert not store.redeliver(due[0].id, make.at(3))


def test_the_ledger_forgets_the_oldest_that_ended_and_never_what_waits(store: Store) -> None:
    ended = [make.delivery(f"s_{n}", created=make.at(n)) for n in range(4)]
    waiting = make.delivery("s_w", created=make.at(-50))
    put(store, waiting, *ended)
    for number, one in enumerate(ended):
        store.record([one], OK, make.at(number), None, CALM)

    def left() -> list[str]:
        found = store.ledger(make.at(-99), None, None, 9)
        return [one.delivery.alert.story.id for one in found]

    assert store.room(3) == 3
    store.bound_ledger(make.at(-9_999), 3)
    assert left() == ["s_3", "s_2", "s_1", "s_w"]
    store.bound_ledger(make.at(2), 99)
    assert left() == ["s_3", "s_w"]
    counts = store.gauges(make.at(9), []).counts["desk"]
    assert (counts[DeliveryState.SENT], counts[DeliveryState.PENDING]) == (1, 1)


def test_what_waits_too_long_is_given_up_but_for_what_is_held_or_being_sent(store: Store) -> None:
    old, new = make.delivery("s_1", created=make.at(-500)), make.delivery("s_2")
    held = replace(make.delivery("s_3", created=make.at(-500)), due=make.at(900))
    taken = make.delivery("s_4", created=make.at(-500))
    again = make.delivery("s_5", created=make.at(-500))
    put(store, old, new, held, taken, again)
    store.record([old], FAILED, make.NOW, make.at(9_000), CALM)
    store.begin([taken])
    store.record([again], GONE, make.NOW, None, CALM)
    store.redeliver(again.id, make.NOW)
    assert store.give_up("desk", make.at(1), make.at(-100)) == 1
    entered = store.entered(old.id)
    assert entered
    assert (entered.delivery.state, entered.due) == (DeliveryState.DEAD, None)
    assert entered.attempts[-1].detail.startswith("waited since before ")
    assert store.dead("desk") == (old.id,)
    assert store.gauges(make.NOW, []).counts["desk"][DeliveryState.FAILED] == 0
    assert store.give_up("nobody", make.NOW, make.NOW) == 0


def test_what_is_held_until_one_moment_comes_in_its_order_and_notices_come_first(
    store: Store,
) -> None:
    held = [
        replace(make.delivery(f"s_{n}", created=make.at(n)), due=make.at(3_600)) for n in range(9)
    ]
    notice = make.delivery("s_n", created=make.at(3_599))
    notice = replace(notice, alert=replace(notice.alert, kind="notice"))
    put(store, *reversed(held), notice)
    found = store.due("desk", make.at(3_600), 20)
    assert [one.alert.story.id for one in found] == ["s_n", *(f"s_{n}" for n in range(9))]


def test_the_same_digest_sent_anew_has_the_same_reports_once(store: Store) -> None:
    one, two = make.delivery("s_1"), make.delivery("s_2")
    put(store, one, two)
    for _ in range(2):
        due = store.due("desk", make.at(5), 9)
        assert store.claim(due, make.at(5), make.at(9), "b_1")
        assert store.record(due, GONE, make.at(6), None, CALM)
        for each in due:
            assert store.redeliver(each.id, make.at(5))
    due = store.due("desk", make.at(5), 9)
    assert store.claim(due, make.at(5), make.at(9), "b_1")
    assert len(store.due("desk", make.at(9), 9)) == 2


def test_a_refused_bundle_can_be_taken_apart(store: Store) -> None:
    one, two = make.delivery("s_1"), make.delivery("s_2")
    put(store, one, two)
    store.claim([one, two], make.NOW, make.at(60), "b_1")
    assert store.record([one, two], GONE, make.at(1), make.at(1), CALM, apart=True)
    assert {each.bundle for each in store.due("desk", make.at(1), 9)} == {""}


def test_what_a_clock_that_ran_ahead_put_far_off_is_due_again(store: Store) -> None:
    put(store, make.delivery())
    store.record([claim(store)], FAILED, make.NOW, make.at(9e6), CALM)
    store.trim(make.NOW, make.at(3_600))
    assert store.due_receivers(make.NOW) == ("desk",)


def test_when_the_clock_is_set_back_what_waits_moves_with_it_but_for_wished_hours(
    store: Store,
) -> None:
    put(store, make.delivery("s_1"), replace(make.delivery("s_2"), due=make.at(9_000)))
    store.record([claim(store)], FAILED, make.NOW, make.at(300), CALM)
    store.register({"a": make.at(60)})
    store.set_back(3_600)
    assert store.due("desk", make.at(-3_301), 9) == ()
    assert [one.alert.story.id for one in store.due("desk", make.at(-3_300), 9)] == ["s_1"]
    assert store.claim_feeds(make.at(-3_540), make.NOW, 9) == ("a",)
    assert {one.alert.story.id for one in store.due("desk", make.at(9_000), 9)} == {"s_1", "s_2"}


def test_silences_are_in_force_until_they_end_or_are_ended(store: Store) -> None:
    one = Silence("a", make.at(60), topics=frozenset({"sahel"}), comment="known")
    two = Silence("b", make.at(30), events=frozenset({"e_1"}))
    store.add_silence(one)
    store.add_silence(two)
    assert store.silences(make.NOW) == (two, one)
    assert store.silences(make.at(30)) == (one,)
    assert store.remove_silence("a")
    assert not store.remove_silence("a")
    assert store.silences(make.NOW) == ()


def test_a_receiver_that_is_left_alone_is_shown(store: Store) -> None:
    put(store, make.delivery())
    closed = make.at(90).timestamp()
    store.record([claim(store)], FAILED, make.NOW, make.at(5), Condition(failures=3, closed=closed))
    assert store.gauges(make.at(80), []).closed == {"desk": closed}
    store.set_back(3_600)
    moved = Condition(failures=3, closed=closed - 3_600)
    assert store.condition("desk") == moved
    assert store.gauges(make.at(-3_400), []).closed == {}


def test_a_notice_and_what_was_held_count_for_no_latency(store: Store) -> None:
    held = replace(make.delivery("s_1"), due=make.at(1))
    notice = make.delivery("s_2")
    notice = replace(notice, alert=replace(notice.alert, kind="notice"))
    put(store, held, notice)
    for one in (held, notice):
        store.record([one], OK, make.at(9), None, CALM)
    assert store.gauges(make.at(9), []).latency == ()
    assert held.alert.story.severity is Severity.HIGH


def test_a_notice_that_waits_says_nothing_of_how_long_alerts_wait(store: Store) -> None:
    notice = make.delivery("s_2")
    put(store, make.delivery(), replace(notice, alert=replace(notice.alert, kind="notice")))
    assert store.gauges(make.at(30), []).oldest_delivery == {"desk": 30.0}
