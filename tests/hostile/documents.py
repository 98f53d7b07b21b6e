"""Cases: bodies that are no feed, or a damaged one, or one made to exhaust its reader."""

from __future__ import annotations

import json

from tests.feed_server import Reply, reply
from tests.hostile.case import DECLARATION, Catalogue, News, first_only, rss, second_only

cases = Catalogue()

# -- damaged ---------------------------------------------------------------------------


@cases.add("truncated", "It ends in the middle of the second entry", titles=first_only)
def _truncated(news: News) -> bytes:
    whole = news.feed
    return whole[: whole.index(news.second.encode()) - 10]


@cases.add("mismatched", "An element is closed by another name")
def _mismatched(news: News) -> bytes:
    return rss(news.entry(news.first, more="<description>x</summary>") + news.entry(news.second))


@cases.add("bare-ampersand", "Bare & and < stand in the text")
def _bare(news: News) -> bytes:
    more = "<description>Rice & beans, 3 < 4</description>"
    return rss(news.entry(news.first, more=more) + news.entry(news.second))


@cases.add("html-entities", "Entities of HTML that XML does not know")
def _entities(news: News) -> bytes:
    more = "<description>Caf&eacute;&nbsp;&mdash; r&eacute;union</description>"
    return rss(news.entry(news.first, more=more) + news.entry(news.second))


@cases.add("mixed-encoding", "UTF-8 with Latin-1 in the middle")
def _mixed(news: News) -> bytes:
    return news.feed.replace(b"</item>", "<category>réunion</category></item>".encode("latin-1"), 1)


@cases.add("wrong-declaration", "Declares UTF-16 and is UTF-8")
def _wrong_declaration(news: News) -> bytes:
    return rss(news.entries, head='<?xml version="1.0" encoding="utf-16"?>')


@cases.add("unknown-charset", "Declares an encoding that does not exist")
def _unknown_charset(news: News) -> bytes:
    return rss(news.entries, head='<?xml version="1.0" encoding="x-klingon"?>')


@cases.add("no-charset", "Windows-1251 that says so nowhere")
def _no_charset(news: News) -> bytes:
    more = "<description>Россия и Сахель</description>"
    text = rss(news.entry(news.first, more=more) + news.entry(news.second), head="").decode()
    return text.encode("windows-1251")


@cases.add("wrong-header-charset", "The header says one encoding, the bytes are another")
def _header_charset(news: News) -> Reply:
    return reply(news.feed, Content_Type="application/rss+xml; charset=utf-16le")


@cases.add("bom", "A byte order mark in front, and blanks after it")
def _bom(news: News) -> bytes:
    return b"\xef\xbb\xbf\r\n  " + news.feed


@cases.add("utf-16", "UTF-16 with a byte order mark")
def _utf16(news: News) -> bytes:
    return rss(news.entries, head="").decode().encode("utf-16")


@cases.add("utf-7", "UTF-7 that hides a script never becomes markup")
def _utf7(news: News) -> Reply:
    more = "<description>+ADw-script+AD4-alert(1)+ADw-/script+AD4-</description>"
    body = rss(news.entry(news.first, more=more) + news.entry(news.second))
    return reply(body, Content_Type="text/xml; charset=utf-7")


@cases.add(
    "control-characters",
    "NUL, escapes and other control characters in the titles are left out",
    titles=lambda news: (f"›{news.first}", f"›{news.second}"),
)
def _control(news: News) -> bytes:
    return rss(news.entries.replace("<title>", "<title>\x00\x1b[2J\x07\x9b"))


@cases.add("impossible-references", "References to characters that do not exist")
def _references(news: News) -> bytes:
    more = "<description>&#1114112;&#xD800;&#0;</description>"
    return rss(news.entry(news.first, more=more) + news.entry(news.second))


@cases.add("php-warning", "A warning of PHP stands before the document")
def _php(news: News) -> bytes:
    return b"<br />\n<b>Warning</b>: foo() in <b>/srv/x.php</b> on line 3<br />\n" + news.feed


@cases.add("cdata-open", "A CDATA section that is never closed", titles=first_only)
def _cdata_open(news: News) -> bytes:
    return rss(news.entry(news.first) + f"<item><title><![CDATA[{news.second}</title></item>")


@cases.add("cdata-nested", "CDATA in pieces, with a script in it")
def _cdata_nested(news: News) -> bytes:
    shown = f"<![CDATA[{news.first}<script>x(']]]]><![CDATA[>')</script>]]>"
    return rss(news.entry(news.first, shown=shown) + news.entry(news.second))


@cases.add("raises-at-entry", "An element on which the parser gives up", titles=second_only)
def _raises(news: News) -> bytes:
    more = '<gml:Point srsName="EPSG:x"><gml:pos>1 2</gml:pos></gml:Point>'
    entries = news.entry(news.first, more=more) + news.entry(news.second)
    return rss(entries, attributes='xmlns:gml="http://www.opengis.net/gml"')


@cases.add("stray-end", "Elements end that never began")
def _stray(news: News) -> bytes:
    return rss("</item></entry></image>" + news.entries)


@cases.fails(
    "raises-at-head", "An end in front of all entries, on which the parser gives up", "parse_error"
)
def _raises_at_head(news: News) -> bytes:
    return rss("</width>" + news.entries)


