"""How the parser does on the public test suites of feedparser, gofeed, feedjira and miniflux.

    python -m tests.public_suites FOLDER

reads every document of the four repositories unpacked in FOLDER under these names, through the
real child process, and compares the number of entries with what the peer itself expects, of
damaged documents too where that is known. docs/robustness.md holds the result. Fails where a
document crashed or stalled the parser; each difference in number is printed with our note on it.
"""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import feedparser
from lxml import etree

from monitor.core.models import Document, Failure, Parsed
from monitor.core.parse.feedxml import RAISES
from monitor.edges.parsing import ParserProcess
from tests.proof_of_trim import FEED

# Seconds after which a document counts as one that stalls: of CPU time, and by the clock.
_STALL = 2.0
_HEADER = re.compile(rb"^\s*Header:\s*content-type:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_NAMED_ENTRY = re.compile(rb"entries\[(\d+)\]")
_BARE = re.compile(r"(\d+) of \d+ held neither text nor link")
_SAMPLE = re.compile(r'^\s*(sample_\w+): "(.+?)"', re.MULTILINE)
_SPEC = re.compile(r"\b(sample_\w+)|\.entries\.size\)\.to eq (\d+)")
_GO = re.compile(r"`([^`]*)`|len\(feed\.Entries\) != (\d+)|^func ()", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One document of a suite, and how many entries the peer finds there, if that is known."""

    suite: str
    name: str
    document: Document
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case, and after how many seconds."""

    case: Case
    found: Parsed | Failure
    seconds: float

    @property
    def trouble(self) -> str:
        """ "crashes", "hangs" or ""."""
        reason = self.found.reason if isinstance(self.found, Failure) else ""
        if reason.startswith("the parser process died"):
            return "crashes"
        stalled = reason.startswith(("used more than", "took longer")) or self.seconds > _STALL
        return "hangs" if stalled else ""

    @property
    def outcome(self) -> str:
        if isinstance(self.found, Failure):
            return self.found.outcome
        return "ok with a note" if self.found.note else "ok"

    @property
    def entries(self) -> int:
        return 0 if isinstance(self.found, Failure) else len(self.found.entries)

    @property
    def note(self) -> str:
        found = self.found
        return f"{found.outcome}: {found.reason}" if isinstance(found, Failure) else found.note

    @property
    def verdict(self) -> str:
        """How the number of entries compares with the peer's."""
        case = self.case
        if case.expected is None:
            return "not compared"
        if self.entries == case.expected:
            return "same"
        bare = _BARE.search(self.note)
        left_out = int(bare[1]) if bare else 0
        return "same but empty ones" if self.entries + left_out == case.expected else "different"


def is_well_formed(body: bytes) -> bool:
    """Whether a strict reader of XML or JSON takes it."""
    try:
        if body.lstrip()[:1] in (b"{", b"["):
            json.loads(body)
        else:
            etree.fromstring(body, _strict())
    except (ValueError, etree.XMLSyntaxError):
        return False
    return True


def feedparser_cases(folder: Path) -> Iterator[Case]:
    """Its documents with the Content-Type they name; what feedparser itself finds in them.

    A test that speaks of entries[n] expects n + 1 of them at least.
    """
    for path in _files(folder / "tests"):
        body = path.read_bytes()
        header = _HEADER.search(body[:2_000])
        kind = header[1].decode("latin-1") if header else ""
        document = Document(FEED.url, body, kind)
        named = [int(found) + 1 for found in _NAMED_ENTRY.findall(body[:2_000])]
        known = _by_feedparser(document)
        expected = None if known is None else max(known, *named, 0)
        yield Case("feedparser", _name(path, folder), document, expected)


def gofeed_cases(folder: Path) -> Iterator[Case]:
    """Its documents; the JSON beside one holds the entries gofeed finds."""
    paths = _files(folder / "testdata")
    answers = {_answer(path) for path in paths} & set(paths)
    for path in paths:
        if path not in answers:
            known = _answer(path)
            expected = _in_json(known) if known in answers else None
            yield Case("gofeed", _name(path, folder), _read(path), expected)


def feedjira_cases(folder: Path) -> Iterator[Case]:
    """Its samples: how many entries its specs say, else how many elements lxml counts."""
    spec = folder / "spec"
    names = dict(_SAMPLE.findall((spec / "sample_feeds.rb").read_text("utf-8")))
    said: dict[str, int] = {}
    for path in sorted(spec.rglob("*_spec.rb")):
        sample = ""
        for name, size in _SPEC.findall(path.read_text("utf-8")):
            sample = name or sample
            if size:
                said[names.get(sample, "")] = int(size)
    for path in _files(spec / "sample_feeds"):
        document = _read(path)
        expected = said.get(path.name, _counted(document))
        yield Case("feedjira", _name(path, folder), document, expected)


def miniflux_cases(folder: Path) -> Iterator[Case]:
    """The documents within its Go tests, with `len(feed.Entries)`; and its files."""
    reader = folder / "internal" / "reader"
    for path in sorted(reader.rglob("*_test.go")):
        yield from _in_go(path, folder)
    for path in _files(reader):
        if "testdata" in path.parts:
            document = _read(path)
            feed = path.suffix == ".xml" and path.parent.parent.name == "parser"
            expected = _counted(document) if feed else None
            yield Case("miniflux", _name(path, folder), document, expected)


def _in_go(path: Path, folder: Path) -> Iterator[Case]:
    text, body, line = path.read_text("utf-8"), "", 0
    for found in (*_GO.finditer(text), None):
        raw, size = (found[1], found[2]) if found else (None, None)
        opens = (raw or "").lstrip()[:1] in ("<", "{") and bool(raw)
        if body and (opens or raw is None):
            document = Document(FEED.url, body.encode())
            name = f"{_name(path, folder)}:{line}"
            yield Case("miniflux", name, document, int(size) if size else None)
            body = ""
        if found and raw and opens:
            body, line = raw, text.count("\n", 0, found.start()) + 1


def _by_feedparser(document: Document) -> int | None:
    """How many entries feedparser finds; None where it raises or finds no feed."""
    headers = {"content-type": document.content_type} if document.content_type else {}
    try:
        found = feedparser.parse(io.BytesIO(document.body), response_headers=headers)
    except RAISES:
        return None
    return len(found["entries"]) if found.get("version") or found["entries"] else None


def _answer(path: Path) -> Path:
    """Where gofeed would keep what it finds in a document."""
    if path.suffix == ".json":
        return path.with_name(f"{path.stem}_expected.json")
    return path.with_suffix(".json")


def _in_json(path: Path) -> int | None:
    known = json.loads(path.read_bytes())
    found = known.get("items", known.get("entries", [])) if isinstance(known, dict) else None
    return None if found is None and not isinstance(known, dict) else len(found or [])


def _counted(document: Document) -> int | None:
    """How many entries a document has by its elements or its list; where it is damaged, by
    feedparser.
    """
    body = document.body
    if not is_well_formed(body):
        return _by_feedparser(document)
    if body.lstrip()[:1] == b"{":
        return len(json.loads(body).get("items", []))
    root = etree.fromstring(body, _strict())
    names = [etree.QName(one).localname for one in root.iter("{*}*")]
    return names.count("item") + names.count("entry")


def _strict() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def _files(folder: Path) -> list[Path]:
    code = (".py", ".go", ".rb", ".md")
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in code)


def _read(path: Path) -> Document:
    return Document(FEED.url, path.read_bytes())


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder))


