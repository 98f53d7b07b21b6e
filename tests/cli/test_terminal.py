"""What strangers wrote does nothing to a terminal, whichever command shows it, also in a pipe."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.cli import saying
from monitor.core.digest import digest
from monitor.core.models import Attempt, Condition, Move, PollOutcome
from monitor.edges.store.redis import RedisStore
from monitor.service.clockwork import utc_now
from tests import make
from tests.cli.shell import Said, Shell
from tests.servers import embedded_store, short_folder

# A link to click, a cleared screen, a title for the window, C1 controls, a forged line, overrides
# of direction, and what hides letters.
HOSTILE = (
    "\x1b]8;;http://evil.example\x07Mali\x1b]8;;\x07 \x1b[2J\x1b]0;x\x07\x9b31m\x85\r\nforged: 1"
    "\u2028x \u202egnp\u2066\u200b\ufeff\x00\x08\x7f"
)
CONFIG = """\
[store]
url = "{url}"
[[feeds]]
url = "https://sahel.example/feed?api_key=s3cret-of-the-feed"
name = {name}
[[feeds]]
url = "https://wire.example/rss"
[[receivers]]
name = "desk"
type = "console"
[[silences]]
until = 2999-01-01T00:00:00Z
sources = [{name}]
comment = {name}
"""


def is_harmless(said: Said) -> bool:
    """Whether nothing in it but the ends of lines does more than stand there."""
    return (said.out + said.err).replace("\r\n", "").replace("\n", "").isprintable()


@pytest.fixture
def kept(shell: Shell) -> Iterator[RedisStore]:
    """A store in which all that a stranger can write is hostile."""
    with short_folder() as folder, embedded_store(folder / "var") as url:
        shell.config(CONFIG.format(url=url, name=json.dumps(HOSTILE)))
        store, now = RedisStore(url), utc_now()
        feed = replace(
            make.FEED, url="https://sahel.example/feed?api_key=s3cret-of-the-feed", name=HOSTILE
        )
        store.register({feed.key: now, make.OTHER.key: now})
        story = replace(
            make.story(feed=feed, seen=now - timedelta(hours=1)),
            title=f"=cmd|{HOSTILE}",
            summary=HOSTILE,
            reasons=(HOSTILE,),
            carrier=replace(make.story().carrier, source=HOSTILE, seen=now),
        )
        told = make.delivery(created=now)
        told = replace(told, alert=replace(told.alert, story=story, reason=HOSTILE))
        moved = Move(url=f"https://b.example/{HOSTILE}?token=s3cret-of-the-feed")
        broken = make.state(failures=2, reason=HOSTILE, move=moved, outcome=PollOutcome.DNS)
        assert store.commit(
            make.commit(
                feed,
                state=broken,
                stories=(story,),
                claims={f"link:{digest('//sahel.example/x')}": "s_1"},
                deliveries=(told,),
            )
        )
        store.claim([told], now, now + timedelta(seconds=9), "")
        refused = Attempt(ok=False, detail=HOSTILE, status=410, permanent=True)
        store.record([told], refused, now, None, Condition())
        yield store
        store.close()


@pytest.mark.slow
def test_no_command_lets_a_stranger_move_the_cursor(shell: Shell, kept: RedisStore) -> None:
    delivery = make.delivery().id
    for words in (
        ("status",),
        ("status", "--json"),
        ("stories",),
        ("stories", "--format", "jsonl"),
        ("stories", "--format", "csv"),
        ("deliveries",),
        ("deliveries", "--format", "jsonl"),
        ("deliveries", delivery),
        ("deliveries", delivery, "--format", "jsonl"),
        ("deliveries", HOSTILE),
        ("redeliver", HOSTILE),
        ("explain", f"https://sahel.example/{HOSTILE}"),
        ("explain", HOSTILE),
        ("silence", "list"),
        ("silence", "list", "--format", "jsonl"),
        ("silence", "end", HOSTILE),
        ("silence", "add", "--topic", HOSTILE, "--for", "1h"),
        ("metrics",),
        ("check",),
        ("send-test", HOSTILE),
        ("feeds", "discover", HOSTILE),
        ("stories", "--since", HOSTILE),
        ("stories", f"--{HOSTILE}"),
        (HOSTILE,),
    ):
        # No argument of a program can hold a NUL.
        said = shell(*(one.replace("\0", "") for one in words))
        assert is_harmless(said), (words, said)
        assert "s3cret" not in said.out + said.err, words
        assert said.out + said.err, words


@pytest.mark.slow
def test_a_told_story_is_explained_harmlessly(shell: Shell, kept: RedisStore) -> None:
    said = shell("explain", "https://www.sahel.example/x/")
    assert said.code == 0
    assert "s_1: =cmd|" in said.out
    assert is_harmless(said)


@pytest.mark.slow
def test_a_feed_is_shown_without_its_key_wherever_it_has_gone(
    shell: Shell, kept: RedisStore
) -> None:
    row, other = json.loads(shell("status", "--json").out)["feeds"]
    assert row["url"] == "https://sahel.example/feed?api_key=***"
    assert row["moved_to"].endswith("?token=***")
    assert (row["name"], row["reason"]) == (HOSTILE, HOSTILE)
    assert other["url"] == other["name"] == "https://wire.example/rss"


@pytest.mark.slow
def test_a_spreadsheet_takes_no_title_for_a_formula(shell: Shell, kept: RedisStore) -> None:
    said = shell("stories", "--format", "csv").out
    (cells,) = csv.DictReader(io.StringIO(said))
    assert cells["title"].startswith("'=cmd|")
    assert all(line.startswith('"') for line in said.splitlines())


ENTRY = {
    "id": HOSTILE,
    "feed": f"https://a.example/?token=s3cret&{HOSTILE}",
    "lang": HOSTILE,
    "title": f"Lavrov lands in Bamako {HOSTILE}",
    "summary": HOSTILE,
    "link": f"https://a.example/{HOSTILE}",
}


@pytest.mark.parametrize("command", ["replay", "explain", "route", "eval"])
def test_entries_of_files_and_faults_in_them_are_shown_harmlessly(
    shell: Shell, command: str
) -> None:
    labels = {"sahel": False, "russia": False, "russia_sahel": False, "copy": None, "event": None}
    whole = json.dumps(ENTRY | labels)
    for text in (whole, json.dumps(ENTRY | {"title": {HOSTILE: 1}}), f'{{"{HOSTILE}', HOSTILE):
        said = shell(command, "-", stdin=text)
        assert is_harmless(said), said
        assert said.out + said.err
        assert "s3cret" not in said.out
    missing = shell(command, "\x1b[31m\u202e.jsonl")
    assert is_harmless(missing)
    assert missing.code != 0


def test_faults_of_a_configuration_quote_it_harmlessly(shell: Shell) -> None:
    name = json.dumps(HOSTILE)
    shell.config(
        f"feeds = [{name}]\nrulebook = {name}\n[polling]\ncontact = {name}\ninterval = {name}\n"
        f"[network]\nallow = [{name}]\n[store]\nurl = {name}\n{name} = 1\n"
        f"[[receivers]]\nname = {name}\ntype = {name}\n{name} = 1\n"
        f"[[routes]]\nreceivers = [{name}]\ntopics = [{name}]\nentities = [{name}]\n"
    )
    said = shell("check")
    assert said.code == 2
    assert is_harmless(said)
    shell.config(f'[[receivers]]\nname = "a"\ntype = {name}\n{name} = 1\n')
    assert is_harmless(shell("check"))
    shell.config('a = "\x1b[31m')
    assert is_harmless(shell("check"))


def test_a_bug_is_told_with_its_traceback_and_without_secrets(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.config('[store]\nurl = "redis://:s3cret-of-the-store@127.0.0.1:1/0"\n')
    try:
        raise KeyError("redis://:s3cret-of-the-store@127.0.0.1 \x1b[31m")
    except KeyError as error:
        saying.tell_bug(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "KeyError: 'redis://***@127.0.0.1" in said
    assert "\x1b" not in said
    shell.config("nonsense")
    saying.tell_bug(KeyError, KeyError("x"), None)
    assert "KeyError: 'x'" in capsys.readouterr().err


def test_wrong_use_is_told_with_how_it_is_used(shell: Shell) -> None:
    said = shell("stories", "--format", "xml")
    assert said.code == 2
    assert said.err.startswith("Usage: ")
    assert "monitor: Invalid value for '--format'" in said.err
    assert shell("demo", "--seconds", "x").code == 2
