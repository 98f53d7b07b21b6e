"""Showing a person what the rules went by: the telling sentence, its evidence marked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitor.core.models import Match, Story
from monitor.core.parse.plain import clean

# Characters shown of a sentence, and of those how many before its first evidence; pieces
# of evidence marked at most, so that a text made of evidence stays readable.
_LONGEST, _BEFORE, _MARKED = 300, 80, 12
# Where a sentence ends: its closing marks, quotes or brackets after them, then a blank. No
# search begins within a row of marks, or a long row would take time by its square.
_END = re.compile(r"(?<![.!?…؟۔。])[.!?…؟۔。]++[\"'»”’)\]]*+\s+|\n+")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `evidence` is what the rules went by."""

    text: str
    evidence: bool = False


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of a field: the whole field's text, where it stands, its evidence."""

    text: str
    start: int
    end: int
    evidence: tuple[Span, ...]


def sentence(story: Story) -> tuple[Piece, ...]:
    """The telling sentence, cut where evidence begins and ends.

    The summary's with most evidence, its first where another has but one piece more; where it
    has none the title's, for the title is shown anyway; where neither has any the summary's first.
    A long one is shown from a little before its first evidence on.
    """
    summary, title = (list(_sentences(story, field)) for field in ("summary", "title"))
    telling = [[one for one in found if one.evidence] for found in (summary, title)]
    choice = next(filter(None, (*telling, summary, title)), None)
    return _pieces(max(choice, key=_weight)) if choice else ()


def marked(story: Story, field: str) -> tuple[Piece, ...]:
    """All of a field (title or summary), cut where evidence begins and ends."""
    text, done, found = getattr(story, field), 0, []
    for start, end in _spans(story.matches, field, len(text)):
        found += [Piece(_shown(text[done:start])), Piece(_shown(text[start:end]), True)]
        done = end
    found.append(Piece(_shown(text[done:])))
    return tuple(piece for piece in found if piece.text)


def _weight(one: _Sentence) -> int:
    """How much a sentence tells; the lead says what happened."""
    return len(one.evidence) + (not one.start)


def _sentences(story: Story, field: str) -> Iterator[_Sentence]:
    text = story.summary if field == "summary" else story.title
    spans = _spans(story.matches, field, len(text))
    bounds = [0, *(one.end() for one in _END.finditer(text)), len(text)]
    for start, after in pairwise(bounds):
        end = start + len(text[start:after].rstrip())
        if clean(text[start:end]):
            inside = tuple(one for one in spans if start <= one[0] and one[1] <= end)
            yield _Sentence(text, start, end, inside)


def _spans(matches: Sequence[Match], field: str, length: int) -> list[Span]:
    """Where a field's evidence stands, in order; what overlaps is one."""
    given = sorted({(one.start, one.end) for one in matches if one.field == field})
    merged: list[Span] = []
    for start, end in given:
        if not 0 <= start < end <= length:
            continue
        if merged and start < merged[-1][1]:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        merged.append((start, end))
    return merged


def _pieces(one: _Sentence) -> tuple[Piece, ...]:
    start, end = _window(one)
    found = [Piece("…")] if start > one.start else []
    done = start
    for left, right in one.evidence[:_MARKED]:
        if right > end:
            break
        found += [Piece(_shown(one.text[done:left])), Piece(_shown(one.text[left:right]), True)]
        done = right
    found.append(Piece(_shown(one.text[done:end])))
    if end < one.end:
        found.append(Piece("…"))
    return tuple(piece for piece in found if piece.text)


def _window(one: _Sentence) -> Span:
    """The part of a sentence that is shown: its first evidence stands in it."""
    if one.end - one.start <= _LONGEST:
        return one.start, one.end
    first = one.evidence[0][0] if one.evidence else one.start
    start = max(one.start, first - _BEFORE)
    if start > one.start and (blank := one.text.find(" ", start, first)) >= 0:
        start = blank + 1
    most = start + _LONGEST
    if most >= one.end:
        return start, one.end
    blank = one.text.rfind(" ", most - _BEFORE, most)
    return start, blank if blank >= 0 else most


def _shown(text: str) -> str:
    """What can be seen of a text, with a blank where it begins or ends with one."""
    return clean(f"|{text}|")[1:-1]
