"""Memory that is not needed any more goes back to the system, and what stays is left alone."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

# glibc's M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, and their values in bytes.
_MMAP_THRESHOLD, _LARGE_BLOCK = -3, 262_144
_TRIM_THRESHOLD, _KEPT = -1, 4_000_000
# New objects before the collector looks for circles among them.
_COLLECT = 20_000


def give_back_large_blocks() -> None:
    """Have memory of documents go back to the system when they are done with.

    glibc keeps larger and larger blocks for itself once one was freed, unless it is told from
    which size on not to (mallopt(3)). Of small ones some megabytes are kept, which it would not
    do of itself any more.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Hand memory back to the system: what was read to be checked is not needed any more."""
    gc.collect()
    with suppress(AttributeError, OSError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def settle() -> None:
    """What is loaded by now stays: the collector need not look through it again and again, nor
    touch (and so copy) what processes that are forked share.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT)


def settle_anew() -> None:
    """After something else was loaded: what it stands in for is let go of, also where circles
    keep it alive and `settle` has set it aside.
    """
    settled = gc.get_freeze_count() > 0
    gc.unfreeze()
    give_back()
    if settled:
        gc.freeze()
