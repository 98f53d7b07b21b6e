"""That the short way through a document finds what a reading of the whole finds.

    python -m tests.proof_of_trim FOLDER

proves it for every document below a folder: read at once, with any entries left out at first,
with those that are old skimmed, and with entries of several documents put together as one.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

from monitor.core.identity import identify
from monitor.core.models import Document, Earlier, Entry, Failure, Feed, Identity, Parsed
from monitor.core.parse import ParseLimits, parse
from monitor.core.parse.charset import decode
from monitor.core.parse.feedxml import parse_xml
from monitor.core.parse.layout import lay_out
from monitor.core.parse.sniff import feed_text, legal

FEED = Feed("https://feeds.example/news/feed")
# So many entries at most are put together, in so many ways are they left out.
_TOGETHER, _WAYS = 8, 6
_FAR = datetime(2100, 1, 1, tzinfo=UTC)


def text_of(document: Document) -> str | None:
    """The text that the ways through RSS and Atom are given; None for no such document."""
    text = legal(decode(document.body, document.content_type)).strip("\ufeff \t\r\n")
    return None if not text or text[0] in "{[" else feed_text(text)


def whole(document: Document) -> Parsed | Failure:
    """What a reading of the whole finds."""
    text = text_of(document)
    assert text is not None
    return parse_xml(FEED, document.url, text, ParseLimits())


def prove(document: Document, chance: Random) -> Counter[str]:
    """Prove it for one document; how often what was done. AssertionError where it is not so."""
    done = Counter(documents=1)
    if text_of(document) is None or isinstance(full := whole(document), Failure):
        return done
    done["feeds"] += 1
    now = _parsed(document)
    assert (now.entries, now.note, now.language) == (full.entries, full.note, full.language)
    done["entries"] += len(full.entries)
    done["feeds with marks"] += bool(now.marks)
    for before in subsets(document, chance):
        done += prove_news(before, document)
    for old in _ages(full.entries):
        done += _prove_skimmed(document, full, old)
    return done


def prove_news(first: Document, second: Document) -> Counter[str]:
    """Two readings one after the other; the second finds news as if all were read."""
    earlier, full = whole(first), whole(second)
    if isinstance(earlier, Failure) or isinstance(full, Failure):
        return Counter()
    short = _parsed(second, Earlier(_parsed(first).marks))
    known = {(one.id, one.text) for one in identify(earlier.entries)}
    found, wanted = _named(short.entries), _named(full.entries)
    at = 0
    for name in found:  # in the same order, and nothing else
        at = wanted.index(name, at) + 1
    missing = Counter(wanted) - Counter(found)
    for _, identity in missing:
        assert (identity.id, identity.text) in known, (identity, first, second)
    if not short.unchanged:
        assert short.entries == full.entries
        assert (short.note, short.language) == (full.note, full.language)
    return Counter(
        pairs=1,
        trimmed=bool(short.unchanged),
        unchanged=short.unchanged,
        new=len(short.entries),
    )


def subsets(document: Document, chance: Random) -> Iterator[Document]:
    """The document with some of its entries left out."""
    text = text_of(document)
    data = text.encode() if text else b""
    layout = lay_out(data)
    spans = [(one.start, one.end) for one in layout.spans] if layout else []
    ways = [0, *(chance.getrandbits(len(spans)) for _ in range(_WAYS)), (1 << len(spans)) - 1]
    for way in ways if len(spans) > 2 else range(1 << len(spans)):
        out = [span for at, span in enumerate(spans) if way >> at & 1]
        pieces = pairwise([0, *(edge for span in out for edge in span), len(data)])
        kept = [data[start:end] for at, (start, end) in enumerate(pieces) if at % 2 == 0]
        yield replace(document, body=b"".join(kept), content_type="text/xml; charset=utf-8")


def together(documents: Iterable[Document], chance: Random) -> Iterator[Document]:
    """Entries of documents that are alike around them, as one document."""
    heads: dict[str, tuple[bytes, bytes]] = {}
    entries: defaultdict[str, list[bytes]] = defaultdict(list)
    for document in documents:
        data = (text_of(document) or "").encode()
        layout = lay_out(data)
        if layout is None or not layout.spans:
            continue
        heads[layout.context] = data[: layout.spans[0].start], data[layout.spans[-1].end :]
        entries[layout.context] += (data[one.start : one.end] for one in layout.spans)
    for context, found in entries.items():
        chance.shuffle(found)
        start, end = heads[context]
        for at in range(0, len(found), _TOGETHER):
            body = b"\n".join((start, *found[at : at + _TOGETHER], end))
            yield Document(FEED.url, body, "text/xml; charset=utf-8")


def _parsed(document: Document, earlier: Earlier | None = None) -> Parsed:
    found = parse(FEED, document, earlier=earlier or Earlier())
    assert isinstance(found, Parsed), (found, document)
    return found


def _named(entries: tuple[Entry, ...]) -> list[tuple[Entry, Identity]]:
    return list(zip(entries, identify(entries), strict=True))


def _ages(entries: Iterable[Entry]) -> Iterator[datetime]:
    dates = sorted(one.published for one in entries if one.published)
    if dates:
        yield dates[len(dates) // 2]
        yield dates[-1] + timedelta(seconds=1)
    yield _FAR


def _prove_skimmed(document: Document, full: Parsed, old: datetime) -> Counter[str]:
    short = _parsed(document, Earlier(old=old))
    assert (short.note, len(short.entries)) == (full.note, len(full.entries))
    pairs = zip(_named(short.entries), _named(full.entries), strict=True)
    for (one, identity), (other, wanted) in pairs:
        bare = replace(other, summary="", author="", categories=(), skimmed=True)
        assert one == (bare if one.skimmed else other)
        assert identity == (replace(wanted, text="") if one.skimmed else wanted)
        assert not one.skimmed or (one.published and one.published < old)
    return Counter(looked_at=len(full.entries), skimmed=sum(one.skimmed for one in short.entries))


def _snapshots(paths: Iterable[Path]) -> Iterator[tuple[Document, Document]]:
    """Documents of one name, as those of one feed in the order of their folders."""
    names: defaultdict[str, list[Document]] = defaultdict(list)
    for path in paths:
        names[path.name].append(Document(FEED.url, path.read_bytes()))
    for documents in names.values():
        yield from pairwise(documents)


def main(folder: Path) -> int:
    """Prove it for all documents below a folder, and say how often what was done."""
    chance, done, failed = Random(7), Counter[str](), 0
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    documents = [Document(FEED.url, path.read_bytes()) for path in paths]
    for name, document in (
        *zip(map(str, paths), documents, strict=True),
        *(("together", one) for one in together(documents, chance)),
    ):
        try:
            done += prove(document, chance)
        except AssertionError as error:
            failed += 1
            print(name, str(error)[:2_000])
    for first, second in _snapshots(paths):
        if all(map(text_of, (first, second))):
            news = prove_news(first, second)
            done += Counter({f"snapshots: {key}": count for key, count in news.items()})
    print(dict(done), f"{failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
