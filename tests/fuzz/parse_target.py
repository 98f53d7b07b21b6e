"""A target for atheris: bytes to entries, led by what they reach in our code and in feedparser.

    python -m tests.fuzz.parse_target FOLDER [libFuzzer's options]

FOLDER keeps the corpus between runs, and what was found. What raises ends the run, as libFuzzer
has it; what is slow or takes much memory is put down beside, to be looked at without the
instruments, which make all slow.
"""

from __future__ import annotations

import resource
import sys
import time
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import atheris

with atheris.instrument_imports(include=["monitor.core", "feedparser", "sgmllib", "w3lib"]):
    from tests.fuzz.reading import read

from tests.fuzz.seeds import bodies, dictionary

_SLOW = 2.0
# Kilobytes above what was needed before.
_MUCH = 200_000


def main(folder: Path, options: list[str]) -> None:
    """Fuzz until libFuzzer's options end it."""
    corpus, found, lines = folder / "corpus", folder / "found", folder / "words.txt"
    for one in (corpus, found):
        one.mkdir(parents=True, exist_ok=True)
    for body in bodies():
        (corpus / f"seed-{sha256(body).hexdigest()[:16]}").write_bytes(body)
    lines.write_text("\n".join(dictionary()), encoding="ascii")
    fixed = [f"-dict={lines}", f"-artifact_prefix={found}/", "-timeout=60", "-max_len=6000"]
    atheris.Setup([sys.argv[0], *fixed, *options, str(corpus)], _watched(found))
    atheris.Fuzz()


def _watched(found: Path):  # type: ignore[no-untyped-def]
    def one(body: bytes) -> None:
        began, high = time.process_time(), _memory()
        read(body, crc32(body))
        if time.process_time() - began > _SLOW or _memory() - high > _MUCH:
            (found / f"slow-{sha256(body).hexdigest()[:16]}").write_bytes(body)

    return one


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
