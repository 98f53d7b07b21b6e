"""What fuzzing starts from: the documents of tests/documents, and the words they are made of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "documents"
_WORDS = re.compile(rb"</?[\w:.-]+|[\w:.-]+=|&#?\w+;|<!\[?[A-Z]+\[?|https?://[\w./#-]+")
_BROKEN = (b"]]>", b"-->", b"?>", b"/>", b"&", b"<", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00")
_LONGEST = 60


def bodies() -> list[bytes]:
    """The documents, as they come over the wire."""
    cases = (tomllib.loads(path.read_text("utf-8")) for path in sorted(_FOLDER.glob("*.toml")))
    return [one["document"].encode(one.get("encoding", "utf-8")) for one in cases]


def words() -> list[bytes]:
    """Tags, attributes, references and addresses of all documents."""
    found = {word[0] for body in bodies() for word in _WORDS.finditer(body)}
    return sorted({*_BROKEN, *(one for one in found if len(one) <= _LONGEST)})


def dictionary() -> Iterator[str]:
    """The words as lines of a dictionary for libFuzzer."""
    for word in words():
        yield '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"'
