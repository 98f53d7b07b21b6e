"""URLs: compared, and followed where strangers lead."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.identity import canonical_url
from monitor.core.parse.links import absolute
from monitor.edges.fetch.visit import _url
from monitor.edges.net import AllowList, Refused, admit_port, named_by_strangers, place
from tests.fuzz.chance import chances, made_of

pieces = made_of(
    *("http://", "https://", "//", "/", "?", "#", "#!", "&", ";", "=", "@", ":", ".", "..", "\\"),
    *("www.", "m.", "amp.", "/amp", ".amp.html", "/print", ";jsessionid=1", "utm_source=x", "id=7"),
    *("a.example", "xn--", "пример.рф", "[::1]", "[::", "127.0.0.1", "0x7f.1", "%", "%2e", "%zz"),
    *(":80", ":443", ":8080", ":99999", ":0", ":٣", "javascript:", "data:", "file:///", "user:pw"),
    *("https://www.google.com/url?url=", "https://news.google.com/rss/articles/", "CBMi" * 6),
    most=10,
)
urls = st.one_of(pieces, st.builds("https://a.example/{}".format, pieces))
host = st.sampled_from(["a.example", "www.a.example", "b.example:8080", "xn--e1afmkfd.xn--p1ai"])
part = st.sampled_from(
    ["news", "A", "amp", "a.amp", "x.html", "%D0%B0", "é", "print", "~u", "", ".", ".."]
)
path = st.lists(part).map(lambda parts: "".join(f"/{part}" for part in parts))
pair = st.builds(
    "{}={}".format,
    st.sampled_from(["id", "p", "page", "q", "é", "ref", "%26"]),
    st.sampled_from(["", "1", "2", "a+b", "é", "%2F", "x=y"]),
)
tracking = st.builds(
    "{}={}".format,
    st.sampled_from(["utm_source", "fbclid", "at_medium", "xtor", "PHPSESSID", "_ga", "amp"]),
    st.sampled_from(["", "1", "rss", "a%20b", "é"]),
)


@chances
@given(urls)
def test_any_text_has_a_canonical_form_and_a_link_loses_its_scheme(url: str) -> None:
    canonical_url(url)
    link = absolute(url, "https://a.example/feed", 2_000)
    other = link.replace("http", "https", 1) if link.startswith("http:") else link
    assert canonical_url(other) == canonical_url(link)


@chances
@given(host, path, st.lists(pair, max_size=4))
def test_the_canonical_form_of_a_url_is_its_own(host: str, path: str, pairs: list[str]) -> None:
    once = canonical_url(f"https://{host}{path}?{'&'.join(pairs)}")
    assert once.startswith("//")
    assert canonical_url(once) == once


@chances
@given(host, path, st.lists(pair, max_size=4), st.lists(tracking, max_size=4), st.data())
def test_order_and_tracking_make_no_difference_to_a_url(
    host: str, path: str, pairs: list[str], more: list[str], data: st.DataObject
) -> None:
    start = f"https://{host}{path}"
    bare = f"{start}?{'&'.join(pairs)}" if pairs else start
    mixed = "&".join(data.draw(st.permutations([*pairs, *more])))
    assert canonical_url(f"{start}?{mixed}") == canonical_url(bare)


@chances
@given(
    urls, st.sampled_from(["https://a.example/feed?x=1", "http://[2001:db8::1]:8080/", "http://b"])
)
def test_where_a_redirect_leads_is_an_address_or_refused(location: str, base: str) -> None:
    try:
        found = _url(location.strip(), httpx.URL(base))
        admit_port(*place(found), AllowList())
    except Refused:
        return
    _is_an_address(found)
    assert _url(str(found)) == found


@chances
@given(urls, st.one_of(st.none(), st.just(httpx.URL("https://a.example/page"))))
def test_what_a_page_names_is_an_address_or_refused(text: str, base: httpx.URL | None) -> None:
    try:
        found = named_by_strangers(text, AllowList(), base)
    except (Refused, httpx.InvalidURL):
        return
    assert not found.userinfo
    assert not found.fragment


def _is_an_address(url: httpx.URL) -> None:
    assert url.scheme in {"http", "https"}
    assert url.host
    assert not url.userinfo
    assert not url.fragment
    assert str(url).isascii()
    assert str(url).isprintable()
