"""What entries are known by: stable where the story is the same, apart where it is not."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.identity import better_key, canonical_url, fold, identify, rekeyed
from monitor.core.models import Entry, Identity, Seen

LONG = "A delegation crossed the river on Monday to open the new market in the north"


def entry(
    guid: str = "", title: str = LONG, link: str = "", summary: str = "", feed: str = "f"
) -> Entry:
    return Entry(feed=feed, id=guid, title=title, summary=summary, link=link)


def alone(one: Entry) -> Identity:
    return identify([one])[0]


def test_a_guid_names_its_entry_whatever_else_changes() -> None:
    before = alone(entry("g1", "One title", "https://a.example/1"))
    after = alone(entry("g1", "Another title", "https://a.example/2"))
    assert before.id == after.id
    assert before.text != after.text


def test_a_guid_names_its_entry_whatever_neighbours_it_has() -> None:
    one = entry("g1", link="https://a.example/1")
    among = identify([entry("g2", "Other"), one, entry("", "No guid"), entry("", "None too")])
    assert among[1] == alone(one)


def test_without_a_guid_the_link_names_an_entry_among_others_of_its_kind() -> None:
    first, second = entry(link="https://a.example/1"), entry(title="B", link="https://a.example/2")
    before = identify([first, second])
    after = identify([replace(first, title="An edited title"), second])
    assert before[0].id == after[0].id == before[0].link
    assert before[0].id != before[1].id


def test_without_guid_and_link_the_text_names_an_entry() -> None:
    one = alone(entry())
    assert (one.id, one.link) == (one.text, None)
    assert alone(entry(title=LONG.upper() + "!")) == one


def test_a_guid_that_different_entries_share_does_not_name_them_alone() -> None:
    first, second = identify([entry("same", "One"), entry("same", "Two")])
    assert first.id != second.id
    first, second = identify(
        [
            entry("same", "Flash", "https://a.example/1"),
            entry("same", "Flash", "https://a.example/2"),
        ]
    )
    assert first.id != second.id


def test_an_entry_shown_twice_is_one() -> None:
    first, second = identify(
        [
            entry("g", LONG, "https://a.example/1?utm_source=rss"),
            entry("g", LONG + ".", "http://www.a.example/1"),
        ]
    )
    assert first == second


def test_a_link_that_different_entries_share_names_none() -> None:
    page = "https://a.example/live"
    first, second = identify([entry("1", "One", page), entry("2", "Two", page)])
    assert first.link is None
    assert second.link is None


@pytest.mark.parametrize(
    "root", ["https://a.example", "http://www.a.example/", "", "https://a.example/?utm_source=x"]
)
def test_a_front_page_names_no_entry(root: str) -> None:
    assert alone(entry("g", link=root)).link is None


def test_two_feeds_that_carry_a_text_or_link_share_its_digest() -> None:
    one = alone(entry("a", LONG, "https://m.a.example/1/?xtor=RSS-1", feed="x"))
    other = alone(entry("b", f"« {LONG} »", "http://a.example/1", feed="y"))
    assert (one.link, one.text) == (other.link, other.text)
    assert one.id != other.id


def test_short_texts_are_not_copies_of_one_another() -> None:
    flashes = [entry(str(n), "Flash info", f"https://a.example/{n}") for n in range(10)]
    assert len({one.text for one in identify(flashes)}) == 10
    without_link = [entry(str(n), "Flash info") for n in range(10)]
    assert len({one.text for one in identify(without_link)}) == 10


def test_long_texts_are_the_same_wherever_they_are() -> None:
    assert (
        alone(entry("1", link="https://a.example/1")).text
        == alone(entry("2", link="https://b.example/2")).text
    )


def test_title_and_summary_are_told_apart() -> None:
    assert alone(entry("1", LONG, summary="x")).text != alone(entry("1", f"{LONG} x")).text


def test_a_digest_is_eleven_url_safe_characters() -> None:
    one = alone(entry("g", link="https://a.example/1"))
    for name in (one.id, one.link or "", one.text):
        assert re.fullmatch(r"[A-Za-z0-9_-]{11}", name)


@pytest.mark.parametrize(
    "variant",
    [
        "https://example.org/news/a?id=7",
        "http://www.example.org/news/a?id=7",
        "https://m.example.org/news/a/?id=7",
        "https://amp.example.org/news/a/amp?id=7",
        "https://www2.example.org/news/a.amp.html?id=7",
        "https://EXAMPLE.org:443/news/a?id=7#comments",
        "https://example.org./news/a?id=7&utm_source=rss&utm_medium=feed",
        "https://example.org/news/a?fbclid=x&id=7&at_medium=RSS&xtor=RSS-3208",
        "https://example.org/news/a/amp/print//?id=7",
        "https://example.org/news/a;jsessionid=0A1B?id=7&",
        "https://www.google.com/url?rct=j&url=https://example.org/news/a%3Fid%3D7&ct=ga",
    ],
)
def test_variants_of_a_url_are_one(variant: str) -> None:
    assert canonical_url(variant) == "//example.org/news/a?id=7"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/?p=1", "https://a.example/?p=2"),
        ("https://a.example/x?id=1", "https://a.example/x?id=2"),
        ("https://a.example/x?page=1", "https://a.example/x?page=2"),
        ("https://a.example/x?from=1", "https://a.example/x?from=2"),
        ("https://a.example/x?q=%EC%E0", "https://a.example/x?q=%E1%E1"),
        ("https://a.example/A", "https://a.example/a"),
        ("https://a.example/#!/1", "https://a.example/#!/2"),
        ("https://a.example:8080/", "https://a.example/"),
        ("https://news.a.example/1", "https://a.example/1"),
        ("https://m.example/1", "https://example/1"),
        ("https://www.google.com/url?q=1", "https://www.google.com/url?q=2"),
    ],
)
def test_urls_that_differ_in_more_stay_apart(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


def test_dots_in_a_path_are_followed_whether_or_not_a_query_comes_after_it() -> None:
    for link in ("https://a.example/x/../y/./z", "https://a.example/x/../y/./z?utm_source=rss"):
        assert canonical_url(link) == "//a.example/y/z"


def test_the_order_of_parameters_does_not_matter() -> None:
    assert canonical_url("https://a.example/x?b=2&a=1") == canonical_url(
        "https://a.example/x?a=1&b=2"
    )


def test_a_name_in_letters_and_in_ascii_is_one() -> None:
    assert canonical_url("https://пример.рф/а") == canonical_url(
        "http://xn--e1afmkfd.xn--p1ai/%D0%B0"
    )


@pytest.mark.parametrize("broken", ["", "http://[::1", "http://a.example:99999/"])
def test_what_is_no_url_stays_as_it_is(broken: str) -> None:
    assert canonical_url(broken) == broken


def test_folding_leaves_words() -> None:
    assert fold("L’ÉTÉ —  à Niamey_2 !") == "l ete a niamey 2"


TEXTS = st.text(max_size=12)
LINKS = st.one_of(
    st.text(max_size=30),
    st.builds("https://{}/{}?{}#{}".format, TEXTS, TEXTS, TEXTS, TEXTS),
    st.sampled_from(["", "https://a.example/1", "https://a.example/", "http://xn--.example/"]),
)


@given(st.lists(st.builds(entry, TEXTS, TEXTS, LINKS, TEXTS), max_size=6))
def test_all_entries_have_an_identity(entries: list[Entry]) -> None:
    found = identify(entries)
    assert len(found) == len(entries)
    assert all(one.id and one.text and one.link != "" for one in found)


def shown(*names: str, salt: str = "") -> tuple[Identity, ...]:
    """Entries with these texts and links, and guids that differ with the salt."""
    return identify(
        [entry(f"{name}{salt}", f"{LONG} {name}", f"https://a.example/{name}") for name in names]
    )


def test_a_feed_with_new_guids_for_old_links_is_better_known_by_its_links() -> None:
    memory = {one.id: Seen(one.text, link=one.link) for one in shown("a", "b", "c")}
    again = shown("a", "b", "c", "d", salt="-2")
    assert better_key(again, memory) == "link"
    renamed = rekeyed(memory, "link")
    assert set(renamed) == {one.link for one in shown("a", "b", "c")}
    by_link = identify([entry("x", LONG, "https://a.example/a"), entry("y", LONG)], "link")
    assert by_link[0].id in renamed
    assert by_link[1].id == by_link[1].text


def test_a_feed_with_new_guids_and_links_is_better_known_by_its_texts() -> None:
    memory = {one.id: Seen(one.text) for one in shown("a", "b", "c")}
    again = shown("a", "b", "c", salt="-2")
    assert better_key(again, memory) == "text"
    assert rekeyed(memory, "text").keys() == {one.text for one in again}
    assert [one.id for one in identify([entry("g", LONG)], "text")] == [
        one.text for one in identify([entry("g", LONG)])
    ]


def test_a_feed_with_truly_new_entries_keeps_its_guids() -> None:
    memory = {one.id: Seen(one.text, link=one.link) for one in shown("a", "b", "c")}
    assert better_key(shown("d", "e", "f"), memory) == ""
    assert better_key(shown("a", "b", salt="-2"), memory) == ""
    assert better_key(shown("a", "b", "c"), memory) == ""


def test_the_link_inside_a_google_news_name_counts_and_one_that_hides_it_stays() -> None:
    inside = b"\x08\x13\x22\x2fhttps://www.outlet.example/mali/kidal?utm_source=x\xd2\x01\x00"
    name = urlsafe_b64encode(inside).decode().rstrip("=")
    wrapped = f"https://news.google.com/rss/articles/{name}?oc=5"
    assert canonical_url(wrapped) == canonical_url("https://outlet.example/mali/kidal")
    opaque = urlsafe_b64encode(b"\x08\x13AU_yqLNothingToReadInHere").decode().rstrip("=")
    hidden = f"https://news.google.com/rss/articles/{opaque}"
    assert canonical_url(hidden).startswith("//news.google.com/rss/articles/")
    broken = "https://news.google.com/rss/articles/" + "A" * 21
    assert canonical_url(broken).endswith("A" * 21)


@pytest.mark.parametrize(
    "variant",
    [
        "https://outlet.example/a/print",
        "https://outlet.example/a?print=1",
        "http://m.outlet.example/a/",
    ],
)
def test_a_printed_or_mobile_rendering_is_the_same_link(variant: str) -> None:
    assert canonical_url(variant) == canonical_url("https://outlet.example/a")


def test_a_domain_in_its_own_letters_and_in_punycode_is_the_same() -> None:
    written, encoded = "https://b\u00fccher.example/1", "https://xn--bcher-kva.example/1"
    assert canonical_url(written) == canonical_url(encoded)


def test_an_entry_that_was_only_skimmed_has_no_text_to_be_known_by() -> None:
    one = Entry("f", "1", "A title", link="https://a.example/1", skimmed=True)
    assert alone(one) == replace(alone(replace(one, skimmed=False)), text="")
    (by_text,) = identify([one], "text")
    assert by_text.id == alone(one).id


def test_texts_that_were_not_read_are_not_the_same() -> None:
    found = tuple(replace(one, text="", link=None) for one in shown("a", "b", "c"))
    memory = {f"{at}": Seen("") for at in range(3)}
    assert better_key(found, memory) == ""


@given(st.from_regex(r"https?://[A-Za-z0-9.-]{1,20}(/[A-Za-z0-9._~/-]{0,30})?", fullmatch=True))
def test_a_plain_link_is_the_same_whichever_way_it_is_read(url: str) -> None:
    """An empty query takes the long way, and means nothing."""
    assert canonical_url(url) == canonical_url(f"{url}?")
