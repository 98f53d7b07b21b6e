"""`monitor feeds add` and `init`, as a user types them."""

from __future__ import annotations

import pytest

from monitor.edges.settings.standing import DEFAULTS
from tests.cli.shell import Shell
from tests.cli.shelves import TABLE, UP, add, sentence, text


def test_a_feed_is_added_with_all_that_is_said_of_it(files: Shell) -> None:
    told = ("--name", 'C "c"', "--language", "fr", "--country", "Mali", "--kind", "local")
    said = add(files, "https://c.example/", *told, "--priority", "high", "--state-media")
    assert (said.code, said.err) == (0, "")
    where = files.folder / "feeds.toml"
    assert said.out == f'added https://c.example/ (C "c") to {where}\n{UP}'
    words = '\n[[feeds]]\nurl = "https://c.example/"\nlanguage = "fr"\ncountry = "Mali"\n'
    assert sorted(text(files).splitlines()) == sorted(
        f'{TABLE}{words}kind = "local"\npriority = "high"\nstate_media = true\n'
        'name = "C \\"c\\""'.splitlines()
    )


def test_a_feed_that_stands_already_is_refused_however_it_is_spelt(files: Shell) -> None:
    said = add(files, "http://www.A.example:80/feed/#x", "https://b.example/feed")
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines() == [
        f"monitor: http://www.A.example:80/feed/#x stands already at {files.folder}/feeds.toml:1",
        f"monitor: https://b.example/feed stands already at {files.folder}/more.opml:2",
    ]
    assert text(files) == TABLE


def test_one_feed_given_twice_is_added_once(files: Shell) -> None:
    said = add(files, "https://c.example/", "http://c.example")
    assert said.code == 1
    assert "http://c.example stands already at https://c.example/" in said.err
    assert text(files).count("c.example") == 1


def test_variables_and_credentials_are_written_as_they_were_typed_and_never_shown(
    files: Shell,
) -> None:
    files.patch.setenv("KEY", "s3cret-value")
    said = add(files, "https://me:hush@c.example/?api_key=${KEY}")
    assert said.out.startswith("added https://c.example/?api_key=*** to ")
    assert 'url = "https://me:hush@c.example/?api_key=${KEY}"\n' in text(files)
    assert add(files, "https://c.example/?api_key=s3cret-value").code == 1
    assert sentence(add(files, "https://c.example/${NONE}"), 2).endswith(
        "environment variable NONE is not set (set it, or NONE_FILE)"
    )


def test_feeds_written_in_the_config_itself_get_company_there(shell: Shell) -> None:
    shell.config(f'{TABLE}\n[polling]   # slow\ninterval = "1h"\n')
    assert add(shell, "https://c.example/").code == 0
    assert text(shell, "monitor.toml") == (
        f'{TABLE}\n[[feeds]]\nurl = "https://c.example/"\n\n[polling]   # slow\ninterval = "1h"\n'
    )


def test_a_file_that_is_named_and_not_there_yet_is_made(shell: Shell) -> None:
    shell.config('feeds = ["mine.toml"]\n')
    assert add(shell, "https://c.example/").code == 0
    assert text(shell, "mine.toml") == '[[feeds]]\nurl = "https://c.example/"\n'


def test_a_file_among_those_named_can_be_chosen(files: Shell) -> None:
    files.config('feeds = ["feeds.toml", "last.toml"]\n')
    (files.folder / "last.toml").write_text('[[feeds]]\nurl = "https://l.example/"\n')
    assert add(files, "https://c.example/", "--file", "feeds.toml").code == 0
    assert add(files, "https://d.example/").code == 0
    assert "c.example" in text(files)
    assert "d.example" in text(files, "last.toml")
    line = sentence(add(files, "https://e.example/", "--file", "other.toml"), 2)
    assert line.startswith("other.toml: is not named in ")


def test_feeds_are_added_to_no_opml_file(files: Shell) -> None:
    line = sentence(add(files, "https://c.example/", "--file", "more.opml"), 2)
    assert line.startswith("more.opml: is OPML, and feeds are added to TOML")
    files.config('feeds = ["more.opml"]\n')
    assert "names only OPML files" in sentence(add(files, "https://c.example/"), 2)


def test_the_shipped_feeds_are_edited_only_as_a_copy(shell: Shell) -> None:
    before = (DEFAULTS / "feeds.toml").read_text(encoding="utf-8")
    for words in (("add", "--no-check", "https://c.example/"), ("remove", "Maliweb")):
        assert "`monitor feeds init` makes a copy here" in sentence(shell("feeds", *words), 2)
    assert shell("feeds", "init").code == 0
    assert text(shell) == before
    assert text(shell, "monitor.toml").endswith('feeds = ["feeds.toml"]\n')
    assert shell("feeds", "remove", "Maliweb").code == 0
    assert add(shell, "https://c.example/").code == 0
    assert (DEFAULTS / "feeds.toml").read_text(encoding="utf-8") == before
    assert "names feeds of your own already" in sentence(shell("feeds", "init"), 2)


def test_init_names_the_copy_in_a_config_that_is_there_and_overwrites_nothing(
    shell: Shell,
) -> None:
    shell.config('[polling]\ninterval = "5m"\n')
    (shell.folder / "feeds.toml").write_text("mine")
    assert "stands there already" in sentence(shell("feeds", "init"), 2)
    (shell.folder / "feeds.toml").unlink()
    assert shell("feeds", "init").code == 0
    assert text(shell, "monitor.toml") == ('feeds = ["feeds.toml"]\n\n[polling]\ninterval = "5m"\n')


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("nonsense", "starts with neither http:// nor https://"),
        ("ftp://c.example/", "starts with neither http:// nor https://"),
        ("https://", "names no host"),
        ("http://[c/", "is not a URL"),
        ("https://c.example/a b", "holds a blank"),
        (f"https://c.example/{'x' * 2_000}", "is too long"),
    ],
)
def test_what_is_no_address_of_a_feed_is_refused(files: Shell, url: str, what: str) -> None:
    assert what in sentence(add(files, url), 2)
    assert text(files) == TABLE


def test_odd_options_are_refused_in_a_sentence(files: Shell) -> None:
    two = ("https://c.example/", "https://d.example/")
    assert "is for one feed" in sentence(add(files, *two, "--name", "x"), 2)
    assert "is no language" in sentence(add(files, two[0], "--language", "klingon"), 2)
