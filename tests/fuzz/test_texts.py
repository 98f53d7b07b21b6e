"""Texts as strangers write them: folded, tagged, shown."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from functools import cache
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Alert, Carrier, Entry, Line
from monitor.core.rulebook import Rulebook
from monitor.core.shown import plain, shown_url
from monitor.core.tagging import tag
from monitor.core.text import fold, fold_text
from monitor.core.wording import put
from monitor.edges.rulebook import load_rulebook
from monitor.edges.transports.console import shown
from tests.fuzz.chance import chances, made_of, odd
from tests.make import NOW, story


@cache
def _rulebook() -> Rulebook:
    return load_rulebook(None)


def _aliases() -> list[str]:
    """Every way to write something that the rulebook knows."""
    alike = _rulebook().gazetteer._terms
    return sorted({term.text.rstrip("*") for terms in alike for term in terms})


known = st.deferred(lambda: st.sampled_from(_aliases()))
telling = st.lists(st.one_of(known, odd), max_size=20).map(" ".join)
glued = st.lists(st.one_of(known, odd), max_size=20).map("".join)


@chances
@given(made_of("Goïta", "Be\u0301nin", "N’Djamena", "الأزواد", "Ещё", most=30))
def test_folded_text_leads_back_in_order_and_leaves_nothing_outside(text: str) -> None:
    folded = fold(text)
    spans = [folded.span(at, at + 1) for at in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[0] <= two[0] and one[1] <= two[1] for one, two in pairwise(spans))
    assert folded.text == fold_text(text)
    assert "  " not in folded.text


@chances
@given(st.one_of(telling, glued))
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    once = fold_text(text)
    assert "&" in once or fold_text(once) == once


@chances
@given(st.one_of(telling, glued), st.one_of(telling, glued))
def test_evidence_stands_where_it_is_said_to_stand(title: str, summary: str) -> None:
    entry = Entry(feed="", id="", title=title, summary=summary)
    tagging = tag(entry, _rulebook())
    for one in tagging.matches:
        text = getattr(entry, one.field)
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.text
        assert one.topic in tagging.topics
    assert bool(tagging.topics) == bool(tagging.reasons)


@chances
@given(made_of("https://a.example/?token=x", "error", "\x1b]0;title\x07"))
def test_what_is_shown_plainly_is_one_line_as_long_as_before(text: str) -> None:
    line = plain(text)
    assert line.isprintable()
    assert len(line) == len(text)
    assert plain(line) == line


# Letters that part nothing in a URL.
inert = st.text(alphabet="abzé%20+._~-,!'()*:@[]", max_size=8)
keys = st.sampled_from(
    (
        *("token", "api_key", "API-KEY", "apikey", "access_token", "sig", "auth", "password"),
        *("pwd", "client_secret", "X-Amz-Signature", "x%5Ftoken", "session_id", "jwt"),
    )
)
others = st.tuples(st.sampled_from(["page", "id", "q", "utm_source", ""]), inert)
CANARY = "hush0123hush"
secret = st.tuples(keys, st.builds("{}{}{}".format, inert, st.just(CANARY), inert))


@chances
@given(
    st.sampled_from(["", "https://a.example", "HTTP://u@b.example:8080", "//c.example", "/path"]),
    st.lists(st.one_of(others, secret), min_size=1, max_size=6),
    st.lists(st.sampled_from("?&;#"), min_size=6, max_size=6),
)
def test_no_key_of_a_url_is_shown_wherever_it_stands(
    start: str, pairs: list[tuple[str, str]], marks: list[str]
) -> None:
    written = (f"{mark}{name}={value}" for mark, (name, value) in zip(marks, pairs, strict=False))
    assert CANARY not in shown_url(start + "/feed" + "".join(written))


@chances
@given(inert.filter(lambda text: "@" not in text), st.sampled_from(["https://", "ftp://", "//"]))
def test_no_password_of_a_url_is_shown(user: str, scheme: str) -> None:
    assert CANARY not in shown_url(f"{scheme}{user}:{CANARY}@a.example/feed?id=1")


def _told(text: str, more: str) -> Alert:
    carrier = Carrier(text, more, text, NOW, language=more, country=text)
    told = replace(story(), title=text, summary=more, link=text, carrier=carrier)
    line = Line(more, text, more, (text,))
    return Alert("desk", more, told, kind=text, news=(more,), others=(carrier,), lines=(line,))


@chances
@given(made_of("Mali", "https://a.example/1"), made_of("Wagner.", "https://b.example"))
def test_no_alert_moves_the_cursor_of_a_terminal_or_turns_its_line(text: str, more: str) -> None:
    for alert in (_told(text, more), replace(_told(text, more), lines=())):
        written = shown(put(alert, NOW), bold=False)
        kinds = {unicodedata.category(char) for char in written.replace("\n", "")}
        assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
        assert not {"\u202e", "\u2066", "\u061c", "\u200b"} & set(written)
