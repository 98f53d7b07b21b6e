"""Reading files that people name: nothing that never ends, and nothing that waits for a writer."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from monitor.core.errors import BadInput, Fault

_BIGGEST = 50_000_000


def read_text(path: Path) -> str:
    """A text file's content; raises BadInput that names it and says what is wrong."""
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise BadInput([Fault(str(path), "is not a regular file")])
        if status.st_size > _BIGGEST:
            raise BadInput([Fault(str(path), f"is larger than {_BIGGEST // 1_000_000} MB")])
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput([Fault(str(path), error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput([Fault(f"{path}:{line}", "is not UTF-8 text")]) from None
    except ValueError:
        raise BadInput([Fault(repr(str(path)), "is no name that a file can have")]) from None
