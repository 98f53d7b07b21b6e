"""The embedded store as one file, and back: a snapshot in the server's own format (RDB).

The server writes it as of one moment, from a fork of itself, while it goes on. Put back, it is
the base of a new append-only file: with `appendonly yes` a server looks at nothing else.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from monitor.core.errors import Unavailable
from monitor.edges.store import embedded
from monitor.edges.store.connection import Connected

# Seconds; writing a gigabyte takes some ten.
_PATIENCE, _STEP = 3_600.0, 0.1
# An RDB file begins with the one or the other, and ends with this byte before its checksum.
_BEGINS, _ENDS = (b"REDIS0", b"VALKEY"), b"\xff"
_CHECKSUM = 8
# The names that a server gives them where it is not told otherwise (appendfilename, appenddirname).
_FOLDER, _BASE = "appendonlydir", "appendonly.aof.1.base.rdb"
_MANIFEST, _LISTED = "appendonly.aof.manifest", f"file {_BASE} seq 1 type b\n"


class _Server(Connected):
    def snapshot(self) -> None:
        """Have the server write `dump.rdb`; raises Unavailable when it cannot."""
        with self.reached():
            # Counted when they begin.
            before = self._redis.info("persistence")["rdb_saves"]
            # Scheduled: after a rewrite of the append-only file, if one is under way.
            self._redis.execute_command("BGSAVE", "SCHEDULE")
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            with self.reached():
                now = self._redis.info("persistence")
            if not now["rdb_bgsave_in_progress"] and now["rdb_saves"] > before:
                if now["rdb_last_bgsave_status"] != "ok":
                    raise Unavailable("the store could not write a snapshot: is its disk full?")
                return
            time.sleep(_STEP)
        raise Unavailable(f"the store wrote no snapshot within {_PATIENCE:g} s")


def save(data_dir: Path, target: Path) -> int:
    """Write the running embedded store to a file that only we may read; its bytes.

    Whole or not at all, replacing what was there. Raises Unavailable.
    """
    server = _Server(embedded.url(data_dir))
    part = target.with_name(f"{target.name}.part")
    try:
        server.snapshot()
        dump = data_dir.resolve() / "store" / "dump.rdb"
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        shutil.copyfile(dump, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
        dump.unlink()
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Unavailable(f"{target} cannot be written: {error.strerror}") from None
    finally:
        server.close()
    return target.stat().st_size


def restore(data_dir: Path, source: Path) -> None:
    """Make a saved file the store of a folder that has none; raises Unavailable."""
    _check(source)
    folder = data_dir.resolve() / "store"
    embedded.private_folder(data_dir)
    embedded.private_folder(folder)
    lock = embedded.lock(folder / "lock", f"a store runs on {folder}: end it first")
    part = folder / f"{_FOLDER}.part"
    try:
        if (folder / _FOLDER).exists():
            raise Unavailable(f"there is a store in {folder} already: move it away first")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        shutil.copyfile(source, part / _BASE)
        (part / _MANIFEST).write_text(_LISTED, encoding="ascii")
        part.rename(folder / _FOLDER)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}") from None
    finally:
        os.close(lock)


def _check(source: Path) -> None:
    """Raise Unavailable unless a file looks like a whole snapshot."""
    try:
        with source.open("rb") as file:
            begins = file.read(len(_BEGINS[0]))
            file.seek(-1 - _CHECKSUM, os.SEEK_END)
            ends = file.read(1)
    except OSError as error:
        begins, ends = b"", b""
        if source.is_file() is False:
            raise Unavailable(f"{source} cannot be read: {error.strerror}") from None
    if begins not in _BEGINS or ends != _ENDS:
        raise Unavailable(f"{source} is no whole backup of a store")
