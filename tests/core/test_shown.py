"""What may be shown of texts and addresses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Document, Entry, Feed, Hub, Move
from monitor.core.shown import hidden, plain, seen, shown_url
from tests import make


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("https://a.example/feed", "https://a.example/feed", ()),
        ("https://a.example/?page=2&lang=fr", "https://a.example/?page=2&lang=fr", ()),
        ("https://a.example/?api_key=s3", "https://a.example/?api_key=***", ("s3",)),
        ("https://a.example/?x=1&KEY=s&y=2", "https://a.example/?x=1&KEY=***&y=2", ("s",)),
        ("https://a.example/?apikey=s%2B1", "https://a.example/?apikey=***", ("s%2B1", "s+1")),
        ("https://a.example/?a%70i-key=s", "https://a.example/?a%70i-key=***", ("s",)),
        ("https://a.example/?access_token=s#t", "https://a.example/?access_token=***#t", ("s",)),
        ("https://a.example/#access_token=s", "https://a.example/#access_token=***", ("s",)),
        ("https://a.example/f;jsessionid=s&a", "https://a.example/f;jsessionid=***&a", ("s",)),
        ("https://a.example/?sig=&auth=s", "https://a.example/?sig=&auth=***", ("s",)),
        ("https://a.example/?X-Amz-Signature=s", "https://a.example/?X-Amz-Signature=***", ("s",)),
        ("https://u:p@a.example/", "https://a.example/", ("u:p", "p")),
        ("https://tok@a.example/?a=b", "https://a.example/?a=b", ("tok", "tok")),
        ("https://u:p@q@a.example/", "https://a.example/", ("u:p@q", "p@q")),
        ("//u:p@a.example/", "//a.example/", ("u:p", "p")),
        ("https://a.example/@handle/feed", "https://a.example/@handle/feed", ()),
        ("https://a.example/?mail=u@b.example", "https://a.example/?mail=u@b.example", ()),
        ("https://a.example/?token=a?b=c", "https://a.example/?token=***", ("a?b=c",)),
        ("https://a.example/?of=//b/?key=s", "https://a.example/?of=//b/?key=***", ("s",)),
        ("", "", ()),
    ],
)
def test_a_url_is_shown_without_user_password_and_the_values_of_its_keys(
    url: str, shown: str, secrets: tuple[str, ...]
) -> None:
    assert shown_url(url) == shown
    assert tuple(hidden(url)) == secrets


def test_what_is_called_a_key_is_one() -> None:
    names = """api_key apikey api-key key token access_token auth auth_token secret client_secret
        password passwd pwd pass sig signature session sessionid sid jwt hmac feed_token authkey
        sign subscription-key AWSAccessKeyId authorization credential"""
    for name in names.split():
        assert shown_url(f"https://a.example/?{name}=canary") == f"https://a.example/?{name}=***"


@pytest.mark.parametrize("name", ["q", "keywords", "author", "page", "design", "passage", "user"])
def test_what_only_begins_like_a_key_is_none(name: str) -> None:
    url = f"https://a.example/feed?{name}=word"
    assert (shown_url(url), list(hidden(url))) == (url, [])


@given(st.text())
def test_showing_a_url_anew_changes_nothing_and_it_hides_nothing_any_more(url: str) -> None:
    shown = shown_url(url)
    assert set(hidden(shown)) <= {"***"}
    assert shown_url(shown) == shown


def test_a_feed_its_entries_and_documents_show_no_key_of_its_url() -> None:
    url = "https://a.example/feed?token=canary"
    feed = Feed(url, credentials=("u", "canary"))
    assert feed.shown == feed.source == "https://a.example/feed?token=***"
    things = (feed, Entry(url, "1", "T"), Document(url, b"", moved=url), Hub(url, url))
    assert "canary" not in repr((*things, Move(url, url), make.commit(feed)))
    assert repr(feed) == "Feed('https://a.example/feed?token=***', '')"


def test_a_text_is_plain_without_what_cannot_be_seen() -> None:
    assert plain("\x1b[2Ja\nb\u202ec\x9bd\u2028e\u200bf") == " [2Ja b c d e f"
    assert plain("Мали: مالي — «é»") == "Мали: مالي — «é»"


def test_json_with_escapes_is_the_same_json() -> None:
    value = {"a": "\x1b\x7f\x9b\u202e\U000e0041\xa0 Мали\n", "b": [1, "\u2028"]}
    text = seen(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(text) == value
    assert text.replace("\n", "").isprintable()
    assert "Мали" in text
