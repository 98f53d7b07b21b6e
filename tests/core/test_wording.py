"""What an alert says, before any channel dresses it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Alert, Carrier, Line
from monitor.core.sample import sample
from monitor.core.wording import (
    Report,
    Wording,
    ago,
    outlet,
    put,
    reach,
    safe_link,
    topics,
    when,
)
from tests.make import NOW, at, delivery, story


def _put(**more: object) -> Wording:
    alert = replace(delivery().alert, **more)  # type: ignore[arg-type]
    return put(alert, NOW)


def _carrier(source: str = "Wire", **more: object) -> Carrier:
    given = Carrier(source, "https://wire.example/rss", "https://wire.example/1", NOW)
    return replace(given, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("story.alert", "Lavrov lands in Bamako"),
        ("story.update", "Update: Lavrov lands in Bamako"),
        ("digest", "Digest: Lavrov lands in Bamako"),
        ("test", "TEST: Lavrov lands in Bamako"),
        ("something\x1b new", "something new: Lavrov lands in Bamako"),
    ],
)
def test_all_but_a_first_alert_say_what_they_are(kind: str, title: str) -> None:
    assert _put(kind=kind).title == title


def test_the_notice_says_all_in_one_line() -> None:
    assert _put().notice == "[high] Lavrov lands in Bamako (Sahel Daily (Mali, English))"


@pytest.mark.parametrize(
    ("title", "summary", "link", "headline"),
    [
        ("T\u202ei\ntle", "Summary", "", "Ti tle"),
        (" \u200b", "Summary", "", "Summary"),
        ("", "", "https://wire.example", "https://wire.example"),
        ("", "", "", "(no title)"),
        ("word " * 100, "", "", "word " * 59 + "word…"),
    ],
)
def test_the_headline_is_the_first_text_there_is(
    title: str, summary: str, link: str, headline: str
) -> None:
    assert _put(story=replace(story(), title=title, summary=summary, link=link)).headline == (
        headline
    )


@pytest.mark.parametrize(
    ("link", "safe"),
    [
        ("https://wire.example/a?b=c&d=%20#e", "https://wire.example/a?b=c&d=%20#e"),
        (" https://wire.example/a b|c<d>e ", "https://wire.example/a%20b%7Cc%3Cd%3Ee"),
        ("https://wire.example/\u202e\x1b\ud800", "https://wire.example/%E2%80%AE%1B?"),
        ("https://пример.example/مالي", "https://xn--e1afmkfd.example/%D9%85%D8%A7%D9%84%D9%8A"),
        ("https://bbc.example@evil.example/", "https://evil.example/"),
        ("HTTP://wire.example", "http://wire.example"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("slack://channel?id=C1", ""),
        ("https:///no-host", ""),
        ("https://[broken", ""),
        ("wire.example", ""),
        ("", ""),
        ("https://wire.example/" + "x" * 2_000, ""),
        ("https://wire.example/" + "|" * 1_000, ""),
    ],
)
def test_a_link_is_safe_or_left_out(link: str, safe: str) -> None:
    assert safe_link(link) == safe


@pytest.mark.parametrize(
    ("carrier", "words"),
    [
        (_carrier(), "Wire"),
        (_carrier(country="Mali", language="fr"), "Wire (Mali, French)"),
        (_carrier(language="ru-RU", state_media=True), "Wire (Russian, state media)"),
        (_carrier(language="tzm"), "Wire (tzm)"),
        (_carrier("\x00", country="\u200b"), "unnamed source"),
        (_carrier("W\u202eire\n2"), "Wire 2"),
    ],
)
def test_an_outlet_is_placed_by_country_language_and_owner(carrier: Carrier, words: str) -> None:
    assert outlet(carrier) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "dated in the future"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (3_600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_an_age_is_told_in_the_unit_a_person_would_use(seconds: int, words: str) -> None:
    assert ago(timedelta(seconds=seconds)) == words


def test_a_story_without_a_date_tells_when_it_was_first_seen() -> None:
    seen = replace(story(), published=None, first_seen=NOW - timedelta(minutes=5))
    assert when(seen, NOW) == "no date, first seen 14 Mar 2026 11:55 UTC, 5 min ago"
    assert when(story(), NOW) == "published 14 Mar 2026 11:00 UTC, 1 h ago"


def test_the_most_telling_topic_comes_first() -> None:
    some = replace(
        story(), topics=frozenset({"zinc", "russia", "sahel", "russia-sahel", "elections"})
    )
    assert topics(some) == ["russia-sahel", "sahel", "russia", "elections", "zinc"]


def test_each_other_outlet_is_named_once_and_those_beyond_five_are_counted() -> None:
    others = tuple(_carrier(name) for name in ("Sahel Daily", "A", "B", "A", "C", "D", "E", "F"))
    one = _put(others=others)
    assert [each.outlet for each in one.others] == ["A", "B", "C", "D", "E"]
    assert one.others[0].link == "https://wire.example/1"
    assert one.more == 1


def test_the_reason_is_one_line() -> None:
    assert _put(reason="a\nb\x07 \u2028c" + "d" * 999).reason == "a b c" + "d" * 394 + "…"


def test_a_sample_is_marked_as_a_test_and_each_is_another_delivery() -> None:
    first, second = sample("desk", NOW), sample("desk", NOW + timedelta(seconds=1))
    assert first.alert.kind == "test"
    assert first.alert.receiver == "desk"
    assert put(first.alert, NOW).title.startswith("TEST: Not a real story: Moscow promises arms")
    assert first.id != second.id
    for match in first.alert.story.matches:
        text = getattr(first.alert.story, match.field)
        assert text[match.start : match.end] == match.text


@given(st.text(max_size=400), st.text(max_size=400))
def test_whatever_a_feed_brings_every_word_is_one_line(text: str, other: str) -> None:
    carrier = _carrier(text, country=other, language=text[:5])
    told = replace(story(), title=text, summary=other, link=text, carrier=carrier)
    one = put(Alert("desk", other, told, others=(_carrier(other),)), NOW)
    lines = [one.title, one.link, one.outlet, one.reason, one.notice, one.topics, one.when]
    lines += [each.outlet for each in one.others]
    assert all(len(line.splitlines()) <= 1 for line in lines)
    assert one.headline
    assert one.outlet


def carrier(source: str, seconds: float = 0, **more: Any) -> Carrier:
    return Carrier(source, f"https://{source}.example/", "", at(seconds), **more)


def test_copies_of_one_text_or_agency_count_once_among_the_independent() -> None:
    told = reach(
        (
            carrier("B", 60, story="s_1", language="fr"),
            carrier("A", 0, story="s_1", language="en"),
            carrier("C", 90, story="s_2", wire="afp"),
            carrier("D", 95, story="s_3", wire="afp"),
            replace(carrier("E", 99, story="s_4"), state_media=True),
        )
    )
    assert told == (
        "5 outlets, 3 independent, 1 state media; English, French; first A (English),"
        " 14 Mar 12:00 UTC"
    )


def test_one_outlet_alone_has_no_reach_and_twice_the_same_is_one() -> None:
    assert reach((carrier("A"),)) == ""
    assert reach((carrier("A"), carrier("A", 9))) == ""


def test_a_digest_counts_its_reports_and_shows_each_in_a_line() -> None:
    lines = (Line("Toll\nrises", "javascript:x", "AP", ("31 killed", "now high")),)
    words = put(replace(delivery().alert, kind="digest", lines=lines), NOW)
    assert words.title == "Digest: 1 report"
    assert words.reports == (Report("Toll rises", "", "AP · 31 killed, now high"),)


def test_a_canary_says_what_it_is_and_how_long_it_was_on_its_way() -> None:
    one = replace(story(), published=at(-2.54), title="Canary 11:59", summary="It came.")
    said = put(Alert("ops", "route 1: canary", one, kind="canary"), NOW)
    assert (said.title, said.outlet, said.label) == ("CANARY: Canary 11:59", "", "")
    assert [one.text for one in said.sentence] == ["It came. It took 2.5 s."]
    early = replace(one, published=None, first_seen=at(3))
    said = put(Alert("ops", "", early, kind="canary"), NOW)
    assert [one.text for one in said.sentence] == ["It came. It took 0.0 s."]
