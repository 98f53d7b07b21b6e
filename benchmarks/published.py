"""What feed N of benchmarks/farm.py shows, and when it changes: a function of numbers.

Feed N is in English, French, Russian or Arabic in turn; of twenty, sixteen are RSS 2.0, three Atom
and one RSS 1.0. It shows 30 entries in 20 to 60 kB: title, guid, link, date, author, category and
a text of several paragraphs, half of the RSS feeds a one-sentence description too. At the
beginning entry I (0 is the newest) is I times 8 to 24 hours old, by feed, and up to an hour more; a
change puts one entry of that moment on top and drops the last. `topical` entries in a hundred
are about the Sahel.

Bodies are put together from few pieces: the prose of an entry is one of 200 paragraphs a language,
deflated once; what is an entry's own (guid, title, link, date) is put between as a stored block.
Deflated pieces that end in a full flush may be joined (RFC 1951), so this is one valid gzip
member, made in 0.4 ms. It is three quarters of the plain size; real feeds press to a quarter or
less, which is nothing beside what readers do with the text afterwards.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from time import gmtime, strftime

from benchmarks import prose

ENTRIES = 30
_PARAGRAPHS = 200
_HOUR = 3_600.0


def chance(*numbers: int) -> float:
    """A number in [0, 1) that depends on the given ones only."""
    name = ",".join(map(str, numbers)).encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest(), "big") / 2**48


def host_of(number: int) -> int:
    """The number of a feed's host; of six feeds one has it alone, two and three share one."""
    block, rest = divmod(number, 6)
    return 3 * block + (0, 1, 1, 2, 2, 2)[rest]


def address(host: int) -> str:
    """The loopback address of a host."""
    rest, last = divmod(host, 250)
    high, middle = divmod(rest, 250)
    return f"127.{high + 1}.{middle}.{last + 1}"


def url(number: int, port: int) -> str:
    """Where a feed is."""
    return f"http://{address(host_of(number))}:{port}/feed/{number}"


def language(number: int) -> str:
    """The language of a feed."""
    return prose.LANGUAGES[number % 4]


@dataclass
class Clock:
    """When feeds change: at rounds that are called out, or by themselves as time goes.

    `base`: epoch seconds of the beginning. `rounds`: the share of feeds that changed in each
    round so far; round R is dated R minutes after the beginning. With a `period` (seconds), each
    feed changes in each period with the probability `share`, at a moment of its own.
    """

    base: float
    rounds: list[float] = field(default_factory=list)
    period: float = 0.0
    share: float = 0.0

    def changes(self, number: int, now: float) -> list[float]:
        """When a feed changed so far."""
        if not self.period:
            found = enumerate(self.rounds)
            return [self.base + 60 * r for r, share in found if chance(1, number, r) < share]
        periods = range(int((now - self.base) / self.period) + 1)
        times = [
            self.base + self.period * (p + chance(3, number, p))
            for p in periods
            if chance(2, number, p) < self.share
        ]
        return [at for at in times if at <= now]


# -- pieces ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a body, as they are and as deflate blocks that may stand anywhere."""

    plain: bytes
    pressed: bytes


def pressed(text: str) -> Piece:
    """A piece that is used often."""
    plain = text.encode()
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    return Piece(plain, press.compress(plain) + press.flush(zlib.Z_FULL_FLUSH))


def stored(text: str) -> Piece:
    """A piece that is used once (RFC 1951, 3.2.4)."""
    plain = text.encode()
    return Piece(plain, struct.pack("<BHH", 0, len(plain), len(plain) ^ 0xFFFF) + plain)


def gzipped(pieces: list[Piece]) -> bytes:
    """One gzip member (RFC 1952) of pieces."""
    plain = b"".join([one.plain for one in pieces])
    body = b"".join([one.pressed for one in pieces])
    tail = struct.pack("<II", zlib.crc32(plain), len(plain))
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + b"\x03\0" + tail


@cache
def _paragraph(tongue: str, number: int) -> Piece:
    return pressed(prose.paragraph(tongue, number))


# -- forms -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Form:
    """A feed format: its head and its entry, up to the text and after it. `dates`: strftime."""

    content_type: str
    head: str
    entry: str
    after: Piece
    tail: Piece
    dates: str


