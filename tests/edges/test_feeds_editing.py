"""Putting feeds into files and taking them out: nothing else changes."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import BadInput
from monitor.core.models import Feed
from monitor.edges.settings.editing import (
    FeedWords,
    quoted,
    table_lines,
    with_feeds,
    without_feeds,
)
from monitor.edges.settings.outlines import without_outlines, write_opml

FILE = Path("feeds.toml")
WRITTEN = """# All our feeds.

# Mali
[[feeds]]
url = "https://a.example/"   # the first
# language = "fr"

# b.example is slow
[[feeds]]
url = "https://b.example/${KEY}"
# on the next one
[[feeds]]
'url' = 'https://c.example/'

[polling]   # how often
interval = "5m"
"""


def added(text: str, *feeds: FeedWords) -> str:
    return with_feeds(FILE, text, feeds)


def removed(text: str, *numbers: int, **names: str) -> str:
    called = {int(number.strip("_")): [name] for number, name in names.items()}
    return without_feeds(FILE, text, numbers, called)


def test_a_feed_is_added_behind_the_others_as_a_table_of_its_own() -> None:
    feed: FeedWords = {"url": "https://d/", "name": 'The "D"\x7f', "state_media": True}
    table = '\n[[feeds]]\nurl = "https://d/"\nname = "The \\"D\\"\\u007f"\nstate_media = true\n'
    first, rest = WRITTEN.split("\n[polling]")
    assert added(WRITTEN, feed) == f"{first}{table}\n[polling]{rest}"
    assert added(first, feed) == f"{first}{table}"
    assert added("", feed) == table[1:]
    assert added("# later\n\n\n", feed) == f"# later\n{table}"


def test_the_ends_of_lines_and_the_mark_of_byte_order_stay_as_they_are() -> None:
    windows = "\ufeff" + WRITTEN.replace("\n", "\r\n")
    after = added(windows, {"url": "https://d/"})
    assert after.count("\n") == after.count("\r\n") == windows.count("\n") + 3
    assert removed(after, 3) == windows


def test_feeds_in_a_list_are_edited_in_it() -> None:
    one_line = 'feeds = ["a.toml", {url = "https://a/"}]  # mine\n'
    after = 'feeds = ["a.toml", {url = "https://a/"}, {url = "https://b/"}]  # mine\n'
    assert added(one_line, {"url": "https://b/"}) == after
    assert removed(after, 2) == one_line
    lines = 'feeds = [\n\t"a.toml", # kept\n\t{url = "https://a/"},\n]\n'
    more = '\t{url = "https://b/", state_media = true},\n'
    assert added(lines, {"url": "https://b/", "state_media": True}) == f"{lines[:-2]}{more}]\n"
    assert removed(lines, 1) == 'feeds = [\n\t"a.toml", # kept\n]\n'
    assert added("feeds = []\n", {"url": "https://b/"}) == 'feeds = [{url = "https://b/"}]\n'


def test_a_removed_feed_takes_its_lines_and_leaves_the_comments_of_others() -> None:
    assert removed(WRITTEN, 0) == WRITTEN.replace(
        '[[feeds]]\nurl = "https://a.example/"   # the first\n# language = "fr"\n\n', "\n", 1
    )
    assert removed(WRITTEN, 2) == WRITTEN.replace(
        "[[feeds]]\n'url' = 'https://c.example/'\n\n", "\n"
    )


def test_a_comment_right_above_goes_with_the_feed_that_it_names() -> None:
    text = WRITTEN.replace("# on the next one\n", "\n")
    gone = '# b.example is slow\n[[feeds]]\nurl = "https://b.example/${KEY}"\n\n'
    assert removed(text, 1, _1="b.example") == text.replace(gone, "")
    stays = removed(text, 1, _1="b.exam")
    assert "# b.example is slow\n\n[[feeds]]\n'url'" in stays


def test_a_comment_is_never_left_right_above_another_feed() -> None:
    after = removed(WRITTEN, 1)
    assert "# b.example is slow\n\n# on the next one\n[[feeds]]\n'url'" in after


def test_a_feed_that_is_commented_out_stays() -> None:
    text = '# [[feeds]]\n# url = "https://old.example/"\n[[feeds]]\nurl = "https://a/"\n\n'
    text += '[[feeds]]\nurl = "https://b/"\n'
    assert removed(text, 0, _0="old.example").startswith("# [[feeds]]\n# url")


def test_several_feeds_side_by_side_are_removed_in_one_go() -> None:
    text = WRITTEN.replace("# on the next one\n", "")
    after = removed(text, 0, 1, 2, _1="b.example", _0="Mali")
    assert tomllib.loads(after) == {"polling": {"interval": "5m"}}
    assert after == '# All our feeds.\n\n[polling]   # how often\ninterval = "5m"\n'


@pytest.mark.parametrize(
    "text",
    [
        'feeds = [{url = "a"}]\n[polling]\ninterval = """\n[[feeds]]\n"""\n',
        '[[feeds]]\nurl = """\n[[feeds]]\n"""\n\n["feeds".deeper]\na = 1\n',
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as told:
        removed(text, 0)
    assert str(told.value).startswith("feeds.toml: is ")


def test_a_file_that_is_no_toml_is_refused_with_its_line() -> None:
    with pytest.raises(BadInput, match=r"feeds.toml: is not valid TOML: .*line 2"):
        added('[[feeds]]\nurl = "half\n', {"url": "https://a/"})


WORDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"url": st.text(min_size=1)}, optional={"name": st.text(), "state_media": st.just(True)}
)
KEPT = st.sampled_from(["", "# remark", "  # another", "\t"])
TABLES = st.lists(st.tuples(WORDS, st.lists(KEPT, max_size=3), st.lists(KEPT, max_size=3)))


def lines_of(feed: FeedWords) -> list[str]:
    values = {key: quoted(one) if isinstance(one, str) else "true" for key, one in feed.items()}
    return ["[[feeds]]", *(f"{key} = {value}" for key, value in values.items())]


@given(TABLES, st.data(), st.sampled_from(["", "[other]\na = 1\n"]))
def test_whatever_stands_around_feeds_it_says_the_same_after_editing(
    tables: list[tuple[FeedWords, list[str], list[str]]], data: st.DataObject, tail: str
) -> None:
    lines = [
        line for feed, above, below in tables for line in (*above, *lines_of(feed), "", *below)
    ]
    text = "\n".join([*lines, tail])
    feeds = [feed for feed, _, _ in tables]
    numbers = data.draw(st.sets(st.sampled_from(range(len(tables))))) if tables else set()
    new = data.draw(st.lists(WORDS, max_size=2))
    after = without_feeds(FILE, with_feeds(FILE, text, new), numbers, {}) if tables else text
    left = [feed for number, feed in enumerate(feeds) if number not in numbers]
    assert tomllib.loads(after).get("feeds", []) == [*left, *(new if tables else [])]
    assert sorted(re_marks(after)) == sorted(re_marks(text))


def re_marks(text: str) -> list[str]:
    """All remarks of a text that stand in lines of their own."""
    return [line for line in text.split("\n") if line.strip().startswith("#")]


def test_the_headers_of_ten_thousand_feeds_are_found_and_edited_within_seconds() -> None:
    feeds: list[FeedWords] = [{"url": f"https://h{n}.example/"} for n in range(10_000)]
    began = time.process_time()
    text = with_feeds(FILE, "", feeds)
    assert table_lines(text)[:2] == [1, 4]
    assert removed(text, 9_999) == with_feeds(FILE, "", feeds[:-1])
    assert time.process_time() - began < 8


OPML = """<?xml version="1.0"?>
<opml version="2.0"><body>
  <outline text='Mali &gt; all'>
    <outline text="A > B" xmlUrl="https://a/"/>
    <outline
        xmlUrl='https://b/' >
    </outline>  <!-- kept -->
  </outline><outline xmlUrl="https://c/"></outline>
  <outline xmlUrl="https://d/"><outline xmlUrl="https://e/"/></outline>
