"""Configs, feeds files and OPML: good ones changed at random, and tables of anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import BadInput
from monitor.core.models import Feed
from monitor.edges.settings import Settings, load_settings
from monitor.edges.settings.feeds import read_feeds
from tests.fuzz.chance import chances, made_of, odd

SECRET = "Hush.0123~HUSH"
ENVIRON = {"SECRET": SECRET, "EMPTY": ""}
GOOD = """\
rulebook = "rules"
feeds = [
  {url = "https://u:${SECRET}@a.example/feed", name = "A", language = "fr", state_media = true},
  {url = "https://b.example/feed?token=${SECRET}", priority = "high"},
]
[polling]
interval = "10m"
max_entries = 50
contact = "desk@a.example"
[limits]
redirects = 3
parse_cpu = "5s"
parse_memory = "256mb"
[stories]
event_window = "48h"
[network]
allow = ["10.0.0.5:8080"]
proxy = "http://u:${SECRET}@proxy.example:3128"
[store]
url = "redis://:${SECRET}@store.example:6379/0"
max_memory = "64mb"
[deliveries]
keep = "30d"
notices = ["desk"]
[archive]
keep = "7d"
max_size = "64mb"
[websub]
callback = "https://me.example/websub"
listen = "127.0.0.1:8780"
[web]
listen = "0.0.0.0:8790"
token = "${SECRET}.${SECRET}"
hosts = ["monitor.example"]
[[receivers]]
name = "desk"
type = "webhook"
url = "https://hook.example/${SECRET}"
secret = "${SECRET}"
pace = "20/10m"
quiet = "22:00-06:30"
digest = "daily 07:30"
timezone = "Africa/Bamako"
[[routes]]
topics = ["sahel"]
receivers = ["desk"]
[[routes.routes]]
severity = "high"
continue = false
[[silences]]
until = 2026-12-01T06:00:00Z
topics = ["russia"]
"""
LINES = GOOD.splitlines()
FEEDS = '[[feeds]]\nurl = "https://u:{0}@a.example/"\n[[feeds]]\nurl = "https://b.example/"\n'
OPML = (
    '<?xml version="1.0" encoding="utf-8"?><opml version="2.0"><body><outline text="Africa">'
    '<outline text="A" xmlUrl="https://u:{0}@a.example/feed" language="fr"/></outline>'
    '<outline title="B" xmlUrl="https://b.example/feed"/></body></opml>'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


def _loaded(folder: Path, text: str) -> Settings | None:
    """The settings, or None after faults that are as they should be."""
    path = folder / "monitor.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        return load_settings(path, ENVIRON, folder)
    except BadInput as bad:
        _fit_to_be_told(bad, folder)
        return None


def _fit_to_be_told(bad: BadInput, folder: Path) -> None:
    assert bad.faults
    for one in bad.faults:
        assert one.where.startswith((str(folder), repr(str(folder))[:-1])), one
        assert one.what.strip(" :."), one
        assert SECRET not in str(one), one


word = st.one_of(
    st.sampled_from(
        (
            *("=", "[", "]", "[[", "{", "}", '"', "'", '"""', ",", "#", "\\", "${", "${NOT_SET}"),
            *("${EMPTY}", "${EMPTY:-x}", "-1", "1e400", "inf", "nan", "true", "9" * 30, "{}", "[]"),
            *('"1m"', '"off"', '"critical"', "1979-05-27", "[[1]]", "[routes]", "[polling]"),
            "a.b.c = 1",
        )
    ),
    odd,
)
place = st.integers(0, len(GOOD))
changed_text = st.lists(st.tuples(place, st.integers(0, 30), word), min_size=1, max_size=4)
line = st.integers(0, len(LINES) - 1)
changed_lines = st.lists(st.tuples(line, line), min_size=1, max_size=5)


def test_what_is_changed_is_a_good_config(folder: Path) -> None:
    settings = _loaded(folder, GOOD)
    assert settings is not None
    assert SECRET not in repr(settings)


@chances
@given(changed_text)
def test_a_config_with_changes_anywhere_is_read_or_refused_by_faults(
    folder: Path, changes: list[tuple[int, int, str]]
) -> None:
    _loaded(folder, _changed(GOOD, changes))


