"""All cases, in a fixed order."""

from __future__ import annotations

from tests.hostile import answers, documents, exhausting, places, stories
from tests.hostile.case import Case

CASES: tuple[Case, ...] = tuple(
    case for kind in (documents, exhausting, stories, answers, places) for case in kind.cases.cases
)