</body></opml>
"""


def test_an_outline_is_taken_out_and_the_rest_stays_byte_for_byte() -> None:
    after = without_outlines(Path("x.opml"), OPML, {0, 1, 2})
    gone = [
        '    <outline text="A > B" xmlUrl="https://a/"/>\n',
        "<outline\n        xmlUrl='https://b/' >\n    </outline>",
        '<outline xmlUrl="https://c/"></outline>',
    ]
    expected = OPML
    for one in gone:
        expected = expected.replace(one, "")
    assert after == expected
    assert '<outline xmlUrl="https://d/"></outline>' in without_outlines(Path("x"), OPML, {4})


def test_an_outline_that_holds_others_is_not_taken_out() -> None:
    with pytest.raises(BadInput, match=r"x.opml:9: holds outlines of others"):
        without_outlines(Path("x.opml"), OPML, {3})


def test_opml_for_others_has_an_address_where_there_is_no_name() -> None:
    text = write_opml([Feed("https://a/?x=1&y=2", 'N"<', language="fr"), Feed("https://b/")])
    assert '<outline text="https://b/" type="rss" xmlUrl="https://b/"/>' in text
    assert 'title="N&quot;&lt;" type="rss" xmlUrl="https://a/?x=1&amp;y=2" language="fr"' in text
