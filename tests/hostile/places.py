"""Cases: where a feed leads - redirects, names, addresses, TLS."""

from __future__ import annotations

from tests.feed_server import Reply, raw, reply
from tests.hostile.case import Catalogue, News, nothing

cases = Catalogue()


def _to(location: str, status: int = 302) -> Reply:
    spelt = location.encode().decode("latin-1")
    return reply(b"<rss>not this</rss>", status, Location=spelt)


# -- redirects -------------------------------------------------------------------------


@cases.add("redirect", "A redirect to the same host is followed")
def _redirect(news: News) -> Reply | bytes:
    return _to("/redirect?2") if news.turn % 2 == 0 else news.feed


@cases.fails("redirect-loop", "A redirect to itself", "redirect_limit")
def _loop(news: News) -> Reply:
    return _to("/redirect-loop")


@cases.fails("redirect-chain", "Redirects without end", "redirect_limit")
def _chain(news: News) -> Reply:
    return _to(f"/redirect-chain?{news.turn}")


@cases.fails("redirect-nowhere", "A redirect that does not say where to", "protocol")
def _nowhere(news: News) -> Reply:
    return raw(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")


@cases.fails(
    "redirect-long",
    "A redirect to a megabyte of address",
    "bad_scheme|protocol|too_large|redirect_limit",
)
def _long(news: News) -> Reply:
    return _to("/redirect-long?" + "x" * 60_000)


@cases.fails("redirect-body", "A redirect with an endless body is not read", "redirect_limit")
def _body(news: News) -> Reply:
    head = b"HTTP/1.1 302 Found\r\nLocation: /redirect-body\r\nContent-Length: 900000000\r\n\r\n"
    return raw(head, 60.0)


def _leads(name: str, location: str, outcome: str = "ssrf_blocked") -> None:
    shown = location.replace("{canary}", "...")

    @cases.fails(f"redirect-{name}", f"A redirect to {shown}", outcome)
    def _said(news: News) -> Reply:
        address, _, port = news.canary.rpartition(":")
        return _to(location.format(canary=news.canary, address=address, port=port))


_leads("private-host", "http://{canary}/")
_leads("loopback", "http://127.0.0.1:{port}/")
_leads("short-loopback", "http://127.1:{port}/")
_leads("decimal", "http://2130706433:{port}/")
_leads("hexadecimal", "http://0x7f.0.0.1:{port}/", "ssrf_blocked|dns|bad_scheme")
_leads("octal", "http://0177.0.0.1:{port}/", "bad_scheme|ssrf_blocked")
_leads("any", "http://0.0.0.0:{port}/")
_leads("localhost", "http://localhost:{port}/")
_leads("localhost-dot", "http://LOCALHOST.:{port}/", "ssrf_blocked|dns")
_leads("ipv6", "http://[::1]:{port}/")
_leads("mapped", "http://[::ffff:127.0.0.1]:{port}/")
_leads("nat64", "http://[64:ff9b::7f00:1]:{port}/")
_leads("6to4", "http://[2002:7f00:1::]:{port}/")
_leads("circled", "http://①②⑦.⓪.⓪.①:{port}/", "ssrf_blocked|bad_scheme|dns")
_leads("userinfo", "http://public.example@127.0.0.1:{port}/")
_leads(
    "backslash",
    "http://127.0.0.1:{port}\\@public.example/",
    "ssrf_blocked|bad_scheme|dns|redirect_blocked",
)
_leads("half-idn", "http://xn--/", "bad_scheme")
_leads("metadata", "http://169.254.169.254/latest/meta-data/")
_leads("link-local", "http://[fe80::1%25lo]/", "ssrf_blocked|bad_scheme")
_leads("intranet", "http://10.0.0.1/")
_leads("carrier", "http://100.64.0.1/")
_leads("other-port", "http://{address}:6379/")
_leads("file", "file:///etc/passwd", "bad_scheme")
_leads("gopher", "gopher://127.0.0.1:6379/_FLUSHALL", "bad_scheme")
_leads("data", "data:text/xml,<rss/>", "bad_scheme")
_leads("script", "javascript:alert(1)", "bad_scheme")
_leads("ftp", "ftp://{canary}/feed", "bad_scheme")

# -- names: who answers stands in tests/hostile/names.py -------------------------------


def _named(name: str, about: str, outcome: str) -> None:
    @cases.add(
        f"name-{name}",
        about,
        outcome=outcome,
        titles=nothing,
        url="http://" + name + ".names.test:{port}/{name}",
    )
    def _said(news: News) -> bytes:
        return news.feed


_named("private", "A name that leads to a private address", "ssrf_blocked")
_named("mixed", "A name that leads to a public and a private address", "ssrf_blocked")
_named("mapped", "A name that leads to a mapped loopback address", "ssrf_blocked")
_named("unknown", "A name that does not exist", "dns")
_named("nothing", "A name without an address", "dns")


@cases.add(
    "name-changing",
    "A name that leads elsewhere at each look-up: dialled is what was checked",
    outcome="ok|ssrf_blocked",
    url="http://changing.{address}.names.test:{port}/{name}",
)
def _changing(news: News) -> bytes:
    return news.feed


# -- TLS -------------------------------------------------------------------------------


@cases.add(
    "tls-self-signed",
    "A certificate that nobody vouches for",
    outcome="tls",
    titles=nothing,
    url="https://{tls}/{name}",
)
def _self_signed(news: News) -> bytes:
    return news.feed


@cases.add(
    "tls-plain",
    "Plain HTTP where TLS is spoken",
    outcome="tls|connect|reset",
    titles=nothing,
    url="https://{host}/{name}",
    seconds=5,
)
def _tls_plain(news: News) -> bytes:
    return news.feed


@cases.add(
    "tls-silent",
    "A TLS handshake that is never answered",
    outcome="timeout",
    titles=nothing,
    url="https://{silent}/{name}",
    seconds=5,
)
def _tls_silent(news: News) -> bytes:
    return news.feed


@cases.add(
    "http-to-tls",
    "TLS where plain HTTP is spoken",
    outcome="protocol|reset",
    titles=nothing,
    url="http://{tls}/{name}",
)
def _http_to_tls(news: News) -> bytes:
    return news.feed


@cases.add(
    "refused", "Nobody listens", outcome="connect", titles=nothing, url="http://{closed}/{name}"
)
def _refused(news: News) -> bytes:
    return news.feed
