"""The whole service over every hostile feed at once, beside feeds that are as they should be."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hostile.case import Case
from tests.hostile.catalogue import CASES
from tests.hostile.headlines import headline
from tests.hostile.site import ALLOWED, Site, site
from tests.servers import short_folder
from tests.service.running import (
    Newsroom,
    Service,
    descendants,
    newsroom,
    service,
    wait_until,
    write_config,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

_GOOD = 20
# Good stories, one a second: their headlines follow those of the cases.
_STORIES = 40
# Seconds between two polls of a good feed at most, by the configuration of the tests.
_INTERVAL = 3.0
_LATE = 5.0
# Until the service does nothing new: its memory is compared with what it is then.
_SETTLED = 6.0
# Megabytes by which all processes but the parsers may grow (it is 70 to 90, and a machine that is
# busy needs some room), that one parser may have (the default of limits.parse_memory), and that
# may be left when all is over.
_GROWTH, _PARSER, _RETURNED = 125, 256, 95
# Names lead where the cases say. Time and memory are the service's own, not those of measuring
# which of its lines are run.
_NAMES = {"WORKERS_LOAD": "tests.hostile.names", "COVERAGE_PROCESS_CONFIG": ""}


@dataclass
class Watch:
    """Looks at the memory of a service four times a second, in megabytes."""

    root: int
    own: list[float] = field(default_factory=list)
    parsers: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.25):
            own, parsers = memory(self.root)
            self.own.append(own)
            self.parsers += parsers

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()


def memory(root: int) -> tuple[float, list[float]]:
    """Megabytes of all processes below one but the parsers, and of each parser.

    What processes share is counted once (PSS).
    """
    found = [("parse_child" in line, _pss(pid) / 1024) for pid, line in descendants(root)]
    return sum(one for child, one in found if not child), [one for child, one in found if child]


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _config(folder: Path, room: Newsroom, hostile: Site) -> Path:
    config = write_config(folder, room, deadline="3s")
    text = config.read_text(encoding="utf-8")
    allowed = ", ".join(f'"{one}"' for one in ALLOWED)
    text = text.replace("allow = [", f"allow = [{allowed}, ")
    feeds = [
        f'[[feeds]]\nurl = "{hostile.url(number)}"\nname = "{case.name}"\n'
        for number, case in enumerate(hostile.cases)
    ]
    text = text.replace("[[receivers]]", "\n".join(feeds) + "\n[[receivers]]", 1)
    config.write_text(text, encoding="utf-8")
    return config


def _workers(running: Service) -> set[int]:
    return {pid for mark in ("poll@", "send@", "beat") for pid in running.pids(mark)}


def _told(hostile: Site, *, quiet: bool = True) -> set[str]:
    """What the hostile feeds tell; with or without what does not alert."""
    return {
        title
        for number, case in enumerate(hostile.cases)
        if quiet or not case.quiet
        for title in case.titles(hostile.news(number))
    }


def _expected(hostile: Site) -> set[str]:
    return _told(hostile, quiet=False)


@pytest.fixture
def place() -> Iterator[tuple[Path, Newsroom, Site]]:
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        room = stack.enter_context(newsroom(_GOOD, hosts=4))
        hostile = stack.enter_context(site(CASES, folder))
        hostile.open = False
        yield folder, room, hostile


def _wrong(running: Service, hostile: Site) -> dict[str, str]:
    """The cases whose last poll came to something else than it should, and to what."""
    found = {one["name"]: f"{one['outcome']}: {one['reason']}" for one in running.status()["feeds"]}
    return {
        case.name: found[case.name]
        for case in hostile.cases
        if found[case.name].partition(":")[0] not in _right(case)
    }


def _right(case: Case) -> set[str]:
    """What a poll of a case may come to; a feed that is read may also be as it was."""
    outcomes = set(case.outcome.split("|"))
    return outcomes | {"not_modified"} if "ok" in outcomes else outcomes


def _unpolled(hostile: Site) -> list[str]:
    """The cases that were not asked since they are hostile, of those that can be asked at all."""
    plain = [(n, one) for n, one in enumerate(hostile.cases) if one.url == Case.url]
    return [one.name for n, one in plain if not hostile.turns[n]]


def test_hostile_feeds_harm_nobody_and_what_they_tell_comes_through(
    place: tuple[Path, Newsroom, Site],
) -> None:
    """Good stories are not late, workers live, memory returns, and no canary is called."""
    folder, room, hostile = place
    config = _config(folder, room, hostile)
    good = {headline(2 * len(CASES) + number): number % _GOOD for number in range(_STORIES)}
    with service(config, "tests.service.faulty_run", _NAMES) as running:
        wait_until(room.polled, 60, "a poll of each good feed")
        time.sleep(_SETTLED)
        workers, (before, parsers) = _workers(running), memory(running.process.pid)
        watch = Watch(running.process.pid)
        hostile.open = True
        for title, feed in good.items():
            room.publish(feed, title)
            time.sleep(1)
        _wait_for(room, good.keys() | _expected(hostile))
        wait_until(lambda: not _unpolled(hostile), 60, "a poll of each hostile feed")
        wait_until(lambda: not _wrong(running, hostile), 90, "all outcomes")
        watch.end()
        hostile.open = False
        late = _lateness(room, good)
        print(
            f"latest after {late:.1f} s; own memory {before:.0f}, {max(watch.own):.0f} MB at most"
        )
        assert late <= _INTERVAL + _LATE
        assert set(room.titles().values()) == {1}
        assert set(room.titles()) <= good.keys() | _told(hostile)
        assert not hostile.strangers(), hostile.led_astray()
        assert _workers(running) == workers
        assert "Traceback" not in running.log()
        assert "by a bug" not in running.log()
        assert max(watch.own) - before < _GROWTH
        assert max(watch.parsers) < _PARSER
        before += sum(parsers) + _RETURNED
        wait_until(lambda: _whole(running.process.pid) < before, 60, "memory to return")
        print(f"left {_whole(running.process.pid) - before + _RETURNED:.0f} MB more than before")


def _whole(root: int) -> float:
    own, parsers = memory(root)
    return own + sum(parsers)


def _wait_for(room: Newsroom, wanted: set[str]) -> None:
    end = time.monotonic() + 90
    while missing := wanted - set(room.titles()):
        assert time.monotonic() < end, sorted(missing)
        time.sleep(0.2)


def _lateness(room: Newsroom, titles: Iterable[str]) -> float:
    """The most seconds between when one of these was published and when it arrived."""
    came: dict[str, float] = {}
    for (_, body), at in zip(room.arrived, room.times, strict=True):
        came.setdefault(body["data"]["title"], at)
    return max(came[title] - room.published[title] for title in titles)
