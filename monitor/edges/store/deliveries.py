"""The outbox side of the store: what waits to be sent, to whom, and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.models import Attempt, Condition, Delivery, DeliveryState, Logged
from monitor.edges.store import keys
from monitor.edges.store.attempts import (
    TROUBLE,
    attempted,
    counted,
    placed,
    read_delivery,
    state_after,
)
from monitor.edges.store.connection import Connected, Pipeline
from monitor.edges.store.counts import counter
from monitor.edges.store.records import ALERT, BUDGET, CONDITION, LOGGED
from monitor.edges.store.scripts import (
    ACQUIRE,
    DUE,
    GIVE_UP,
    GUARDED,
    HURRY,
    KEEP,
    RELEASE,
    TAKE,
)

# Seconds that a delivery is kept in the ledger.
DELIVERY_TTL = 90 * 86_400


def add_delivery(pipe: Pipeline, delivery: Delivery) -> None:
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
        **({"budget": BUDGET.dump_json(delivery.budget)} if delivery.budget else {}),
    }
    pipe.hset(keys.delivery(delivery.id), mapping=fields)
    pipe.expire(keys.delivery(delivery.id), DELIVERY_TTL)
    pipe.zadd(keys.outbox(receiver), {delivery.id: place(delivery)})
    pipe.zadd(keys.DELIVERIES, {delivery.id: created})
    pipe.sadd(keys.RECEIVERS, receiver)
    pipe.hincrby(keys.count(receiver), delivery.state.value, 1)
    pipe.hincrby(keys.COUNTED, counter("alerts", receiver, delivery.alert.kind), 1)


def place(delivery: Delivery) -> float:
    """Where a delivery stands in its outbox. What is about the service comes first; what is held
    until the same moment, in the order in which it was decided: a little before that moment.
    """
    created = delivery.created.timestamp()
    if delivery.alert.kind == "notice":
        return 0.0
    due = delivery.due.timestamp() if delivery.due else created
    return due + (created - due) * _BEFORE


# Seconds before its moment for each second that something is held: under nine in a day.
_BEFORE = 1e-4
# The longest lease that any configuration gives, and some more.
_LONGEST_LEASE = timedelta(seconds=31)
_MS = timedelta(milliseconds=1)


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

    def outboxes(self) -> tuple[str, ...]:
        """Every receiver that was ever put something out for."""
        with self.reached():
            return tuple(sorted(self._redis.smembers(keys.RECEIVERS)))

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
            read = [one for name, fields in found.items() if (one := self._read(name, fields))]
            if read and read[0].bundle:
                return self._bundled(read[0].bundle)
            return tuple(self._threaded(one) for one in read)

    def _read(self, name: str, fields: Mapping[str, str]) -> Delivery | None:
        """A delivery; one that cannot be read is put among the dead, for it would stand before
        all others for ever.
        """
        if "alert" not in fields:
            return None
        try:
            return read_delivery(name, fields)
        except (ValueError, KeyError):
            receiver, now = fields["receiver"], time.time()
            with self._redis.pipeline() as pipe:
                pipe.hset(keys.delivery(name), "state", DeliveryState.DEAD.value)
                pipe.zrem(keys.outbox(receiver), name)
                pipe.zadd(keys.DEAD, {name: now})
                pipe.zadd(keys.ENDED, {name: now})
                pipe.hincrby(keys.count(receiver), fields.get("state", "pending"), -1)
                pipe.hincrby(keys.count(receiver), DeliveryState.DEAD.value, 1)
                pipe.hset(keys.count(receiver), TROUBLE, f"delivery {name} cannot be read")
                pipe.execute()
            return None

    def _bundled(self, bundle: str) -> tuple[Delivery, ...]:
        """The deliveries of a bundle, in the order in which they stand in its message."""
        members = self._redis.lrange(keys.bundle(bundle), 0, -1)
        pipe = self._redis.pipeline(transaction=False)
        for one in members:
            pipe.hgetall(keys.delivery(one))
        found = zip(members, pipe.execute(), strict=True)
        return tuple(one for name, fields in found if (one := self._read(name, fields)))

    def _threaded(self, delivery: Delivery) -> Delivery:
        """An update with the message that it continues, if that arrived and has a name."""
        if not delivery.alert.parent:
            return delivery
        parent = keys.delivery(delivery.alert.parent)
        thread, alert, bundle = self._redis.hmget(parent, "reference", "alert", "bundle")
        # The message of several stays as it was: it is not the first alert alone.
        first = ALERT.validate_json(alert) if alert and not bundle else None
        return replace(delivery, thread=thread or "", parent=first)

    def claim(
        self, deliveries: Sequence[Delivery], now: datetime, until: datetime, bundle: str
    ) -> bool:
        """Take what was found due, all or, where another took some meanwhile, none of it: nobody
        else finds it before `until`.

        `bundle`: the message they go out in together, from now on in every attempt.
        """
        if deliveries[0].bundle:
            bundle = ""
        names = [keys.outbox(deliveries[0].alert.receiver), keys.bundle(bundle)]
        pairs = [part for one in deliveries for part in (one.id, one.tries)]
        args = [now.timestamp(), until.timestamp(), keys.DELIVERY, bundle, *pairs]
        with self.reached():
            taken = bool(self._redis.register_script(TAKE)(keys=names, args=args))
            if taken and bundle:
                self._redis.expire(keys.bundle(bundle), DELIVERY_TTL)
        return taken

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        """Note that they are being sent: who dies now leaves it unknown whether they arrived."""
        with self.reached(), self._redis.pipeline(transaction=False) as pipe:
            for one in deliveries:
                pipe.hincrby(keys.delivery(one.id), "interrupted", 1)
            pipe.execute()

    def let_go(self, deliveries: Sequence[Delivery]) -> None:
        """Give claimed deliveries back as if they had not been taken: they are due now."""
        if not deliveries:
            return
        with self.reached():
            again = {one.id: place(one) for one in deliveries}
            self._redis.zadd(keys.outbox(deliveries[0].alert.receiver), again, xx=True)

    def record(
        self,
        deliveries: Sequence[Delivery],
        attempt: Attempt,
        now: datetime,
        retry_at: datetime | None,
        condition: Condition,
        *,
        apart: bool = False,
    ) -> bool:
        """Write down what an attempt to send these in one message came to, and how their
        receiver is doing; False, and nothing written, when somebody else did so before us.

        `retry_at`: when to try again after a failure; None then means to give up. `apart`: each
        by itself from then on.
        """
        state = state_after(attempt, retry_at)
        commands = list(attempted(deliveries, attempt, now, state))
        if apart:
            commands += [["HDEL", keys.delivery(one.id), "bundle"] for one in deliveries]
        commands += counted(deliveries, attempt, now, state, condition)
        commands += placed(deliveries, now, state, retry_at)
        names = [keys.delivery(one.id) for one in deliveries]
        tries = json.dumps([str(one.tries) for one in deliveries])
        with self.reached():
            run = self._redis.register_script(GUARDED)
            return bool(run(keys=names, args=["tries", tries, json.dumps(commands)]))

    def hurry(self, receiver: str, now: datetime) -> int:
        """Make due now, the oldest first and with all tries before it, what failed and waits for
        its next try; how many that were.
        """
        with self.reached():
            run = self._redis.register_script(HURRY)
            args = [repr(now.timestamp()), keys.DELIVERY]
            return int(run(keys=[keys.outbox(receiver)], args=args))

    def give_up(self, receiver: str, now: datetime, oldest: datetime) -> int:
        """Give up what waits for a receiver since before `oldest`; how many that were."""
        said = Logged(now, ok=False, detail=f"waited since before {oldest:%Y-%m-%d %H:%M} UTC")
        line = LOGGED.dump_json(said, exclude_defaults=True).decode()
        names = [keys.outbox(receiver), keys.DEAD, keys.ENDED, keys.count(receiver)]
        args = [repr(now.timestamp()), repr(oldest.timestamp()), keys.DELIVERY, line]
        with self.reached():
            return int(self._redis.register_script(GIVE_UP)(keys=names, args=args))

    def acquire(self, name: str, token: str, lease: timedelta) -> bool:
        """Take a named lease; False: it is held."""
        with self.reached():
            run = self._redis.register_script(ACQUIRE)
            args = [token, *(int(one / _MS) for one in (lease, max(lease, _LONGEST_LEASE)))]
            return bool(run(keys=[keys.lease(name)], args=args))

    def renew(self, name: str, token: str, lease: timedelta) -> bool:
        """Keep a lease for so long from now; False: it is not ours any more."""
        with self.reached():
            run = self._redis.register_script(KEEP)
            return bool(run(keys=[keys.lease(name)], args=[token, int(lease / _MS)]))

    def release(self, name: str, token: str) -> None:
        """Let go of a lease, if it is still ours."""
        with self.reached():
            self._redis.register_script(RELEASE)(keys=[keys.lease(name)], args=[token])
