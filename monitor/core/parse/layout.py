"""Where the entries of an RSS or Atom document stand, found without reading them.

expat walks through the document once: feedparser reads with it too, so both mean the same by
well-formed. Within an entry it is only asked for the end, unless its elements are wanted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from monitor.core.parse.strict import OWN_PREFIXES, own_prefix

_ENTRIES = frozenset(("item", "entry"))
# The elements that entries may stand in, from the root on.
PLACES = frozenset((("rss", "channel"), ("feed",), ("rdf",)))
# More elements than that outside of the entries are no feed's.
_MOST = 2_000


class _DoubtError(Exception):
    """The document is not laid out as most feeds are."""


@dataclass(slots=True)
class Element:
    """One element: its namespace, local name in lower case, place and what it holds itself.

    `level`: 1 for the root, and for those right in an entry. `spaces`: the prefixes it declares.
    """

    space: str
    name: str
    level: int
    attrs: dict[str, str]
    spaces: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""


@dataclass(slots=True)
class Span:
    """An entry: from and to which byte it reaches, its own attributes, and its elements."""

    start: int
    end: int
    attrs: dict[str, str]
    elements: list[Element] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """A document's entries, the elements they all stand in, and the elements around them."""

    spans: tuple[Span, ...]
    path: tuple[Element, ...]
    head: tuple[Element, ...]

    @property
    def context(self) -> str:
        """All from outside that the meaning of an entry may depend on."""
        return repr([(one.space, one.name, one.attrs, one.spaces) for one in self.path])


def lay_out(data: bytes, *, keep: bool = False) -> Layout | None:
    """How a well-formed document without DOCTYPE is laid out; None where that is in doubt.

    It is where entries stand anywhere but right in the channel or feed, or where a prefix that
    is declared within an entry could change how another is read. `keep`: the spans bring their
    elements.
    """
    try:
        return _Walk(data, keep=keep).layout()
    except (_DoubtError, expat.ExpatError):
        return None


class _Walk:
    """One walk through a document."""

    def __init__(self, data: bytes, *, keep: bool) -> None:
        self._data, self._keep = data, keep
        self._spans: list[Span] = []
        self._head: list[Element] = []
        self._path: list[Element] = []
        self._place: tuple[Element, ...] = ()
        # Prefixes declared by the element that comes next, and within entries.
        self._next: list[tuple[str, str]] = []
        self._inner: list[tuple[str, str]] = []
        self._entry = ""
        self._level = 0
        self._parser = parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _doubt
        parser.StartNamespaceDeclHandler = self._declare
        self._outside()

    def layout(self) -> Layout:
        self._parser.Parse(self._data, True)
        inner = [*self._inner, *self._next]
        inner += [pair for one in self._head if one not in self._place for pair in one.spaces]
        if inner and not _harmless([pair for one in self._place for pair in one.spaces], inner):
            raise _DoubtError
        return Layout(tuple(self._spans), self._place, tuple(self._head))

    def _outside(self) -> None:
        parser = self._parser
        parser.StartElementHandler, parser.EndElementHandler = self._open, self._close
        parser.CharacterDataHandler = self._text

    def _inside(self) -> None:
        parser = self._parser
        if self._keep:
            parser.StartElementHandler, parser.EndElementHandler = self._note, self._noted
            parser.CharacterDataHandler = self._noted_text
        else:
            parser.StartElementHandler, parser.EndElementHandler = None, self._end
            parser.CharacterDataHandler = None

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._next.append((prefix or "", uri or ""))

    def _open(self, full: str, attrs: dict[str, str]) -> None:
        space, _, name = full.rpartition(" ")
        name = name.lower()
        if name in _ENTRIES:
            self._begin(full, attrs)
            return
        element = Element(space, name, len(self._path) + 1, attrs, self._next)
        self._next = []
        self._path.append(element)
        self._head.append(element)
        if len(self._head) > _MOST:
            raise _DoubtError

    def _close(self, full: str) -> None:
        # Another was in it, and ended before; so does a whole document that is in an entry.
        if full.rpartition(" ")[2].lower() in _ENTRIES or not self._path:
            raise _DoubtError
        self._path.pop()

    def _text(self, text: str) -> None:
        if self._path:
            self._path[-1].text += text

    def _begin(self, full: str, attrs: dict[str, str]) -> None:
        if not self._place:
            self._place = tuple(self._path)
            if tuple(one.name for one in self._place) not in PLACES:
                raise _DoubtError
        if len(self._path) != len(self._place) or self._path[-1] is not self._place[-1]:
            raise _DoubtError
        self._entry = full
        self._spans.append(Span(self._parser.CurrentByteIndex, 0, attrs))
        self._inside()

    def _end(self, full: str) -> None:
        """An element within an entry ends, or the entry itself."""
        if full == self._entry:
            self._ended()

    def _ended(self) -> None:
        span, at = self._spans[-1], self._parser.CurrentByteIndex
        if at == span.start:  # <item/>
            raise _DoubtError
        span.end = self._data.index(b">", at) + 1
        self._inner += self._next
        self._next = []
        self._outside()

    def _note(self, full: str, attrs: dict[str, str]) -> None:
        space, _, name = full.rpartition(" ")
        self._level += 1
        self._spans[-1].elements.append(Element(space, name.lower(), self._level, attrs))

    def _noted(self, full: str) -> None:
        if self._level:
            self._level -= 1
        else:
            self._ended()

    def _noted_text(self, text: str) -> None:
        if self._level:
            self._spans[-1].elements[-1].text += text


def _doubt(*_: object) -> None:
    raise _DoubtError


def _harmless(outer: Sequence[tuple[str, str]], inner: Iterable[tuple[str, str]]) -> bool:
    """Whether prefixes declared here and there mean the same wherever they are declared.

    feedparser keeps each in mind to the end of the document. That does no harm where it stands
    for one namespace only, is the only one for it, and is not feedparser's own name for another.
    """
    uris, prefixes = defaultdict(set), defaultdict(set)
    for prefix, uri in (*outer, *inner):
        uris[prefix.lower()].add(uri)
        prefixes[uri].add(prefix)
    for prefix, uri in set(inner) - set(outer):
        own = own_prefix(uri)
        alone = own is not None or len(prefixes[uri]) == 1
        other = prefix in OWN_PREFIXES and own not in (None, prefix)
        if prefix and (len(uris[prefix.lower()]) > 1 or not alone or other):
            return False
    return True
