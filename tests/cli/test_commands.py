"""The commands, as a user types them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.identity import identify
from monitor.core.models import Attempt, Claimed, Condition, Freed, PollOutcome, Seen
from monitor.edges.rulebook import SHIPPED
from monitor.edges.store.redis import RedisStore
from monitor.service.clockwork import utc_now
from tests import make
from tests.cli.shell import Shell
from tests.servers import embedded_store, short_folder

ENTRY = {
    "id": "e-1",
    "feed": "https://sahel.example/feed",
    "lang": "en",
    "title": "Lavrov lands in Bamako",
    "summary": "Talks with Goïta about instructors for Mali's army.",
    "link": "https://sahel.example/1",
    "published": "2026-03-14T11:00:00Z",
    "unknown": 1,
}
RSS = (
    "<rss version='2.0'><channel><title>F</title><item><guid>g</guid>"
    "<title>Gunmen attack an army camp in Burkina Faso</title></item></channel></rss>"
)


def lines(*entries: dict[str, object]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in entries)


def test_replay_writes_one_line_an_entry_as_the_contract_says(shell: Shell) -> None:
    copy = ENTRY | {"id": "e-2", "feed": "https://other.example/feed"}
    said = shell("replay", "-", stdin=lines(ENTRY, copy, ENTRY))
    assert said.code == 0
    first, second, third = said.rows()
    assert first["entry"] == "e-1"
    assert (first["sameness"], first["of"], first["outcome"]) == ("new", None, "alerted")
    assert {"russia", "russia-sahel", "sahel"} <= set(first["topics"])  # type: ignore[call-overload]
    assert first["severity"] == "critical"
    assert first["alerts"]
    for match in first["matches"]:  # type: ignore[attr-defined]
        text = str(ENTRY[match["field"]])
        assert text[match["start"] : match["end"]] == match["text"]
    assert (second["sameness"], second["of"], second["outcome"]) == (
        "same-link",
        "e-1",
        "duplicate",
    )
    assert second["story"] == first["story"]
    assert (third["sameness"], third["story"]) == ("same-id", first["story"])


def test_replay_reads_files_packed_files_and_feed_documents(shell: Shell) -> None:
    (shell.folder / "a.jsonl").write_text(lines(ENTRY), encoding="utf-8")
    with gzip.open(shell.folder / "b.jsonl.gz", "wt") as packed:
        packed.write(lines(ENTRY))
    (shell.folder / "c.xml").write_text(RSS, encoding="utf-8")
    said = shell("replay", "a.jsonl", "b.jsonl.gz", "c.xml")
    assert [row["outcome"] for row in said.rows()] == ["alerted", "duplicate", "alerted"]


def test_replay_unpacks_what_is_packed_and_tells_what_is_damaged(shell: Shell) -> None:
    packed = gzip.compress((lines(ENTRY) + "x" * 9_000).encode())
    (shell.folder / "whole").write_bytes(gzip.compress(lines(ENTRY).encode()))
    (shell.folder / "cut.gz").write_bytes(packed[:-9])
    (shell.folder / "odd.gz").write_bytes(packed[:20] + b"\xff" * 60 + packed[80:])
    said = shell("replay", "whole", "cut.gz", "odd.gz")
    assert said.code == 1
    assert len(said.rows()) >= 1
    assert "cut.gz: " in said.err
    assert "odd.gz: " in said.err
    assert "Traceback" not in said.err


def test_replay_tells_what_it_cannot_read_and_goes_on(shell: Shell) -> None:
    broken = lines(ENTRY) + '{"id": 1\n\n[1]\n{"title": ""}\n{"title": {}}\n'
    late = lines(ENTRY | {"id": "z", "published": "no date", "link": "", "title": "Kidal"})
    (shell.folder / "page.html").write_text("<html><body>no feed</body></html>")
    said = shell("replay", "-", "page.html", "none.xml", stdin=broken + late)
    assert said.code == 1
    assert [row["entry"] for row in said.rows()] == ["e-1", "z"]
    told = said.err.splitlines()
    assert [line.split(": ")[1] for line in told] == [
        *("-:2", "-:4", "-:5", "-:6"),
        *("page.html", "none.xml"),
    ]
    assert "Traceback" not in said.err


def test_replay_of_a_spoilt_first_line_does_not_lose_the_rest(shell: Shell) -> None:
    said = shell("replay", "-", stdin='{"id" 1}\n' + lines(ENTRY))
    assert (said.code, len(said.rows())) == (1, 1)


def test_replay_dates_may_be_written_as_in_mail_and_json_feeds_are_documents(shell: Shell) -> None:
    mail = ENTRY | {"published": "Sat, 14 Mar 2026 11:00:00 GMT", "id": 7}
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "Kidal"}]}
    (shell.folder / "f.json").write_text(json.dumps(feed))
    said = shell("replay", "-", "f.json", stdin=lines(mail))
    assert [row["entry"] for row in said.rows()] == ["7", "1"]


def test_explain_shows_evidence_reason_and_route(shell: Shell) -> None:
    said = shell("explain", "-", stdin=lines(ENTRY))
    assert said.code == 0
    assert said.out.startswith("ALERT: ")
    assert "»Lavrov« »lands in« »Bamako«" in said.out
    for word in ("topics", "because", "evidence", "route 1", "(Q3703)", "console"):
        assert word in said.out


def test_explain_says_why_not(shell: Shell) -> None:
    spill = ENTRY | {"title": "Spill in the Niger Delta", "summary": ""}
    said = shell("explain", "-", stdin=lines(spill))
    assert said.out.startswith("no alert (no-topic)")
    assert "Niger Delta" in said.out
    broken = shell("explain", "-", stdin="<html>")
    assert (broken.code, "not a feed" in broken.err) == (1, True)


def test_check_counts_what_it_found_right(shell: Shell) -> None:
    said = shell("check")
    assert said.code == 0
    assert "feeds      238" in said.out
    assert "no fault found" in said.out


def test_check_tells_every_fault_of_receivers_routes_network_and_rulebook(shell: Shell) -> None:
    shell.config(
        'rulebook = "mine"\n[network]\nallow = ["0.0.0.0/0"]\n'
        '[[receivers]]\nname = "a"\ntype = "slak"\n'
        '[[receivers]]\nname = "b"\ntype = "webhook"\nsecret = "hunter2"\n'
    )
    said = shell("check")
    assert said.code == 2
    assert "did you mean slack?" in said.err
    assert "receivers.b.url" in said.err
    assert "receivers.b.secret" in said.err
    assert "hunter2" not in said.err
    assert "network.allow" in said.err
    assert "mine: No such file or directory" in said.err
    assert "Traceback" not in said.err
    shell.config('[[routes]]\nreceivers = ["console"]\ntopics = ["sahell"]\n')
    assert "no topic sahell" in shell("check").err


def test_check_tells_the_faults_of_all_files_together(shell: Shell) -> None:
    shell.config(
        'feeds = ["none.toml"]\nrulebook = "mine"\n[network]\nallow = ["nonsense", "10.0.0.0/3"]\n'
        '[[routes]]\nreceivers = ["consol"]\n'
        '[[receivers]]\nname = "console"\ntype = "sms"\n'
        '[[receivers]]\nname = "f"\ntype = "file"\npath = "."\n'
    )
    said = shell("check").err
    for word in ("none.toml: No such", "no receiver consol", "'sms'", "allow[0]", "allow[1]"):
        assert word in said
    assert "receivers.f.path: is a folder" in said
    assert "mine: No such file" in said


def test_a_file_where_the_data_should_be_is_said_plainly(shell: Shell) -> None:
    shell.config('[store]\ndata_dir = "plain"\n')
    (shell.folder / "plain").write_text("")
    said = shell("store")
    assert said.code == 1
    assert "there is a file in its place" in said.err


def test_bad_use_is_exit_2(shell: Shell) -> None:
    assert shell("replay").code == 2
    assert shell("nonsense").code == 2
    assert shell("stories", "--since", "soon").code == 2
    assert shell("--config", "none.toml", "check").code == 2
    assert shell("send-test", "nobody").code == 2


def test_send_test_sends_a_sample_to_one_receiver(shell: Shell) -> None:
    said = shell("send-test", "console")
    assert said.code == 0
    assert "TEST" in said.out
    assert "console: sent" in said.out


def test_send_test_tells_a_failure(shell: Shell) -> None:
    shell.config('[[receivers]]\nname = "a"\ntype = "file"\npath = "/dev/full"\n')
    said = shell("send-test", "a")
    assert said.code == 1
    assert "not sent" in said.err


def test_without_a_store_each_command_says_so_in_one_line(shell: Shell) -> None:
    for words in (("status",), ("stories",), ("explain", "https://x.example/")):
        said = shell(*words)
        assert said.code == 1
        assert said.err.count("\n") == 1
        assert "cannot be reached" in said.err
    status = shell("status", "--json")
    assert status.code == 1
    assert json.loads(status.out)["store"]["reachable"] is False


def test_help_and_version_need_nothing(shell: Shell) -> None:
    assert "replay" in shell("--help").out
    assert shell("--version").code == 0


@pytest.fixture
def kept(shell: Shell) -> Iterator[RedisStore]:
    """A store that holds one story, told to the desk, and one failing feed."""
    with short_folder() as folder, embedded_store(folder / "var") as url:
        shell.config(
            f'[store]\nurl = "{url}"\n[[feeds]]\nurl = "{make.FEED.url}"\nname = "Sahel Daily"\n'
            f'[[feeds]]\nurl = "{make.OTHER.url}"\nname = "=Wire"\n'
            '[[receivers]]\nname = "desk"\ntype = "console"\n'
        )
        store = RedisStore(url)
        store.register({make.FEED.key: make.NOW, make.OTHER.key: make.NOW})
        now = utc_now()
        told = make.delivery(created=now)
        story = make.story(seen=now - timedelta(hours=1))
        store.commit(
            make.commit(
                seen={"id": Seen("t", "s_1")},
                stories=(story,),
                claims={f"link:{make_link()}": "s_1"},
                settled={"s_1": frozenset({"desk"})},
                deliveries=(told,),
            )
        )
        copy = make.story(feed=make.OTHER, seen=now)
        failed = make.state(failures=2, reason="no such name")
        store.commit(
            make.commit(make.OTHER, state=replace(failed, outcome=PollOutcome.DNS), stories=(copy,))
        )
        store.claim([told], now, now + timedelta(seconds=9), "")
        store.record([told], Attempt(ok=True, detail="200"), now, None, Condition())
        yield store
        store.close()


def make_link() -> str:
    (identity,) = identify([make.entry()])
    assert identity.link
    return identity.link


@pytest.mark.slow
def test_status_shows_feeds_deliveries_latency_and_store(shell: Shell, kept: RedisStore) -> None:
    row = json.loads(shell("status", "--json").out)
    healthy, failing = row["feeds"]
    assert (healthy["health"], healthy["outcome"], healthy["failures"]) == ("healthy", "ok", 0)
    assert (failing["health"], failing["outcome"]) == ("failing", "dns")
    assert (healthy["interval"], healthy["moved_to"]) == (600, None)
    assert row["deliveries"] == {"desk": {"pending": 0, "sent": 1, "failed": 0, "dead": 0}}
    assert row["store"]["reachable"]
    assert row["latency"]["count"] == 1
    now, later = utc_now(), utc_now() + timedelta(seconds=60)
    kept.claim_feeds(now, later, 9)
    kept.take_turns([Claimed(make.OTHER.key, "busy.example:443", later)], now, later)
    kept.free_hosts([Freed("busy.example:443", later, now + timedelta(hours=1))])
    said = shell("status").out
    assert "HOSTS       1 left alone: they have too much to do\n  busy.example:443 until" in said
    assert "1 failing, 1 healthy" in said
    assert "no such name" in said
    assert "the service never ran on this store" in said
    assert "  desk             0      1 " in said


@pytest.mark.slow
def test_stories_are_listed_in_three_forms(shell: Shell, kept: RedisStore) -> None:
    table = shell("stories").out
    assert "Lavrov lands in Bamako" in table
    assert "Sahel Daily +1" in table
    (row,) = shell("stories", "--format", "jsonl", "--topic", "russia-sahel").rows()
    assert (row["story"], row["settled"], row["others"]) == ("s_1", ["desk"], ["The Wire"])
    (cells,) = csv.DictReader(io.StringIO(shell("stories", "--format", "csv").out))
    assert cells["topics"] == "russia; russia-sahel; sahel"
    assert shell("stories", "--since", "1m").out == "no story in this time\n"
    assert shell("stories", "--topic", "sahell").code == 2


@pytest.mark.slow
def test_explain_finds_a_told_story_by_its_link(shell: Shell, kept: RedisStore) -> None:
    said = shell("explain", make.entry().link + "?utm_source=x")
    assert said.code == 0
    assert "s_1: Lavrov lands in Bamako" in said.out
    assert "settled   desk" in said.out
    unknown = shell("explain", "https://sahel.example/never")
    assert unknown.code == 1
    assert "https://sahel.example/never was never seen.\n" in unknown.out


GOLD = ENTRY | {"sahel": True, "russia": True, "russia_sahel": True, "copy": None, "event": None}


def test_eval_prints_a_table_for_people_and_json_for_machines(shell: Shell) -> None:
    wrong = GOLD | {
        "id": "e-9",
        "title": "Weather",
        "summary": "",
        "link": "",
        "russia_sahel": True,
    }
    said = shell("eval", "-", stdin=lines(GOLD, wrong))
    assert said.code == 0
    assert "russia-sahel  en" in said.out
    assert "e-9 (en) should be russia-sahel: Weather" in said.out
    row = json.loads(shell("eval", "-", "--json", stdin=lines(GOLD)).out)
    assert row["topics"]["sahel"]["en"]["f1"] == 1.0
    assert set(row) == {"entries", "topics", "copies", "events", "misses"}


def test_eval_fails_where_a_topic_lost_a_point_against_a_baseline(shell: Shell) -> None:
    baseline = shell.folder / "baseline.json"
    baseline.write_text(shell("eval", "-", "--json", stdin=lines(GOLD)).out, encoding="utf-8")
    asked = ("eval", "-", "--baseline", str(baseline))
    assert shell(*asked, stdin=lines(GOLD)).code == 0
    said = shell(*asked, stdin=lines(GOLD | {"sahel": False}))
    assert said.code == 1
    assert "sahel in en: F1 0.000, was 1.000" in said.err
    baseline.write_text("{", encoding="utf-8")
    said = shell(*asked, stdin=lines(GOLD))
    assert said.code == 2
    assert "is no evaluation" in said.err


def test_eval_names_lines_and_files_that_cannot_be_read(shell: Shell) -> None:
    said = shell("eval", "-", stdin=lines(GOLD) + "nonsense\n")
    assert said.code == 1
    assert "-:2: is not an entry" in said.err
    said = shell("eval", "missing.jsonl")
    assert said.code == 2
    assert "missing.jsonl: No such file" in said.err


def test_check_asks_for_a_contact_and_tells_where_it_is_not_sent(shell: Shell) -> None:
    assert "polling.contact: is not set: nobody whom we bother can tell us" in shell("check").out
    canary = '[canary]\nreceiver = "console"\n'
    shell.config(f'network.user_agent = "us/1"\n{canary}')
    assert "worth a look" not in shell("check").out
    shell.config('network.user_agent = "us/1"\npolling.contact = "desk@news.example"\n')
    said = shell("check")
    assert (said.code, "polling.contact: is not sent" in said.out) == (0, True)


def test_check_tells_what_is_worth_a_look(shell: Shell) -> None:
    shutil.copytree(SHIPPED, shell.folder / "rulebook")
    shell.config('rulebook = "rulebook"\npolling.contact = "desk@news.example"\n')
    (canary,) = (line for line in shell("check").out.splitlines() if "worth a look" in line)
    assert "canary.receiver: is not set: that no alert comes may mean that none can" in canary
    with (shell.folder / "rulebook" / "blockers.txt").open("a", encoding="utf-8") as file:
        file.write("\nTombouctou\n")
    said = shell("check")
    assert said.code == 0
    assert "worth a look: blockers.txt: 'Tombouctou' hides an alias" in said.out


def test_check_tells_of_the_candidate_and_of_its_faults(shell: Shell) -> None:
    shutil.copytree(SHIPPED, shell.folder / "next")
    shell.config('[shadow]\nrulebook = "next"\n')
    said = shell("check")
    assert (said.code, f"{shell.folder}/next" in said.out) == (0, True)
    assert "shadow     " in said.out
    rules = shell.folder / "next" / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + "[[rules]]\n", encoding="utf-8")
    said = shell("check")
    assert (said.code, said.out) == (2, "")
    assert all(line.startswith("monitor: shadow: ") for line in said.err.splitlines())
    shell.config("[shadow]\nrulebooks = 1\n")
    assert "shadow.rulebooks" in shell("check").err
