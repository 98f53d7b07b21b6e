"""The outbox, ledger and silences of the store in memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.core.latency import PARTS, tally
from monitor.core.models import (
    Attempt,
    Condition,
    Delivery,
    DeliveryState,
    Logged,
    Silence,
)
from monitor.core.schedule import TOO_MANY
from monitor.edges.store.attempts import ATTEMPTS, RESULTS
from monitor.edges.store.counts import counter
from monitor.edges.store.deliveries import place
from monitor.edges.store.records import Entered


class MemoryOutbox:
    """What waits to be sent, and what became of it, in memory."""

    def __init__(self) -> None:
        self._deliveries: dict[str, Delivery] = {}
        self._outbox: dict[str, dict[str, float]] = {}
        self._bundles: dict[str, tuple[str, ...]] = {}
        self._attempts: dict[str, list[Logged]] = {}
        self._references: dict[str, str] = {}
        self._conditions: dict[str, Condition] = {}
        self._leases: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._ended: dict[str, datetime] = {}
        self._latency: list[float] = []
        self._counted: Counter[str] = Counter()
        self._spent: dict[str, Counter[str]] = {part: Counter() for part in PARTS}
        self._troubles: dict[str, str] = {}
        self._silences: dict[str, Silence] = {}

    def due_receivers(self, now: datetime) -> tuple[str, ...]:
        """As Outbox.due_receivers."""
        return tuple(
            name
            for name, box in sorted(self._outbox.items())
            if any(at <= now.timestamp() for at in box.values())
        )

    def put(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """As Outbox.put."""
        made = tuple(one for one in deliveries if one.id not in self._deliveries)
        for one in made:
            self._deliveries[one.id] = one
            box = self._outbox.setdefault(one.alert.receiver, {})
            box[one.id] = place(one)
            self._since[one.id] = one.created.timestamp()
            self.count({counter("alerts", one.alert.receiver, one.alert.kind): 1})
        return made

    def count(self, counted: Mapping[str, int]) -> None:
        """As Counts.count."""
        self._counted.update(counted)

    def condition(self, receiver: str) -> Condition:
        """As Outbox.condition."""
        return self._conditions.get(receiver, Condition())

    def due(self, receiver: str, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """As Outbox.due."""
        box = self._outbox.get(receiver, {})
        ready = sorted((at, name) for name, at in box.items() if at <= now.timestamp())
        found = [self._deliveries[name] for _, name in ready[:limit]]
        if found and found[0].bundle:
            return tuple(self._deliveries[one] for one in self._bundles[found[0].bundle])
        return tuple(self._threaded(one) for one in found)

    def _threaded(self, one: Delivery) -> Delivery:
        parent = self._deliveries.get(one.alert.parent)
        thread = self._references.get(one.alert.parent, "")
        return replace(one, thread=thread, parent=parent.alert if parent else None)

    def claim(
        self, deliveries: Sequence[Delivery], now: datetime, until: datetime, bundle: str
    ) -> bool:
        """As Outbox.claim."""
        box = self._outbox.get(deliveries[0].alert.receiver, {})
        if any(box.get(one.id, math.inf) > now.timestamp() for one in deliveries):
            return False
        if any(self._deliveries[one.id].tries != one.tries for one in deliveries):
            return False
        box.update(dict.fromkeys((one.id for one in deliveries), until.timestamp()))
        if bundle and not deliveries[0].bundle:
            self._bundles[bundle] = tuple(one.id for one in deliveries)
            for one in deliveries:
                self._change(one.id, bundle=bundle)
        return True

    def _change(self, name: str, **more: Any) -> None:
        self._deliveries[name] = replace(self._deliveries[name], **more)

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        """As Outbox.begin."""
        for one in deliveries:
            held = self._deliveries[one.id].interrupted
            self._change(one.id, interrupted=held + 1, uncertain=True)

    def let_go(self, deliveries: Sequence[Delivery]) -> None:
        """As Outbox.let_go."""
        for one in deliveries:
            self._outbox[one.alert.receiver][one.id] = place(one)

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
        """As Outbox.record."""
        if any(self._deliveries[one.id].tries != one.tries for one in deliveries):
            return False
        state = DeliveryState.FAILED if retry_at else DeliveryState.DEAD
        state = DeliveryState.SENT if attempt.ok else state
        receiver = deliveries[0].alert.receiver
        self._conditions[receiver] = condition
        self.count({counter("attempts", receiver, RESULTS[state]): 1})
        self._troubles.pop(receiver, None)
        if not attempt.ok:
            self._troubles[receiver] = f"{now:%Y-%m-%d %H:%M} UTC: {attempt.detail}"
        for one in deliveries:
            self._write(one, attempt, now, state)
            self._change(one.id, bundle="" if apart else self._deliveries[one.id].bundle)
            self._outbox[receiver].pop(one.id, None)
            if state is DeliveryState.FAILED and retry_at:
                self._outbox[receiver][one.id] = retry_at.timestamp()
            else:
                self._ended[one.id] = now
        return True

    def _write(self, one: Delivery, attempt: Attempt, now: datetime, state: DeliveryState) -> None:
        logged = Logged(now, attempt.ok, attempt.detail, attempt.status, round(attempt.seconds, 3))
        self._attempts[one.id] = [*self._attempts.get(one.id, []), logged][-ATTEMPTS:]
        self._references[one.id] = attempt.reference
        lost = attempt.uncertain or (one.uncertain and not attempt.ok)
        base = one.base + (attempt.status == TOO_MANY)
        tried = {"tries": one.tries + 1, "base": base, "interrupted": 0, "uncertain": lost}
        self._change(one.id, state=state, **tried)
        if state is DeliveryState.SENT and one.due is None and one.alert.of_news:
            seconds = (now - one.alert.story.first_seen).total_seconds()
            self._latency.insert(0, round(seconds, 3))
        for part, bound, by in tally([one] if state is DeliveryState.SENT else [], now):
            self._spent[part][bound] += by

    def hurry(self, receiver: str, now: datetime) -> int:
        """As Outbox.hurry."""
        box = self._outbox.get(receiver, {})
        waiting = [self._deliveries[name] for name in box]
        failed = [one for one in waiting if one.state is DeliveryState.FAILED]
        hurried = [one for one in failed if not one.interrupted]
        for one in hurried:
            box[one.id] = self._since[one.id]
            self._change(one.id, base=one.tries)
        return len(hurried)

    def give_up(self, receiver: str, now: datetime, oldest: datetime) -> int:
        """As Outbox.give_up."""
        box = self._outbox.get(receiver, {})
        late = [name for name in box if self._since[name] < oldest.timestamp()]
        held = [name for name in late if self._deliveries[name].due and box[name] > now.timestamp()]
        gone = [one for one in late if one not in held and not self._deliveries[one].interrupted]
        for name in gone:
            said = Logged(now, ok=False, detail=f"waited since before {oldest:%Y-%m-%d %H:%M} UTC")
            self._attempts[name] = [*self._attempts.get(name, []), said]
            self._change(name, state=DeliveryState.DEAD, tries=self._deliveries[name].tries + 1)
            self._ended[name] = now
            del box[name]
        return len(gone)

    def acquire(self, name: str, token: str, lease: timedelta) -> bool:
        """As Outbox.acquire; without a clock, a lease lasts until it is let go of."""
        if name in self._leases:
            return False
        self._leases[name] = token
        return True

    def renew(self, name: str, token: str, lease: timedelta) -> bool:
        """As Outbox.renew."""
        return self._leases.get(name) == token

    def release(self, name: str, token: str) -> None:
        """As Outbox.release."""
        if self._leases.get(name) == token:
            del self._leases[name]

    # -- the ledger ------------------------------------------------------------------

    def entered(self, delivery_id: str) -> Entered | None:
        """As Ledger.entered."""
        if (one := self._deliveries.get(delivery_id)) is None:
            return None
        box = self._outbox.get(one.alert.receiver, {})
        return Entered(one, tuple(self._attempts.get(one.id, ())), box.get(one.id))

    def members(self, bundle: str) -> tuple[Entered, ...]:
        """As Ledger.members."""
        found = (self.entered(one) for one in self._bundles.get(bundle, ()))
        return tuple(one for one in found if one)

    def ledger(
        self, since: datetime, state: DeliveryState | None, receiver: str | None, limit: int
    ) -> tuple[Entered, ...]:
        """As Ledger.ledger."""
        found = sorted(self._deliveries.values(), key=lambda one: one.created, reverse=True)
        wanted = [
            entered
            for one in found
            if one.created >= since
            and state in (None, one.state)
            and receiver in (None, one.alert.receiver)
            and (entered := self.entered(one.id))
        ]
        return tuple(wanted[:limit])

    def dead(self, receiver: str | None) -> tuple[str, ...]:
        """As Ledger.dead."""
        found = [one for one in self._deliveries.values() if one.state is DeliveryState.DEAD]
        return tuple(one.id for one in found if receiver in (None, one.alert.receiver))

    def redeliver(self, delivery_id: str, now: datetime) -> bool:
        """As Ledger.redeliver."""
        one = self._deliveries.get(delivery_id)
        if one is None or one.interrupted:
            return False
        self._conditions.pop(one.alert.receiver, None)
        again = replace(one, state=DeliveryState.PENDING, base=one.tries, bundle="", due=None)
        self._deliveries[delivery_id] = again
        self._outbox[one.alert.receiver][delivery_id] = now.timestamp()
        self._since[delivery_id] = now.timestamp()
        self._ended.pop(delivery_id, None)
        return True

    def bound_ledger(self, oldest: datetime, most: int) -> None:
        """As Ledger.bound_ledger."""
        ended = sorted(self._ended, key=self._ended.__getitem__)
        old = [name for name in ended if self._ended[name] <= oldest]
        for name in {*old, *ended[: max(0, len(ended) - most)]}:
            del self._ended[name], self._deliveries[name]

    def room(self, most: int) -> int:
        """As Ledger.room: memory is never crowded here."""
        return most

    # -- silences --------------------------------------------------------------------

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """As Silences.silences."""
        self._silences = {key: one for key, one in self._silences.items() if one.until > now}
        return tuple(sorted(self._silences.values(), key=lambda one: one.until))

    def add_silence(self, silence: Silence) -> None:
        """As Silences.add_silence."""
        self._silences[silence.id] = silence

    def remove_silence(self, silence_id: str) -> bool:
        """As Silences.remove_silence."""
        return self._silences.pop(silence_id, None) is not None
