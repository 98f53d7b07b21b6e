"""Runs a command under the system call filter of our systemd units, where no systemd is in charge.

    python -m tests.sandbox deploy/systemd/monitor-.service.d/common.conf COMMAND...

As systemd does it: SystemCallFilter, RestrictAddressFamilies and MemoryDenyWriteExecute become a
filter of libseccomp, and what it does not let through fails with EPERM. Needs libseccomp and
systemd-analyze, which says what a group of system calls is.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

_EPERM, _ALLOW, _PR_SET_NO_NEW_PRIVS = 0x0005_0001, 0x7FFF_0000, 38
_EQUAL, _MASKED, _WRITE, _EXECUTE = 4, 7, 2, 4
_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


class _Argument(ctypes.Structure):
    _fields_ = (
        ("number", ctypes.c_uint),
        ("compare", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def settings(unit: Path, name: str) -> list[str]:
    """All values of a setting, in their order."""
    text = unit.read_text(encoding="utf-8")
    return re.findall(rf"^{name}=(.*)$", text, flags=re.MULTILINE)


@cache
def members(group: str) -> frozenset[str]:
    """The system calls of a group, or the one of this name."""
    if not group.startswith("@"):
        return frozenset({group})
    command = ["systemd-analyze", "--no-pager", "syscall-filter", group]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.strip() for line in told.splitlines()[1:]]
    names = [line for line in lines if line and not line.startswith("#")]
    return frozenset[str]().union(*map(members, names))


def allowed(unit: Path) -> frozenset[str]:
    """The system calls that a unit lets through."""
    # systemd adds what is needed to start at all (systemd.exec, SystemCallFilter).
    found = members("@default") | {"execve", "exit", "exit_group", "rt_sigreturn"}
    for words in settings(unit, "SystemCallFilter"):
        each = frozenset[str]().union(*map(members, words.removeprefix("~").split()))
        found = found - each if words.startswith("~") else found | each
    return found


def load(unit: Path) -> None:
    """Put this process, and all that it starts, under the filter."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(_EPERM))

    def allow(name: str, *tests: _Argument) -> None:
        if (number := library.seccomp_syscall_resolve_name(name.encode())) >= 0:
            array = (_Argument * len(tests))(*tests)
            done = library.seccomp_rule_add_array(context, _ALLOW, number, len(tests), array)
            assert done == 0, name

    for name in sorted(allowed(unit) - {"socket", "mmap", "mprotect", "pkey_mprotect"}):
        allow(name)
    for family in settings(unit, "RestrictAddressFamilies")[0].split():
        allow("socket", _Argument(0, _EQUAL, _FAMILIES[family], 0))
    # Pages may be written to or executed, not both; none is made executable later.
    for rights in (0, _WRITE, _EXECUTE):
        allow("mmap", _Argument(2, _MASKED, _WRITE | _EXECUTE, rights))
    for name in ("mprotect", "pkey_mprotect"):
        allow(name, _Argument(2, _MASKED, _EXECUTE, 0))
    assert ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert library.seccomp_load(context) == 0


if __name__ == "__main__":
    load(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
