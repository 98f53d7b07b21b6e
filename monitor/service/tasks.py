"""Celery: when things happen. Each task is one call; nothing is decided here.

A message is a wake-up call and carries names only. Losing any of them, or all, loses
nothing: the beat finds due feeds and waiting deliveries again by leases in the store.
The settings below follow from what Celery on Redis was measured to do under faults; see
docs/decisions.md.
"""

from __future__ import annotations

import resource
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, NoReturn

import structlog
from celery import Celery, signals
from kombu import Queue
from kombu.exceptions import OperationalError

from monitor.core.errors import BadInput, Unavailable, Unusable
from monitor.core.shown import plain
from monitor.edges.store.broker import broker
from monitor.edges.store.redis import RedisStore
from monitor.service.checking import read_settings, secrets, store_url
from monitor.service.logs import setup_logs
from monitor.service.memory import give_back_large_blocks, settle
from monitor.service.reloading import Reloader
from monitor.service.reporting import Throttle
from monitor.service.visiting import Batch
from monitor.service.wiring import QUEUES, Service

# Seconds between ticks; a tick nobody took by the next ones is dropped, so none pile up. Those of
# `_ALIVE` bring nothing: that pollers and senders take them up shows that they would work.
_TICK, _SWEEP, _PULSE, _ALIVE = 1.0, 5.0, 60.0, 10.0
_LONGEST_QUEUE = 5_000
_SOCKETS = 4_096

# It warns of pickled messages run by root; ours are JSON and name no code.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

log = structlog.get_logger("monitor")
_throttle = Throttle()


def make_app() -> Celery:
    """The Celery app of this machine's configuration; a broken one ends the process."""
    try:
        settings = read_settings(None, feeds=False)
    except BadInput as bad:
        _refuse(bad)
    made = Celery("monitor")
    made.conf.update(
        broker(store_url(settings)),
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue="tick",
        task_routes={"monitor.poll": {"queue": "poll"}, "monitor.deliver": {"queue": "deliver"}},
        task_ignore_result=True,
        task_acks_late=False,
        task_publish_retry=False,
        accept_content=["json"],
        task_serializer="json",
        event_serializer="json",
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=2_000,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # The ticks are plain intervals: there is nothing worth keeping on disk.
        beat_scheduler="monitor.service.beating:SteadyScheduler",
        beat_schedule={
            "poll_due": _every(_TICK, "monitor.poll_due"),
            "sweep": _every(_SWEEP, "monitor.sweep"),
            "pulse": _every(_PULSE, "monitor.pulse"),
            "pollers": _every(_ALIVE, "monitor.poll", [], 0.0),
            "senders": _every(_ALIVE, "monitor.deliver", ""),
        },
    )
    return made


def _refuse(bad: BadInput | Unavailable) -> NoReturn:
    """End this process with every fault told; no restart mends them."""
    sys.stderr.writelines(f"{plain(line)}\n" for line in str(bad).splitlines())
    raise SystemExit(1 if isinstance(bad, Unusable) else 2) from None


def _every(seconds: float, task: str, *args: object) -> dict[str, Any]:
    options = {"expires": 3 * seconds}
    return {"task": task, "schedule": seconds, "args": args, "options": options}


app = make_app()


def service() -> Service:
    """The working parts of this process, by the configuration that is in force just now."""
    return reloader.service()


def _calm(step: Callable[[], None]) -> None:
    """Run a step; a store that is away is one line a minute, not a traceback a second."""
    try:
        step()
    except (Unavailable, OperationalError) as away:
        said = str(away) if isinstance(away, Unavailable) else "the broker cannot be reached"
        if _throttle.lets(said):
            log.warning("waiting for the store", why=said)


@app.task(name="monitor.poll_due")
def poll_due() -> None:
    """Hand out the feeds whose time has come."""

    def hand_out() -> None:
        for batch in service().claim_batches():
            poll.delay(list(batch.feeds), batch.lease)

    _calm(hand_out)


