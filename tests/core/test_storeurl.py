"""What a store's URL says, and what is wrong with one that says nothing."""

from __future__ import annotations

import pytest

from monitor.core.storeurl import StoreUrl, parse_store_url


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("redis://h", StoreUrl("redis", (("h", 6379),))),
        ("redis://h/", StoreUrl("redis", (("h", 6379),))),
        ("redis://[::1]:7/3", StoreUrl("redis", (("::1", 7),), db=3)),
        ("redis://:p@h:7", StoreUrl("redis", (("h", 7),), password="p")),
        (
            "redis://a%40b:p%2F%3F@h/1",
            StoreUrl("redis", (("h", 6379),), db=1, user="a@b", password="p/?"),
        ),
        (
            "redis://h?username=u&password=p&db=2",
            StoreUrl("redis", (("h", 6379),), db=2, user="u", password="p"),
        ),
        ("rediss://h", StoreUrl("rediss", (("h", 6379),), tls={})),
        (
            "rediss://h?ssl_ca_certs=/a&ssl_certfile=/b&ssl_keyfile=/c",
            StoreUrl(
                "rediss",
                (("h", 6379),),
                tls={"ssl_ca_certs": "/a", "ssl_certfile": "/b", "ssl_keyfile": "/c"},
            ),
        ),
        ("unix:///a/b%20c?db=1", StoreUrl("unix", path="/a/b c", db=1)),
        (
            "unix://u:p@/a/b",
            StoreUrl("unix", path="/a/b", user="u", password="p"),
        ),
        (
            "sentinel://u:p@one,two:7,[::1]:8/4?master=m&sentinel_username=s&sentinel_password=q",
            StoreUrl(
                "sentinel",
                (("one", 26379), ("two", 7), ("::1", 8)),
                db=4,
                user="u",
                password="p",
                master="m",
                sentinel_user="s",
                sentinel_password="q",
            ),
        ),
        (
            "sentinels://one?master=m&ssl_ca_certs=/a",
            StoreUrl("sentinels", (("one", 26379),), master="m", tls={"ssl_ca_certs": "/a"}),
        ),
    ],
)
def test_a_url_of_each_form_is_read(text: str, read: StoreUrl) -> None:
    assert parse_store_url(text) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://h", "begins with none of redis://, rediss://, unix://, sentinel://, sentinels://"),
        ("redis", "begins with none of"),
        ("redis://h /0", "holds a blank"),
        ("redis://h:x", "host or port cannot be read"),
        ("redis://h:70000", "host or port cannot be read"),
        ("redis://[h", "host or port cannot be read"),
        ("redis://:7", "names no host, or port 0"),
        ("redis://h:0", "names no host, or port 0"),
        ("redis://one,two:7,,three", "host or port cannot be read|names no host"),
        ("redis://:s3/cret@h", "%23, %2F, %3F and %40 stand for"),
        ("redis://:s3#cret@h", "%23, %2F, %3F and %40 stand for"),
        ("redis://h/zero", "names a database that is no number"),
        ("redis://h?db=-1", "names a database that is no number"),
        ("redis://h?protocol=3", "has an option that is none of db, username, password$"),
        ("rediss://h?ssl_cert_reqs=none", "an option that is none of .*ssl_keyfile$"),
        ("redis://h?ssl_ca_certs=/a", "has ssl_ca_certs, which is for rediss:// and sentinels://"),
        ("rediss://h?ssl_keyfile=/a", "has ssl_keyfile without ssl_certfile"),
        ("unix://a/b?master=m", "has an option that is none of"),
        ("unix://?db=1", "names no socket"),
        ("sentinel://h/0", r"which master its sentinels are asked for \(\?master=NAME\)"),
        ("sentinel://h,/0?master=m", "names no host"),
    ],
)
def test_what_cannot_be_a_stores_url_is_said_without_any_of_it(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as told:
        parse_store_url(text)
    assert "cret" not in str(told.value)


def test_a_url_is_shown_and_printed_without_its_passwords() -> None:
    url = parse_store_url("sentinel://u:s3cret@h,[::1]/0?master=m&sentinel_password=s4cret")
    assert url.shown == "sentinel://h:26379,[::1]:26379"
    assert url.secrets == ("s3cret", "s4cret")
    assert "cret" not in repr(url)
    assert parse_store_url("unix:///a/b").shown == "unix:///a/b"
    assert parse_store_url("redis://h").secrets == ()
