"""What is changed in the files is taken up once it rests; what is broken changes nothing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
import structlog.testing

from monitor.core.errors import Unavailable
from monitor.core.models import Delivery
from monitor.edges.files import noting, stamp_of
from monitor.edges.rulebook import SHIPPED
from monitor.edges.store.memory import MemoryStore
from monitor.service.reloading import Reloader, Watch
from monitor.service.wiring import Service

CONFIG = """\
feeds = ["feeds.toml"]
[[receivers]]
name = "desk"
type = "console"
[[receivers]]
name = "hook"
type = "webhook"
url = "https://a.example/{key}"
secret = "whsec_bW9uaXRvci10ZXN0LXNlY3JldC0wMDAwMDAwMQ=="
"""
FEED = '[[feeds]]\nurl = "https://{}.example/feed"\n'


class Away(MemoryStore):
    """A store that is away at first."""

    def __init__(self) -> None:
        super().__init__()
        self.away = True

    def put(self, deliveries: Any) -> tuple[Delivery, ...]:
        if self.away:
            raise Unavailable("away")
        return super().put(deliveries)


class Rig:
    """A reloader over files, a clock that is set, and a store in memory."""

    def __init__(self, folder: Path, store: MemoryStore, *, feeds: bool = True) -> None:
        self.folder, self.now, self.hidden = folder, 0.0, list[str]()
        self.config = folder / "monitor.toml"
        self.woken: list[str] = []
        self.write("monitor.toml", CONFIG.format(key="first-key-of-the-hook"))
        self.write("feeds.toml", FEED.format("a"))
        self.reloader = self.another(store, feeds=feeds)

    def another(self, store: MemoryStore, *, feeds: bool = True) -> Reloader:
        made = Reloader(
            str(self.config),
            wake=self.woken.append,
            feeds=feeds,
            clock=lambda: self.now,
            hide=self.hidden.extend,
        )
        made.service().store = store  # type: ignore[assignment]
        return made

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def rest(self, *others: Reloader) -> None:
        """Look, and look again when it has rested."""
        for after in (0.0, 1.0):
            self.now += after
            for one in (self.reloader, *others):
                one.look()

    @property
    def service(self) -> Service:
        return self.reloader.service()


@contextmanager
def calm() -> Iterator[None]:
    """Until no service is being retired any more."""
    yield
    end = time.monotonic() + 10
    while any(one.name == "retiring" for one in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def rig(tmp_path: Path, store: MemoryStore) -> Iterator[Rig]:
    with calm():
        yield Rig(tmp_path, store)


def test_all_that_is_read_is_noted_with_its_stamp_also_what_is_not_there(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MemoryStore())
    assert {tmp_path / "monitor.toml", tmp_path / "feeds.toml"} <= rig.reloader._watch.seen.keys()
    rig.write("monitor.toml", CONFIG.replace("feeds.toml", "gone.toml"))
    rig.rest()
    assert rig.reloader._watch.seen[tmp_path / "gone.toml"] is None
    with noting() as outer, noting() as inner:
        pass
    assert outer == inner == {}
    assert stamp_of(Path("\0")) is None


def test_a_change_is_seen_once_the_files_rest(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    watch = Watch({file: stamp_of(file)})
    assert not watch.changed(10.0)
    file.write_text("one two")
    assert not watch.changed(11.0)
    file.write_text("one two three")
    assert not watch.changed(11.9)
    assert not watch.changed(12.5)
    assert watch.changed(12.9)
    assert not Watch({file: stamp_of(file)}).changed(99.0)


def test_rights_that_are_given_and_a_file_put_in_place_are_changes(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_text("same")
    before = stamp_of(file)
    file.chmod(0o600)
    given = stamp_of(file)
    assert given != before
    other.write_text("same")
    other.replace(file)
    assert stamp_of(file) != given
    file.unlink()
    assert stamp_of(file) is None


def test_a_look_costs_microseconds(rig: Rig) -> None:
    began = time.perf_counter()
    for _ in range(100):
        rig.reloader.look()
    assert (time.perf_counter() - began) / 100 < 0.005


def test_feeds_that_came_and_went_are_taken_up_and_told(rig: Rig) -> None:
    before = rig.service
    rig.write("feeds.toml", FEED.format("b") + FEED.format("c"))
    with structlog.testing.capture_logs() as logs:
        rig.rest()
    after = rig.service
    assert after is not before
    assert sorted(one.url for one in after.feeds.values()) == [
        "https://b.example/feed",
        "https://c.example/feed",
    ]
    assert len(after.settings.feeds) == 2
    assert after.store is before.store
    assert after.rulebook is before.rulebook
    (said,) = [one for one in logs if one["log_level"] == "info"]
    assert said["event"] == "configuration reloaded"
    assert said["feeds"] == "+2 -1"


def test_while_the_service_runs_new_feeds_wait_a_moment_and_old_ones_keep_their_turns(
    rig: Rig, store: MemoryStore
) -> None:
    rig.write("feeds.toml", FEED.format("a") + FEED.format("b"))
    rig.rest()
    first = rig.service
    first._register.keep(*_at(1000))
    assert sorted(store._due.values()) == [1000, 1000.01]
    rig.write("feeds.toml", FEED.format("b") + FEED.format("c"))
    rig.rest()
    rig.service._register.keep(*_at(1001))
    assert sorted(store._due.values()) == [1000.01, 1004.01]


def test_a_feed_is_taken_out_even_if_the_reload_was_followed_by_another(
    rig: Rig, store: MemoryStore
) -> None:
    rig.write("feeds.toml", FEED.format("a") + FEED.format("b"))
    rig.rest()
    rig.service._register.keep(*_at(1000))
    for name in ("b", "c"):
        rig.write("feeds.toml", FEED.format(name))
        rig.rest()
    rig.service._register.keep(*_at(1001))
    assert list(store._due) == list(rig.service.feeds)


def _at(seconds: float) -> Any:
    return datetime.fromtimestamp(seconds, UTC), lambda now: None


def test_a_receiver_that_was_changed_is_another_and_its_new_secret_is_hidden_first(
    rig: Rig,
) -> None:
    rig.write("monitor.toml", CONFIG.format(key="second-key-of-the-hook"))
    with structlog.testing.capture_logs() as logs:
        rig.rest()
    assert rig.service.desk.receivers["hook"].options["url"].endswith("second-key-of-the-hook")
    assert "second-key-of-the-hook" in rig.hidden
    (said,) = logs
    assert said["receivers"] == "~hook"
    assert "key-of-the-hook" not in str(said)


def test_secrets_that_were_are_hidden_still(rig: Rig) -> None:
    for key in ("second-key-of-the-hook", "third-key-of-the-hook"):
        rig.write("monitor.toml", CONFIG.format(key=key))
        rig.hidden.clear()
        rig.rest()
    assert {"second-key-of-the-hook", "third-key-of-the-hook"} <= set(rig.hidden)


def test_what_says_the_same_changes_nothing(rig: Rig) -> None:
    before = rig.service
    rig.write("monitor.toml", CONFIG.format(key="first-key-of-the-hook") + "# a remark\n")
    os.utime(rig.folder / "feeds.toml")
    with structlog.testing.capture_logs() as logs:
        rig.rest()
    assert rig.service is before
    assert logs == []
    rig.write("feeds.toml", FEED.format("b"))
    rig.rest()
    assert rig.service is not before


def test_what_is_broken_is_refused_and_told_once_by_however_many(
    rig: Rig, store: MemoryStore
) -> None:
    other, before = rig.another(store), rig.service
    rig.write("monitor.toml", CONFIG.format(key="x") + '[[routes]]\nreceivers = ["nobody"]\nx = 1')
    rig.write("feeds.toml", "[[feeds]]\nurl = 1\n")
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            rig.rest(other)
    assert rig.service is before
    (said,) = logs
    assert said["event"] == "configuration refused; the one before stays in force"
    assert [one for one in said["faults"] if "there is no such key" in one]
    (notice,) = store.ledger(_at(0)[0], None, None, 9)
    assert notice.delivery.alert.story.title == "Configuration refused: a fault"
    assert rig.woken == ["desk"]


def test_faults_of_all_files_are_told_at_once(rig: Rig) -> None:
    rig.write("monitor.toml", CONFIG.format(key="x").replace("https", "ftp"))
    rig.write("feeds.toml", "[[feeds]]\nurl = 1\n")
    with structlog.testing.capture_logs() as logs:
        rig.rest()
    (said,) = logs
    assert [one for one in said["faults"] if "feeds.toml" in one]
    assert [one for one in said["faults"] if "receivers.hook" in one]


def test_once_mended_it_is_taken_up_and_said(rig: Rig) -> None:
    rig.write("monitor.toml", "[[")
    rig.rest()
    rig.write("monitor.toml", CONFIG.format(key="first-key-of-the-hook"))
    with structlog.testing.capture_logs() as logs:
        rig.rest()
    (said,) = logs
    assert (said["event"], said["mended"]) == ("configuration reloaded", True)


def test_a_file_that_is_named_and_comes_later_mends_it(rig: Rig) -> None:
    text = CONFIG.format(key="first-key-of-the-hook")
    rig.write("monitor.toml", text.replace('"feeds.toml"', '"feeds.toml", "more.toml"'))
    rig.rest()
    assert len(rig.service.feeds) == 1
    rig.write("more.toml", FEED.format("more"))
    rig.rest()
    assert len(rig.service.feeds) == 2


def test_what_changes_while_it_is_read_waits(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    before, read = rig.service, rig.reloader._made

    def meanwhile(service: Service) -> Service:
        made = read(service)
        rig.write("feeds.toml", FEED.format("later") + FEED.format("still"))
        return made

    rig.write("feeds.toml", FEED.format("b"))
    monkeypatch.setattr(rig.reloader, "_made", meanwhile)
    rig.rest()
    assert rig.service is before
    monkeypatch.undo()
    rig.rest()
    assert len(rig.service.feeds) == 2


def test_what_cannot_be_changed_stays_and_is_named(rig: Rig) -> None:
    before = rig.service
    text = CONFIG.format(key="first-key-of-the-hook")
    rig.write("monitor.toml", f'{text}[store]\ndata_dir = "elsewhere"\nurl = "redis://h"\n')
    with structlog.testing.capture_logs() as logs:
        rig.rest()
    assert rig.service is before
    (said,) = logs
    assert said["event"] == "this change needs a restart"
    assert said["settings"] == ["store.url", "store.data_dir"]


def test_a_notice_that_finds_no_store_is_put_out_when_there_is_one(tmp_path: Path) -> None:
    store = Away()
    rig = Rig(tmp_path, store)
    rig.write("monitor.toml", "[[")
    rig.rest()
    assert rig.woken == []
    store.away = False
    rig.reloader.look()
    rig.reloader.look()
    assert rig.woken == ["desk"]


def test_without_need_of_feeds_they_are_checked_and_let_go_of(
    tmp_path: Path, store: MemoryStore
) -> None:
    with calm():
        rig = Rig(tmp_path, store, feeds=False)
        before = rig.service
        rig.write("monitor.toml", CONFIG.format(key="second-key-of-the-hook"))
        rig.write("feeds.toml", "[[feeds]]\nurl = 1\n")
        rig.rest()
        assert rig.service is before
        rig.write("feeds.toml", FEED.format("b"))
        rig.rest()
        assert rig.service.settings.feeds == ()
        assert not rig.service.made("feeds")
        assert [one.url for one in rig.service.feeds.values()] == ["https://b.example/feed"]
        rig.write("feeds.toml", FEED.format("c"))
        rig.rest()
        assert [one.url for one in rig.service.feeds.values()] == ["https://c.example/feed"]


def test_a_message_in_hand_is_the_last_one_of_a_desk_whose_place_is_taken(rig: Rig) -> None:
    desk = rig.service.desk
    assert not desk.sender.stopping()
    with calm():
        rig.write("monitor.toml", CONFIG.format(key="second-key-of-the-hook"))
        rig.rest()
    assert desk.sender.stopping()
    assert desk.deliver("nobody").again
    assert not rig.service.desk.sender.stopping()
    assert rig.service.desk.stopping is desk.stopping


def test_the_thread_looks_by_itself_and_a_bug_does_not_end_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.service.reloading._LOOK", 0.01)
    looked: list[int] = []

    def broken() -> None:
        looked.append(1)
        raise KeyError

    monkeypatch.setattr(rig.reloader, "look", broken)
    with structlog.testing.capture_logs() as logs:
        rig.reloader.start()
        rig.reloader.start()
        end = time.monotonic() + 5
        while len(looked) < 2:
            assert time.monotonic() < end
            time.sleep(0.01)
        rig.reloader.stop()
    assert logs[0]["event"] == "reload ended by a bug"
    assert not [one for one in threading.enumerate() if one.name == "reloader"]


def test_a_forked_process_has_locks_and_a_thread_of_its_own(rig: Rig) -> None:
    rig.reloader.start()
    child = os.fork()
    if child == 0:
        alive = rig.reloader._thread is not None or rig.reloader.busy.locked()
        rig.write("feeds.toml", FEED.format("b"))
        rig.rest()
        os._exit(1 if alive or len(rig.service.feeds) != 1 else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not rig.reloader.busy.locked()
    rig.reloader.stop()


def test_a_changed_candidate_is_taken_up_and_a_broken_one_refuses_nothing(
    rig: Rig, tmp_path: Path
) -> None:
    folder = tmp_path / "next"
    shutil.copytree(SHIPPED, folder)
    before = rig.config.read_text(encoding="utf-8")
    rig.write("monitor.toml", f'{before}[shadow]\nrulebook = "next"\n')
    rig.rest()
    first = rig.service
    assert first.shadow
    assert first.shadow.candidate.version == first.candidate
    (folder / "blockers.txt").write_text("Niger Delta\n", encoding="utf-8")
    with structlog.testing.capture_logs() as lines:
        rig.rest()
    assert rig.service is not first
    assert rig.service.rulebook is first.rulebook
    (line,) = lines
    assert line["shadow"] == f"{first.candidate} -> {rig.service.candidate}"
    shutil.rmtree(folder)
    with structlog.testing.capture_logs() as lines:
        rig.rest()
        assert rig.service.shadow is None
    assert [line["event"] for line in lines] == [
        "configuration reloaded",
        "shadow rulebook is not used, the live one goes on",
    ]
