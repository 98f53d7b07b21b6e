"""What is set as a limit is what the working parts keep to."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.errors import BadInput
from monitor.core.models import Document, Failure, Feed, Parsed
from monitor.edges.settings import Settings, load_settings
from monitor.service.bounds import limits_of, parser_of
from monitor.service.checking import check, read_settings, secrets, unheeded_proxies
from monitor.service.wiring import Service

FEED = Feed("https://a.example/feed")


def load(folder: Path, text: str) -> Settings:
    (folder / "monitor.toml").write_text(text, encoding="utf-8")
    return load_settings(None, {}, folder)


def rss(inner: str) -> Document:
    text = f'<rss version="2.0"><channel>{inner}</channel></rss>'
    return Document("https://a.example/feed", text.encode(), "text/xml")


def test_a_fetch_keeps_to_what_was_set(tmp_path: Path) -> None:
    text = '[polling]\ndeadline = "7s"\nmax_body = 5000\n'
    text += "[limits]\nredirects = 1\nheader_bytes = 9000\nheaders = 60\n"
    limits = limits_of(load(tmp_path, text), "us")
    assert (limits.deadline, limits.max_body, limits.user_agent) == (7.0, 5_000, "us")
    assert (limits.max_redirects, limits.header_bytes, limits.headers) == (1, 9_000, 60)


def test_a_lease_leaves_time_to_fetch_and_to_parse_twice(tmp_path: Path) -> None:
    shipped = Service(load(tmp_path, ""))
    assert shipped.lease == timedelta(seconds=90)
    text = '[polling]\ndeadline = "10s"\n[limits]\nparse_time = "50s"\n'
    assert Service(load(tmp_path, text)).lease == timedelta(seconds=120)


@pytest.mark.slow
def test_texts_and_entries_are_cut_where_it_was_set(tmp_path: Path) -> None:
    text = "[polling]\nmax_entries = 2\n[limits]\ntitle = 50\nsummary = 10\nlink = 200\n"
    parser = parser_of(load(tmp_path, text))
    entry = f"<item><title>{'t' * 99}</title><description>{'s' * 99}</description>"
    entry += f"<guid>1</guid><link>https://a.example/{'l' * 300}</link></item>"
    found = parser.parse(FEED, rss(entry * 3))
    parser.close()
    assert isinstance(found, Parsed)
    assert len(found.entries) <= 2
    one = found.entries[0]
    assert (len(one.title), len(one.summary), one.link) == (50, 10, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "inner", "why"),
    [
        (
            'parse_cpu = "1s"',
            f"a & b<item><author>{'a' * 120_000}</author></item>",
            "1 s of CPU time",
        ),
        ('parse_memory = "128mb"', "a & b" + "<a>" * 1_500_000, "memory"),
    ],
)
def test_a_document_that_uses_up_its_allowance_is_its_feeds_failure(
    tmp_path: Path, limit: str, inner: str, why: str
) -> None:
    parser = parser_of(load(tmp_path, f'[limits]\nparse_time = "60s"\n{limit}\n'))
    found = parser.parse(FEED, rss(inner))
    good = parser.parse(FEED, rss("<item><title>t</title></item>"))
    parser.close()
    assert isinstance(found, Failure)
    assert why in found.reason
    assert isinstance(good, Parsed)


@pytest.mark.slow
def test_a_document_has_no_more_time_than_was_set(tmp_path: Path) -> None:
    text = '[limits]\nparse_cpu = "1s"\nparse_time = "1s"\n'
    parser = parser_of(load(tmp_path, text))
    parser.start()
    assert parser._child is not None
    os.kill(parser._child._process.pid, signal.SIGSTOP)
    began = time.monotonic()
    found = parser.parse(FEED, rss(""))
    assert time.monotonic() - began < 3
    parser.close()
    assert isinstance(found, Failure)
    assert found.reason == "took longer than 1 s"


def test_a_proxy_is_taken_over_and_its_password_is_a_secret(tmp_path: Path) -> None:
    settings = load(tmp_path, '[network]\nproxy = "http://us:s3cret%2Fword@proxy:3128"\n')
    _, allow = check(settings)
    assert allow.proxy is not None
    assert allow.proxy.credentials == ("us", "s3cret/word")
    assert {"s3cret%2Fword", "s3cret/word"} <= set(secrets(settings))
    assert check(load(tmp_path, ""))[1].proxy is None


def test_a_proxy_that_cannot_be_is_a_fault_with_place_and_hint_but_not_its_password(
    tmp_path: Path,
) -> None:
    settings = load(tmp_path, '[network]\nproxy = "socks5://us:s3cret-word@proxy:3128"\n')
    with pytest.raises(BadInput) as told:
        check(settings)
    (fault,) = told.value.faults
    assert fault.where.endswith("monitor.toml: network.proxy")
    assert fault.hint.startswith("http://user:password@proxy:3128")
    assert "s3cret" not in str(fault)


def test_proxies_of_the_environment_are_told_unless_one_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert "HTTPS_PROXY" in unheeded_proxies(load(tmp_path, ""))
    assert unheeded_proxies(load(tmp_path, '[network]\nproxy = "http://proxy:1"\n')) == ()


def test_no_library_heeds_the_proxies_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    load(tmp_path, "")
    read_settings(str(tmp_path / "monitor.toml"))
    requests = pytest.importorskip("requests")
    assert urllib.request.proxy_bypass("desk.test")
    assert requests.utils.get_environ_proxies("https://desk.test/") == {}
