"""Each hostile feed by itself: what comes through, as what it is recorded, in which bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.catalogue import CASES
from tests.hostile.site import Site, site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


@dataclass
class Reader:
    """The process that polls."""

    process: subprocess.Popen[str]

    def poll(self, url: str) -> dict[str, Any]:
        """What a poll came to."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(url + "\n")
        self.process.stdin.flush()
        came: dict[str, Any] = json.loads(self.process.stdout.readline())
        return came


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(CASES, tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    words = [sys.executable, "-m", "tests.hostile.visits"]
    # Time and memory are the reader's own, not those of measuring which of its lines are run.
    environ = {**os.environ, "COVERAGE_PROCESS_CONFIG": ""}
    root, pipe = Path(__file__).parents[2], subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, text=True, cwd=root, env=environ
    ) as process:
        yield Reader(process)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_a_hostile_feed_comes_to_what_its_case_says(
    number: int, hostile: Site, reader: Reader
) -> None:
    case, news = CASES[number], hostile.news(number)
    came = reader.poll(hostile.url(number))
    assert came["outcome"] in case.outcome.split("|"), came
    wanted = list(case.titles(news))
    assert [title for title in came["titles"] if title in wanted] == wanted, came["titles"][:5]
    if case.links:
        assert came["links"] == list(case.links(news))
    assert came["seconds"] <= case.seconds, came["reason"]
    assert came["megabytes"] <= case.memory, came["reason"]
    assert not hostile.strangers(), hostile.led_astray()


def test_no_two_cases_have_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
