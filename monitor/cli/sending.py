"""The commands about receivers: the ledger, sending anew, routes, silences, tests, metrics."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import click

from monitor.cli import ledger
from monitor.cli.completing import completed, receivers
from monitor.cli.durations import DURATION
from monitor.cli.replaying import Replaying
from monitor.cli.saying import FAILED, as_json, complain
from monitor.core.errors import BadInput, Fault
from monitor.core.models import DeliveryState, Silence
from monitor.core.sample import sample
from monitor.core.shown import plain
from monitor.service.checking import entity_hint, read_settings
from monitor.service.clockwork import utc_now
from monitor.service.wiring import Service
from monitor.views.deliveries import delivery_row
from monitor.views.metrics import measured

_STATES = [one.value for one in DeliveryState]


@click.command()
@click.argument("delivery", required=False, metavar="[ID]")
@click.option("--state", type=click.Choice(_STATES), help="Only deliveries in this state.")
@click.option(
    "--receiver", help="Only deliveries to this receiver.", shell_complete=completed(receivers)
)
@click.option("--since", type=DURATION, default="90d", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table")
@click.pass_obj
def deliveries(
    config: str | None,
    delivery: str | None,
    state: str | None,
    receiver: str | None,
    since: timedelta,
    limit: int,
    form: str,
) -> None:
    """List what was sent, waits or was given up.

    With an ID: that delivery, or all that went out in that message, with every attempt.
    """
    service = Service(read_settings(config), checked=False)
    if delivery:
        _print_one(service, delivery, form)
        return
    _check_receiver(service, receiver)
    wanted = DeliveryState(state) if state else None
    found = service.store.ledger(utc_now() - since, wanted, receiver, limit)
    if form == "table":
        click.echo(ledger.deliveries(found))
        return
    for one in found:
        click.echo(as_json(delivery_row(one)))


def _print_one(service: Service, name: str, form: str) -> None:
    """One delivery, or all that went out in one message."""
    one = service.store.entered(name)
    found = [one] if one else service.store.members(name)
    if not found:
        raise BadInput([Fault(name, "there is no such delivery", "monitor deliveries lists them")])
    for each in found:
        row = as_json(delivery_row(each))
        click.echo(row if form == "jsonl" else ledger.delivery(each))


def _check_receiver(service: Service, name: str | None) -> None:
    """Refuse the name of a receiver that neither is configured nor was ever sent anything."""
    known = {*service.desk.receivers, *service.store.outboxes()}
    if name is not None and name not in known:
        raise _unknown(name, sorted(known))


def _unknown(name: str, known: Sequence[str]) -> BadInput:
    return BadInput([Fault(name, "there is no such receiver", f"known: {', '.join(known)}")])


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--dead", is_flag=True, help="All that were given up.")
@click.option("--receiver", help="With --dead: only those to this receiver.")
@click.pass_obj
def redeliver(config: str | None, ids: tuple[str, ...], dead: bool, receiver: str | None) -> None:
    """Send deliveries again, under the same ids.

    What waits is sent at once; all have every try before them again.
    """
    if bool(ids) == dead:
        raise click.UsageError("name deliveries by their IDs, or --dead for all given up")
    service = Service(read_settings(config), checked=False)
    _check_receiver(service, receiver)
    wanted = service.store.dead(receiver) if dead else ids
    done = set(service.desk.redeliver(wanted))
    click.echo(f"{len(done)} of {len(wanted)} will be sent again")
    for one in wanted:
        if one not in done:
            complain(f"{one}: there is no such delivery, or it is just being sent")
    sys.exit(0 if len(done) == len(wanted) else FAILED)


@click.command(name="send-test")
@click.argument("receiver", shell_complete=completed(receivers))
@click.pass_obj
def send_test(config: str | None, receiver: str) -> None:
    """Send a sample alert to one receiver, past routes and outbox."""
    settings = read_settings(config)
    named = tuple(one for one in settings.receivers if one.name == receiver)
    if not named:
        raise _unknown(receiver, [one.name for one in settings.receivers])
    # The faults of others must not keep this one from being tried.
    service = Service(replace(settings, receivers=named, routes=(), silences=()))
    chosen = service.desk.receivers[receiver]
    attempt = service.desk.send_once(chosen, sample(receiver, utc_now()))
    words = f"{receiver}: {'sent' if attempt.ok else 'not sent'} ({attempt.detail})"
    click.echo(plain(words), err=not attempt.ok)
    sys.exit(0 if attempt.ok else FAILED)


@click.command()
@click.argument("source", metavar="FILE|-")
@click.pass_obj
def route(config: str | None, source: str) -> None:
    """Show which routes take the entries of a file, and why."""
    faults = 0
    with Replaying(read_settings(config)) as judge:
        for verdict in judge(source):
            if isinstance(verdict, Fault):
                faults += 1
                complain(verdict)
            else:
                click.echo(ledger.routes(verdict.entry.title, judge.steps(verdict)) + "\n")
    sys.exit(FAILED if faults else 0)


@click.command()
@click.pass_obj
def metrics(config: str | None) -> None:
    """Print metrics in Prometheus' text format."""
    click.echo(measured(Service(read_settings(config), checked=False)), nl=False)


