"""How fast entries are tagged, and names found, beside other ways to find phrases.

    python -m benchmarks.tagging [ENTRIES.jsonl[.gz]] [--peers]

Without a file the texts of eval/gold.jsonl are read again and again. Everything runs in one
process on one core, in one run, so that the figures can be compared with each other.
`--peers` also times phrase matchers of others; `make bench` installs them in a place apart.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
import re
import statistics
import string
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from monitor.core.gazetteer import Gazetteer, Role, Term
from monitor.core.models import Entry
from monitor.core.rulebook import Rulebook, compile_rulebook
from monitor.core.tagging import tag
from monitor.core.text import fold_text
from monitor.edges.rulebook import SHIPPED, load_rulebook

OWN = Path(__file__).parents[1] / "eval" / "gold.jsonl"
ENTRIES, TEXTS, ROUNDS = 30_000, 2_000, 4
SIZES = (1_000, 10_000, 100_000)
MORE = 100_000
# A matcher that takes longer than this over all texts is timed on fewer of them.
PATIENCE = 20.0


def read(path: Path) -> list[Entry]:
    body = path.read_bytes()
    text = (gzip.decompress(body) if path.suffix == ".gz" else body).decode("utf-8")
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    found = [
        Entry(
            feed="",
            id="",
            title=row["title"] or "",
            summary=row.get("summary") or "",
            language=row.get("lang"),
        )
        for row in rows
    ]
    return (found * (ENTRIES // len(found) + 1))[: max(ENTRIES, len(found))]


def best(*works: Callable[[], object]) -> list[float]:
    """CPU seconds of each, the quickest of some rounds in which they take turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, times in zip(works, taken, strict=True):
            started = time.process_time()
            work()
            times.append(time.process_time() - started)
    return [min(times) for times in taken]


def made_up(count: int, seed: int = 7) -> list[str]:
    """Names that occur nowhere, of one to three words."""
    chance = random.Random(seed)

    def word() -> str:
        return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(5, 9)))

    return [" ".join(word() for _ in range(chance.randint(1, 3))) for _ in range(count)]


def shipped(entries: Sequence[Entry]) -> None:
    started = time.perf_counter()
    rulebook = load_rulebook(None)
    loaded = time.perf_counter() - started
    print(f"shipped rulebook loads in {loaded:.2f} s ({len(rulebook.gazetteer.entities)} entities)")
    compile_large = with_more(MORE)
    started = time.perf_counter()
    large = compile_large()
    print(f"with {MORE:,} more aliases in {time.perf_counter() - started:.2f} s")
    plain, more = best(
        lambda: [tag(one, rulebook) for one in entries],
        lambda: [tag(one, large) for one in entries],
    )
    print(f"tagged: {len(entries) / plain:,.0f} entries/s")
    print(f"tagged, {MORE:,} more: {len(entries) / more:,.0f} entries/s ({plain / more:.0%})")


def with_more(count: int) -> Callable[[], Rulebook]:
    """The shipped rulebook with a file of made-up towns beside its own."""
    files = {
        one.relative_to(SHIPPED).as_posix(): one.read_text(encoding="utf-8")
        for one in SHIPPED.rglob("*")
        if one.suffix in {".csv", ".toml", ".txt"}
    }
    head = "id,name,type,side,country,en,fr,ru,ar,ambiguous,company\n"
    names = made_up(count)
    rows = (
        f"more-{n},More {n},city,sahel,ML,{'|'.join(names[n : n + 4])},,,,,\n"
        for n in range(0, count, 4)
    )
    files["entities/more.csv"] = head + "".join(rows)
    return lambda: compile_rulebook(files)


def peers(entries: Iterable[Entry]) -> None:
    texts = [f"{one.title} {one.summary}" for one in entries][:TEXTS]
    words = sorted({word for text in texts for word in re.findall(r"\w{6,}", fold_text(text))})
    print(
        f"\nmicroseconds a text ({len(texts)} texts, {statistics.mean(map(len, texts)):.0f} chars)"
    )
    print(f"{'phrases':>9}" + "".join(f"{name:>22}" for name in MATCHERS))
    for size in SIZES:
        # Some phrases occur in the texts, most do not: as in a gazetteer.
        phrases = [*words[: size // 10], *made_up(size)][:size]
        figures = [timed(build(phrases), texts) for build in MATCHERS.values()]
        print(f"{size:>9,}" + "".join(f"{figure:>22}" for figure in figures))


def timed(find: Callable[[str], object] | None, texts: Sequence[str]) -> str:
    if find is None:
        return "not installed"
    started = time.process_time()
    done = 0
    while done < len(texts) and time.process_time() - started < PATIENCE:
        find(texts[done])
        done += 1
    return f"{(time.process_time() - started) / done * 1e6:,.1f}"


def ours(phrases: Sequence[str]) -> Callable[[str], object]:
    terms = [Term(one, Role.WORD, one) for one in phrases]
    gazetteer = Gazetteer.build((), terms, None)
    return lambda text: gazetteer.scan(fold_text(text))


def daac(phrases: Sequence[str]) -> Callable[[str], object]:
    from ahocorasick_rs import AhoCorasick

    return AhoCorasick(list(phrases)).find_matches_as_indexes


def pyahocorasick(phrases: Sequence[str]) -> Callable[[str], object] | None:
    if not importlib.util.find_spec("ahocorasick"):
        return None
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for one in phrases:
        automaton.add_word(one, one)
    automaton.make_automaton()
    return lambda text: list(automaton.iter(text.lower()))


def flashtext(phrases: Sequence[str]) -> Callable[[str], object] | None:
    if not importlib.util.find_spec("flashtext"):
        return None
    from flashtext import KeywordProcessor

    processor = KeywordProcessor()
    processor.add_keywords_from_list(list(phrases))
    found: Callable[[str], object] = processor.extract_keywords
    return found


def alternation(phrases: Sequence[str]) -> Callable[[str], object]:
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, phrases)) + r")\b", re.IGNORECASE)
    return pattern.findall


def spacy_matcher(phrases: Sequence[str]) -> Callable[[str], object] | None:
    if not importlib.util.find_spec("spacy"):
        return None
    import spacy
    from spacy.matcher import PhraseMatcher

    blank = spacy.blank("xx")
    matcher = PhraseMatcher(blank.vocab, attr="LOWER")
    matcher.add("names", list(blank.pipe(phrases)))
    return lambda text: matcher(blank.make_doc(text))


MATCHERS = {
    "ours (fold + find)": ours,
    "ahocorasick_rs alone": daac,
    "pyahocorasick": pyahocorasick,
    "flashtext": flashtext,
    "spaCy PhraseMatcher": spacy_matcher,
    "re alternation": alternation,
}


if __name__ == "__main__":
    given = [one for one in sys.argv[1:] if not one.startswith("--")]
    entries = read(Path(given[0]) if given else OWN)
    shipped(entries)
    if "--peers" in sys.argv:
        peers(entries)
