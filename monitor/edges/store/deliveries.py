"""The outbox side of the store: what waits to be sent, to whom, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.models import Alert, Attempt, Condition, Delivery, DeliveryState, Logged
from monitor.core.schedule import TOO_MANY
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected, Pipeline
from monitor.edges.store.records import ALERT, CONDITION, LOGGED
from monitor.edges.store.scripts import ACQUIRE, DUE, GUARDED, HURRY, RELEASE

# Seconds that a delivery is kept in the ledger.
DELIVERY_TTL = 90 * 86_400
# Beside the counts of a receiver: when and why its last failed attempt failed.
TROUBLE = "trouble"
# How many latencies the percentiles in `status` are taken from.
LATENCIES = 1_000
# Attempts of one delivery that the ledger keeps, the last ones.
ATTEMPTS = 20
# The fields of its hash that an attempt is kept in: "try:1", "try:2" ...
TRY = "try:"

Command = list[str]


def add_delivery(pipe: Pipeline, delivery: Delivery, ttl: int = DELIVERY_TTL) -> None:
    """Queue the writes that put a new delivery into its receiver's outbox, due at once or later."""
    receiver, created = delivery.alert.receiver, delivery.created.timestamp()
    fields = {
        "alert": ALERT.dump_json(delivery.alert, exclude_defaults=True),
        "receiver": receiver,
        "created": delivery.created.isoformat(),
        "at": repr(created),
        "state": delivery.state.value,
        "tries": delivery.tries,
        **({"due": delivery.due.isoformat()} if delivery.due else {}),
    }
    pipe.hset(keys.delivery(delivery.id), mapping=fields)
    pipe.expire(keys.delivery(delivery.id), ttl)
    due = (delivery.due or delivery.created).timestamp()
    pipe.zadd(keys.outbox(receiver), {delivery.id: due})
    pipe.zadd(keys.DELIVERIES, {delivery.id: created})
    pipe.sadd(keys.RECEIVERS, receiver)
    pipe.hincrby(keys.count(receiver), delivery.state.value, 1)