@cases.add("feed-in-entry", "A whole feed within an entry", titles=second_only)
def _feed_in_entry(news: News) -> bytes:
    inner = rss("<item><title>inside</title></item>", head="").decode()
    return rss(f"<item><title>around</title>{inner}</item>{news.entry(news.second)}")


@cases.add("json-hub", "A hub whose address is half a character")
def _json_hub(news: News) -> bytes:
    hub = {"type": "WebSub", "url": "https://h.example/\ud800"}
    return json.dumps(_odd_feed(news) | {"hubs": [hub]}).encode()


# -- no feed ---------------------------------------------------------------------------


@cases.fails("html", "A web page", "not_a_feed")
def _html(news: News) -> bytes:
    return b"<!DOCTYPE html><html><body><h1>Mali</h1><a href='/feed'>feed</a></body></html>"


@cases.fails("login", "A page that asks for a password, as 200", "not_a_feed")
def _login(news: News) -> bytes:
    return b"<html><head><title>Sign in</title></head><form action='/in'><input></form></html>"


@cases.fails("image", "An image", "not_a_feed")
def _image(news: News) -> Reply:
    return reply(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, Content_Type="application/rss+xml")


@cases.fails("json-error", "An error in JSON", "not_a_feed")
def _json_error(news: News) -> bytes:
    return b'{"error": {"code": 403, "message": "Mali: forbidden"}}'


@cases.fails("json-broken", "JSON Feed that is cut off", "parse_error|not_a_feed")
def _json_broken(news: News) -> bytes:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": []})[:-8].encode()


@cases.fails("json-deep", "JSON nested a hundred thousand deep", "parse_error|not_a_feed")
def _json_deep(news: News) -> bytes:
    return b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * 100_000


@cases.add("json-types", "JSON Feed with wrong types beside two right entries")
def _json_types(news: News) -> bytes:
    return json.dumps(_odd_feed(news)).encode()


def _odd_feed(news: News) -> dict[str, object]:
    day = news.published.isoformat()
    told = [
        {"id": one, "title": one, "url": news.link(one), "date_published": day} for one in news.both
    ]
    odd: list[object] = [7, None, [], {"id": {}, "title": [], "url": 3}, {"date_published": -1e308}]
    return {"version": "https://jsonfeed.org/version/1.1", "items": [*odd, *told]}


@cases.fails("opml", "A list of feeds", "not_a_feed")
def _opml(news: News) -> bytes:
    return b'<opml version="2.0"><body><outline xmlUrl="http://127.0.0.1/"/></body></opml>'


@cases.fails("sitemap", "A sitemap of mere pages", "not_a_feed")
def _sitemap(news: News) -> bytes:
    page = b"<url><loc>https://outlet.example/</loc></url>"
    return b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">' + page + b"</urlset>"


@cases.fails("empty", "Nothing at all", "empty")
def _empty(news: News) -> bytes:
    return b""


@cases.fails("blank", "Nothing but blanks", "empty")
def _blank(news: News) -> bytes:
    return b" \r\n\t" * 1_000


@cases.fails("no-entries", "A feed without entries is fine", "ok")
def _no_entries(news: News) -> bytes:
    return rss("")


# -- entities and what they could fetch ------------------------------------------------


def _with_doctype(news: News, subset: str, text: str) -> bytes:
    head = f"{DECLARATION}<!DOCTYPE rss [{subset}]>"
    more = f"<description>{text}</description>"
    return rss(news.entry(news.first, more=more) + news.entry(news.second), head=head)


@cases.add("billion-laughs", "Entities that grow tenfold nine times over", seconds=10, memory=120)
def _laughs(news: News) -> bytes:
    names = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    return _with_doctype(news, f'<!ENTITY l0 "ha">{names}', "&l9;")


@cases.add("quadratic", "One long entity, used ten thousand times", seconds=10, memory=120)
def _quadratic(news: News) -> bytes:
    return _with_doctype(news, f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 10_000)


@cases.add("xxe-file", "An external entity that names a file")
def _xxe_file(news: News) -> bytes:
    return _with_doctype(news, '<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;")


@cases.add("xxe-http", "An external entity that names an address")
def _xxe_http(news: News) -> bytes:
    return _with_doctype(news, f'<!ENTITY x SYSTEM "http://{news.canary}/x">', "&x;")


@cases.add("parameter-entity", "A parameter entity that names an address")
def _parameter(news: News) -> bytes:
    return _with_doctype(news, f'<!ENTITY % p SYSTEM "http://{news.canary}/p"> %p;', "x")


@cases.add("external-dtd", "A DTD that stands elsewhere")
def _dtd(news: News) -> bytes:
    head = f'{DECLARATION}<!DOCTYPE rss SYSTEM "http://{news.canary}/rss.dtd">'
    return rss(news.entries, head=head)


@cases.add("xinclude", "XInclude and a stylesheet that name addresses")
def _xinclude(news: News) -> bytes:
    head = f'{DECLARATION}<?xml-stylesheet href="http://{news.canary}/s.xsl" type="text/xsl"?>'
    more = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    return rss(news.entries, head=head, more=more)


@cases.add("doctype-backslash", "An entity in the DOCTYPE that breaks a regular expression")
def _backslash(news: News) -> bytes:
    return _with_doctype(news, r'<!ENTITY x "\1\g<0>">', "x")
