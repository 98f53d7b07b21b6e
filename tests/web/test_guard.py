"""Who may ask what: names, tokens, forms, and pages that say why not. No store is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from monitor.service.checking import read_settings
from monitor.service.wiring import Service
from tests.web.pages import Browser, shown
from tests.web.world import TOKEN


def service(folder: Path, more: str) -> Service:
    config = folder / "monitor.toml"
    store = f'[store]\nurl = "unix://{folder}/nobody.sock"\n'
    feed = '[[feeds]]\nurl = "https://a.example/feed"\n'
    config.write_text(f"{store}[web]\n{more}\n{feed}", encoding="utf-8")
    return Service(read_settings(str(config)))


@pytest.fixture(scope="module")
def open_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    made = service(tmp_path_factory.mktemp("open"), 'hosts = ["Monitor.Example"]')
    with shown(made) as port:
        yield port


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return service(tmp_path_factory.mktemp("guarded"), f'token = "{TOKEN}"')


@pytest.fixture
def guarded_port(guarded: Service) -> Iterator[int]:
    with shown(guarded) as port:
        yield port


@pytest.fixture
def ask(open_port: int) -> Browser:
    return Browser(open_port)


PAGES = ("/", "/stories/s_1", "/alerts", "/deliveries", "/deliveries/d_1", "/feeds")


@pytest.mark.parametrize("path", PAGES)
def test_a_store_that_is_away_is_a_page_that_says_so(ask: Browser, path: str) -> None:
    answer = ask(path)
    assert answer.status == 503
    assert "<h1>The store is away</h1>" in answer.text
    assert "cannot be reached. Try again in a moment." in answer.text


def test_what_is_not_there_or_cannot_be_asked_is_a_page_with_a_sentence(ask: Browser) -> None:
    for path, status, said in (
        ("/nothing", 404, "Nothing has this address"),
        ("/stories/" + "x" * 81, 404, "Nothing has this address"),
        ("/stories/a%2F..%2Fb", 404, "Nothing has this address"),
        ("/stories?topic=%3Cscript%3E", 400, "There is no topic “&lt;script&gt;”; known: sahel"),
        ("/stories?q=a&q=b", 400, "A condition is given twice."),
        ("/stories?x=1", 400, "There is no condition “x” on this page"),
        ("/?x=1", 400, "known: none"),
        ("/feeds?page=0", 400, "is no page"),
        ("/alerts?span=1y", 400, "There is no span “1y”"),
        ("/login", 404, "Nothing has this address"),
    ):
        answer = ask(path)
        assert (answer.status, said in answer.text) == (status, True), path
        assert "<script" not in answer.text
    assert ask("/stories", method="DELETE").status == 405
    assert ask("/feeds", method="HEAD").status == 503


def test_every_answer_forbids_scripts_frames_guessing_and_keeping(ask: Browser) -> None:
    for path in ("/", "/nothing", "/feeds?page=0", "/style.css", "/healthz"):
        headers = ask(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "monitor"
        kept = "public, max-age=31536000, immutable" if path == "/style.css" else "no-store"
        assert headers["Cache-Control"] == kept


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "127.0.0.1", "10.1.2.3:8790", "[::1]:1", "monitor.example."],
)
def test_the_pages_go_by_plain_addresses_and_names_of_ours(ask: Browser, host: str) -> None:
    ask.host = host
    assert ask("/healthz").status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[", "a@b", "x y"]
)
def test_a_site_whose_name_leads_here_reads_nothing(ask: Browser, host: str) -> None:
    ask.host = host
    for path in ("/", "/healthz", "/metrics", "/style.css"):
        answer = ask(path)
        assert answer.status in {400, 421}
        assert "evil" not in answer.text
    assert "Not known by this name" in ask("/").text or host in {"[", "x y"}


def test_without_a_token_there_is_nothing_but_reading(ask: Browser) -> None:
    for path in ("/deliveries/d_1", "/login", "/logout"):
        answer = ask(path, form={"form": "", "token": ""})
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


# -- with a token --------------------------------------------------------------------


def entered(port: int) -> Browser:
    browser = Browser(port)
    assert browser("/login", form={"token": TOKEN}).status == 303
    return browser


def form_of(browser: Browser) -> str:
    found = re.search(r'name="form" value="([^"]+)"', browser("/nothing").text)
    assert found
    return found[1]


def test_with_a_token_all_pages_ask_for_it_and_machines_are_answered(guarded_port: int) -> None:
    browser = Browser(guarded_port)
    for path in (*PAGES, "/nothing"):
        answer = browser(path)
        assert (answer.status, answer.text) == (303, "")
        assert answer.headers["Location"].startswith("/login")
    assert browser("/feeds?q=a").headers["Location"] == "/login?next=%2Ffeeds%3Fq%3Da"
    assert browser("/healthz").status == 200
    assert browser("/metrics").status == 200
    assert browser("/style.css").status == 200
    assert '<label for="token">Token</label>' in browser("/login").text


def test_who_shows_the_token_comes_to_where_they_wanted_and_may_leave(guarded_port: int) -> None:
    browser = Browser(guarded_port)
    answer = browser("/login", form={"token": TOKEN, "next": "/feeds?q=a"})
    assert (answer.status, answer.headers["Location"]) == (303, "/feeds?q=a")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    assert browser("/feeds").status == 503
    old = browser.cookie
    assert browser("/logout", form={"form": form_of(browser)}).status == 303
    browser.cookie = old
    assert browser("/feeds").status == 303


def test_behind_tls_the_cookie_is_sent_over_tls_only(guarded_port: int) -> None:
    browser = Browser(guarded_port, more={"X-Forwarded-Proto": "https"})
    assert "Secure" in browser("/login", form={"token": TOKEN}).headers["Set-Cookie"]


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "/\r\nX: y"],
)
def test_a_login_leads_to_our_own_pages_only(guarded_port: int, place: str) -> None:
    answer = Browser(guarded_port)("/login", form={"token": TOKEN, "next": place})
    assert (answer.status, answer.headers["Location"]) == (303, "/")


def test_wrong_tokens_are_refused_and_then_made_to_wait(guarded_port: int) -> None:
    browser = Browser(guarded_port)
    for _ in range(5):
        answer = browser("/login", form={"token": "guess"})
        assert answer.status == 403
        assert "This is not the token." in answer.text
        assert "Set-Cookie" not in answer.headers
    answer = browser("/login", form={"token": TOKEN})
    assert answer.status == 429
    assert 50 < int(answer.headers["Retry-After"]) <= 60
    assert "Too many tries. Try again in" in answer.text


def test_a_forged_form_or_cookie_does_nothing(guarded_port: int) -> None:
    browser = entered(guarded_port)
    form = form_of(browser)
    for forged in ({}, {"form": ""}, {"form": "guess"}, {"form": form_of(entered(guarded_port))}):
        assert browser("/deliveries/d_1", form=forged).status == 403
    for name, value in (
        ("Origin", "https://evil.example"),
        ("Origin", f"http://127.0.0.1:{guarded_port}.evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ):
        browser.more = {name: value}
        assert browser("/deliveries/d_1", form={"form": form}).status == 403, value
    for headers in (
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": f"http://127.0.0.1:{guarded_port}"},
    ):
        browser.more = headers
        # The form is taken: only the store is away.
        assert browser("/deliveries/d_1", form={"form": form}).status == 503
    stranger = Browser(guarded_port, cookie="monitor_session=guess")
    assert stranger("/deliveries/d_1", form={"form": form}).status == 403


def test_a_form_of_more_than_any_has_is_refused(guarded_port: int) -> None:
    browser = Browser(guarded_port)
    answer = browser("/login", form={"token": "x" * 20_000})
    assert answer.status == 413
    assert "More was sent than any form here has." in answer.text


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("text/plain", b"token=x"),
        ("application/json", b"{}"),
        ("multipart/form-data", b"--"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("application/x-www-form-urlencoded; charset=no-such", b"token=x"),
        ("application/x-www-form-urlencoded", b"token=\xff\xfe"),
    ],
)
def test_what_is_no_form_is_told_and_is_no_bug(guarded_port: int, kind: str, sent: bytes) -> None:
    with structlog.testing.capture_logs() as logged:
        answer = Browser(guarded_port, more={"Content-Type": kind})("/login", form=sent)
    assert answer.status == 400
    assert "What was sent" in answer.text
    assert "bug" not in str(logged)
