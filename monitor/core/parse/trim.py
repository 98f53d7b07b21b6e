"""The short way through an RSS or Atom document: only what is new in it goes to feedparser.

Entries that stand byte for byte as at the last reading are cut out, and of those too old to be
told only what they are known by is read. Any doubt ends it, and the document is read as a whole.
tests/proof_of_trim.py shows over any folder of documents that both ways find the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from xml.sax import SAXException

from monitor.core.models import Earlier, Entry, Feed, Parsed
from monitor.core.parse.entry import Raw, make_entries, remarks
from monitor.core.parse.feedxml import RAISES, undeclared
from monitor.core.parse.found import language_of, raw_of
from monitor.core.parse.head import hub_of, wish_of
from monitor.core.parse.layout import Layout, lay_out
from monitor.core.parse.limits import ParseLimits
from monitor.core.parse.marks import Mark, apart, digest_of, key_of, mark_of, packed, unpacked
from monitor.core.parse.shape import oddity
from monitor.core.parse.skim import inherited, skim
from monitor.core.parse.strict import read_strictly


def parse_news(
    feed: Feed, url: str, text: str, limits: ParseLimits, earlier: Earlier
) -> Parsed | None:
    """The entries of a document that are new since `earlier`, all of them where it says nothing;
    None where there is any doubt that a reading of the whole would find these.
    """
    data = undeclared(text).encode("utf-8", "replace")
    layout = lay_out(data, keep=earlier.old is not None)
    if layout is None or not layout.spans or _may_exceed(limits.entries, layout, data):
        return None
    before, digests = unpacked(earlier.marks), _digests(layout, url, data)
    cut = [at for at, one in enumerate(digests) if one in before]
    skimmed = _skimmed(layout, earlier.old, cut)
    # Where all is known, feedparser is not asked, and the document's language stays unknown.
    news = len(cut) < len(digests)
    read = _read(data, layout, {*cut, *skimmed}) if news else _Read({})
    if read is None:
        return None
    entries = {
        at: _entry(feed, url, raw, limits, read.language, skimmed=at in skimmed)
        for at, raw in sorted((skimmed | read.raws).items())
    }
    marks = {at: mark_of(digests[at], entry) for at, entry in entries.items()}
    if not apart(before, {digests[at] for at in cut}, marks.values()):
        return None
    kept = tuple(filter(None, entries.values()))
    return Parsed(
        kept,
        remarks(len(entries), len(entries), len(kept)),
        read.language,
        unchanged=len(cut),
        marks=packed(_all(marks, digests, before)) if read.clean else "",
        wish=wish_of(layout),
        hub=hub_of(layout),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What feedparser found: entries by their place in the document, its language, and whether
    each was read as if it stood there alone.
    """

    raws: dict[int, Raw]
    language: str | None = None
    clean: bool = True


def _may_exceed(limit: int, layout: Layout, data: bytes) -> bool:
    """Whether a reading of the whole might leave entries out (see sniff.first_entries)."""
    return max(len(layout.spans), data.count(b"</item") + data.count(b"</entry")) > limit


def _digests(layout: Layout, url: str, data: bytes) -> list[bytes]:
    """One of each entry's element, with what its links are resolved by (but for the query)."""
    key = key_of(url.partition("?")[0], layout.context)
    return [digest_of(data[one.start : one.end], key) for one in layout.spans]


def _skimmed(layout: Layout, old: datetime | None, cut: Collection[int]) -> dict[int, Raw]:
    language = inherited(layout.path)
    if old is None or language is None:
        return {}
    rest = ((at, one) for at, one in enumerate(layout.spans) if at not in cut)
    found = ((at, skim(one, old, language)) for at, one in rest)
    return {at: raw for at, raw in found if raw}


def _read(data: bytes, layout: Layout, out: set[int]) -> _Read | None:
    """What feedparser finds where some entries are left out; None in doubt."""
    kept = [at for at in range(len(layout.spans)) if at not in out]
    short = b"".join(_pieces(data, layout, out))
    if oddity(short):
        return None
    try:
        read = read_strictly(short, len(layout.path) + 1)
    except (*RAISES, SAXException):
        return None
    if len(read.entries) != len(kept) or (out and not read.clean):
        return None
    raws = zip(kept, map(raw_of, read.entries), strict=True)
    return _Read(dict(raws), language_of(read.feed), read.clean)


def _pieces(data: bytes, layout: Layout, out: set[int]) -> Iterator[bytes]:
    at = 0
    for place, span in enumerate(layout.spans):
        if place in out:
            yield data[at : span.start]
            at = span.end
    yield data[at:]


def _entry(
    feed: Feed, url: str, raw: Raw, limits: ParseLimits, language: str | None, *, skimmed: bool
) -> Entry | None:
    made = make_entries(feed, url, [raw], limits, language)
    return replace(made[0], skimmed=skimmed) if made else None


def _all(
    new: Mapping[int, Mark], digests: list[bytes], before: Mapping[bytes, Mark]
) -> Iterator[Mark]:
    return (new[at] if at in new else before[one] for at, one in enumerate(digests))
