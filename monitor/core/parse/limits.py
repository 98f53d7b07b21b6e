"""How much of a document is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Bounds: entries a document, categories an entry, else characters a text."""

    entries: int = 2_000
    title: int = 300
    summary: int = 2_000
    link: int = 2_000
    id: int = 2_000
    author: int = 200
    category: int = 100
    categories: int = 20
