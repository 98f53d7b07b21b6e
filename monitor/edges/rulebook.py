"""Reading a rulebook's folder."""

from __future__ import annotations

from pathlib import Path

from monitor.core.errors import BadInput, Fault
from monitor.core.rulebook import COMPARING, Rulebook, compile_rulebook, version_of
from monitor.core.samples import check_samples
from monitor.edges.files import note, read_text

SHIPPED = Path(__file__).parents[1] / "rulebook"
_SUFFIXES = {".csv", ".toml", ".txt"}


def load_rulebook(folder: Path | None, known: Rulebook | None = None) -> Rulebook:
    """The rulebook of a folder (None: the shipped one); raises BadInput with every fault.

    `known`: one that was loaded before; if the files still say the same, it is that one.
    """
    folder = folder or SHIPPED
    files = _read(folder)
    if known and known.version == version_of(files):
        return known
    try:
        rulebook = compile_rulebook(files)
        check_samples(rulebook)
    except BadInput as bad:
        named = [Fault(f"{folder}/{one.where}", one.what, one.hint) for one in bad.faults]
        raise BadInput(named) from None
    return rulebook


def version_in(folder: Path | None) -> str:
    """The version of the rulebook of a folder (None: the shipped one), which is not looked into
    further; "" where it cannot be read.
    """
    try:
        return version_of(_read(folder or SHIPPED))
    except BadInput:
        return ""


def _read(folder: Path) -> dict[str, str]:
    """A rulebook's files by name; raises BadInput with every one that cannot be read."""
    paths = _paths(folder)
    files, faults = {}, list[Fault]()
    for path in (*(SHIPPED / name for name in COMPARING), *paths):
        try:
            files[_name(path, folder)] = read_text(path)
        except BadInput as bad:
            faults += bad.faults
    if faults:
        raise BadInput(faults)
    return files


def _paths(folder: Path) -> list[Path]:
    """A rulebook's files."""
    for one in (folder, folder / "entities"):
        note(one)
    try:
        found = [*folder.iterdir(), *(folder / "entities").glob("*")]
    except OSError as error:
        raise BadInput([Fault(str(folder), error.strerror or "cannot be read")]) from None
    except ValueError:
        raise BadInput([Fault(repr(str(folder)), "is no name that a folder can have")]) from None
    return sorted(one for one in found if one.suffix in _SUFFIXES)


def _name(path: Path, folder: Path) -> str:
    """What a file is called within its rulebook."""
    return path.relative_to(folder if path.is_relative_to(folder) else SHIPPED).as_posix()