_RSS_DATE, _ISO_DATE = "%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%SZ"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
_RSS_HEAD = (
    f'{_XML}<rss version="2.0"{_SPACES} xmlns:atom="http://www.w3.org/2005/Atom"><channel>\n'
    '<title>Outlet {n}</title><link>{site}/</link><atom:link href="{url}" rel="self"'
    ' type="application/rss+xml"/><description>News of outlet {n}</description>'
    "<language>{tongue}</language><lastBuildDate>{date}</lastBuildDate>"
    "<generator>farm</generator>\n"
)
_RSS_ENTRY = (
    "<item><title>{title}</title><link>{link}</link><dc:creator><![CDATA[Desk {n}]]></dc:creator>"
    "<pubDate>{date}</pubDate><category><![CDATA[news]]></category>"
    '<guid isPermaLink="false">{link}#id</guid>'
)
_CDATA_END = "]]></{}>\n</{}>\n"
RSS = Form(
    "application/rss+xml; charset=UTF-8",
    _RSS_HEAD,
    f"{_RSS_ENTRY}<description><![CDATA[",
    pressed(_CDATA_END.format("description", "item")),
    pressed("</channel></rss>\n"),
    _RSS_DATE,
)
RSS_FULL = Form(
    "text/xml; charset=UTF-8",
    _RSS_HEAD,
    f"{_RSS_ENTRY}<description>{{lead}}.</description><content:encoded><![CDATA[",
    pressed(_CDATA_END.format("content:encoded", "item")),
    RSS.tail,
    _RSS_DATE,
)
ATOM = Form(
    "application/atom+xml",
    f'{_XML}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{{tongue}}"><title>Outlet {{n}}'
    '</title><id>{url}</id><link rel="self" href="{url}"/><link href="{site}/"/>'
    "<updated>{date}</updated>\n",
    '<entry><title type="html"><![CDATA[{title}]]></title><link rel="alternate" href="{link}"/>'
    "<id>{link}#id</id><published>{date}</published><updated>{date}</updated>"
    '<author><name>Desk {n}</name></author><category term="news"/>'
    '<content type="html"><![CDATA[',
    pressed(_CDATA_END.format("content", "entry")),
    pressed("</feed>\n"),
    _ISO_DATE,
)
RDF = Form(
    "application/rdf+xml",
    f'{_XML}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    f' xmlns="http://purl.org/rss/1.0/"{_SPACES}><channel rdf:about="{{url}}"><title>Outlet {{n}}'
    "</title><link>{site}/</link><description>News of outlet {n}</description>"
    "<dc:language>{tongue}</dc:language><dc:date>{date}</dc:date></channel>\n",
    '<item rdf:about="{link}"><title>{title}</title><link>{link}</link><dc:date>{date}</dc:date>'
    "<dc:creator>Desk {n}</dc:creator><description>{lead}.</description>"
    "<content:encoded><![CDATA[",
    pressed(_CDATA_END.format("content:encoded", "item")),
    pressed("</rdf:RDF>\n"),
    _ISO_DATE,
)


def form_of(number: int) -> Form:
    """The format of a feed; every language has all of them."""
    place = number // 4 % 20
    if place < 16:
        return RSS if place % 2 else RSS_FULL
    return RDF if place == 19 else ATOM


# -- bodies ------------------------------------------------------------------------------


def pieces(number: int, changes: tuple[float, ...], base: float, topical: float) -> list[Piece]:
    """The body of a feed after its changes; `base`, `topical` as in Clock and above."""
    form, tongue, site = form_of(number), language(number), f"https://outlet{number}.example"
    first = len(changes)
    latest = changes[-1] if changes else base
    room = (12_000 + 34_000 * chance(4, number)) / ENTRIES
    head = {"n": number, "site": site, "url": f"{site}/feed", "tongue": tongue}
    made = [stored(form.head.format(date=strftime(form.dates, gmtime(latest)), **head))]
    for serial in range(first + ENTRIES - 1, first - 1, -1):
        at = _published(number, serial, changes, base)
        luck = int(2**32 * chance(5, number, serial))
        about = prose.sahel if luck < 2**32 * topical else prose.title
        made.append(_opening(form, number, serial, about(tongue, luck >> 4 ^ serial), at))
        made += _text(tongue, luck, room - len(made[-1].plain))
        made.append(form.after)
    return [*made, form.tail]


def _published(number: int, serial: int, changes: tuple[float, ...], base: float) -> float:
    """When an entry came out: the first thirty before the beginning, then one a change."""
    if serial >= ENTRIES:
        return changes[serial - ENTRIES]
    gap = _HOUR * (8 + 16 * chance(6, number))
    return base - (ENTRIES - 1 - serial) * gap - _HOUR * chance(7, number, serial)


def _opening(form: Form, number: int, serial: int, title: str, at: float) -> Piece:
    link = f"https://outlet{number}.example/{serial}/story"
    lead = prose.sentence(language(number), number + serial)
    date = strftime(form.dates, gmtime(at))
    return stored(form.entry.format(n=number, title=title, link=link, date=date, lead=lead))


def _text(tongue: str, luck: int, room: float) -> list[Piece]:
    """Paragraphs until the room is taken; at least one."""
    found: list[Piece] = []
    while not found or room > 0:
        found.append(_paragraph(tongue, luck % _PARAGRAPHS))
        room -= len(found[-1].plain)
        luck = luck * 7 // 5 + 11
    return found


@lru_cache(maxsize=25_000)
def body(number: int, changes: tuple[float, ...], base: float, topical: float) -> bytes:
    """The gzipped body of a feed; the last 25,000 are kept, so that a round is made only once."""
    return gzipped(pieces(number, changes, base, topical))