@app.task(name="monitor.poll")
def poll(feeds: list[str], lease: float) -> None:
    """Begin to poll a batch of feeds."""

    def begin() -> None:
        # Whoever has taken over meanwhile begins what the one before did not.
        while not service().poll(Batch(tuple(feeds), lease)):
            continue

    _calm(begin)


@app.task(name="monitor.sweep")
def sweep() -> None:
    """Wake the senders of all receivers for whom something is due."""

    def wake_all() -> None:
        for receiver in service().desk.waiting():
            _wake(receiver)

    _calm(wake_all)


@app.task(name="monitor.deliver")
def deliver(receiver: str) -> None:
    """Send what is due to a receiver, and wake whoever has something to send by then."""

    def serve() -> None:
        served = service().desk.deliver(receiver)
        for name in (*served.noticed, *((receiver,) if served.again else ())):
            _wake(name)
        service().desk.canary_arrived(service().user_agent)

    _calm(serve)


@app.task(name="monitor.pulse")
def pulse() -> None:
    """Say how the feeds are."""
    _calm(lambda: service().pulse())


def _wake(receiver: str) -> None:
    """Ask for a sender. Saving never waits for it: a call that is lost, the sweep makes up."""
    try:
        deliver.apply_async([receiver], expires=3 * _SWEEP)
    except OperationalError:
        log.warning("could not wake the sender; the sweep will", receiver=receiver)


reloader = Reloader(wake=_wake)


def _discard(_: object) -> None:
    """Make an expression a statement."""


@cache
def _queues() -> RedisStore:
    """Past the rules and feeds: all that beat needs of the service."""
    return RedisStore(store_url(read_settings(None, feeds=False)))


@signals.before_task_publish.connect
def _bound(routing_key: str | None = None, **_: Any) -> None:
    """Keep a queue that nobody empties from filling the store; all it holds is wake-up calls."""
    if routing_key in QUEUES:
        with suppress(Unavailable):
            _queues().bound_queue(routing_key, _LONGEST_QUEUE)


@signals.setup_logging.connect
def _logs(**_: Any) -> None:
    setup_logs(secrets(read_settings(None, feeds=False)))


@signals.worker_shutting_down.connect
def _stop_sending(**_: Any) -> None:
    """End after the messages in hand: nothing new is claimed (threads cannot be stopped)."""
    if reloader.made:
        service().desk.stopping.set()


@signals.worker_process_init.connect
def _begin_polling(**_: Any) -> None:
    """A parser that is ready; and a socket each for many hosts at a time, some of which stay open
    for a moment.
    """
    reloader.start()
    if not _polls():
        return
    service().hasty.start()
    give_back_large_blocks()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _SOCKETS if hard == resource.RLIM_INFINITY else min(_SOCKETS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@signals.worker_process_shutdown.connect
def _end_polling(**_: Any) -> None:
    """What is in hand may end; the rest is found again by its lease."""
    reloader.stop()
    if reloader.made:
        service().close()


def _polls() -> bool:
    """Whether this worker takes batches of feeds."""
    return "poll" in app.amqp.queues.consume_from


@signals.celeryd_after_setup.connect
def _load_feeds(**_: Any) -> None:
    """Before the pool forks, so that its processes share them; only where feeds are polled."""
    if _polls():
        _discard(service().feeds)
        settle()


@signals.worker_init.connect
def _warm(**_: Any) -> None:
    """Load rules and gazetteer once, before the pool forks, so that all share the memory; and
    watch the clock, and the files of the configuration, from now on.
    """
    try:
        store = service().desk.store
        reloader.start()
    except (BadInput, Unavailable) as bad:
        _refuse(bad)
    _check_store(store)


def _check_store(store: RedisStore) -> None:
    """Before anything is written: one that is not ours to use ends this process, one that is away
    may come up.
    """
    try:
        store.ping()
    except Unusable as bad:
        _refuse(bad)
    except Unavailable:
        return


@signals.beat_init.connect
def _begin_ticking(**_: Any) -> None:
    """Beat itself writes wake-up calls."""
    _check_store(_queues())
