"""`monitor feeds list`, `remove`, `import` and `export`, as a user types them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import Fault
from monitor.core.models import Feed
from monitor.edges.settings.feeds import Place, make_feed
from monitor.edges.settings.listing import feed_of, harmless, read_listing
from monitor.edges.settings.schema import FeedTable
from monitor.service import exporting
from tests.cli.shell import Said, Shell
from tests.cli.shelves import TABLE, UP, add, sentence, text


@pytest.mark.parametrize("name", ["https://a.example/feed", "http://A.example/feed/", "the a"])
def test_a_feed_is_removed_by_address_or_name(files: Shell, name: str) -> None:
    said = files("feeds", "remove", name)
    where = files.folder / "feeds.toml"
    assert said == Said(0, f"removed https://a.example/feed (The A) from {where}\n{UP}", "")
    assert text(files) == ""


def test_feeds_are_removed_by_key_and_from_opml_too(files: Shell) -> None:
    add(files, "https://c.example/")
    keys = [row["key"] for row in json.loads(files("feeds", "list", "--json").out)]
    assert files("feeds", "remove", *map(str, keys[:1]), str(keys[2])).code == 0
    assert text(files, "more.opml") == "<opml><body>\n</body></opml>\n"
    assert text(files) == '[[feeds]]\nurl = "https://c.example/"\n'


def test_a_feed_with_keys_is_removed_by_the_address_that_is_shown(files: Shell) -> None:
    add(files, "https://c.example/?token=abcdefgh")
    assert files("feeds", "remove", "https://c.example/?token=***").code == 0
    assert text(files) == TABLE


def test_a_name_of_several_feeds_is_refused_with_all_of_them(files: Shell) -> None:
    add(files, "https://c.example/", "--name", "the A")
    line = sentence(files("feeds", "remove", "THE A"), 2)
    place = f"{files.folder}/feeds.toml"
    assert line == (
        f"THE A: 2 feeds are called so: https://a.example/feed in {place}:1; "
        f"https://c.example/ in {place}:5"
    )


def test_an_unknown_name_removes_nothing(files: Shell) -> None:
    line = sentence(files("feeds", "remove", "The A", "Nobody"), 2)
    assert line.startswith("Nobody: no feed has this address, key or name")
    line = sentence(files("feeds", "poll", "https://me:hush@x.example/?token=abcdefgh"), 2)
    assert line.startswith("https://x.example/?token=***: no feed has this address")
    assert text(files) == TABLE


LISTED = """<opml><body><outline text="Mali">
<outline text="The A" xmlUrl="http://a.example/feed/"/>
<outline text="${SLACK_WEBHOOK_URL}" xmlUrl="https://c.example/"/>
<outline text="D" xmlUrl="nonsense"/>
<outline text="E" xmlUrl="https://e.example/${SLACK_WEBHOOK_URL}"/>
</outline></body></opml>
"""


def test_of_an_opml_list_is_added_what_is_new_and_the_rest_is_told(files: Shell) -> None:
    files.patch.setenv("SLACK_WEBHOOK_URL", "secret-of-ours")
    (files.folder / "list.opml").write_text(LISTED)
    for new, old in ((1, 1), (0, 2)):
        said = files("feeds", "import", "list.opml")
        assert said.code == 1
        assert said.err.splitlines() == [
            "monitor: refused: list.opml:4: xmlUrl: starts with neither http:// nor https://",
            "monitor: refused: list.opml:5: holds a variable (${...}) (add it with `feeds add`)",
        ]
        last = said.out.splitlines()[-1]
        assert last == f"added {new}, already there {old}, refused 2"
        already = f"already there: http://a.example/feed/ at {files.folder}/feeds.toml:1"
        assert said.out.splitlines()[0] == already
    assert text(files) == f'{TABLE}\n[[feeds]]\nurl = "https://c.example/"\n' + (
        'name = "$ {SLACK_WEBHOOK_URL}"\n'
    )


def test_addresses_and_feeds_files_are_taken_from_standard_input_too(files: Shell) -> None:
    said = files("feeds", "import", "-", stdin="# mine\n\n https://c.example/ \r\nx\n")
    assert (said.code, said.err) == (
        1,
        "monitor: refused: -:4: starts with neither http:// nor https://\n",
    )
    table = '[[feeds]]\nurl = "https://d.example/"\nkind = "local"\nstate_media = true\n'
    assert files("feeds", "import", "-", stdin=table).code == 0
    assert text(files) == f'{TABLE}\n[[feeds]]\nurl = "https://c.example/"\n\n{table}'
    spied = '[[feeds]]\nurl = "https://d.example/${HOME:-x}"\n'
    assert "holds a variable" in files("feeds", "import", "-", stdin=spied).err


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ("", "-: holds no feed"),
        ("<opml><body/></opml>", "-: holds no feed"),
        ("<opml><body>", "refused: -:1: is not well-formed XML"),
        ("<html><body/></html>", "refused: -:1: is XML, but no OPML"),
        (
            '<?xml version="1.0"?>\n<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
            '<opml><body><outline xmlUrl="https://c/&a;"/></body></opml>',
            "refused: -:2: has a document type",
        ),
        (
            f"<opml><body>{'<outline>' * 1_000}{'</outline>' * 1_000}</body></opml>",
            "refused: -:1: is nested too deeply",
        ),
        ('[[feeds]]\nurl = "https://c.example/"\ncolour = 1\n', "refused: -:3: feeds[0].colour"),
        ('[[feeds]]\nurl = "https://c\n', "refused: -:2:"),
    ],
    ids=["nothing", "no feed", "cut off", "html", "entities", "deep", "key", "no toml"],
)
def test_a_list_that_holds_nothing_good_is_refused_in_a_sentence(
    files: Shell, listed: str, said: str
) -> None:
    ended = files("feeds", "import", "-", stdin=listed)
    assert ended.code == 2 if said.startswith("-") else 1
    (line,) = ended.err.splitlines()
    assert line.startswith(f"monitor: {said}")
    assert text(files) == TABLE


def test_a_list_that_is_no_utf_8_is_refused(files: Shell) -> None:
    (files.folder / "x.opml").write_bytes(b"<opml>\n\xff")
    assert sentence(files("feeds", "import", "x.opml"), 2) == "x.opml:2: is not UTF-8 text"
    assert "No such file" in sentence(files("feeds", "import", "none.opml"), 2)


def test_ten_thousand_outlines_are_imported_within_seconds(files: Shell) -> None:
    lines = [f'<outline text="{n}" xmlUrl="https://h{n}.example/"/>' for n in range(10_000)]
    listed = "\n".join(lines)
    (files.folder / "big.opml").write_text(f"<opml><body>{listed}</body></opml>")
    began = time.process_time()
    for told in ("added 10000, already there 0", "added 0, already there 10000"):
        said = files("feeds", "import", "big.opml")
        assert said.out.splitlines()[-1] == f"{told}, refused 0"
    assert time.process_time() - began < 20


def test_opml_that_was_exported_brings_the_same_feeds_back(files: Shell) -> None:
    add(files, "https://c.example/?x=1&y='2'", "--name", 'Ü <"C">', "--language", "fr")
    assert files("feeds", "export", "out.opml").code == 0
    assert "is one of the files" in sentence(files("feeds", "export", "feeds.toml"), 2)
    before = files("feeds", "export").out
    files.config('feeds = ["new.toml"]\n')
    assert files("feeds", "import", "out.opml").code == 0
    assert files("feeds", "export").out == before == text(files, "out.opml")


LETTERS = st.characters(codec="utf-8", exclude_categories=["C", "Z"])
HOSTS = st.from_regex(r"[a-z]{2,9}\.example", fullmatch=True)
FEEDS = st.lists(
    st.fixed_dictionaries(
        {"host": HOSTS, "path": st.text("/?&=%;'<>+~!$,()*", max_size=9)},
        optional={
            "name": st.text(LETTERS | st.sampled_from(" ${}<>&'\""), min_size=1, max_size=20),
            "language": st.sampled_from(["fr", "ru", "ar"]),
            "country": st.sampled_from(["Mali", 'The "North"']),
            "kind": st.text(LETTERS, max_size=5),
            "state_media": st.just(True),
            "priority": st.sampled_from(["high", "low"]),
        },
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one["host"],
)


@pytest.mark.parametrize("form", ["opml", "toml"])
@given(given_feeds=FEEDS)
@settings(deadline=None)
def test_feeds_that_went_out_and_came_in_again_are_the_same(
    form: str, given_feeds: list[dict[str, Any]]
) -> None:
    feeds = [
        make_feed(FeedTable(url=f"https://{one.pop('host')}/{one.pop('path')}", **one))
        for one in map(dict, given_feeds)
    ]
    before = [(Place(Path("x.toml"), number), feed) for number, feed in enumerate(feeds)]
    text = exporting.export(before, form, credentials=True).text
    faults: list[Fault] = []
    after = [feed_of(words, where, str) for where, words in read_listing(text, "x", faults)]
    if form == "opml":
        feeds = [Feed(one.url, one.name, one.language) for one in feeds]
    assert faults == []
    assert after == [replace(one, name=harmless(one.name)) for one in feeds]


def test_what_opens_feeds_is_exported_only_when_asked_for(files: Shell) -> None:
    files.patch.setenv("PART", "hidden-part")
    add(files, "https://me:hu%2Fsh@c.example/?token=abcdefgh", "https://d.example/${PART}/")
    said = files("feeds", "export", "--format", "toml")
    assert 'url = "https://c.example/?token="\n' in said.out
    assert "d.example" not in said.out
    assert said.err.splitlines() == [
        "monitor: of 1 feeds user, password or keys are left out (--with-credentials)",
        "monitor: 1 feeds are left out, for their addresses are written with variables "
        "(--with-credentials)",
    ]
    said = files("feeds", "export", "--with-credentials")
    assert 'xmlUrl="https://me:hu%2Fsh@c.example/?token=abcdefgh"' in said.out
    assert 'xmlUrl="https://d.example/hidden-part/"' in said.out
    assert said.err == ""


def test_feeds_are_listed_from_the_files_while_the_store_is_away(files: Shell) -> None:
    said = files("feeds", "list")
    assert said.code == 0
    assert said.err.endswith("cannot be reached; told is only what the files say\n")
    heads, *lines = [line.split() for line in said.out.splitlines()]
    assert heads == ["NAME", "HEALTH", "LAST", "NEW", "NEXT", "POLL", "URL", "WHERE", "WHY"]
    ends = ["not", "known"]
    assert lines == [
        ["The", "A", "-", "-", "-", "https://a.example/feed", "feeds.toml:1", *ends],
        ["The", "B", "-", "-", "-", "https://b.example/feed", "more.opml:2", *ends],
    ]
    (row,) = json.loads(files("feeds", "list", "--json", "--search", "THE b").out)
    assert (row["url"], row["health"]) == ("https://b.example/feed", None)
    assert row["place"] == f"{files.folder}/more.opml:2"
    assert files("feeds", "list", "--search", "none").out == "no such feed\n"


def test_feeds_are_listed_for_machines_in_three_more_forms(files: Shell) -> None:
    urls = ["https://a.example/feed", "https://b.example/feed"]
    assert files("feeds", "list", "--format", "urls").out.splitlines() == urls
    rows = files("feeds", "list", "--format", "jsonl").rows()
    assert [row["url"] for row in rows] == urls
    table = files("feeds", "list", "--format", "csv").out.splitlines()
    assert table[0].startswith('"name","url","health","why"')
    assert table[1].startswith('"The A","https://a.example/feed","","not known"')


def test_health_is_not_guessed_while_the_store_is_away(files: Shell) -> None:
    line = sentence(files("feeds", "list", "--health", "silent"), 1)
    assert line.endswith("cannot be reached; without it the health of feeds is not known")
    assert files("feeds", "list", "--health", "sad").code == 2
