"""A candidate rulebook beside the live one: told, counted, and nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.core.identity import identify
from monitor.core.models import Entry, FeedState, Outcome, Route, Sameness, Tagging, Verdict
from monitor.core.rulebook import Rulebook
from monitor.edges.rulebook import SHIPPED, load_rulebook
from monitor.edges.settings import Settings, load_settings
from monitor.edges.store.redis import RedisStore
from monitor.service.pipeline import Polled
from monitor.service.shadowing import Shadow, shadow_of
from tests import make
from tests.servers import short_folder
from tests.service.running import newsroom, service, title, wait_until, write_config

LAVROV = make.entry("Lavrov lands in Bamako", summary="")
FERRY = make.entry("Ferry timetable changes", id="g-2", summary="")
STORE = RedisStore("unix:///nowhere")


class Counted:
    """Remembers what it was told to count."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, int]]] = []

    def __call__(self, rulebook: str, counts: Mapping[str, int], now: datetime) -> None:
        assert now.tzinfo
        self.calls.append((rulebook, counts))


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(None)


def untagged(entry: Entry, sameness: Sameness = Sameness.NEW) -> Verdict:
    """A verdict of a rulebook that finds nothing."""
    (identity,) = identify([entry])
    return Verdict(entry, identity, sameness, Outcome.NO_TOPIC, "", tagging=Tagging())


def polled(*verdicts: Verdict, committed: bool = True) -> Polled:
    return Polled(make.FEED, FeedState(), FeedState(), verdicts, committed)


def test_only_differences_are_logged_and_all_that_was_read_is_counted(rulebook: Rulebook) -> None:
    counted = Counted()
    shadow = Shadow(rulebook, (Route(("desk",), topics=frozenset({"sahel"})),), counted)
    known = untagged(make.entry(id="g-3"), Sameness.SAME_ID)
    with capture_logs() as lines:
        shadow(polled(untagged(LAVROV), untagged(FERRY), known))
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("shadow", "info")
    assert (line["title"], line["feed"]) == (LAVROV.title, make.FEED.url)
    assert (line["would_alert"], line["outcome"]) == (["desk"], "no-topic")
    assert "sahel" in line["topics_gained"]
    assert '"Bamako"' in line["why"]
    assert "topics_lost" not in line
    ways = {"entries": 2, "differ": 1, "topics_gained": 1, "would_alert": 1}
    assert counted.calls == [(rulebook.version, ways)]


def test_a_poll_that_read_nothing_or_was_not_committed_is_not_counted(rulebook: Rulebook) -> None:
    counted = Counted()
    shadow = Shadow(rulebook, (), counted)
    shadow(polled())
    shadow(polled(untagged(LAVROV, Sameness.SAME_ID)))
    shadow(polled(untagged(LAVROV), committed=False))
    assert counted.calls == []


def settings(folder: Path, shadow: str) -> Settings:
    config = folder / "monitor.toml"
    config.write_text(f'[shadow]\nrulebook = "{shadow}"\n', encoding="utf-8")
    return load_settings(config, {}, folder)


def test_without_a_candidate_there_is_no_shadow(tmp_path: Path) -> None:
    with capture_logs() as lines:
        assert shadow_of(settings(tmp_path, ""), STORE) is None
    assert lines == []


def test_a_candidate_is_loaded_from_the_folder_beside_the_configuration(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "next")
    found = shadow_of(settings(tmp_path, "next"), STORE)
    assert found
    assert found.routes


def test_each_fault_of_a_broken_candidate_is_told_and_there_is_no_shadow(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "next")
    rules = tmp_path / "next" / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("#mines", "#minez"))
    with capture_logs() as lines:
        assert shadow_of(settings(tmp_path, "next"), STORE) is None
        assert shadow_of(settings(tmp_path, "none"), STORE) is None
    assert {line["event"] for line in lines} == {
        "shadow rulebook is not used, the live one goes on"
    }
    assert {line["log_level"] for line in lines} == {"warning"}
    assert "minez" in lines[0]["why"]
    assert lines[-1]["why"].endswith("No such file or directory")


# A rule that the shipped rulebook does not have.
FERRIES = """
[[rules]]
id = "ferries"
topic = "sahel"
severity = "low"
why = "A ferry"
query = "ferry"
must_match.en = ["The ferry sails at noon"]
must_not_match.en = ["The lorry leaves at noon"]
"""


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_the_service_shadows_what_it_polls_and_a_broken_candidate_stops_nothing() -> None:
    with short_folder() as folder, newsroom(1) as room:
        shutil.copytree(SHIPPED, folder / "next")
        rules = folder / "next" / "rules.toml"
        text = rules.read_text(encoding="utf-8")
        config = write_config(folder, room)
        config.write_text(config.read_text() + '[shadow]\nrulebook = "next"\n', encoding="utf-8")
        rules.write_text(text + "[[rules]]\n", encoding="utf-8")
        with service(config) as running:
            room.publish(0, title(0))
            wait_until(lambda: title(0) in room.titles(), 40, "an alert beside a broken candidate")
            wait_until(lambda: "shadow rulebook is not used" in running.log(), 10, "its fault")
            assert running.status()["shadow"]["entries"] == 0
            assert running.command("check").returncode == 2
        rules.write_text(text + FERRIES, encoding="utf-8")
        with service(config) as running:
            room.publish(0, FERRY.title)
            room.publish(0, title(1))
            wait_until(lambda: title(1) in room.titles(), 40, "an alert beside a candidate")
            wait_until(lambda: running.status()["shadow"]["entries"] == 2, 20, "two entries")
            found = running.status()["shadow"]
            assert (found["differ"], found["topics_gained"], found["would_alert"]) == (1, 1, 1)
            page = " ".join(running.command("status").stdout.split())
            assert "1 of 2 entries differ: 1 topics gained, 1 would alert" in page
            (line,) = [one for one in running.log().splitlines() if '"event": "shadow"' in one]
            assert FERRY.title in line
            assert '"would_alert": ["hook", "log"]' in line
        assert set(room.titles()) == {title(0), title(1)}