@click.group()
def silence() -> None:
    """Pauses with an end: what they name alerts nobody until then."""


@silence.command(name="add")
@click.option("--topic", "topics", multiple=True, help="Any of these topics.")
@click.option("--entity", "entities", multiple=True, help="Any of these entities, by id.")
@click.option("--source", "sources", multiple=True, help="Any of these outlets.")
@click.option("--event", "events", multiple=True, help="Any of these events, by id.")
@click.option("--for", "span", type=DURATION, help='How long, e.g. "4h".')
@click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]), help="In UTC.")
@click.option("--comment", default="", help="Why; shown wherever the silence is.")
@click.pass_obj
def silence_add(
    config: str | None,
    topics: Sequence[str],
    entities: Sequence[str],
    sources: Sequence[str],
    events: Sequence[str],
    span: timedelta | None,
    until: datetime | None,
    comment: str,
) -> None:
    """Silence what meets all given conditions, until its end."""
    end = _end(span, until)
    if not (topics or entities or sources or events):
        raise click.UsageError("say what to silence: --topic, --entity, --source or --event")
    service = Service(read_settings(config))
    _known(service, topics, entities)
    made = Silence(
        uuid4().hex[:8],
        end,
        frozenset(topics),
        frozenset(entities),
        frozenset(sources),
        frozenset(events),
        comment,
    )
    service.store.add_silence(made)
    click.echo(ledger.silences([made]))


def _end(span: timedelta | None, until: datetime | None) -> datetime:
    """When a silence ends; one without an end, or with one that has passed, is refused."""
    if span and until:
        raise click.UsageError("--for and --until are two ways to say the end: give one")
    if span is None and until is None:
        raise click.UsageError("a silence needs an end: --for 4h, or --until 2026-12-01T06:00")
    end = utc_now() + span if span else (until or utc_now()).replace(tzinfo=UTC)
    if end <= utc_now():
        raise click.UsageError("this end has passed already")
    return end


def _known(service: Service, topics: Sequence[str], entities: Sequence[str]) -> None:
    rulebook = service.rulebook
    known = ", ".join(rulebook.topics)
    faults = [
        Fault("--topic", f"there is no topic {one}", f"known: {known}")
        for one in topics
        if one not in rulebook.topics
    ]
    faults += [
        Fault("--entity", f"no entity has the id {one}", entity_hint(one, rulebook))
        for one in entities
        if one not in rulebook.gazetteer.entities
    ]
    if faults:
        raise BadInput(faults)


@silence.command(name="list")
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table")
@click.pass_obj
def silence_list(config: str | None, form: str) -> None:
    """List the silences in force, those of the configuration too."""
    service, now = Service(read_settings(config), checked=False), utc_now()
    configured = [one for one in service.settings.silences if one.until > now]
    found = [*configured, *service.store.silences(now)]
    if form == "table":
        click.echo(ledger.silences(found))
        return
    for one in found:
        click.echo(as_json(ledger.silence_row(one)))


@silence.command(name="end")
@click.argument("name", metavar="ID")
@click.pass_obj
def silence_end(config: str | None, name: str) -> None:
    """End a silence now."""
    if not Service(read_settings(config), checked=False).store.remove_silence(name):
        hint = "monitor silence list; those of the configuration end there"
        raise BadInput([Fault(name, "there is no such silence", hint)])
    click.echo(f"{plain(name)} has ended")


COMMANDS = (deliveries, redeliver, send_test, route, metrics, silence)
