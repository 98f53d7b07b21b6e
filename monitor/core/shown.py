"""What may be shown of what others wrote: texts of one line, and addresses without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

# A scheme, if any, and all that stands before the host (RFC 3986, section 3.2.1).
_USERINFO = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)([^/?#\\]*)@")
# The name of a value in a query, in a fragment, or behind a semicolon in a path; what ends one.
_NAME, _ENDS = re.compile(r"(?<=[?&;#])[^=&;#?]*="), re.compile("[&;#]")
# How such names end, and what they are called, in small letters and without what parts words.
_SECRET = re.compile(
    r".*(?:key|token|secret|passw(?:or)?d|passphrase|signature|credentials?|session(?:id)?|jwt"
    r"|authorization|accesskeyid)|auth|pass|pwd|pw|sig|sign|sid|hmac"
)
_PARTING = re.compile(r"[^a-z0-9]+")
_UNSEEN = re.compile(r"[^ -~]")


def plain(text: str) -> str:
    """A text without what cannot be seen: control characters, escape sequences, overrides of
    direction and ends of lines are blanks instead.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)


def seen(text: str) -> str:
    """The same JSON with all that cannot be seen as escapes; the ends of lines stay."""
    return _UNSEEN.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1]


def shown_url(url: str, instead: str = "***") -> str:
    """A URL as it may be shown: without user and password, `instead` for the values of its keys.

    What a key is, its name tells: api_key, token, sig ... A secret that is a mere part of the
    path cannot be told from any other part.
    """
    if "@" not in url and "=" not in url:
        return url
    url = _USERINFO.sub(r"\1", url)
    parts, done = [], 0
    for start, end in _values(url):
        parts += [url[done:start], instead]
        done = end
    return "".join([*parts, url[done:]])


def hidden(url: str) -> Iterator[str]:
    """What `shown_url` leaves out of a URL, as it stands there and decoded."""
    if "@" not in url and "=" not in url:
        return
    if userinfo := _USERINFO.match(url):
        user, _, password = userinfo[2].partition(":")
        yield from (userinfo[2], password or user)
    for start, end in _values(url):
        value = url[start:end]
        yield from dict.fromkeys((value, unquote_plus(value)))


def _values(url: str) -> Iterator[tuple[int, int]]:
    """Where the values of keys begin and end."""
    done = 0
    for found in _NAME.finditer(url):
        start = found.end()
        if start > done and _names_secret(found[0][:-1]):
            done = start + len(_ENDS.split(url[start:], 1)[0])
            if done > start:
                yield start, done


def _names_secret(name: str) -> bool:
    return _SECRET.fullmatch(_PARTING.sub("", unquote_plus(name).lower())) is not None
