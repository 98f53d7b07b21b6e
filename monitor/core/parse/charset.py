"""Bytes to text: by what the bytes show, then by what server and document say of them."""

from __future__ import annotations

import re

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

# How a document without a byte order mark begins in the wide encodings, the longer first.
_WIDE = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
# The codecs that a stranger may name. Python knows others that spell markup in other
# characters (UTF-7, unicode_escape) or cost much (idna); the Unicode ones show by themselves.
_NAMEABLE = re.compile(
    r"cp\d+|koi8-\w|iso8859-\d+|mac-\w+|kz1048|ptcp154|tis-620"
    r"|gb18030|big5\w*|euc_\w+|iso2022_\w+|shift_jis\w*"
)
_WESTERN = "cp1252"
# A byte that is no UTF-8, as Python's "surrogateescape" carries it.
_STRAY = re.compile("[\udc80-\udcff]")
# What a text without any label is most likely in, as browsers guess it from the locale
# (https://encoding.spec.whatwg.org, and HTML's table of suggested defaults).
_BY_LANGUAGE = {
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "sr"), "cp1251"),
    **dict.fromkeys(("ar", "fa"), "cp1256"),
}


def decode(body: bytes, content_type: str = "", language: str | None = None) -> str:
    """The text of a document; what cannot be read becomes U+FFFD.

    Bytes that are mostly UTF-8 are UTF-8 whatever is declared, for text in another charset
    is hardly ever so by chance; the stray rest is read by what is declared. Else the
    server's `content_type` goes before the declaration in the document, and the guess by
    `language` comes last.
    """
    mark, bom = read_bom(body)
    if mark and bom:
        return body[len(bom) :].decode(mark, "replace")
    for start, wide in _WIDE:
        if body.startswith(start):
            return body.decode(wide, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "surrogateescape")
    strays = len(_STRAY.findall(text))
    charsets = _charsets(body, content_type, language)
    if strays * 2 <= len(text) - len(text.encode("ascii", "ignore")):
        return _STRAY.sub(lambda found: _read_stray(found[0], charsets[0]), text)
    return _legacy(body, charsets)


def _charsets(body: bytes, content_type: str, language: str | None) -> list[str]:
    """What the text may be in, the likeliest first; at least one."""
    served = http_content_type_encoding(content_type)
    declared = html_body_declared_encoding(body)
    guess = _BY_LANGUAGE.get(language or "")
    # Servers say "latin-1" of all they have, so that alone is no better than a guess.
    order = (declared, guess, served) if served == _WESTERN else (served, declared, guess)
    return [name for name in (*order, _WESTERN) if name and _NAMEABLE.fullmatch(name)]


def _read_stray(escaped: str, charset: str) -> str:
    return escaped.encode("ascii", "surrogateescape").decode(charset, "replace")


def _legacy(body: bytes, charsets: list[str]) -> str:
    for name in charsets:
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            continue
    return body.decode(charsets[0], "replace")
