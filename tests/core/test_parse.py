"""Documents to entries: each file in tests/documents says what is expected of it.

A new odd feed costs one file there and no code. Its keys: `about` (what it shows),
`document`, `encoding` (else UTF-8), `content_type`, `feed_language`; and what is expected:
either `outcome` and a part of the `reason`, or `entries` (only the fields given are
compared; "" stands for None), with `language` and how the `note` begins.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.models import Document, Entry, Failure, Feed, Parsed, PollOutcome
from monitor.core.parse import ParseLimits, parse

FOLDER = Path(__file__).parent.parent / "documents"
CASES = sorted(FOLDER.glob("*.toml"))
URL = "https://feeds.example/news/feed"


def load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def document(case: dict[str, Any]) -> Document:
    body = case["document"].encode(case.get("encoding", "utf-8"))
    return Document(URL, body, case.get("content_type", ""))


def rss(*entries: str) -> Document:
    body = "".join(f"<item>{one}</item>" for one in entries)
    return Document(URL, f'<rss version="2.0"><channel>{body}</channel></rss>'.encode())


def read(found: Document, limits: ParseLimits | None = None) -> Parsed:
    parsed = parse(Feed(URL), found, limits or ParseLimits())
    assert isinstance(parsed, Parsed)
    return parsed


def differences(entry: Entry, expected: dict[str, Any]) -> dict[str, Any]:
    """The fields that are not as expected; in a file "" stands for None."""
    actual = {name: getattr(entry, name) for name in expected}
    return {
        name: value
        for name, value in actual.items()
        if expected[name] != (list(value) if isinstance(value, tuple) else plain(value))
    }


def plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value or ""


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_document_gives_what_its_file_says(path: Path) -> None:
    case = load(path)
    found = parse(Feed(URL, language=case.get("feed_language")), document(case))
    if "outcome" in case:
        assert isinstance(found, Failure), case["about"]
        assert (found.outcome.value, case.get("reason", "") in found.reason) == (
            case["outcome"],
            True,
        )
        return
    assert isinstance(found, Parsed), (case["about"], found)
    assert [differences(*pair) for pair in zip(found.entries, case["entries"], strict=True)] == [
        {} for _ in case["entries"]
    ], case["about"]
    assert found.note.startswith(case["note"]) if case.get("note") else not found.note
    assert "language" not in case or found.language == case["language"]


def test_entries_beyond_the_limit_are_left_out_with_a_note() -> None:
    found = read(rss(*(f"<title>{n}</title>" for n in range(5))), ParseLimits(entries=3))
    assert [entry.title for entry in found.entries] == ["0", "1", "2"]
    assert found.note == "5 entries, the first 3 were read"


def test_entries_beyond_the_limit_are_counted_under_any_name() -> None:
    body = "".join(f"<a:entry><a:title>{n}</a:title></a:entry>" for n in range(5))
    text = f'<a:feed xmlns:a="http://www.w3.org/2005/Atom">{body}</a:feed>'
    found = read(Document(URL, text.encode()), ParseLimits(entries=3))
    assert [entry.title for entry in found.entries] == ["0", "1", "2"]
    assert found.note == "5 entries, the first 3 were read"


def test_long_texts_are_cut_at_a_word_and_long_links_are_dropped() -> None:
    found = read(
        rss(
            f"<title>{'word ' * 100}</title><description>{'x' * 9_000}</description>"
            f"<link>https://l.example/{'a' * 3_000}</link><guid>{'g' * 5_000}</guid>"
        )
    )
    (entry,) = found.entries
    assert entry.title.endswith("word…")
    assert len(entry.title) <= 300
    assert (len(entry.summary), len(entry.id), entry.link) == (2_000, 2_000, "")


def test_a_link_that_grows_too_long_by_escaping_is_dropped() -> None:
    (entry,) = read(rss(f"<title>t</title><link>https://l.example/{'é' * 900}</link>")).entries
    assert entry.link == ""


def test_a_text_is_never_cut_within_a_character() -> None:
    (entry,) = read(rss(f"<title>{'a' * 298}e\u0323\u0302\u0331\u0331x</title>")).entries
    assert entry.title == "a" * 298 + "…"
    (entry,) = read(rss(f"<title>{'a' * 297}👨\u200d👩\u200d👧 and more</title>")).entries
    assert entry.title == "a" * 297 + "…"


def test_a_text_of_marks_alone_is_cut_all_the_same() -> None:
    (entry,) = read(rss(f"<title>a{chr(0x331) * 9_000}</title>")).entries
    assert len(entry.title) <= 300


def test_deeply_nested_markup_is_survived() -> None:
    nested = "&lt;div&gt;" * 5_000 + "deep"
    (entry,) = read(rss(f"<title>t</title><description>{nested}</description>")).entries
    assert entry.title == "t"


def test_one_broken_byte_does_not_change_the_charset() -> None:
    body = rss("<title>Россия и Мали</title>").body.replace(b"</title>", b"\xe9</title>")
    assert read(Document(URL, body)).entries[0].title == "Россия и Малиé"


def test_bytes_that_no_charset_explains_are_replaced() -> None:
    body = rss("<title>a\x81b</title>").body.replace("\x81".encode(), b"\x81")
    assert read(Document(URL, body)).entries[0].title == "a\ufffdb"


def test_a_charset_that_spells_markup_is_not_used() -> None:
    declared = b'<?xml version="1.0" encoding="unicode_escape"?>'
    body = declared + rss(r"<title>\x3cb\x3e</title>").body.replace(b"</t", b"\xe9</t")
    assert read(Document(URL, body)).entries[0].title == r"\x3cb\x3eé"


def test_unclosed_json_arrays_are_refused_without_recursion() -> None:
    found = parse(Feed(URL), Document(URL, b"[" * 100_000))
    assert isinstance(found, Failure)
    assert found.outcome is PollOutcome.NOT_A_FEED


SEEDS = [document(load(path)).body for path in CASES]


def mutated(body: bytes, cuts: list[tuple[int, bytes]]) -> bytes:
    for place, piece in cuts:
        at = place % (len(body) + 1)
        body = body[:at] + piece + body[at + len(piece) // 2 :]
    return body


PIECES = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"<", b">", b"]]>", b"<![CDATA[", b"&#xD800;", b"&", b"</item>", b"\xff", b"<!"]
    ),
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(mutated, st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 5_000), PIECES))),
)


@settings(max_examples=100, deadline=None)
@given(body=BODIES, content_type=st.sampled_from(["", "text/xml; charset=koi8-r", "x; charset=é"]))
def test_whatever_the_bytes_the_answer_is_a_value_that_can_be_sent_on(
    body: bytes, content_type: str
) -> None:
    found = parse(Feed(URL), Document(URL, body, content_type))
    if isinstance(found, Parsed):
        for entry in found.entries:
            "".join((entry.id, entry.title, entry.summary, entry.link)).encode("utf-8")
            assert entry.title
            assert not entry.link or entry.link.startswith(("http://", "https://"))
