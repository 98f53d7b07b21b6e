"""feedparser's strict reader, watched: does it read an entry alone as it does among others?

It keeps a state from element to element. Where that is as it was before an entry once the entry
has ended, the entry could as well not have been there.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from xml.sax import expatreader

from feedparser.api import StrictFeedParser

_NAMESPACES: dict[str, str] = {
    uri.lower(): prefix for uri, prefix in StrictFeedParser.namespaces.items()
}
# The prefixes that feedparser gives to the namespaces it knows.
OWN_PREFIXES = frozenset(filter(None, _NAMESPACES.values()))
_USERLAND = "backend.userland.com/rss"

# What has to be unset when an entry begins, and again when it has ended.
_UNSET = attrgetter(
    *("inentry", "incontent", "inauthor", "incontributor", "inpublisher", "insource", "svgOK"),
    *("hasContent", "ingeometry", "contentparams", "sourcedata", "_summaryKey", "inimage"),
    "intextinput",
)
# What has to be the same when an entry begins and when it has ended.
_SAME = attrgetter("infeed", "version", "lang", "baseuri", "depth", "langstack", "basestack")


def own_prefix(uri: str) -> str | None:
    """The prefix that feedparser gives to a namespace, "" for those of RSS and Atom and for
    none; None for one that it does not know.
    """
    return "" if _USERLAND in uri.lower() else _NAMESPACES.get(uri.lower())


class Watched(StrictFeedParser):  # type: ignore[misc] # made by type(), so nothing to check
    """Reads one document; `clean` as long as no entry has changed how the next is read."""

    resolve_relative_uris = False
    sanitize_html = False

    def __init__(self, depth: int) -> None:
        super().__init__("", None, "utf-8")
        self.clean = True
        self._wanted = depth
        self._before: tuple[object, ...] = ()

    def _start_item(self, attrs: dict[str, str]) -> None:
        self._before = self._state()
        expected = self.depth == self._wanted and bool(self.version)
        self.clean = self.clean and expected and not any(_UNSET(self))
        super()._start_item(attrs)

    def _end_item(self) -> None:
        super()._end_item()
        self.clean = self.clean and not any(_UNSET(self)) and self._state() == self._before

    _start_entry, _end_entry = _start_item, _end_item

    def _state(self) -> tuple[object, ...]:
        *same, langs, bases = _SAME(self)
        return (*same, len(langs), len(bases), self.feeddata.get("language"))


@dataclass(frozen=True, slots=True)
class Found:
    """What feedparser found, and whether the entries did not touch one another (`clean`)."""

    feed: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    clean: bool


def read_strictly(data: bytes, depth: int) -> Found:
    """What feedparser finds in a well-formed document without DOCTYPE.

    `depth`: where entries stand, the root has 1. Raises what feedparser raises, and SAXException
    where the document is not well-formed.
    """
    watched, reader = Watched(depth), expatreader.ExpatParser(namespaceHandling=1)
    reader.setContentHandler(watched)
    reader.setErrorHandler(watched)
    reader.parse(io.BytesIO(data))
    return Found(watched.feeddata, watched.entries, watched.clean)
