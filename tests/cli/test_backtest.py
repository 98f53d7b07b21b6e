"""Trying a changed rulebook on what was archived, as a user types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.core.models import Route
from monitor.core.triage import Policy
from monitor.edges.rulebook import SHIPPED, load_rulebook
from monitor.edges.store.redis import RedisStore
from monitor.service.clockwork import utc_now
from tests import make
from tests.archives import fill
from tests.cli.shell import Said, Shell
from tests.servers import embedded_store, short_folder

TITLES = (
    "Lavrov lands in Bamako",
    "Gunmen raid Djibo in Burkina Faso",
    "Ferry timetable changes in spring",
    "Kreyòl\x1b[31m zebra marches on the border",
)
CONFIG = """
feeds = [{ url = "https://sahel.example/feed", name = "Sahel Daily", language = "en" }]
receivers = [{ name = "desk", type = "console" }]
routes = [{ receivers = ["desk"], topics = ["sahel", "russia-sahel"] }]
[store]
url = "%s"
"""
# A rule that the shipped rulebook does not have.
ZEBRA = """
[[rules]]
id = "zebra"
topic = "sahel"
severity = "low"
why = "A zebra"
query = "zebra*"
must_match.en = ["A zebra was seen"]
must_not_match.en = ["A horse was seen"]
"""


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A store whose archive holds what was decided on in the last two days."""
    with short_folder() as folder, embedded_store(folder) as url:
        policy = Policy(load_rulebook(None), (Route(("desk",), topics=frozenset({"sahel"})),))
        now = utc_now()
        entries = []
        for number, title in enumerate(TITLES):
            at = now - timedelta(hours=40 - 10 * number)
            link = f"https://sahel.example/{number}"
            one = make.entry(title, id=f"g-{number}", link=link, summary="", published=at)
            entries.append((at, one))
        fill(RedisStore(url), policy, entries, make.FEED)
        yield url


def candidate(folder: Path, more: str) -> None:
    """A copy of the shipped rulebook with more rules."""
    shutil.copytree(SHIPPED, folder)
    rules = folder / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + more, encoding="utf-8")


def row(said: Said) -> dict[str, Any]:
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


@pytest.mark.slow
def test_a_candidate_is_compared_with_the_configured_rulebook(shell: Shell, store: str) -> None:
    shell.config(CONFIG % store)
    candidate(shell.folder / "next", ZEBRA)
    found = row(shell("backtest", "--rulebook", "next", "--since", "3d", "--json"))
    assert (found["entries"], found["now"]["alerts"], found["then"]["alerts"]) == (4, 2, 3)
    assert found["then"]["by"].endswith(", next")
    assert found["alerts"] == {"same": 2, "moved": 0, "gained": 1, "lost": 0}
    (gained,) = found["gained"]
    assert (gained["title"], gained["source"]) == (TITLES[3], "Sahel Daily")
    assert (gained["gained"], gained["now"]["outcome"]) == (["desk"], "no-topic")
    assert "zebra" in gained["then"]["reason"]
    assert found["noise"] == {"untitled": 0, "one_rule": 1, "alone": 1, "likely": 0}
    assert found["receivers"]["desk"] == {"now": 2, "then": 3, "gained": 1, "lost": 0}
    assert sum(day["then"] for day in found["days"]) == 3
    assert found["unknown_feeds"] == {"feeds": 0, "entries": 0}


@pytest.mark.slow
def test_the_page_shows_days_topics_and_samples_and_moves_no_cursor(
    shell: Shell, store: str
) -> None:
    shell.config(CONFIG % store)
    candidate(shell.folder / "next", ZEBRA)
    said = shell("backtest", "--rulebook", "next")
    assert said.code == 0, said.err
    for words in ("NOW", "THEN", "1 GAINED, 0 LOST", "█", "a day", "sahel", "NOISE", "zebra"):
        assert words in said.out
    assert "\x1b" not in said.out
    assert said.err == ""
    assert "1 alerts, for example" in said.out
    assert "for example" not in shell("backtest", "--rulebook", "next", "--sample", "0").out


@pytest.mark.slow
def test_without_a_candidate_the_configuration_is_compared_with_what_was_decided(
    shell: Shell, store: str
) -> None:
    shell.config(CONFIG % store)
    found = row(shell("backtest", "--json"))
    assert found["now"]["by"] == "as it was decided"
    assert found["alerts"] == {"same": 2, "moved": 0, "gained": 0, "lost": 0}
    other = CONFIG.replace('name = "desk"', 'name = "hook"').replace('["desk"]', '["hook"]')
    shell.config(other % store)
    found = row(shell("backtest", "--json", "--since", "35h"))
    assert found["alerts"] == {"same": 0, "moved": 0, "gained": 1, "lost": 1}
    (lost,) = found["lost"]
    assert (lost["lost"], lost["now"]["outcome"]) == (["desk"], "alerted")
    said = shell("backtest", "--since", "35h")
    assert "LOST" in said.out
    assert "hook" in said.out


@pytest.mark.slow
def test_a_time_without_entries_is_one_sentence(shell: Shell, store: str) -> None:
    shell.config(CONFIG % store)
    said = shell("backtest", "--since", "1m")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("monitor: the archive holds no entry since 20")
    assert said.err.count("\n") == 1


def test_a_store_that_is_away_is_one_sentence(shell: Shell) -> None:
    shell.config(CONFIG % f"unix://{shell.folder}/none")
    said = shell("backtest")
    assert (said.code, said.out) == (1, "")
    assert "cannot be reached" in said.err
    assert said.err.count("\n") == 1


def test_every_fault_of_a_candidate_is_told(shell: Shell) -> None:
    shell.config(CONFIG % f"unix://{shell.folder}/none")
    candidate(shell.folder / "next", ZEBRA.replace("zebra*", "side:zebra") + "[[rules]]\n")
    said = shell("backtest", "--rulebook", "next")
    assert said.code == 2
    assert "there is no side zebra" in said.err
    assert said.err.count("monitor: ") > 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--rulebook", "none"), "No such file or directory"),
        (("--rulebook", "monitor.toml"), "Not a directory"),
        (("--rulebook", "a\0b"), "is no name that a folder can have"),
        (("--since", "nonsense"), "is not a duration"),
        (("--since", "9999999d"), "is longer than ten years"),
        (("--sample", "-1"), "range"),
        (("--sample", "many"), "not a valid integer"),
        (("more",), "unexpected extra argument"),
    ],
)
def test_wrong_words_are_told_and_nothing_is_judged(
    shell: Shell, words: tuple[str, ...], why: str
) -> None:
    shell.config(CONFIG % f"unix://{shell.folder}/none")
    said = shell("backtest", *words)
    assert (said.code, said.out) == (2, "")
    assert why in said.err
    assert "Traceback" not in said.err


def test_routes_that_name_what_the_candidate_does_not_know_are_faults(shell: Shell) -> None:
    shell.config('rulebook = "mine"\n' + (CONFIG % "").replace('"russia-sahel"', '"zebras"'))
    candidate(shell.folder / "mine", ZEBRA.replace('topic = "sahel"', 'topic = "zebras"'))
    topics = shell.folder / "mine" / "topics.toml"
    topics.write_text(topics.read_text(encoding="utf-8") + "\n[zebras]\n", encoding="utf-8")
    assert shell("check").code == 0
    candidate(shell.folder / "next", ZEBRA)
    said = shell("backtest", "--rulebook", "next")
    assert said.code == 2
    assert said.err.startswith(f"monitor: {shell.folder}/monitor.toml: routes[0].topics: no topic")
