"""Whether a document is built as no feed is, so that reading it would only take time and memory."""

from __future__ import annotations

from xml.parsers import expat

# Below that nothing takes long. Feeds with whole pages in them come to a depth of some fifty.
_SMALL = 10_000
_DEEPEST, _ATTRIBUTES, _OPEN, _NAMED = 1_000, 1_000, 1_000, 5_000
# feedparser looks for an address in these, in a time that grows with the square of their length
# (kurtmckee/feedparser#562).
_PEOPLE = frozenset(
    (
        "author",
        "name",
        "email",
        "creator",
        "contributor",
        "publisher",
        "managingeditor",
        "webmaster",
    )
)


class _OddError(Exception):
    """Says what no feed has."""


def oddity(data: bytes) -> str:
    """What a document in UTF-8 has that no feed has, "" for nothing: nesting without end, an
    element with a thousand attributes, comments that begin and do not end, a name of pages.

    Elements are looked at as far as it is well-formed.
    """
    if len(data) < _SMALL:
        return ""
    if data.count(b"<!--") - data.count(b"-->") > _OPEN:
        return f"over {_OPEN} comments that do not end"
    try:
        _walk(data)
    except _OddError as odd:
        return str(odd)
    except expat.ExpatError:
        pass
    return ""


def _walk(data: bytes) -> None:
    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    depth = named = 0

    def begin(full: str, attributes: list[str]) -> None:
        nonlocal depth, named
        depth, named = depth + 1, 0
        if depth > _DEEPEST:
            raise _OddError(f"elements nested over {_DEEPEST} deep")
        if len(attributes) > 2 * _ATTRIBUTES and _own(attributes) > _ATTRIBUTES:
            raise _OddError(f"an element with over {_ATTRIBUTES} attributes")
        person = full.rpartition(":")[2].lower() in _PEOPLE
        parser.CharacterDataHandler = count if person else None

    def count(piece: str) -> None:
        nonlocal named
        named += len(piece)
        if named > _NAMED:
            raise _OddError(f"a person's name of over {_NAMED} characters")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1
        parser.CharacterDataHandler = None

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.Parse(data, True)


def _own(attributes: list[str]) -> int:
    """How many attributes there are beside declarations of namespaces."""
    return sum(not name.startswith("xmlns") for name in attributes[::2])