@chances
@given(changed_lines, st.lists(line, max_size=3))
def test_a_config_with_its_lines_in_disorder_is_read_or_refused_by_faults(
    folder: Path, swaps: list[tuple[int, int]], dropped: list[int]
) -> None:
    lines = list(LINES)
    for one, other in swaps:
        lines[one], lines[other] = lines[other], lines[one]
    _loaded(folder, "\n".join(text for at, text in enumerate(lines) if at not in dropped))


def _changed(text: str, changes: Iterable[tuple[int, int, str]]) -> str:
    for start, size, word in changes:
        text = text[:start] + word + text[start + size :]
    return text


# What may be told is where a file lies, so no secret is put into such a place.
PLACES = {"feeds", "rulebook", "data_dir", "path"}
key = st.one_of(
    st.sampled_from(
        (
            *("polling", "limits", "stories", "network", "store", "websub", "web", "deliveries"),
            *("receivers", "routes", "silences", "interval", "allow", "url", "name", "type"),
            *("language", "pace", "storm", "quiet", "quiet_unless", "digest", "timezone", "until"),
            *("topics", "severity", "continue", "alerts", "lease", "listen", "callback", "secret"),
            *("notices", "max_memory", "archive", "keep", "max_size"),
        )
    ),
    odd,
)
text = made_of(
    *("10m", "5", "/", "-", ":", "https://", "a.example", "sahel", "desk", "console", "22:00"),
    *("redis://", "daily", "off", "${SECRET}", "${NOT_SET}", "high", "${EMPTY:-0}", "UTC", "en"),
    most=5,
)
single = st.one_of(
    text, st.integers(), st.floats(), st.booleans(), st.datetimes(), st.dates(), st.times()
)
value = st.recursive(
    single,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(key, inside, max_size=5),
    max_leaves=25,
)


def _toml(value: object) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{_quoted(k)} = {_toml(v)}' for k, v in value.items())}}}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case str():
            return _quoted(value)
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case _:
            return value.isoformat()  # type: ignore[attr-defined,no-any-return]


def _quoted(text: str) -> str:
    """As TOML has it, which knows no halves of a character and wants DEL as an escape."""
    whole = json.dumps(text.encode("utf-16", "replace").decode("utf-16"), ensure_ascii=False)
    return whole.replace("\x7f", "\\u007f")


@chances
@given(st.dictionaries(key.filter(lambda name: name not in PLACES), value, max_size=6))
def test_a_config_of_tables_of_anything_is_read_or_refused_by_faults(
    folder: Path, tables: dict[str, object]
) -> None:
    lines = [f"{_quoted(name)} = {_toml(value)}" for name, value in tables.items()]
    _loaded(folder, "\n".join(lines))


@chances
@given(st.sampled_from([".toml", ".opml"]), changed_text)
def test_a_feeds_file_with_changes_anywhere_is_read_or_refused_by_faults(
    folder: Path, ending: str, changes: list[tuple[int, int, str]]
) -> None:
    good = (OPML if ending == ".opml" else FEEDS).format(SECRET)
    path = folder / f"feeds{ending}"
    scaled = [(start * len(good) // len(GOOD), size, word) for start, size, word in changes]
    path.write_text(_changed(good, scaled), encoding="utf-8", errors="replace")
    for feed in _feeds(path):
        assert feed.url.startswith(("http://", "https://"))
        assert SECRET not in repr(feed)


@chances
@given(text, text, text, st.sampled_from(["utf-8", "utf-16", "koi8-r", "nope", "utf-7"]))
def test_an_opml_file_of_any_attributes_is_read_or_refused_by_faults(
    folder: Path, url: str, name: str, language: str, encoding: str
) -> None:
    path = folder / "any.opml"
    named = (f'{k}="{_escaped(v)}"' for k, v in (("text", name), ("language", language)))
    outline = f'<outline xmlUrl="https://{_escaped(url)}" {" ".join(named)}/>'
    whole = f'<?xml version="1.0" encoding="{encoding}"?><opml>{outline * 2}</opml>'
    path.write_text(whole, encoding="utf-8", errors="replace")
    assert all(feed.url for feed in _feeds(path))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _feeds(path: Path) -> list[Feed]:
    feeds: list[Feed] = []
    try:
        for _, feed in read_feeds(path, ENVIRON):
            feeds.append(feed)
    except BadInput as bad:
        _fit_to_be_told(bad, path.parent)
    return feeds