class Outbox(Connected):
    """What waits to be sent, claimed with a lease, and recorded.

    Whoever looks at, claims and records the deliveries of a receiver holds the receiver's lease.
    """

    def due_receivers(self, now: datetime) -> tuple[str, ...]:
        """The receivers for whom something waits whose time has come."""
        with self.reached():
            names = sorted(self._redis.smembers(keys.RECEIVERS))
            pipe = self._redis.pipeline(transaction=False)
            for name in names:
                pipe.zcount(keys.outbox(name), "-inf", now.timestamp())
            return tuple(name for name, n in zip(names, pipe.execute(), strict=True) if n)

    def put(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Put deliveries into the outbox past any poll; those that were not there before."""
        return tuple(one for one in deliveries if self._put(one))

    def _put(self, delivery: Delivery) -> bool:
        key = keys.delivery(delivery.id)

        def write(pipe: Pipeline) -> bool:
            if pipe.exists(key):
                return False
            pipe.multi()
            add_delivery(pipe, delivery)
            return True

        return self._conditional([key], write)

    def condition(self, receiver: str) -> Condition:
        """How a receiver is doing; as new where nothing is known."""
        with self.reached():
            found = self._redis.get(keys.condition(receiver))
        return CONDITION.validate_json(found) if found else Condition()

    def due(self, receiver: str, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """What is due to a receiver, the longest due first; where that belongs to a bundle, all
        of the bundle and nothing else. It stays unclaimed.
        """
        with self.reached():
            box = keys.outbox(receiver)
            run = self._redis.register_script(DUE)
            rows = run(keys=[box], args=[now.timestamp(), limit, keys.DELIVERY])
            found = {name: dict(zip(flat[::2], flat[1::2], strict=True)) for name, flat in rows}
            if gone := [name for name, fields in found.items() if "alert" not in fields]:
                # Kept past their time in the ledger: nothing is left to send.
                self._redis.zrem(box, *gone)
            read = [read_delivery(name, one) for name, one in found.items() if "alert" in one]
            if read and read[0].bundle:
                return self._bundled(read[0].bundle)
            return tuple(self._threaded(one) for one in read)

    def _bundled(self, bundle: str) -> tuple[Delivery, ...]:
        """The deliveries of a bundle, in the order in which they stand in its message."""
        members = self._redis.lrange(keys.bundle(bundle), 0, -1)
        pipe = self._redis.pipeline(transaction=False)
        for one in members:
            pipe.hgetall(keys.delivery(one))
        found = zip(members, pipe.execute(), strict=True)
        return tuple(read_delivery(name, fields) for name, fields in found if fields)

    def _threaded(self, delivery: Delivery) -> Delivery:
        """An update with the message that it continues, if that arrived and has a name."""
        if not delivery.alert.parent:
            return delivery
        parent = keys.delivery(delivery.alert.parent)
        thread, alert = self._redis.hmget(parent, "reference", "alert")
        first = ALERT.validate_json(alert) if alert else None
        return replace(delivery, thread=thread or "", parent=first)

    def claim(self, deliveries: Sequence[Delivery], until: datetime, bundle: str) -> None:
        """Take what was found due: nobody else finds it before `until`.

        `bundle`: the message they go out in together, from now on in every attempt.
        """
        with self.reached(), self._redis.pipeline() as pipe:
            for one in deliveries:
                # First, for a server without memory refuses it.
                pipe.hincrby(keys.delivery(one.id), "interrupted", 1)
            leases = dict.fromkeys((one.id for one in deliveries), until.timestamp())
            pipe.zadd(keys.outbox(deliveries[0].alert.receiver), leases, xx=True)
            if bundle and not deliveries[0].bundle:
                for one in deliveries:
                    pipe.hset(keys.delivery(one.id), "bundle", bundle)
                pipe.rpush(keys.bundle(bundle), *(one.id for one in deliveries))
                pipe.expire(keys.bundle(bundle), DELIVERY_TTL)
            pipe.execute()

    def let_go(self, deliveries: Sequence[Delivery]) -> None:
        """Give claimed deliveries back as if they had not been taken: they are due now."""
        if not deliveries:
            return
        with self.reached(), self._redis.pipeline() as pipe:
            for one in deliveries:
                pipe.hset(keys.delivery(one.id), "interrupted", one.interrupted)
            again = {one.id: (one.due or one.created).timestamp() for one in deliveries}
            pipe.zadd(keys.outbox(deliveries[0].alert.receiver), again, xx=True)
            pipe.execute()

    def record(
        self,
        deliveries: Sequence[Delivery],
        attempt: Attempt,
        now: datetime,
        retry_at: datetime | None,
        condition: Condition,
    ) -> bool:
        """Write down what an attempt to send these in one message came to, and how their
        receiver is doing; False, and nothing written, when somebody else did so before us.

        `retry_at`: when to try again after a failure; None then means to give up.
        """
        state = _state_after(attempt, retry_at)
        commands = list(_attempted(deliveries, attempt, now, state))
        commands += _counted(deliveries, attempt, now, state, condition)
        commands += _placed(deliveries, now, state, retry_at)
        names = [keys.delivery(one.id) for one in deliveries]
        tries = json.dumps([str(one.tries) for one in deliveries])
        with self.reached():
            run = self._redis.register_script(GUARDED)
            return bool(run(keys=names, args=["tries", tries, json.dumps(commands)]))

    def hurry(self, receiver: str) -> int:
        """Make due now, the oldest first, what failed and waits for its next try; how many."""
        with self.reached():
            run = self._redis.register_script(HURRY)
            return int(run(keys=[keys.outbox(receiver)], args=[keys.DELIVERY]))

    def acquire(self, name: str, token: str, lease: timedelta) -> bool:
        """Take (or, with the same token, keep) a named lease; False: another holds it."""
        with self.reached():
            run = self._redis.register_script(ACQUIRE)
            args = [token, int(lease.total_seconds() * 1000)]
            return bool(run(keys=[keys.lease(name)], args=args))

    def release(self, name: str, token: str) -> None:
        """Let go of a lease, if it is still ours."""
        with self.reached():
            self._redis.register_script(RELEASE)(keys=[keys.lease(name)], args=[token])


def read_delivery(delivery_id: str, fields: Mapping[str, str]) -> Delivery:
    """A delivery from its hash."""
    interrupted = int(fields.get("interrupted") or 0)
    due = fields.get("due")
    return Delivery(
        id=delivery_id,
        alert=ALERT.validate_json(fields["alert"]),
        created=datetime.fromisoformat(fields["created"]),
        state=DeliveryState(fields["state"]),
        tries=int(fields["tries"]),
        due=datetime.fromisoformat(due) if due else None,
        base=int(fields.get("base") or 0),
        uncertain=bool(interrupted or fields.get("lost")),
        interrupted=interrupted,
        bundle=fields.get("bundle", ""),
    )


def read_attempts(fields: Mapping[str, str]) -> tuple[Logged, ...]:
    """The attempts that a delivery's hash keeps, the oldest first."""
    numbers = sorted(int(one.removeprefix(TRY)) for one in fields if one.startswith(TRY))
    return tuple(LOGGED.validate_json(fields[f"{TRY}{number}"]) for number in numbers)


def _state_after(attempt: Attempt, retry_at: datetime | None) -> DeliveryState:
    if attempt.ok:
        return DeliveryState.SENT
    return DeliveryState.FAILED if retry_at else DeliveryState.DEAD


def _attempted(
    deliveries: Sequence[Delivery], attempt: Attempt, now: datetime, state: DeliveryState
) -> Iterator[Command]:
    """What is written to each delivery's own hash."""
    logged = Logged(now, attempt.ok, attempt.detail, attempt.status, round(attempt.seconds, 3))
    line = LOGGED.dump_json(logged, exclude_defaults=True).decode()
    for one in deliveries:
        key, tries = keys.delivery(one.id), one.tries + 1
        fields = {
            "state": state.value,
            "tries": str(tries),
            "base": str(one.base + (attempt.status == TOO_MANY)),
            "interrupted": "0",
            "lost": "1" if attempt.uncertain else "",
            "reference": attempt.reference,
            f"{TRY}{tries}": line,
        }
        yield ["HSET", key, *(part for pair in fields.items() for part in pair)]
        yield ["HDEL", key, f"{TRY}{tries - ATTEMPTS}"]


def _counted(
    deliveries: Sequence[Delivery],
    attempt: Attempt,
    now: datetime,
    state: DeliveryState,
    condition: Condition,
) -> Iterator[Command]:
    """What is written of the receiver: its condition, counts, last trouble, and latencies."""
    receiver = deliveries[0].alert.receiver
    line = CONDITION.dump_json(condition, exclude_defaults=True).decode()
    yield ["SET", keys.condition(receiver), line]
    if not attempt.ok:
        said = f"{now:%Y-%m-%d %H:%M} UTC: {attempt.detail}"
        yield ["HSET", keys.count(receiver), TROUBLE, said]
    for one in deliveries:
        if state is not one.state:
            yield ["HINCRBY", keys.count(receiver), one.state.value, "-1"]
            yield ["HINCRBY", keys.count(receiver), state.value, "1"]
    if state is DeliveryState.SENT:
        waits = [str(round(one, 3)) for one in _latencies(deliveries, now)]
        if waits:
            yield ["LPUSH", keys.LATENCY, *waits]
            yield ["LTRIM", keys.LATENCY, "0", str(LATENCIES - 1)]


def _latencies(deliveries: Sequence[Delivery], now: datetime) -> Iterator[float]:
    """Seconds from first sight; of what was held back by wish there is none."""
    for one in deliveries:
        if one.due is None and _told_of(one.alert):
            yield (now - one.alert.story.first_seen).total_seconds()


def _told_of(alert: Alert) -> bool:
    """Whether an alert tells of news, and not of the service itself."""
    return alert.kind != "notice"


def _placed(
    deliveries: Sequence[Delivery], now: datetime, state: DeliveryState, retry_at: datetime | None
) -> Iterator[Command]:
    """Where each delivery stands now: in the outbox, among the dead, or in neither."""
    box = keys.outbox(deliveries[0].alert.receiver)
    for one in deliveries:
        if state is DeliveryState.FAILED and retry_at:
            yield ["ZADD", box, repr(retry_at.timestamp()), one.id]
            continue
        if state is DeliveryState.DEAD:
            yield ["ZADD", keys.DEAD, repr(now.astimezone(UTC).timestamp()), one.id]
        yield ["ZREM", box, one.id]
