"""The commands about receivers: ledger, sending anew, routes, silences, metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.models import Attempt, Condition, Delivery
from monitor.edges.store.redis import RedisStore
from monitor.service.clockwork import utc_now
from tests import make
from tests.cli.shell import Shell
from tests.servers import embedded_store, short_folder

TITLE = "Lavrov lands in Bamako"
CONFIG = """\
[store]
url = "{url}"
[[feeds]]
url = "https://sahel.example/feed"
name = "Sahel Daily"
[[receivers]]
name = "desk"
type = "console"
[[receivers]]
name = "night"
type = "console"
[[routes]]
topics = ["sahel"]
receivers = ["desk"]
[[routes.routes]]
entities = ["Q912"]
receivers = ["night"]
"""


@pytest.fixture
def ledger(shell: Shell) -> Iterator[list[Delivery]]:
    """A store in which one alert was sent, one waits for another try, and two are dead."""
    with short_folder() as folder, embedded_store(folder) as url:
        shell.config(CONFIG.format(url=url))
        store, now = RedisStore(url), utc_now()
        made = [make.delivery(f"s_{n}", created=now - timedelta(hours=4 - n)) for n in range(4)]
        store.put(made)
        failed = Attempt(ok=False, detail="500 upset", status=500, seconds=0.25)
        gone = replace(failed, detail="410 \x1b[31mgone", status=410, permanent=True)
        ok = Attempt(ok=True, detail="200 ok", status=200)
        for one, attempt, retry in (
            (made[0], ok, None),
            (made[1], failed, now + timedelta(hours=1)),
            (made[2], gone, None),
            (made[3], gone, None),
        ):
            store.claim([one], now, now + timedelta(seconds=9), "")
            store.record([one], attempt, now, retry, Condition())
        yield made
        store.close()


@pytest.mark.slow
def test_deliveries_are_listed_by_state_the_latest_last(
    shell: Shell, ledger: list[Delivery]
) -> None:
    header, *said = shell("deliveries").out.splitlines()
    assert header.split()[-1] == "title"
    assert [line.split()[4] for line in said] == ["sent", "failed", "dead", "dead"]
    assert "(1 try; 500 upset; next " in said[1]
    assert said[2].endswith("(1 try; 410  [31mgone)")
    rows = shell("deliveries", "--state", "dead", "--format", "jsonl").rows()
    assert [one["delivery"] for one in rows] == [ledger[3].id, ledger[2].id]
    assert shell("deliveries", "--receiver", "night").out == "no such delivery in this time\n"
    assert shell("deliveries", "--receiver", "nobody").code == 2
    assert len(shell("deliveries", "--limit", "1").out.splitlines()) == 2
    assert shell("deliveries", "--state", "lost").code == 2


@pytest.mark.slow
def test_one_delivery_is_shown_with_all_its_attempts(shell: Shell, ledger: list[Delivery]) -> None:
    said = shell("deliveries", ledger[1].id).out
    assert f"  title     {TITLE}" in said
    assert "failed in 0.25 s: 500 upset" in said
    (row,) = shell("deliveries", ledger[1].id, "--format", "jsonl").rows()
    attempts = row["attempts"]
    assert isinstance(attempts, list)
    assert (attempts[0]["status"], attempts[0]["answer"]) == (500, "500 upset")
    unknown = shell("deliveries", "d_unknown")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1)


@pytest.mark.slow
def test_what_was_given_up_is_sent_again_one_by_one_or_all(
    shell: Shell, ledger: list[Delivery]
) -> None:
    assert shell("redeliver", ledger[2].id).out == "1 of 1 will be sent again\n"
    unknown = shell("redeliver", "d_unknown")
    assert (unknown.code, "no such delivery" in unknown.err) == (1, True)
    assert shell("redeliver", "--dead", "--receiver", "night").out.startswith("0 of 0")
    assert shell("redeliver", "--dead", "--receiver", "nobody").code == 2
    assert shell("redeliver", "--dead").out == "1 of 1 will be sent again\n"
    assert shell("redeliver").code == shell("redeliver", "--dead", "d_1").code == 2
    counts = json.loads(shell("status", "--json").out)["deliveries"]["desk"]
    assert counts == {"pending": 2, "sent": 1, "failed": 1, "dead": 0}


@pytest.mark.slow
def test_metrics_tell_deliveries_by_receiver_and_state(
    shell: Shell, ledger: list[Delivery]
) -> None:
    said = shell("metrics").out.splitlines()
    assert 'monitor_deliveries{receiver="desk",state="dead"} 2.0' in said
    assert 'monitor_attempts_total{receiver="desk",result="dead"} 2.0' in said
    assert 'monitor_latency_seconds_count{part="delivery"} 1.0' in said


@pytest.mark.slow
def test_a_silence_is_added_listed_and_ended(shell: Shell, ledger: list[Delivery]) -> None:
    words = ("--topic", "sahel", "--entity", "Q912", "--for", "4h", "--comment", "exercise")
    made = shell("silence", "add", *words).out
    name = made.split()[0]
    assert made.endswith("UTC  topics sahel and entities Q912 (exercise)\n")
    (row,) = shell("silence", "list", "--format", "jsonl").rows()
    assert (row["silence"], row["topics"]) == (name, ["sahel"])
    assert shell("silence", "end", name).out == f"{name} has ended\n"
    assert shell("silence", "list").out == "no silence is in force\n"
    assert shell("silence", "end", name).code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--topic", "sahel"), "a silence needs an end: --for 4h, or --until 2026-12-01T06:00"),
        (("--topic", "sahel", "--until", "2020-01-01"), "this end has passed already"),
        (("--topic", "sahel", "--until", "2999-01-01", "--for", "4h"), "give one"),
        (("--for", "4h"), "say what to silence: --topic, --entity, --source or --event"),
        (("--topic", "sahell", "--for", "4h"), "--topic: there is no topic sahell (known: sahel"),
        (("--entity", "Mali", "--for", "4h"), "no entity has the id Mali (the id of Mali is Q912)"),
        (("--entity", "Q91", "--for", "4h"), "no entity has the id Q91 (did you mean Q91"),
        (("--entity", "%%%", "--for", "4h"), "(ids stand in the rulebook's entities/*.csv)"),
    ],
)
def test_a_silence_that_cannot_be_is_refused(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    shell.config(CONFIG.format(url="redis://127.0.0.1:9/0"))
    refused = shell("silence", "add", *words)
    assert refused.code == 2
    assert said in refused.err


def test_each_route_says_whether_it_takes_an_entry_and_why(shell: Shell) -> None:
    shell.config(CONFIG.format(url=""))
    entries = (
        '{"title": "Mali and Moscow sign arms deal in Bamako"}\n'
        '{"title": "Floods in Niger kill 12 in Zinder"}\n{"title": \n'
    )
    said = shell("route", "-", stdin=entries)
    assert said.out == (
        "Mali and Moscow sign arms deal in Bamako\n"
        "  yes  route 1: sahel; a route below takes it\n"
        "  YES  route 1.1: names Q912 -> night\n\n"
        "Floods in Niger kill 12 in Zinder\n"
        "  YES  route 1: sahel -> desk\n"
        "  no   route 1.1: wants entity Q912\n\n"
    )
    assert (said.code, said.err.startswith("monitor: -:3: is not an entry")) == (1, True)
    shell.config("routes = []\n" + CONFIG.format(url="").partition("[[routes]]")[0])
    assert "no route is configured" in shell("route", "-", stdin=entries).out
