"""Reading files that people name: nothing that never ends, and nothing that waits for a writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from stat import S_ISREG

from monitor.core.errors import BadInput, Fault

_BIGGEST = 50_000_000

# What tells one state of a file from another: when it was written and changed, its size, and which
# file it is; None where there is none.
Stamp = tuple[int, int, int, int] | None

_noted: ContextVar[dict[Path, Stamp] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[dict[Path, Stamp]]:
    """All that is read within the block, and within this thread: each file and folder, also one
    that cannot be read, with its stamp from before it was read first.
    """
    outer, found = _noted.get(), dict[Path, Stamp]()
    token = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(token)
        if outer is not None:
            outer.update({path: one for path, one in found.items() if path not in outer})


def note(path: Path) -> None:
    """What is read depends on this file or folder, be it there or not."""
    found = _noted.get()
    if found is not None and path not in found:
        found[path] = stamp_of(path)


def stamp_of(path: Path) -> Stamp:
    """The state that a file or folder is in."""
    try:
        one = path.stat()
    except (OSError, ValueError):
        return None
    # The time of its last change as well: rights are given without writing anything.
    return (one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino)


def read_text(path: Path) -> str:
    """A text file's content; raises BadInput that names it and says what is wrong."""
    note(path)
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
