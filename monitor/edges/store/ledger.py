"""The ledger side of the store: what became of each delivery, sending anew, and its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.core.models import Delivery, DeliveryState
from monitor.edges.store import keys
from monitor.edges.store.attempts import read_attempts, read_delivery
from monitor.edges.store.connection import Connected, Pipeline
from monitor.edges.store.deliveries import DELIVERY_TTL
from monitor.edges.store.records import Entered
from monitor.edges.store.scripts import FORGET

# Deliveries looked at in one round trip.
_PAGE = 500
_WAITING = (DeliveryState.PENDING, DeliveryState.FAILED)


class Ledger(Connected):
    """What became of each delivery."""

    def entered(self, delivery_id: str) -> Entered | None:
        """One delivery; None when there is none of this name (any more)."""
        with self.reached():
            found = self._entered([delivery_id])
        return found[0] if found else None

    def members(self, bundle: str) -> tuple[Entered, ...]:
        """The deliveries that went out as one message, in their order in it."""
        with self.reached():
            return tuple(self._entered(self._redis.lrange(keys.bundle(bundle), 0, -1)))

    def ledger(
        self, since: datetime, state: DeliveryState | None, receiver: str | None, limit: int
    ) -> tuple[Entered, ...]:
        """The deliveries decided at `since` or later, the latest first, `limit` at most."""
        wanted: list[Entered] = []
        with self.reached():
            for page in self._pages(state, since):
                for one in self._entered(page):
                    if _fits(one.delivery, since, state, receiver):
                        wanted.append(one)
                if len(wanted) >= limit and state not in _WAITING:
                    break
        wanted.sort(key=lambda one: one.delivery.created, reverse=True)
        return tuple(wanted[:limit])

    def _pages(self, state: DeliveryState | None, since: datetime) -> Sequence[Sequence[str]]:
        """The ids that may be asked for: what waits and what is dead is found without a search."""
        if state in _WAITING:
            names = self._redis.smembers(keys.RECEIVERS)
            ids = [one for name in names for one in self._redis.zrange(keys.outbox(name), 0, -1)]
        else:
            index = keys.DEAD if state is DeliveryState.DEAD else keys.DELIVERIES
            ids = self._redis.zrevrangebyscore(index, "+inf", since.timestamp())
        return _paged(ids)

    def _entered(self, ids: Sequence[str]) -> list[Entered]:
        pipe = self._redis.pipeline(transaction=False)
        for one in ids:
            pipe.hgetall(keys.delivery(one))
        found = [
            (delivery, read_attempts(fields))
            for name, fields in zip(ids, pipe.execute(), strict=True)
            if (delivery := _read(name, fields))
        ]
        pipe = self._redis.pipeline(transaction=False)
        for delivery, _ in found:
            pipe.zscore(keys.outbox(delivery.alert.receiver), delivery.id)
        times = pipe.execute()
        return [Entered(*one, due) for one, due in zip(found, times, strict=True)]

    def dead(self, receiver: str | None) -> tuple[str, ...]:
        """The deliveries that were given up, the earliest given up first."""
        with self.reached():
            pages = _paged(self._redis.zrange(keys.DEAD, 0, -1))
            found = [one.delivery for page in pages for one in self._entered(page)]
        return tuple(one.id for one in found if receiver in (None, one.alert.receiver))

    def redeliver(self, delivery_id: str, now: datetime) -> bool:
        """Put a delivery into its outbox anew, due now and with all its tries before it, and let
        its receiver be tried again at once; False when there is none, or it is just being sent.
        """
        key = keys.delivery(delivery_id)

        def write(pipe: Pipeline) -> bool:
            fields = pipe.hgetall(key)
            if not fields or fields.get("interrupted", "0") != "0":
                return False
            receiver = fields["receiver"]
            pipe.multi()
            again = {"state": DeliveryState.PENDING.value, "base": fields["tries"]}
            pipe.hset(key, mapping={**again, "at": repr(now.timestamp())})
            pipe.hdel(key, "bundle", "due", "interrupted")
            pipe.expire(key, DELIVERY_TTL)
            pipe.zadd(keys.outbox(receiver), {delivery_id: now.timestamp()})
            pipe.zrem(keys.DEAD, delivery_id)
            pipe.zrem(keys.ENDED, delivery_id)
            pipe.hincrby(keys.count(receiver), fields["state"], -1)
            pipe.hincrby(keys.count(receiver), DeliveryState.PENDING.value, 1)
            pipe.delete(keys.condition(receiver))
            return True

        return self._conditional([key], write)

    def bound_ledger(self, oldest: datetime, most: int) -> None:
        """Forget what ended before `oldest`, and of what has ended all but the last so many; what
        still waits is never forgotten. A page at a time: the sweep comes again.
        """
        with self.reached():
            at = oldest.timestamp()
            surplus = min(max(0, self._redis.zcard(keys.ENDED) - most), _PAGE)
            gone = self._redis.zrangebyscore(keys.ENDED, "-inf", at, start=0, num=_PAGE)
            if surplus:
                gone += self._redis.zrange(keys.ENDED, 0, surplus - 1)
            if gone:
                names = [keys.ENDED, keys.DELIVERIES, keys.DEAD]
                args = [keys.DELIVERY, keys.COUNT, *dict.fromkeys(gone)]
                self._redis.register_script(FORGET)(keys=names, args=args)
            self._redis.zremrangebyscore(keys.DELIVERIES, "-inf", at - DELIVERY_TTL)

    def room(self, most: int) -> int:
        """How many deliveries that have ended there is room for: `most`, or, where the server
        uses over four fifths of the memory it may, somewhat less than there are.
        """
        with self.reached():
            if not self._over():
                return most
            return min(most, max(0, int(self._redis.zcard(keys.ENDED)) - _PAGE))


def _read(name: str, fields: Mapping[str, str]) -> Delivery | None:
    """A delivery, if it is there and can be read."""
    try:
        return read_delivery(name, fields) if "alert" in fields else None
    except (ValueError, KeyError):
        return None


def _paged(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[at : at + _PAGE] for at in range(0, len(ids), _PAGE)]


def _fits(
    one: Delivery, since: datetime, state: DeliveryState | None, receiver: str | None
) -> bool:
    return (
        one.created >= since
        and state in (None, one.state)
        and receiver in (None, one.alert.receiver)
    )
