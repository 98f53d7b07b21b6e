"""Files that people name: reading what never ends or waits for nobody, and replacing what stands
there whole or not at all.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from stat import S_IMODE, S_ISREG

from monitor.core.errors import BadInput, Fault, Unavailable

_BIGGEST = 50_000_000
# Seconds to wait for somebody else who edits, and between two looks.
_PATIENCE, _LOOK = 10.0, 0.05
# What a new file may be read and written by, before the umask takes its part.
_USUAL = 0o666

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
    """A text file's content, each line with the same end; raises BadInput that names the file and
    says what is wrong.
    """
    return plain_lines(read_exactly(path))


def plain_lines(text: str) -> str:
    """A text without the mark of a byte order, each line ended as Python has it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_exactly(path: Path) -> str:
    """A text file's content as it stands there; raises BadInput like `read_text`."""
    note(path)
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise BadInput([Fault(str(path), "is not a regular file")])
        if status.st_size > _BIGGEST:
            raise BadInput([Fault(str(path), f"is larger than {_BIGGEST // 1_000_000} MB")])
        return decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise BadInput([Fault(str(path), error.strerror or "cannot be read")]) from None
    except ValueError:
        raise BadInput([Fault(repr(str(path)), "is no name that a file can have")]) from None


def decoded(body: bytes, name: str) -> str:
    """The text of UTF-8 bytes; raises BadInput that names the file (`name`) and the line."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise BadInput([Fault(f"{name}:{line}", "is not UTF-8 text")]) from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one of us who edits files named in a folder; raises Unavailable where another
    does not come to an end, or there is no such folder.

    The lock is on the folder itself: a file is another one once it was replaced.
    """
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be opened: {error.strerror}") from None
    try:
        _lock(place, folder)
        yield
    finally:
        os.close(place)


def _lock(place: int, folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise Unavailable(f"another command edits the files of {folder}") from None
        except OSError as error:
            raise Unavailable(f"{folder} cannot be locked: {error.strerror}") from None
        time.sleep(_LOOK)


def can_replace(path: Path) -> bool:
    """Whether we may write a file, and its folder, where a replacement is made first."""
    path = Path(os.path.realpath(path))
    rights = [path.parent, path] if path.exists() else [path.parent]
    return all(os.access(one, os.W_OK, effective_ids=True) for one in rights)


def replace_text(path: Path, text: str, before: str | None) -> None:
    """Put a text in the place of a file's, whole or not at all, its rights kept; a link stays one.

    `before` is what is to be replaced, None for no file: raises Unavailable where something else
    stands there by now, or the disk is full, or may not be written to.
    """
    path = Path(os.path.realpath(path))
    try:
        mode = S_IMODE(path.stat().st_mode) if before is not None else _USUAL & ~_umask()
        number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            _fill(number, text, mode)
            if _now(path) != before:
                raise Unavailable(f"{path} was changed meanwhile: nothing was written")
            Path(draft).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(draft).unlink()
            raise
        _keep(path.parent)
    except OSError as error:
        why = error.strerror or "it cannot be written"
        raise Unavailable(f"{path} stays as it was: {why}") from None


def _umask() -> int:
    """What new files of this process are not to be read or written by."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _fill(number: int, text: str, mode: int) -> None:
    with os.fdopen(number, "wb") as draft:
        draft.write(text.encode())
        draft.flush()
        os.fchmod(number, mode)
        os.fsync(number)


def _now(path: Path) -> str | None:
    return read_exactly(path) if path.exists() else None


def _keep(folder: Path) -> None:
    """Have the new name of a file survive a power cut."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
