"""What a text is, by its first element; and the small repairs before it is parsed."""

from __future__ import annotations

import re

_HEAD = 65_536
_FEED_ROOT = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel)(?=[\s/>])", re.IGNORECASE)
_FEED_END = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*>\s*$", re.IGNORECASE)
_TAIL = 100
_NAME = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
# Roots of documents that people take for feeds.
_OTHERS = {
    "html": "an HTML page",
    "head": "an HTML page",
    "body": "an HTML page",
    "opml": "an OPML list of feeds",
    "urlset": "a sitemap",
    "sitemapindex": "a list of sitemaps (none of which is followed)",
    "svg": "an image",
    "error": "an error message",
    "opensearchdescription": "a description of a search engine",
}
# What XML forbids (https://www.w3.org/TR/xml/#charsets), written out or as a reference.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ILLEGAL_BYTES = bytes((*range(9), 11, 12, *range(14, 32)))
# What would colour the text of a terminal or move its cursor, as a whole: what is left of it would
# stick to the next word.
_ESCAPE = re.compile(r"(?:\x1b|&#(?:0*27|[xX]0*1[bB]);)\[[0-9;?]*[@-~]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_ENTRY_START = re.compile(r"<(?:item|entry)[\s>]")
_ENTRY_END = re.compile(r"</(?:item|entry)\s*>")
_OPENED, _CLOSED = ("<item", "<entry"), ("</item", "</entry")


def feed_text(text: str) -> str | None:
    """The text from where a feed begins; None where none does.

    Junk before the root (a warning of PHP's, say) is left out. Where the root is of some
    other name, elements called item or entry are enough.
    """
    if _FEED_ROOT.match(text, _root(text)):
        return text
    if other_kind(text):
        return None
    found = _FEED_ROOT.search(text[:_HEAD])
    if found:
        return text[found.start() :]
    return text if any(name in text for name in _OPENED) else None


def other_kind(text: str) -> str | None:
    """What the text is, if it is something known that is no feed."""
    doctype = text[:_HEAD].lstrip()[:14].lower() == "<!doctype html"
    return _OTHERS["html"] if doctype else _OTHERS.get(root_name(text))


def root_name(text: str) -> str:
    """The first element's name without prefix, in lower case; "" where there is none."""
    name = _NAME.match(text, _root(text))
    return name[1].lower() if name else ""


def _root(text: str) -> int:
    """Where the first element begins: after blanks, instructions, comments and DOCTYPE."""
    at = _blanks(text, 0)
    while text.startswith(("<?", "<!"), at):
        end = _end_of_markup(text, at)
        if end < 0:
            return len(text)
        at = _blanks(text, end)
    return at


def _blanks(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _end_of_markup(text: str, at: int) -> int:
    """Behind the instruction, comment or declaration that begins at `at`; -1 for never."""
    close = "-->" if text.startswith("<!--", at) else "?>" if text.startswith("<?", at) else ">"
    end = text.find(close, at)
    subset = text.find("[", at, end) if close == ">" else -1
    if subset >= 0:
        end = text.find(">", text.find("]", subset))
    return end + len(close) if end >= 0 else -1


def legal(text: str) -> str:
    """The text without characters that XML forbids: one of them costs no whole document."""
    raw = text.encode("utf-8", "surrogatepass")
    # Looking for them in bytes is much faster, and most texts hold none.
    found = b"\xef\xbf" in raw or len(raw.translate(None, _ILLEGAL_BYTES)) < len(raw)
    if not found and "&#" not in text:
        return text
    return _REFERENCE.sub(_legal_reference, _ILLEGAL.sub("", _ESCAPE.sub("", text)))


def _legal_reference(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    if len(digits.lstrip("0")) > 7:
        return ""
    code = int(digits, 16 if found[1] else 10)
    allowed = code in {9, 10, 13} or 32 <= code <= 0xD7FF or 0xE000 <= code <= 0x10FFFF
    return found[0] if allowed else ""


def first_entries(text: str, limit: int) -> tuple[str, int]:
    """The text without the entries beyond the limit, and how many these are.

    What is not going to be read need not be parsed; the end of the feed is kept, so that
    what was well-formed stays so.
    """
    ends = [found.end() for found in _ENTRY_END.finditer(text)]
    surplus = len(ends) - limit
    return (text[: ends[limit - 1]] + text[ends[-1] :], surplus) if surplus > 0 else (text, 0)


def split_entries(text: str) -> tuple[str, list[str], str]:
    """What stands before the entries, each entry, and what stands after them."""
    at = first = len(text)
    entries = []
    start = _ENTRY_START.search(text)
    if start:
        at = first = start.start()
    while start and (end := _ENTRY_END.search(text, start.end())):
        entries.append(text[at : end.end()])
        at = end.end()
        start = _ENTRY_START.search(text, at)
    return text[:first], entries, text[at:]


def is_whole(text: str) -> bool:
    """Whether a document goes on to the end of a feed."""
    return _FEED_END.search(text[-_TAIL:]) is not None


def is_cut(text: str) -> bool:
    """Whether a damaged document ends within an entry, so that its last is incomplete."""
    last = [max(map(text.rfind, names)) for names in (_OPENED, _CLOSED)]
    return last[0] > last[1]
