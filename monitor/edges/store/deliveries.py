"""The outbox side of the store: what waits to be sent, to whom, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.models import Attempt, Delivery, DeliveryState
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected, Pipeline
from monitor.edges.store.records import ALERT
from monitor.edges.store.scripts import CLAIM, RELEASE

# Seconds that a delivery is kept in the ledger.
DELIVERY_TTL = 90 * 86_400
# Beside the counts of a receiver: when and why its last failed attempt failed.
TROUBLE = "trouble"
# How many latencies the percentiles in `status` are taken from.
LATENCIES = 1_000


def add_delivery(pipe: Pipeline, delivery: Delivery) -> None:
    """Queue the writes that put a new delivery into its receiver's outbox, due at once."""
    receiver, created = delivery.alert.receiver, delivery.created.timestamp()
    fields = {
        "alert": ALERT.dump_json(delivery.alert, exclude_defaults=True),
        "receiver": receiver,
        "created": delivery.created.isoformat(),
        "state": delivery.state.value,
        "tries": delivery.tries,
    }
    pipe.hset(keys.delivery(delivery.id), mapping=fields)
    pipe.expire(keys.delivery(delivery.id), DELIVERY_TTL)
    due = (delivery.due or delivery.created).timestamp()
    pipe.zadd(keys.outbox(receiver), {delivery.id: due})
    pipe.zadd(keys.DELIVERIES, {delivery.id: created})
    pipe.sadd(keys.RECEIVERS, receiver)
    pipe.hincrby(keys.count(receiver), delivery.state.value, 1)


class Outbox(Connected):
    """What waits to be sent, claimed with a lease, and recorded."""

    def due_receivers(self, now: datetime) -> tuple[str, ...]:
        """The receivers for whom something waits whose time has come."""
        with self.reached():
            names = sorted(self._redis.smembers(keys.RECEIVERS))
            pipe = self._redis.pipeline(transaction=False)
            for name in names:
                pipe.zcount(keys.outbox(name), "-inf", now.timestamp())
            return tuple(name for name, n in zip(names, pipe.execute(), strict=True) if n)

    def claim_delivery(self, receiver: str, now: datetime, until: datetime) -> Delivery | None:
        """The next due delivery of a receiver, ours until `until`; None when none is due."""
        with self.reached():
            run = self._redis.register_script(CLAIM)
            box = keys.outbox(receiver)
            while found := run(keys=[box], args=[now.timestamp(), until.timestamp(), 1]):
                if fields := self._redis.hgetall(keys.delivery(found[0])):
                    return self._threaded(_read(found[0], fields))
                # Kept past its time in the ledger: nothing is left to send.
                self._redis.zrem(box, found[0])
        return None

    def _threaded(self, delivery: Delivery) -> Delivery:
        """A delivery with the message that it continues, if that arrived and has a name."""
        if not delivery.alert.parent:
            return delivery
        thread = self._redis.hget(keys.delivery(delivery.alert.parent), "reference")
        return replace(delivery, thread=thread or "")

    def let_go(self, delivery: Delivery, now: datetime) -> None:
        """Give a claimed delivery back: it is due now."""
        with self.reached():
            box = keys.outbox(delivery.alert.receiver)
            self._redis.zadd(box, {delivery.id: now.timestamp()}, xx=True)

    def record(
        self, delivery: Delivery, attempt: Attempt, now: datetime, retry_at: datetime | None
    ) -> bool:
        """Write down what an attempt came to; False when somebody else did so before us.

        `retry_at`: when to try again after a failure; None then means to give up.
        """
        state = _state_after(attempt, retry_at)
        key = keys.delivery(delivery.id)

        def attempt_write(pipe: Pipeline) -> bool:
            if pipe.hget(key, "tries") != str(delivery.tries):
                return False
            pipe.multi()
            _write_attempt(pipe, delivery, attempt, now, state)
            _requeue(pipe, delivery, retry_at if state is DeliveryState.FAILED else None)
            if state is DeliveryState.SENT:
                _write_latency(pipe, delivery, now)
            return True

        return self._conditional([key], attempt_write)

    def acquire(self, name: str, token: str, lease: timedelta) -> bool:
        """Take (or, with the same token, keep) a named lease; False: another holds it."""
        with self.reached():
            key, ms = keys.lease(name), int(lease.total_seconds() * 1000)
            if self._redis.set(key, token, nx=True, px=ms):
                return True
            return self._redis.get(key) == token and bool(self._redis.pexpire(key, ms))

    def release(self, name: str, token: str) -> None:
        """Let go of a lease, if it is still ours."""
        with self.reached():
            self._redis.register_script(RELEASE)(keys=[keys.lease(name)], args=[token])


def _read(delivery_id: str, fields: dict[str, str]) -> Delivery:
    return Delivery(
        id=delivery_id,
        alert=ALERT.validate_json(fields["alert"]),
        created=datetime.fromisoformat(fields["created"]),
        state=DeliveryState(fields["state"]),
        tries=int(fields["tries"]),
    )


def _state_after(attempt: Attempt, retry_at: datetime | None) -> DeliveryState:
    if attempt.ok:
        return DeliveryState.SENT
    return DeliveryState.FAILED if retry_at else DeliveryState.DEAD


def _write_attempt(
    pipe: Pipeline, delivery: Delivery, attempt: Attempt, now: datetime, state: DeliveryState
) -> None:
    fields = {
        "state": state.value,
        "tries": delivery.tries + 1,
        "last_try": now.isoformat(),
        "status": attempt.status or "",
        "detail": attempt.detail,
        "seconds": round(attempt.seconds, 3),
        "reference": attempt.reference,
    }
    pipe.hset(keys.delivery(delivery.id), mapping=fields)
    if not attempt.ok:
        said = f"{now:%Y-%m-%d %H:%M} UTC: {attempt.detail}"
        pipe.hset(keys.count(delivery.alert.receiver), TROUBLE, said)
    if state is not delivery.state:
        pipe.hincrby(keys.count(delivery.alert.receiver), delivery.state.value, -1)
        pipe.hincrby(keys.count(delivery.alert.receiver), state.value, 1)


def _requeue(pipe: Pipeline, delivery: Delivery, at: datetime | None) -> None:
    box = keys.outbox(delivery.alert.receiver)
    if at:
        pipe.zadd(box, {delivery.id: at.timestamp()})
    else:
        pipe.zrem(box, delivery.id)


def _write_latency(pipe: Pipeline, delivery: Delivery, now: datetime) -> None:
    seconds = (now - delivery.alert.story.first_seen).total_seconds()
    pipe.lpush(keys.LATENCY, round(seconds, 3))
    pipe.ltrim(keys.LATENCY, 0, LATENCIES - 1)
