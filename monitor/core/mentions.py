"""Names and words where they stand in an entry, and what their place weighs.

Title and summary are looked at as one text, the title first. A name in the title weighs
most, one early in the summary (the lead) less, one further down or in a list of states
little.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.core.gazetteer import Entity, Gazetteer, Hit, Raw, Role
from monitor.core.models import Entry
from monitor.core.text import Words, fold, fold_text

TITLE, LEAD, REST, DATELINE = "title", "lead", "rest", "dateline"
WEIGHTS = {TITLE: 3.0, LEAD: 2.0, REST: 1.0, DATELINE: 1.0}
LISTED = 0.5
# Characters of a title and of a summary that are read: what is longer is no news text.
READ = 20_000
# Words of the summary that count as its beginning.
_LEAD_WORDS = 45
_LONGEST_DATELINE = 60
# Characters looked at beside a name.
_ASIDE = 20
# Where a report was sent from, before its first sentence: "BAMAKO (AFP) -", "МОСКВА, 5 янв —".
_AGENCY = (
    r"AFP|AP|Reuters|Xinhua|TASS|ТАСС|РИА|RIA|Sputnik|Спутник|Interfax|Интерфакс|APA|PANA|AIB|ANP"
    r"|AMI|EFE|dpa|Anadolu|AA|MAP|APS|RFI|سبوتنيك|رويترز|أ ?\.?ف ?\.?ب|الأناضول|وكالات"
)
_DATELINE = re.compile(
    rf"\W*[^\W\d_][^\n(/—–:]{{1,40}}?(?:\([^()]{{0,20}}\b(?:{_AGENCY})\b[^()]{{0,30}}\)\s*[—–:.-]"
    r"|\d[^\n(/—–:]{0,15}(?:[—–]|\s-\s|/[^/]{2,20}/))"
    r"|\W*[A-ZÀ-ÞА-ЯЁ][A-ZÀ-ÞА-ЯЁ' ,-]{2,30}\s[—–-]\s"
)


class Mention(NamedTuple):
    """A name or word in its field, at which word of title plus summary it stands, how many
    words it has, and what its place weighs.

    `before` and `after` hold a little of the text beside it. `listed`: a state in a row of
    many, or only compared with.
    """

    hit: Hit
    field: str
    place: str
    text: str
    word: int
    length: int
    weight: float
    before: str
    after: str
    entity: Entity | None = None
    listed: bool = False

    @property
    def atoms(self) -> tuple[str, ...]:
        """What queries can ask for that it answers."""
        return self.hit.term.atoms

    @property
    def key(self) -> str:
        """What makes two mentions the same thing: the entity, else the word."""
        return self.entity.id if self.entity else self.hit.term.text

    @property
    def end(self) -> int:
        """The number of the word behind it."""
        return self.word + self.length


def find_mentions(entry: Entry, gazetteer: Gazetteer) -> list[Mention]:
    """All names and words of title and summary in their order; none where there is nothing
    that a rule could start from.
    """
    fields = [
        _scanned("title", entry.title, gazetteer),
        _scanned("summary", entry.summary, gazetteer),
    ]
    if not any(gazetteer.wakes(one.text, one.folded, one.found) for one in fields):
        return []
    mentions: list[Mention] = []
    offset = 0
    for field in fields:
        traced = fold(field.text)
        words = Words(traced.text)
        for hit in gazetteer.hits(field.text, traced, field.found):
            mentions.append(_mention(hit, field.name, field.text, words, offset, gazetteer))
        offset += len(words.starts)
    return mentions


class _Scanned(NamedTuple):
    """A field, its folded text, and every pattern in it."""

    name: str
    text: str
    folded: str
    found: list[Raw]


def _scanned(name: str, text: str, gazetteer: Gazetteer) -> _Scanned:
    read = text[:READ]
    folded = fold_text(read)
    return _Scanned(name, read, folded, gazetteer.scan(folded))


def _mention(
    hit: Hit, field: str, text: str, words: Words, offset: int, gazetteer: Gazetteer
) -> Mention:
    start, end = hit.span
    first = words.index(hit.folded[0])
    place = TITLE if field == "title" else _place(text, start, first)
    return Mention(
        hit=hit,
        field=field,
        place=place,
        text=text[start:end],
        word=offset + first,
        length=1 + words.index(hit.folded[1] - 1) - first,
        weight=WEIGHTS[place],
        before=text[max(0, start - _ASIDE) : start],
        after=text[end : end + _ASIDE],
        entity=gazetteer.entities[hit.term.name] if hit.term.role is Role.ENTITY else None,
    )


def _place(summary: str, start: int, word: int) -> str:
    if start < _LONGEST_DATELINE and (line := _DATELINE.match(summary)) and start < line.end():
        return DATELINE
    return LEAD if word < _LEAD_WORDS else REST
