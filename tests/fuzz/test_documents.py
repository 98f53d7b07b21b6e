"""Documents grown from those of tests/documents, and put together from their words."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.models import Parsed
from tests.fuzz.chance import chances, made_of
from tests.fuzz.reading import read
from tests.fuzz.seeds import bodies, words

_BODIES, _WORDS = bodies(), words()
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "koi8-r", "cp1251", "latin-1")
_ENDS = 6_000

at = st.integers(0, _ENDS)
body = st.sampled_from(_BODIES)
word = st.one_of(st.sampled_from(_WORDS), st.binary(max_size=12))

Change = Callable[[bytes], bytes]


def _cut(start: int, size: int) -> Change:
    return lambda body: body[:start] + body[start + size :]


def _put(start: int, word: bytes) -> Change:
    return lambda body: body[:start] + word + body[start:]


def _spliced(start: int, other: bytes, there: int) -> Change:
    return lambda body: body[:start] + other[there:]


def _doubled(start: int, size: int, times: int) -> Change:
    return lambda body: body[:start] + body[start : start + size] * times + body[start + size :]


def _recoded(read: str, written: str) -> Change:
    return lambda body: body.decode(read, "replace").encode(written, "xmlcharrefreplace")


changes = st.one_of(
    st.builds(_cut, at, at),
    st.builds(_put, at, st.one_of(word, body)),
    st.builds(_spliced, at, body, at),
    st.builds(_doubled, at, st.integers(0, 300), st.integers(2, 40)),
    st.builds(_recoded, st.sampled_from(_ENCODINGS), st.sampled_from(_ENCODINGS)),
)


def _read(body: bytes, chance: int) -> None:
    """Also: what else is named can be asked and told."""
    found = read(body, chance)
    if isinstance(found, Parsed):
        assert found.hub.url.isprintable()
        assert found.hub.topic.isprintable()
        assert found.marks.isascii()


def _changed(body: bytes, done: list[Change]) -> bytes:
    for change in done:
        body = change(body)
    return body[: 10 * _ENDS]


@chances
@given(st.builds(_changed, body, st.lists(changes, min_size=1, max_size=5)), st.integers(0, 4_095))
def test_whatever_becomes_of_a_document_it_is_read_or_refused_in_words(
    body: bytes, chance: int
) -> None:
    _read(body, chance)


@chances
@given(st.lists(word, max_size=60), st.integers(0, 4_095))
def test_words_of_documents_in_any_order_are_read_or_refused_in_words(
    found: list[bytes], chance: int
) -> None:
    _read(b"".join(found), chance)


text = made_of(
    "Mali", "WebSub", "https://a.example/1", "/rel?x=1", "Sat, 14 Mar 2026 12:00:00 GMT", "1.0"
)
name = st.sampled_from(
    (
        *("title", "link", "guid", "id", "description", "summary", "content", "pubDate", "updated"),
        *("author", "name", "category", "dc:date", "content:encoded", "source", "media:group"),
        *("item", "entry"),
    )
)
element = st.recursive(
    text,
    lambda inside: st.builds(
        "<{0}{1}>{2}</{0}>".format,
        name,
        st.sampled_from(
            ["", ' type="html"', ' type="xhtml"', ' href="javascript:1"', ' rel="self"']
        ),
        st.lists(inside, max_size=4).map("".join),
    ),
    max_leaves=12,
)
_RSS = (
    '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.'
    'yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>{}</channel>'
    "</rss>"
)
_FORMS = (_RSS, '<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>', "<rdf:RDF>{}</rdf:RDF>")


@chances
@given(
    st.sampled_from(_FORMS),
    st.lists(st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["item", "entry"]), element)),
    st.integers(0, 4_095),
)
def test_a_feed_of_elements_nested_anyhow_is_read_or_refused_in_words(
    form: str, entries: list[str], chance: int
) -> None:
    whole = form.format("".join(entries)).encode("utf-8", "replace")
    _read(whole, chance)


keys = st.sampled_from(
    (
        *("items", "title", "id", "url", "external_url", "content_html", "content_text", "summary"),
        *("date_published", "authors", "author", "name", "tags", "language", "version"),
        *("hubs", "type", "feed_url", "expired"),
    )
)
value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(keys, inside, max_size=6),
    max_leaves=20,
)


@chances
@given(st.dictionaries(keys, value), st.lists(value, max_size=4), st.integers(0, 4_095))
def test_a_json_feed_with_values_of_any_kind_is_read_or_refused_in_words(
    head: dict[str, object], entries: list[object], chance: int
) -> None:
    version = "https://jsonfeed.org/version/1.1"
    whole = json.dumps({**head, "version": version, "items": entries})
    _read(whole.encode(), chance)
