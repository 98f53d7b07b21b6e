"""The Service of a process, made anew when what it was made from has changed.

A thread looks at the files about once a second, which costs some microseconds, and reads them
once they rest. Whoever asks for the Service never waits for that. What is broken is refused as a
whole: the Service before stays.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import structlog

from monitor.core.digest import digest
from monitor.core.errors import BadInput, Fault, Unavailable
from monitor.core.models import Delivery, Feed
from monitor.core.notices import refused
from monitor.edges.files import Stamp, noting, stamp_of
from monitor.edges.settings import Settings
from monitor.service.checking import read_settings, secrets
from monitor.service.clockwork import utc_now
from monitor.service.differences import differences, lasting, with_lasting
from monitor.service.logs import setup_logs
from monitor.service.memory import settle_anew
from monitor.service.wiring import Service

# Seconds between looks; and for which nothing may change any more before it is read.
_LOOK, _REST = 1.0, 1.0
# Secrets that are still kept out of the log though they are not configured any more.
_REMEMBERED = 1_000
# For so long only one of a machine's processes says what all of them have found.
_SAID = timedelta(minutes=1)

log = structlog.get_logger("monitor")


@dataclass
class Watch:
    """Notices that files have changed, and rest since. `seen`: their stamps when they were read."""

    seen: dict[Path, Stamp]
    _found: dict[Path, Stamp] = field(default_factory=dict)
    _since: float = 0.0

    def changed(self, now: float) -> bool:
        """Whether to read them again; `now`: seconds of a clock that nobody sets."""
        found = {path: stamp_of(path) for path in self.seen}
        if found == self.seen:
            return False
        if found != self._found:
            self._found, self._since = found, now
        return now - self._since >= _REST


class Reloader:
    """Holds the Service of this process. `config`: a file, as `--config`; `wake`: as the Service's.

    `feeds`: whether they are read at once, and stand in the settings too; else the Service reads
    them when it is first asked for them. `hide` keeps these texts out of the log from then on.
    All may be called from any thread.
    """

    def __init__(
        self,
        config: str | None = None,
        *,
        wake: Callable[[str], None] = lambda _: None,
        feeds: bool = False,
        clock: Callable[[], float] = time.monotonic,
        hide: Callable[[Sequence[str]], None] = setup_logs,
    ) -> None:
        self._config, self._wake, self._with_feeds = config, wake, feeds
        self._clock, self._hide = clock, hide
        self._service: Service | None = None
        self._watch = Watch({})
        self._secrets: list[str] = []
        self._refused = False
        self._lasting: tuple[str, ...] = ()
        self._untold: tuple[Delivery, ...] = ()
        self._thread: threading.Thread | None = None
        self.forget()
        _ALL.add(self)

    def service(self) -> Service:
        """The Service in force; raises BadInput if there is none yet and none can be made."""
        return self._service or self._first()

    @property
    def made(self) -> bool:
        """Whether the Service was asked for."""
        return self._service is not None

    def _first(self) -> Service:
        with self._making:
            if self._service is None:
                with noting() as read:
                    settings = read_settings(self._config, feeds=self._with_feeds)
                    service = Service(settings, wake=self._wake, feeds=self._given(settings))
                self._watch = Watch(read)
                self._service = service
            return self._service

    # -- watching --------------------------------------------------------------------

    def start(self) -> None:
        """Watch from now on, in a thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watching, name="reloader", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._thread:
            self._thread.join()
        self._thread = None

    def _watching(self) -> None:
        while not self._stop.wait(_LOOK):
            try:
                self.look()
            except Exception as bug:
                log.error("reload ended by a bug", exc_info=bug)

    def look(self) -> None:
        """Look once, and reload if something has changed and rests."""
        with self.busy:
            if self._untold:
                self._tell(self._untold)
            if self._service and self._watch.changed(self._clock()):
                self._reload(self._service)

    def forget(self) -> None:
        """After a fork: there is no thread here, and locks may never be released."""
        self._thread = None
        self._stop = threading.Event()
        self._making, self.busy = threading.RLock(), threading.Lock()

    # -- reloading -------------------------------------------------------------------

    def _reload(self, before: Service) -> None:
        made: Service | BadInput | None = None
        with noting() as read:
            try:
                made = self._made(before)
            except BadInput as bad:
                made = bad
            finally:
                # Changed while it was being read, what was made may be half old and half new.
                whole = {path: stamp_of(path) for path in read} == read
                self._watch = Watch(read) if whole else self._watch
        if not whole:
            return
        if isinstance(made, BadInput):
            self._refuse(before, made.faults, read)
        else:
            self._take_over(before, made, read)

    def _made(self, before: Service) -> Service:
        """The Service by what the files say now; raises BadInput with every fault."""
        faults: tuple[Fault, ...] = ()
        try:
            settings = read_settings(self._config)
        except BadInput as bad:
            if not isinstance(bad.found, Settings):
                raise
            settings, faults = bad.found, bad.faults
        self._keep_secret(settings)
        try:
            made = self._successor(before, settings)
        except BadInput as bad:
            raise BadInput([*faults, *bad.faults]) from None
        if faults:
            raise BadInput(faults)
        return made

    def _successor(self, before: Service, settings: Settings) -> Service:
        self._lasting = lasting(before.settings, settings)
        settings = with_lasting(settings, before.settings)
        if not self._with_feeds and not before.knows_feeds:
            settings = replace(settings, feeds=())
        return Service(settings, wake=self._wake, feeds=self._given(settings), before=before)

    def _given(self, settings: Settings) -> Callable[[], Iterable[Feed]]:
        """What gives the feeds of these settings when they are asked for."""
        return (lambda: settings.feeds) if settings.feeds else self._feeds

    def _feeds(self) -> Iterable[Feed]:
        with noting() as read:
            settings = read_settings(self._config)
        # What was read before stays as it was then: if it changed since, there is more to do.
        self._watch.seen = read | self._watch.seen
        self._keep_secret(settings)
        return settings.feeds

    def _keep_secret(self, settings: Settings) -> None:
        """From now on the log holds no secret of these settings, nor of those before."""
        known = secrets(settings)
        kept = len(known) + _REMEMBERED
        self._secrets = list(dict.fromkeys([*known, *self._secrets]))[:kept]
        self._hide(self._secrets)

    def _take_over(self, before: Service, made: Service, read: Mapping[Path, Stamp]) -> None:
        changed, mended = differences(before, made), self._refused
        self._refused, self._untold = False, ()
        if changed:
            if before.made("hasty"):
                made.hasty.start()
            self._service = made
            threading.Thread(target=_retire, args=(before,), name="retiring", daemon=True).start()
        words = {**changed, **({"mended": True} if mended else {})}
        if (words or self._lasting) and before.knows_feeds and self._speaks(before, read):
            if words:
                log.info("configuration reloaded", **words)
            if self._lasting:
                log.warning("this change needs a restart", settings=list(self._lasting))

    # -- refusing --------------------------------------------------------------------

    def _refuse(self, before: Service, faults: Sequence[Fault], read: Mapping[Path, Stamp]) -> None:
        self._refused = True
        if self._speaks(before, read):
            said = [str(one) for one in faults]
            log.error("configuration refused; the one before stays in force", faults=said)
        stamps = [one[0] for one in read.values() if one]
        changed = datetime.fromtimestamp(max(stamps, default=0) / 1e9, UTC)
        self._tell(refused(faults, changed, to=before.desk.notices, now=utc_now()))

    def _tell(self, told: tuple[Delivery, ...]) -> None:
        """Put a notice out, later if the store is away. Each process does; it is one all the same,
        for its id is the same.
        """
        self._untold = told
        with suppress(Unavailable):
            put = self.service().store.put(told)
            self._untold = ()
            for one in put:
                self._wake(one.alert.receiver)

    def _speaks(self, ours: Service, read: Mapping[Path, Stamp]) -> bool:
        """Whether this process says what all of this machine's have found in the files."""
        files = digest(*(f"{path} {one}" for path, one in sorted(read.items())))
        name = f"reload:{socket.gethostname()}:{files}"
        try:
            return ours.store.acquire(name, uuid4().hex, _SAID)
        except Unavailable:
            return True


def _retire(before: Service) -> None:
    before.retire()
    del before
    settle_anew()


_ALL: weakref.WeakSet[Reloader] = weakref.WeakSet()


def _before_fork() -> None:
    for one in list(_ALL):
        one.busy.acquire()


def _after_in_parent() -> None:
    for one in list(_ALL):
        one.busy.release()


def _after_in_child() -> None:
    for one in list(_ALL):
        one.forget()


# No fork while something is read: half of it would stay in the child, and its locks held.
os.register_at_fork(
    before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
)
