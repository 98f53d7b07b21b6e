"""How an attempt is written down in the store: the commands that do so, and reading it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from monitor.core.latency import tally
from monitor.core.models import Attempt, Condition, Delivery, DeliveryState, Logged
from monitor.core.schedule import TOO_MANY
from monitor.edges.store import keys
from monitor.edges.store.counts import counter
from monitor.edges.store.records import ALERT, BUDGET, CONDITION, LOGGED

# Beside the counts of a receiver: when and why its last failed attempt failed.
TROUBLE = "trouble"
# How many latencies the percentiles in `status` are taken from.
LATENCIES = 1_000
# Attempts of one delivery that the ledger keeps, the last ones.
ATTEMPTS = 20
# The fields of its hash that an attempt is kept in: "try:1", "try:2" ...
TRY = "try:"

# What an attempt to send a message came to, by the state of its deliveries after it.
RESULTS = {DeliveryState.SENT: "ok", DeliveryState.FAILED: "failed", DeliveryState.DEAD: "dead"}

Command = list[str]


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
        budget=BUDGET.validate_json(fields["budget"]) if "budget" in fields else None,
    )


def read_attempts(fields: Mapping[str, str]) -> tuple[Logged, ...]:
    """The attempts that a delivery's hash keeps, the oldest first."""
    numbers = sorted(int(one.removeprefix(TRY)) for one in fields if one.startswith(TRY))
    return tuple(LOGGED.validate_json(fields[f"{TRY}{number}"]) for number in numbers)


def state_after(attempt: Attempt, retry_at: datetime | None) -> DeliveryState:
    """The state of a delivery after an attempt; None for `retry_at`: there is no other."""
    if attempt.ok:
        return DeliveryState.SENT
    return DeliveryState.FAILED if retry_at else DeliveryState.DEAD


def attempted(
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
            "lost": "1" if attempt.uncertain or (one.uncertain and not attempt.ok) else "",
            "reference": attempt.reference,
            f"{TRY}{tries}": line,
        }
        yield ["HSET", key, *(part for pair in fields.items() for part in pair)]
        yield ["HDEL", key, f"{TRY}{tries - ATTEMPTS}"]


def counted(
    deliveries: Sequence[Delivery],
    attempt: Attempt,
    now: datetime,
    state: DeliveryState,
    condition: Condition,
) -> Iterator[Command]:
    """What is written of the receiver: its condition, counts, last trouble, latencies."""
    receiver = deliveries[0].alert.receiver
    line = CONDITION.dump_json(condition, exclude_defaults=True).decode()
    yield ["SET", keys.condition(receiver), line]
    yield ["HINCRBY", keys.COUNTED, counter("attempts", receiver, RESULTS[state]), "1"]
    if attempt.ok:
        yield ["HDEL", keys.count(receiver), TROUBLE]
    else:
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
        for part, bound, by in tally(deliveries, now):
            yield ["HINCRBY", keys.spent(part), bound, str(by)]


def _latencies(deliveries: Sequence[Delivery], now: datetime) -> Iterator[float]:
    """Seconds from first sight; of what was held back by wish there is none."""
    for one in deliveries:
        if one.due is None and one.alert.of_news:
            yield (now - one.alert.story.first_seen).total_seconds()


def placed(
    deliveries: Sequence[Delivery], now: datetime, state: DeliveryState, retry_at: datetime | None
) -> Iterator[Command]:
    """Where each delivery stands now: in the outbox, among the dead, or in neither."""
    box = keys.outbox(deliveries[0].alert.receiver)
    for one in deliveries:
        if state is DeliveryState.FAILED and retry_at:
            yield ["ZADD", box, repr(retry_at.timestamp()), one.id]
            continue
        at = repr(now.timestamp())
        yield ["ZADD", keys.ENDED, at, one.id]
        if state is DeliveryState.DEAD:
            yield ["ZADD", keys.DEAD, at, one.id]
        yield ["ZREM", box, one.id]