SUITES = {
    "feedparser": feedparser_cases,
    "gofeed": gofeed_cases,
    "feedjira": feedjira_cases,
    "miniflux": miniflux_cases,
}


def run(parser: ParserProcess, cases: Iterator[Case]) -> Iterator[Result]:
    """Parse each in the child, and take the time."""
    parser.start()
    for case in cases:
        begun = time.perf_counter()
        found = parser.parse(FEED, case.document)
        yield Result(case, found, time.perf_counter() - begun)


def tell(suite: str, results: list[Result]) -> None:
    """Print a suite's figures and each difference."""
    troubles = Counter(one.trouble for one in results)
    verdicts = Counter(one.verdict for one in results)
    outcomes = Counter(one.outcome for one in results)
    slowest = max(results, key=lambda one: one.seconds)
    print(f"{suite}: {len(results)} documents, {troubles['crashes']} crashes,", end=" ")
    print(f"{troubles['hangs']} hangs; slowest {slowest.seconds:.2f} s ({slowest.case.name})")
    print("  outcomes:", ", ".join(f"{word} {count}" for word, count in outcomes.most_common()))
    print("  entries:", ", ".join(f"{word} {count}" for word, count in verdicts.most_common()))
    for one in results:
        if one.trouble or one.verdict == "different":
            what = one.trouble or f"{one.entries} entries, expected {one.case.expected}"
            form = "" if is_well_formed(one.case.document.body) else ", not well-formed"
            print(f"  {one.case.name}{form}: {what} ({one.note or 'no note'})")


def main(folder: Path) -> int:
    """Run all four suites; 1 if a document crashed or stalled the parser."""
    parser, failed = ParserProcess(cpu_seconds=_STALL), False
    try:
        for suite, cases in SUITES.items():
            results = list(run(parser, cases(folder / suite)))
            tell(suite, results)
            failed = failed or any(one.trouble for one in results)
    finally:
        parser.close()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
