"""What happened, in words of four languages: concepts that a happening is told by.

lexicon.csv holds one concept a row (`id,en,fr,ru,ar`, forms parted by "|", "*" for a word's
beginning, "~" for all forms of a name); an id of digits is that number in words. stopwords.txt
holds words that say nothing of their own. Beside the gazetteer's names, they make texts of
different languages comparable.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.core import inflect
from monitor.core.errors import Fault
from monitor.core.forms import wrong_stem
from monitor.core.gazetteer import Gazetteer, Role, Term
from monitor.core.models.labels import LANGUAGES
from monitor.core.text import Folded, fold_term

_COLUMNS = ("id", *LANGUAGES)


@dataclass(frozen=True)
class Lexicon:
    """Concepts to be found in texts, and the words that are none."""

    stopwords: frozenset[str] = field(repr=False)
    _words: Gazetteer = field(repr=False)

    def find(self, folded: str, language: str) -> Iterator[tuple[str, int, int]]:
        """Each concept in a folded text of a language with its place there (start, end).

        Words of other languages count only where a text's own is none of ours ("or" is gold
        in French alone).
        """
        traced = Folded(folded, None, ())
        known = language in LANGUAGES
        for hit in self._words.hits(folded, traced, self._words.scan(folded)):
            if not known or language in hit.term.atoms:
                yield hit.term.name, *hit.folded


def read_lexicon(concepts: str, stopwords: str, faults: list[Fault]) -> Lexicon:
    """The texts of both files; what is wrong in them is added to `faults`."""
    words = Gazetteer.build((), _terms(concepts, faults), None)
    return Lexicon(frozenset(map(fold_term, stopwords.split())), words)


def _terms(text: str, faults: list[Fault]) -> Iterator[Term]:
    rows = csv.DictReader(text.splitlines())
    try:
        yield from _of_rows(rows, faults)
    except csv.Error as error:
        faults.append(Fault(f"lexicon.csv:{rows.line_num + 1}", f"is no CSV: {error}"))


def _of_rows(rows: csv.DictReader[str], faults: list[Fault]) -> Iterator[Term]:
    if rows.fieldnames is None or not set(_COLUMNS) <= set(rows.fieldnames):
        faults.append(Fault("lexicon.csv:1", f"needs the columns {', '.join(_COLUMNS)}"))
        return
    for row in rows:
        for language in LANGUAGES:
            for form in filter(None, (row[language] or "").split("|")):
                if wrong := wrong_stem(form):
                    faults.append(Fault(f"lexicon.csv:{rows.line_num}", f"{form!r}: {wrong}"))
                else:
                    for one in inflect.written(form.strip(), language):
                        yield Term(one, Role.WORD, row["id"], atoms=(language,))
